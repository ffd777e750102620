//! The forms in which a known value travels: as it is, in an address, in JSON, in hexadecimal digits, in base64 alone or within a longer text.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use regex::Regex;

use crate::sanitize::is_clean;

/// Values shorter than this are masked as they are alone: their other forms would hit ordinary text.
const DERIVED: usize = 8;
/// An escape is shorter than this, bytes.
const ESCAPE: usize = 12;

/// Fewer characters than these of a form at the cut end of a text are no beginning of it.
const BEGUN: usize = 4;

/// A form of a value.
pub(super) struct Form {
    /// The least length of what is found, bytes.
    pub(super) least: usize,
    /// An expression for each of its characters.
    units: Vec<String>,
    /// So many characters of it are a beginning.
    begun: usize,
}

impl Form {
    /// An expression for the whole of it.
    pub(super) fn whole(&self) -> String {
        self.units.concat()
    }

    /// Where it begins in a text that was cut within it.
    pub(super) fn begins(&self, text: &str) -> Option<usize> {
        let mut known: BTreeMap<&str, Option<Regex>> = BTreeMap::new();
        text.char_indices().map(|(at, _)| at).find(|at| self.runs_out(&text[*at..], &mut known))
    }

    /// Whether a text is the beginning of it, and no more.
    fn runs_out<'u>(&'u self, text: &str, known: &mut BTreeMap<&'u str, Option<Regex>>) -> bool {
        let (mut rest, mut met) = (text, 0);
        for unit in &self.units {
            if rest.is_empty() {
                break;
            }
            let one = known.entry(unit).or_insert_with(|| Regex::new(&format!("^(?:{unit})")).ok());
            match one.as_ref().and_then(|one| one.find(rest)) {
                Some(found) => {
                    met += usize::from(!found.is_empty());
                    rest = &rest[found.end()..];
                }
                // The cut may go through an escape, too.
                None => {
                    rest = if rest.len() < ESCAPE && rest.starts_with(['%', '\\']) { "" } else { rest };
                    break;
                }
            }
        }
        rest.is_empty() && met >= self.begun
    }
}

/// The forms of a value.
pub(super) fn of(value: &str) -> Vec<Form> {
    if value.len() < DERIVED {
        let units = value.chars().map(literal).collect();
        return vec![Form { least: value.len(), units, begun: BEGUN }];
    }
    let hex = |upper: bool| {
        let digits = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        let digits: String = value.bytes().map(digits).collect();
        Form { least: digits.len(), units: digits.chars().map(literal).collect(), begun: DERIVED }
    };
    let least = value.chars().filter(|one| !dropped(*one)).map(char::len_utf8).sum();
    let plain = Form { least, units: value.chars().map(written).collect(), begun: BEGUN };
    let derived = (0..3).map(|before| base64(value.as_bytes(), before));
    [plain, hex(false), hex(true)].into_iter().chain(derived).collect()
}

fn literal(one: char) -> String {
    regex::escape(one.encode_utf8(&mut [0; 4]))
}

/// Whether clean text has nothing in its place (`sanitize`).
fn dropped(one: char) -> bool {
    !matches!(one, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}') && !is_clean(one.encode_utf8(&mut [0; 4]))
}

/// A character as it is, with the escapes of an address and of JSON, which may lie in one another, and as clean text has it.
fn written(one: char) -> String {
    // What nobody escapes stays literal: such beginnings are found fast.
    if one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.') {
        return literal(one);
    }
    let (mut utf8, mut utf16) = ([0; 4], [0; 2]);
    let percent: String = one.encode_utf8(&mut utf8).bytes().map(percent).collect();
    let units: String = one.encode_utf16(&mut utf16).iter().map(|unit| format!(r"\\+u(?i:{unit:04x})")).collect();
    let plain = literal(one);
    let more = match one {
        ' ' => r"\+".to_owned(),
        '\n' => r"\\+n| ⏎ ".to_owned(),
        '\r' => r"\\+r| ".to_owned(),
        '\t' => r"\\+t| {1,4}".to_owned(),
        '\u{8}' => r"\\+b".to_owned(),
        '\u{b}' => " ".to_owned(),
        '\u{c}' => r"\\+f| ".to_owned(),
        '\u{2028}' | '\u{2029}' => " ⏎ ".to_owned(),
        '"' | '/' => format!(r"\\+{plain}"),
        '\\' => r"\\+".to_owned(),
        _ => plain.clone(),
    };
    // The longer ones first: of a backslash all are taken.
    let form = format!("(?:{more}|{percent}|{units}|{plain})");
    if dropped(one) { form + "?" } else { form }
}

/// A byte in an address that was escaped once or several times.
fn percent(byte: u8) -> String {
    format!("%(?:25)*(?i:{byte:02x})")
}

/// What is surely of the value where so many bytes come before it, and the digit that it shares with what comes after.
fn base64(value: &[u8], before: usize) -> Form {
    let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(value.iter().copied()).collect();
    let text = STANDARD_NO_PAD.encode(&bytes);
    let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    let sure = text.get(first..last).unwrap_or_default();
    let digit = |one: char| match one {
        '+' => r"(?:[+-]|%(?:25)*2[bB])".to_owned(),
        '/' => r"(?:\\*/|_|%(?:25)*2[fF])".to_owned(),
        one => one.to_string(),
    };
    let shared = if bytes.len().is_multiple_of(3) { "" } else { r"(?:[A-Za-z0-9+/_-](?:=|%(?:25)*3[dD]){0,2})?" };
    let units = sure.chars().map(digit).chain([shared.to_owned()]).collect();
    Form { least: sure.len(), units, begun: DERIVED }
}
