//! Cleans text from outside. What has become a [`Text`] can be drawn, logged and stored without harm.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest text kept, in bytes; the rest is cut and the cut is marked.
pub const CAP: usize = 16 * 1024;

/// One line of clean text: valid UTF-8, no control, escape or bidi characters, tabs expanded, at most [`CAP`] bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Text(Arc<str>);

/// Longest marker that says how much was cut, in bytes.
pub const MARKER: usize = 32;

/// Raw bytes looked at: escape sequences may be most of a line, but nobody may make us read ten megabytes of them.
const READ: usize = 4 * CAP;
/// What a line break inside a text becomes.
const BREAK: &str = " ⏎ ";
/// Columns between tab stops.
const TAB: usize = 4;

impl Text {
    /// Cleans text from outside: escape sequences, control, bidi and zero-width characters go, tabs become spaces, a line
    /// break becomes ` ⏎ `, and what is longer than [`CAP`] is cut with a marker that says how much.
    #[must_use]
    pub fn clean(raw: &str) -> Self {
        if raw.len() <= CAP && raw.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Self(raw.into());
        }
        Self::cleaned(raw.trim_end_matches(['\n', '\r']), 0)
    }

    /// Takes text back that was made from a [`Text`]. It is trusted no further than it can be seen to be clean.
    #[must_use]
    pub fn again(kept: &str) -> Self {
        let clean = kept.len() <= CAP + MARKER && !kept.chars().any(|c| c.is_control() || unseen(c));
        if clean { Self(kept.into()) } else { Self::clean(kept) }
    }

    /// The same for bytes; what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Self {
        if raw.len() <= READ {
            return Self::clean(&String::from_utf8_lossy(raw));
        }
        Self::cleaned(&String::from_utf8_lossy(&raw[..READ]), raw.len() - READ)
    }

    /// Cleans a long or unusual text of which `beyond` more bytes exist.
    fn cleaned(raw: &str, beyond: usize) -> Self {
        let mut end = raw.len().min(READ);
        while !raw.is_char_boundary(end) {
            end -= 1;
        }
        let mut screen = Screen::default();
        vte::Parser::new().advance(&mut screen, seven_bit(&raw[..end]).as_bytes());
        let cut = screen.lost + (raw.len() - end) + beyond;
        if cut > 0 {
            screen.out.push_str(&format!("… +{cut} bytes cut"));
        }
        Self(screen.out.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when nothing is left to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Splits at line breaks and cleans every line; empty lines at the end are left out.
pub fn lines(raw: &str) -> impl Iterator<Item = Text> + '_ {
    raw.trim_end_matches(['\n', '\r']).split('\n').map(|line| Text::clean(line.trim_end_matches('\r')))
}

/// Rewrites the 8-bit introducers (C1) as their 7-bit twins, because the parser knows only those.
fn seven_bit(raw: &str) -> Cow<'_, str> {
    let introducer = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    if !raw.contains(introducer) {
        return raw.into();
    }
    let mut out = String::with_capacity(raw.len() + 8);
    for c in raw.chars() {
        match c {
            '\u{80}'..='\u{9f}' => {
                out.push('\u{1b}');
                out.extend(char::from_u32(u32::from(c) - 0x40));
            }
            _ => out.push(c),
        }
    }
    out.into()
}

/// Characters that draw nothing but move, join or reorder what is drawn: bidi controls, zero-width characters,
/// variation selectors and tags. Joined emoji come apart; widths stay what they are counted to be.
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a terminal draws every character of a text as it stands there: no control, no bidi mark, nothing without a width.
#[must_use]
pub fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || unseen(c))
}

