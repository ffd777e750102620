//! Rate-limit headers become a [`Budget`]. GitHub and Vercel state the reset as epoch seconds, Supabase as seconds left.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

use crate::domain::environment::Platform;
use crate::domain::feed::Budget;

/// The budget that an answer states, if it does.
pub(super) fn budget(platform: Platform, headers: &HeaderMap, now: Timestamp) -> Option<Budget> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let limit = u32::try_from(number("x-ratelimit-limit")?).ok()?;
    let remaining = u32::try_from(number("x-ratelimit-remaining")?.max(0)).ok()?;
    let reset = number("x-ratelimit-reset").and_then(|reset| match platform {
        Platform::Supabase => now.checked_add(SignedDuration::from_secs(reset)).ok(),
        _ => Timestamp::from_second(reset).ok(),
    });
    Some(Budget { remaining, limit, reset })
}

/// `Retry-After` in seconds; the date form is left to the feed's own backoff.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get("retry-after")?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
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
