//! Finds the words of a line that say what happened, without the time and the braces of JSON around them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::form;
use crate::sanitize::Text;

/// Longest JSON line that is parsed.
const PARSED: usize = 64 * 1024;

/// The words.
#[derive(Debug)]
pub(super) struct LineWords<'l> {
    message: Cow<'l, str>,
    /// The error of a JSON line.
    detail: Option<Cow<'l, str>>,
}

/// The fields of a JSON line that are looked at; all others are stepped over.
#[derive(Deserialize)]
struct Fields<'l> {
    #[serde(borrow)]
    message: Option<&'l RawValue>,
    #[serde(borrow)]
    msg: Option<&'l RawValue>,
    #[serde(borrow)]
    event: Option<&'l RawValue>,
    #[serde(borrow)]
    text: Option<&'l RawValue>,
    #[serde(borrow)]
    error: Option<&'l RawValue>,
    #[serde(borrow)]
    err: Option<&'l RawValue>,
    #[serde(borrow)]
    exception: Option<&'l RawValue>,
}

impl<'l> LineWords<'l> {
    /// Of a text that is clean and only a message.
    pub(super) fn of_message(text: &'l str) -> Self {
        Self { message: text.into(), detail: None }
    }

    /// Of a line as it was written.
    pub(super) fn of_line(line: &'l [u8]) -> Self {
        match String::from_utf8_lossy(line) {
            Cow::Borrowed(line) => Self::of_text(line),
            Cow::Owned(line) => {
                let own = LineWords::of_text(&line);
                LineWords {
                    message: own.message.into_owned().into(),
                    detail: own.detail.map(|one| one.into_owned().into()),
                }
            }
        }
    }

    fn of_text(line: &'l str) -> Self {
        let text = line.trim_ascii();
        if text.starts_with('{') && text.ends_with('}') && text.len() <= PARSED {
            return Self::of_json(text).unwrap_or_else(|| Self { message: clean(text.into()), detail: None });
        }
        let message = match form::behind_time(line) {
            _ if line.contains("level=") || line.contains("lvl=") => {
                form::message(line).map_or(text.into(), Cow::Owned)
            }
            Some(rest) => rest.into(),
            None => text.into(),
        };
        Self { message: clean(message), detail: None }
    }

    fn of_json(text: &'l str) -> Option<Self> {
        let fields: Fields<'l> = serde_json::from_str(text).ok()?;
        let message = fields.message.or(fields.msg).or(fields.event).or(fields.text)?;
        let error = fields.error.or(fields.err).or(fields.exception).map(error);
        Some(Self { message: clean(said(message)), detail: error.map(clean).filter(|error| error != "null") })
    }

    /// Every word.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let detail = self.detail.as_deref().unwrap_or_default();
        self.message.split_ascii_whitespace().chain(detail.split_ascii_whitespace())
    }

    /// Words of the message alone: they stand one behind the other in the line.
    pub(super) fn own(&self) -> usize {
        self.message.split_ascii_whitespace().count()
    }
}

/// A value as text: a string without its quotes, anything else as it is written.
fn said(value: &RawValue) -> Cow<'_, str> {
    let written = value.get();
    match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => plain.into(),
        _ => serde_json::from_str::<String>(written).map_or(written.into(), Cow::Owned),
    }
}

/// An error is a text, or has one as its message.
fn error(value: &RawValue) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Inner<'l> {
        #[serde(borrow)]
        message: &'l RawValue,
    }
    serde_json::from_str::<Inner<'_>>(value.get()).map_or_else(|_| said(value), |inner| said(inner.message))
}

fn clean(text: Cow<'_, str>) -> Cow<'_, str> {
    let plain = text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f);
    // Characters that cannot be seen are rare: what is shown of a pattern is cleaned when it is made.
    if plain { text } else { Cow::Owned(Text::clean(&text).to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> (String, usize) {
        let line_words = LineWords::of_line(line.as_bytes());
        (line_words.words().collect::<Vec<_>>().join(" "), line_words.own())
    }

    #[test]
    fn what_happened_is_told_without_what_stands_beside_it() {
        assert_eq!(
            words(r#"{"a":{"msg":"x"},"msg":"no \"db\"","error":{"message":"too late"}}"#),
            ("no \"db\" too late".into(), 2)
        );
        assert_eq!(words(r#"{"msg":"a","event":"b","err":null}"#), ("a".into(), 1));
        assert_eq!(words("2026-01-31T12:00:00Z [error] \u{1b}[31mit\u{1b}[0m broke"), ("[error] it broke".into(), 3));
        assert_eq!(words("level=warn msg=\"slow query\""), ("slow query".into(), 2));
        assert_eq!(words("{no json}"), ("{no json}".into(), 2));
        assert_eq!(words(""), (String::new(), 0));
    }
}
