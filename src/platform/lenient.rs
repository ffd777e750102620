//! Lenient decoding: words stay text, numbers may be strings, and times come in four forms, because the platforms' contracts do
//! not agree with their answers.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::ids::Sha;

/// A time as RFC 3339 text, epoch seconds, milliseconds, microseconds or nanoseconds (told apart by size).
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    let at = match value {
        Value::String(text) => text.parse().ok().or_else(|| epoch(text.parse().ok()?)),
        Value::Number(number) =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "an instant before the year 290,000 fits")]
            number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)).and_then(epoch)
        }
        _ => None,
    };
    at.filter(|at| at.as_second() >= MEANT)
}

/// Before 1971 is no time: the year 1 and 1970 are how platforms write that there is none.
const MEANT: i64 = 365 * 86_400;

fn epoch(number: i64) -> Option<Timestamp> {
    match number.unsigned_abs() {
        0 => None,
        1..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number).ok(),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(number).ok(),
        _ => Timestamp::from_nanosecond(i128::from(number)).ok(),
    }
}

/// For `#[serde(deserialize_with)]`: a time, or nothing when it is absent, null or odd.
pub(super) fn maybe_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(time(&Value::deserialize(deserializer)?))
}

/// For `#[serde(deserialize_with)]`: text from a string or a number; empty when absent or null.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        _ => String::new(),
    })
}

/// For `#[serde(deserialize_with)]`: null becomes the default.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A commit hash, if that is what the text is: 7 to 40 hex digits.
pub(super) fn sha(text: &str) -> Option<Sha> {
    let text = text.trim();
    let hex = (7..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| Sha::from(text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_come_in_many_spellings() {
        let want = Timestamp::from_second(1_700_000_000).unwrap();
        for spelling in [
            json!("2023-11-14T22:13:20Z"),
            json!("2023-11-14T17:13:20-05:00"),
            json!(1_700_000_000),
            json!(1_700_000_000_000_i64),
            json!(1_700_000_000_000_000_i64),
            json!(1_700_000_000_000_000_000_i64),
            json!("1700000000000"),
        ] {
            assert_eq!(time(&spelling), Some(want), "{spelling}");
        }
        assert_eq!(time(&json!(null)), None);
        assert_eq!(time(&json!("yesterday")), None);
        for none in [json!("1970-01-01T00:00:00Z"), json!("0001-01-01T00:00:00Z"), json!(0), json!(1), json!("0")] {
            assert_eq!(time(&none), None, "{none} is how platforms write that there is no time");
        }
    }

    #[test]
    fn a_word_is_not_a_commit() {
        assert!(sha("a1b2c3d").is_some());
        assert!(sha("latest").is_none());
    }
}
