//! What was typed at once: a terminal that does not mark what is pasted sends it as keys, which come together.

use crate::app::msg::{Key, KeyCode, Msg};

/// Letters that come together and that nobody types so fast: they are text that was pasted, and are taken at once rather than one by one.
const PASTED: usize = 64;

/// Puts runs of letters together that were pasted. An enter in them is a line end, and confirms nothing.
pub(super) fn together(typed: &mut Vec<Msg>) {
    if typed.len() < PASTED {
        return;
    }
    let mut all = Vec::with_capacity(typed.len());
    let mut run = Vec::new();
    for msg in typed.drain(..) {
        if letter(&msg).is_some() {
            run.push(msg);
        } else {
            close(&mut run, &mut all);
            all.push(msg);
        }
    }
    close(&mut run, &mut all);
    *typed = all;
}

fn close(run: &mut Vec<Msg>, all: &mut Vec<Msg>) {
    if run.len() < PASTED {
        all.append(run);
        return;
    }
    all.push(Msg::Paste(run.drain(..).filter_map(|msg| letter(&msg)).collect()));
}

fn letter(msg: &Msg) -> Option<char> {
    match msg {
        Msg::Key(Key { code: KeyCode::Char(c), ctrl: false, alt: false, .. }) => Some(*c),
        Msg::Key(Key { code: KeyCode::Enter, ctrl: false, alt: false, .. }) => Some('\n'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> Msg {
        Msg::Key(Key { code, ctrl: false, alt: false, repeat: false })
    }

    #[test]
    fn many_letters_at_once_are_a_text_and_few_are_keys() {
        let mut few: Vec<Msg> = "production".chars().map(|c| key(KeyCode::Char(c))).collect();
        let before = few.clone();
        together(&mut few);
        assert_eq!(few, before);
        let mut many: Vec<Msg> = "ab".repeat(40).chars().map(|c| key(KeyCode::Char(c))).collect();
        many.push(key(KeyCode::Enter));
        many.push(key(KeyCode::Esc));
        many.push(key(KeyCode::Char('q')));
        together(&mut many);
        let text = format!("{}\n", "ab".repeat(40));
        assert_eq!(many, [Msg::Paste(text), key(KeyCode::Esc), key(KeyCode::Char('q'))]);
    }
}
