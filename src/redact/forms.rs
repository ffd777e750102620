//! The forms in which a known value travels: as it is, in an address, in JSON, in hexadecimal digits, in base64 alone or within a longer text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Values shorter than this are masked as they are alone: their other forms would hit ordinary text.
const DERIVED: usize = 8;

/// Expressions that find a value, each with the least length of what it finds.
pub(super) fn of(value: &str) -> Vec<(usize, String)> {
    if value.len() < DERIVED {
        return vec![(value.len(), regex::escape(value))];
    }
    let hex = |upper: bool| {
        let mut digits = String::with_capacity(value.len() * 2);
        for byte in value.bytes() {
            let _ = if upper { write!(digits, "{byte:02X}") } else { write!(digits, "{byte:02x}") };
        }
        (digits.len(), digits)
    };
    let mut forms = vec![(value.chars().count(), value.chars().map(written).collect()), hex(false), hex(true)];
    forms.extend((0..3).map(|before| base64(value.as_bytes(), before)));
    forms
}

/// A character as it is, with the escapes of an address and of JSON, which may lie in one another.
fn written(one: char) -> String {
    // What nobody escapes stays literal: such beginnings are found fast.
    if one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.') {
        return regex::escape(one.encode_utf8(&mut [0; 4]));
    }
    let (mut utf8, mut utf16) = ([0; 4], [0; 2]);
    let percent: String = one.encode_utf8(&mut utf8).bytes().map(percent).collect();
    let units: String = one.encode_utf16(&mut utf16).iter().map(|unit| format!(r"\\+u(?i:{unit:04x})")).collect();
    let plain = regex::escape(one.encode_utf8(&mut [0; 4]));
    let more = match one {
        ' ' => r"|\+".to_owned(),
        // As clean text has them (`sanitize`), too.
        '\n' => r"|\\+n| ⏎ ".to_owned(),
        '\r' => r"|\\+r".to_owned(),
        '\t' => r"|\\+t| {1,4}".to_owned(),
        '"' | '/' => format!(r"|\\+{plain}"),
        '\\' => r"|\\+".to_owned(),
        _ => String::new(),
    };
    // The longer ones first: of a backslash all are taken.
    format!("(?:{}|{percent}|{units}|{plain})", more.strip_prefix('|').unwrap_or(&plain))
}

/// A byte in an address that was escaped once or several times.
fn percent(byte: u8) -> String {
    format!("%(?:25)*(?i:{byte:02x})")
}

/// What is surely of the value where so many bytes come before it, and the digit that it shares with what comes after.
fn base64(value: &[u8], before: usize) -> (usize, String) {
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
    let form: String = sure.chars().map(digit).chain([shared.to_owned()]).collect();
    (sure.len(), form)
}
