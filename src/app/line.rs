//! A line that is typed, with the place where the next letter goes, and the keys that every shell has for it.

use crate::app::msg::{Key, KeyCode};
use crate::app::paste::ONE_LINE;

/// A line under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    before: String,
    after: String,
}

impl From<String> for Line {
    fn from(before: String) -> Self {
        Self { before, after: String::new() }
    }
}

impl Line {
    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// What stands before the place of the next letter, and what stands behind it.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    /// Whether nothing is typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Takes pasted text without control characters, as much as the line has room for; whether that was all.
    pub(in crate::app) fn paste(&mut self, pasted: &str) -> bool {
        let mut clean = pasted.chars().filter(|c| !c.is_control());
        self.before.extend(clean.by_ref().take(self.room()));
        clean.next().is_none()
    }

    fn room(&self) -> usize {
        ONE_LINE.saturating_sub(self.before.chars().count() + self.after.chars().count())
    }

    /// Takes a key; false when it is none of a line's.
    pub(in crate::app) fn key(&mut self, key: Key) -> bool {
        match Edit::of(key) {
            None => return false,
            Some(Edit::Write(c)) => self.before.extend((self.room() > 0).then_some(c)),
            Some(Edit::Left) => self.left(self.before.len() - last(&self.before)),
            Some(Edit::Right) => self.right(first(&self.after)),
            Some(Edit::WordLeft) => self.left(word_before(&self.before)),
            Some(Edit::WordRight) => self.right(word_after(&self.after)),
            Some(Edit::Begin) => self.left(0),
            Some(Edit::End) => self.right(self.after.len()),
            Some(Edit::Rub) => drop(self.before.pop()),
            Some(Edit::RubWord) => self.before.truncate(word_before(&self.before)),
            Some(Edit::RubAll) => self.before.clear(),
            Some(Edit::Delete) => drop(self.after.drain(..first(&self.after))),
            Some(Edit::DeleteWord) => drop(self.after.drain(..word_after(&self.after))),
            Some(Edit::DeleteAll) => self.after.clear(),
        }
        true
    }

    /// The next letter goes to this byte of what stands before it now.
    fn left(&mut self, at: usize) {
        let moved = self.before.split_off(at);
        self.after.insert_str(0, &moved);
    }

    /// The next letter goes behind so many bytes of what stands behind it now.
    fn right(&mut self, by: usize) {
        self.before.extend(self.after.drain(..by));
    }
}

/// What a key does to a line that is typed at its end only: letters, and what takes them away. False when it is none of these.
pub(in crate::app) fn at_end(text: &mut String, key: Key) -> bool {
    let mut line = Line::from(std::mem::take(text));
    let took =
        matches!(Edit::of(key), Some(Edit::Write(_) | Edit::Rub | Edit::RubWord | Edit::RubAll)) && line.key(key);
    *text = line.before;
    took
}

/// Whether a key with ctrl changes a line, or moves in it, and means something else where none is typed.
#[must_use]
pub(in crate::app) fn edits(key: Key) -> bool {
    key.ctrl && Edit::of(key).is_some()
}

/// Whether a key writes a letter.
#[must_use]
pub(in crate::app) fn writes(key: Key) -> bool {
    matches!(Edit::of(key), Some(Edit::Write(_)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Write(char),
    Left,
    Right,
    WordLeft,
    WordRight,
    Begin,
    End,
    Rub,
    RubWord,
    RubAll,
    Delete,
    DeleteWord,
    DeleteAll,
}

impl Edit {
    fn of(key: Key) -> Option<Self> {
        let word = key.ctrl || key.alt;
        Some(match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(c), false, false) => Self::Write(c),
            (KeyCode::Char('a'), true, false) | (KeyCode::Home, ..) => Self::Begin,
            (KeyCode::Char('e'), true, false) | (KeyCode::End, ..) => Self::End,
            (KeyCode::Char('b'), false, true) => Self::WordLeft,
            (KeyCode::Char('f'), false, true) => Self::WordRight,
            (KeyCode::Char('b'), true, false) => Self::Left,
            (KeyCode::Char('f'), true, false) => Self::Right,
            (KeyCode::Left, ..) if word => Self::WordLeft,
            (KeyCode::Right, ..) if word => Self::WordRight,
            (KeyCode::Left, ..) => Self::Left,
            (KeyCode::Right, ..) => Self::Right,
            (KeyCode::Char('w'), true, false) => Self::RubWord,
            (KeyCode::Backspace, ..) if word => Self::RubWord,
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, false) => Self::Rub,
            (KeyCode::Char('u'), true, false) => Self::RubAll,
            (KeyCode::Char('d'), false, true) => Self::DeleteWord,
            (KeyCode::Char('d'), true, false) | (KeyCode::Delete, ..) => Self::Delete,
            (KeyCode::Char('k'), true, false) => Self::DeleteAll,
            _ => return None,
        })
    }
}

