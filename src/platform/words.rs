//! Translates a platform's words by its table of documented states. A word that is not in the table becomes `unknown (WORD)`.

use jiff::{SignedDuration, Timestamp};

use crate::domain::environment::Status;
use crate::sanitize::Text;

/// A word with its meaning.
pub(super) type Row = (&'static str, Status);

/// What a word means: how it is drawn, and as what it is told.
pub(super) fn meaning(word: &str, table: &[Row]) -> (Status, Text) {
    match table.iter().find(|(known, _)| *known == word) {
        Some((_, status)) => (*status, Text::clean(word)),
        None => (Status::Unknown, unknown(word)),
    }
}

/// A word that nobody knows, or none.
pub(super) fn unknown(word: &str) -> Text {
    if word.trim().is_empty() { Text::from("no state given") } else { Text::clean(&format!("unknown ({word})")) }
}

/// A state in motion that began too long ago to be believed: `unknown (running since 2026-11-27 08:00Z)`.
pub(super) fn outdated(word: &str, since: Option<Timestamp>, limit: SignedDuration, now: Timestamp) -> Option<Text> {
    let since = since.filter(|since| now.duration_since(*since) > limit)?;
    Some(Text::clean(&format!("unknown ({word} since {})", since.strftime("%F %H:%MZ"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_in_the_table_is_told_and_means_nothing() {
        let table = [("ready", Status::Ok)];
        assert_eq!(meaning("ready", &table), (Status::Ok, Text::from("ready")));
        assert_eq!(meaning("READY", &table), (Status::Unknown, Text::from("unknown (READY)")));
        assert_eq!(meaning("", &table), (Status::Unknown, Text::from("no state given")));
    }

    #[test]
    fn a_state_in_motion_is_believed_for_a_while() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let limit = SignedDuration::from_hours(1);
        assert_eq!(outdated("running", Some(at(0)), limit, at(3_600)), None);
        let told = outdated("running", Some(at(0)), limit, at(3_601));
        assert_eq!(told, Some(Text::from("unknown (running since 1970-01-01 00:00Z)")));
        assert_eq!(outdated("running", None, limit, at(3_601)), None);
    }
}
