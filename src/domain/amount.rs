//! Numbers with the thing that is counted, in the form that the number asks for.

/// `1 machine`, `2 machines`.
#[must_use]
pub fn amount(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// The same with what the things do: `1 commit goes out`, `2 commits go out`.
#[must_use]
pub fn amount_does(count: usize, one: &str, (does, do_): (&str, &str)) -> String {
    format!("{} {}", amount(count, one), if count == 1 { does } else { do_ })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_and_its_verb_agree_with_the_number() {
        assert_eq!([0, 1, 2].map(|n| amount(n, "machine")), ["0 machines", "1 machine", "2 machines"]);
        let go = |n| amount_does(n, "commit", ("goes out", "go out"));
        assert_eq!([go(1), go(2)], ["1 commit goes out", "2 commits go out"]);
    }
}