/// Bytes of the last letter.
fn last(text: &str) -> usize {
    text.chars().next_back().map_or(0, char::len_utf8)
}

/// Bytes of the first letter.
fn first(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Where the last word begins; white space behind it belongs to it.
fn word_before(text: &str) -> usize {
    let trimmed = text.trim_end();
    trimmed.rfind(char::is_whitespace).map_or(0, |at| at + first(&trimmed[at..]))
}

/// Where the first word ends; white space before it belongs to it.
fn word_after(text: &str) -> usize {
    let blank = text.len() - text.trim_start().len();
    text[blank..].find(char::is_whitespace).map_or(text.len(), |at| blank + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(code: KeyCode) -> Key {
        Key { code, ctrl: false, alt: false, repeat: false }
    }

    fn ctrl(c: char) -> Key {
        Key { ctrl: true, ..plain(KeyCode::Char(c)) }
    }

    fn alt(c: char) -> Key {
        Key { alt: true, ..plain(KeyCode::Char(c)) }
    }

    fn after(text: &str, keys: &[Key]) -> (String, String) {
        let mut line = Line::from(text.to_owned());
        for key in keys {
            assert!(line.key(*key), "{key:?}");
        }
        (line.before, line.after)
    }

    #[test]
    fn a_line_is_edited_by_the_keys_of_a_shell() {
        let is = |keys: &[Key], before: &str, behind: &str| {
            assert_eq!(after("one two é", keys), (before.to_owned(), behind.to_owned()), "{keys:?}");
        };
        is(&[ctrl('u')], "", "");
        is(&[ctrl('w')], "one two ", "");
        is(&[ctrl('w'), ctrl('w')], "one ", "");
        is(&[Key { alt: true, ..plain(KeyCode::Backspace) }], "one two ", "");
        is(&[ctrl('h')], "one two ", "");
        is(&[ctrl('a'), plain(KeyCode::Char('x'))], "x", "one two é");
        is(&[plain(KeyCode::Home), plain(KeyCode::Delete)], "", "ne two é");
        is(&[ctrl('a'), ctrl('d')], "", "ne two é");
        is(&[ctrl('a'), ctrl('e')], "one two é", "");
        is(&[plain(KeyCode::Home), plain(KeyCode::End)], "one two é", "");
        is(&[alt('b')], "one two ", "é");
        is(&[alt('b'), alt('b'), alt('f')], "one two", " é");
        is(&[alt('b'), alt('b'), alt('d')], "one ", " é");
        is(&[ctrl('b'), ctrl('f')], "one two é", "");
        is(&[plain(KeyCode::Left), plain(KeyCode::Left), plain(KeyCode::Right)], "one two ", "é");
        is(&[Key { ctrl: true, ..plain(KeyCode::Left) }, ctrl('u')], "", "é");
        is(&[alt('b'), ctrl('k')], "one two ", "");
    }

    #[test]
    fn other_keys_are_none_of_a_lines() {
        let mut line = Line::from("a".to_owned());
        for key in [plain(KeyCode::Up), plain(KeyCode::Tab), ctrl('c'), ctrl('s'), alt('x'), plain(KeyCode::Enter)] {
            assert!(!line.key(key), "{key:?}");
        }
        let mut text = "one two".to_owned();
        assert!(!at_end(&mut text, plain(KeyCode::Home)) && at_end(&mut text, ctrl('w')));
        assert_eq!(text, "one ");
    }

    proptest! {
        #[test]
        fn no_key_tears_a_letter(text in "\\PC{0,12}", keys in proptest::collection::vec(0usize..12, 0..20)) {
            let all = [
                ctrl('u'), ctrl('w'), ctrl('a'), ctrl('e'), ctrl('k'), ctrl('d'), alt('b'), alt('f'), alt('d'),
                plain(KeyCode::Left), plain(KeyCode::Right), plain(KeyCode::Char('界')),
            ];
            let mut line = Line::from(text);
            for key in keys {
                prop_assert!(line.key(all[key]));
                prop_assert_eq!(line.text().len(), line.parts().0.len() + line.parts().1.len());
            }
        }
    }
}
