//! Reads rate-limit headers into a [`Budget`]. GitHub and Vercel give the reset as epoch seconds, Supabase as seconds left.
//! What a platform says in another way than most stands in [`Stated`], a row for each.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

use crate::domain::environment::Platform;
use crate::domain::feed::Budget;

/// How a platform states its limits.
#[derive(Default)]
pub(super) struct Stated {
    /// A reset is told as seconds that are left, not as a moment.
    left: bool,
    /// How long to wait where an answer refuses for too many requests and says nothing else.
    pub(super) pause: Option<Duration>,
}

impl Stated {
    pub(super) fn by(platform: Platform) -> Self {
        let pause = |seconds| Self { pause: Some(Duration::from_secs(seconds)), ..Self::default() };
        match platform {
            // docs/platforms/github.md section 3
            Platform::Github => pause(60),
            // One request a second per action, and no header says so (docs/platforms/fly.md section 4).
            Platform::Fly => pause(1),
            Platform::Supabase => Self { left: true, ..Self::default() },
            _ => Self::default(),
        }
    }
}

/// The budget that an answer states, if it does.
pub(super) fn budget(platform: Platform, headers: &HeaderMap, now: Timestamp) -> Option<Budget> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let limit = u32::try_from(number("x-ratelimit-limit")?).ok()?;
    let remaining = u32::try_from(number("x-ratelimit-remaining")?.max(0)).ok()?;
    let reset = number("x-ratelimit-reset").and_then(|reset| {
        if Stated::by(platform).left {
            return now.checked_add(SignedDuration::from_secs(reset)).ok();
        }
        // An instant of the platform's clock, which need not agree with ours.
        let reset = Timestamp::from_second(reset).ok()?;
        date(headers).map_or(Some(reset), |there| now.checked_add(reset.duration_since(there)).ok())
    });
    Some(Budget { remaining, limit, reset })
}

/// `Retry-After`, in seconds or as a date. A date is measured against the answer's own `Date`: two clocks need not agree.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text("retry-after")?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTimeParser::new().parse_timestamp(asked).ok()?;
    Some(Duration::try_from(until.duration_since(date(headers)?)).unwrap_or_default())
}

/// When the answer was written, by the platform's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(headers.get("date")?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn headers(reset: &'static str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert("x-ratelimit-limit", HeaderValue::from_static("120"));
        map.insert("x-ratelimit-remaining", HeaderValue::from_static("7"));
        map.insert("x-ratelimit-reset", HeaderValue::from_static(reset));
        map
    }

    #[test]
    fn when_to_come_back_is_told_in_seconds_or_as_a_date() {
        let told = |after: &'static str| {
            let mut map = HeaderMap::new();
            map.insert("date", HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
            map.insert("retry-after", HeaderValue::from_static(after));
            retry_after(&map)
        };
        assert_eq!(told("7"), Some(Duration::from_secs(7)));
        assert_eq!(told("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(told("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO), "a moment that has passed is now");
        assert_eq!(told("soon"), None);
    }

    #[test]
    fn supabase_counts_down_and_the_others_name_an_instant() {
        let now = Timestamp::from_second(1_000).unwrap();
        let left = budget(Platform::Supabase, &headers("30"), now).unwrap();
        assert_eq!((left.remaining, left.limit), (7, 120));
        assert_eq!(left.reset, Some(Timestamp::from_second(1_030).unwrap()));
        let left = budget(Platform::Github, &headers("2000"), now).unwrap();
        assert_eq!(left.reset, Some(Timestamp::from_second(2_000).unwrap()));
    }

    #[test]
    fn an_answer_without_the_headers_states_nothing() {
        assert_eq!(budget(Platform::Fly, &HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
    }
}