/// The last door before a terminal or a pipe: whatever still is in an answer of several lines and would be obeyed or reorder
/// what is seen is written as an escape, `\u001b`. In JSON, where such a character can only stand in a string, that is the
/// same text.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || unseen(c);
    if !text.chars().any(harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Collects what a terminal would have printed.
#[derive(Default)]
struct Screen {
    out: String,
    column: usize,
    lost: usize,
}

impl Screen {
    fn put(&mut self, text: &str, columns: usize) {
        if self.lost > 0 || self.out.len() + text.len() > CAP {
            self.lost += text.len();
        } else {
            self.out.push_str(text);
            self.column += columns;
        }
    }
}

impl vte::Perform for Screen {
    fn print(&mut self, c: char) {
        match c {
            '\u{2028}' | '\u{2029}' => self.put(BREAK, 3),
            c if c.is_control() || unseen(c) => {}
            c => self.put(c.encode_utf8(&mut [0; 4]), 1),
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\t' => {
                let wide = TAB - self.column % TAB;
                self.put(&"    "[..wide], wide);
            }
            b'\n' => self.put(BREAK, 3),
            b'\r' | 0x0b | 0x0c => self.put(" ", 1),
            _ => {}
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What was stored may have been changed by others: it is cleaned again.
impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|raw| Self::clean(&raw))
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::clean(raw)
    }
}

impl From<&Path> for Text {
    fn from(path: &Path) -> Self {
        Self::from_bytes(path.as_os_str().as_encoded_bytes())
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::clean(&raw)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(raw: &str) -> String {
        Text::clean(raw).as_str().to_owned()
    }

    #[test]
    fn escape_sequences_leave_no_remnant() {
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m plain"), "red plain");
        assert_eq!(clean("\u{1b}]0;title\u{7}after"), "after");
        assert_eq!(clean("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\"), "link");
        assert_eq!(clean("\u{1b}Pq#0;2;0\u{1b}\\after"), "after");
        assert_eq!(clean("\u{9b}31mred"), "red");
    }

    #[test]
    fn what_cannot_be_seen_is_not_kept() {
        assert_eq!(clean("user\u{202e}txt.exe\u{2066}"), "usertxt.exe");
        assert_eq!(clean("a\u{200b}b\u{feff}c\u{0}d\u{7f}e"), "abcde");
    }

    #[test]
    fn tabs_and_breaks_become_visible() {
        assert_eq!(clean("a\tb"), "a   b");
        assert_eq!(clean("one\ntwo\n"), "one ⏎ two");
        assert_eq!(lines("one\r\ntwo\n\n").map(|line| line.to_string()).collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn a_long_line_keeps_its_head_and_says_what_is_missing() {
        let text = clean(&"x".repeat(10_000_000));
        assert!(text.starts_with("xxx"));
        assert!(text.ends_with("… +9983616 bytes cut"), "{}", &text[text.len() - 40..]);
        let bytes = Text::from_bytes(&vec![b'y'; 10_000_000]);
        assert!(bytes.as_str().ends_with("… +9983616 bytes cut"));
    }

    #[test]
    fn the_last_door_escapes_and_leaves_json_what_it_is() {
        assert!(matches!(printable("one\n\ttwo – drei\n"), Cow::Borrowed(_)));
        let hostile = "a\u{1b}]52;c;eA==\u{7}\u{9b}31m\u{202e}\u{e0041}\r";
        assert_eq!(printable(hostile), "a\\u001b]52;c;eA==\\u0007\\u009b31m\\u202e\\udb40\\udc41\\u000d");
        let json = serde_json::json!({ "name": hostile }).to_string();
        let back: serde_json::Value = serde_json::from_str(&printable(&json)).unwrap();
        assert_eq!(back["name"], hostile);
        assert!(!is_clean(hostile) && is_clean("prod ✅ – 漢字"));
    }

    #[test]
    fn broken_utf8_is_marked() {
        assert_eq!(Text::from_bytes(b"ok \xff\xfe").as_str(), "ok \u{fffd}\u{fffd}");
    }

    proptest! {
        #[test]
        fn nothing_harmful_survives(raw in proptest::collection::vec(any::<u8>(), 0..400), times in 1usize..200) {
            let raw = raw.repeat(times);
            let text = Text::from_bytes(&raw);
            prop_assert!(!text.as_str().chars().any(|c| c.is_control() || unseen(c)));
            prop_assert!(text.as_str().len() <= CAP + MARKER);
            let again = Text::clean(text.as_str());
            prop_assert!(again.as_str().len() <= CAP + MARKER);
            prop_assert_eq!(Text::again(text.as_str()), text);
        }

        #[test]
        fn printable_text_is_left_alone(raw in "[ -~äöü漢字]{0,80}") {
            let text = Text::clean(&raw);
            prop_assert_eq!(text.as_str(), raw.as_str());
        }
    }
}
