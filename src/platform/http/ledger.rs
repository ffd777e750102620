//! Keeps what answers say in their headers: what is left of each rate limit, and the platform's clock.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::limits;
use crate::domain::environment::Platform;
use crate::domain::feed::Budget;
use crate::platform::ErrorKind;

/// Limits remembered; platforms that count by endpoint have as many as there are addresses.
const REMEMBERED: usize = 512;
/// `Date` has whole seconds, and an answer takes a moment: what is below this is no difference.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(3);
/// Under this share of a budget reads slow down (docs/platforms/github.md section 3).
const TIGHT: f64 = 0.2;
/// The longest window of a budget.
const WINDOW: SignedDuration = SignedDuration::from_mins(61);
/// The longest stretch of a rhythm.
const STRETCH: f64 = 12.0;

#[derive(Default)]
pub(super) struct Ledger {
    budgets: Mutex<HashMap<(Platform, String), Budget>>,
    clocks: Mutex<HashMap<Platform, SignedDuration>>,
}

impl Ledger {
    /// Takes an answer's headers in. The tightest budget of the platform when this answer stated one, and the difference of
    /// the clocks when it has changed.
    pub(super) fn note(
        &self,
        platform: Platform,
        url: &Url,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> (Option<Budget>, Option<SignedDuration>) {
        let moved = self.note_clock(platform, headers, now);
        let Some(budget) = limits::budget(platform, headers, now) else { return (None, moved) };
        // GitHub names what it counts; the others count by endpoint.
        let resource = headers.get("x-ratelimit-resource").and_then(|name| name.to_str().ok());
        let key = resource.unwrap_or_else(|| url.path()).to_owned();
        {
            let mut all = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= REMEMBERED {
                all.retain(|_, budget| running(budget, now));
            }
            if all.len() < REMEMBERED {
                all.insert((platform, key), budget);
            }
        }
        (Some(self.tightest(platform, now).unwrap_or(budget)), moved)
    }

    fn note_clock(&self, platform: Platform, headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
        // The edge is the product's; its clock decides nothing.
        let date = limits::date(headers).filter(|_| platform.configured())?;
        let ahead = date.duration_since(now);
        let ahead = if ahead.abs() <= TOLERANCE { SignedDuration::ZERO } else { ahead };
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        let held = clocks.entry(platform).or_default();
        let changed = (ahead - *held).abs() > TOLERANCE;
        if changed {
            *held = ahead;
        }
        changed.then_some(ahead)
    }

    /// How far the platform's clock is ahead of ours; zero when it agrees.
    pub(super) fn ahead(&self, platform: Platform) -> SignedDuration {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner).get(&platform).copied().unwrap_or_default()
    }

    fn tightest(&self, platform: Platform, now: Timestamp) -> Option<Budget> {
        let all = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = all.iter().filter(|((of, _), budget)| *of == platform && running(budget, now));
        mine.map(|(_, budget)| *budget).min_by(|a, b| share(a).total_cmp(&share(b)))
    }

    /// By how much the reads of these platforms are stretched: 1 while at least a fifth of every budget is left, more the
    /// less there is, at most [`STRETCH`].
    pub(super) fn stretch(&self, platforms: &[Platform], now: Timestamp) -> f64 {
        let shares = platforms.iter().filter_map(|platform| self.tightest(*platform, now)).map(|budget| share(&budget));
        let least = shares.fold(1.0, f64::min);
        if least >= TIGHT { 1.0 } else { (TIGHT / least.max(TIGHT / STRETCH)).clamp(1.0, STRETCH) }
    }
}

fn share(budget: &Budget) -> f64 {
    if budget.limit == 0 { 1.0 } else { f64::from(budget.remaining) / f64::from(budget.limit) }
}

/// A window that has ended says nothing any more.
fn running(budget: &Budget, now: Timestamp) -> bool {
    // The longest window of a read is an hour (docs/platforms/github.md section 3): a reset beyond it is a mistake, and would slow
    // reads for ever.
    budget.reset.is_none_or(|reset| reset > now && reset.duration_since(now) <= WINDOW)
}

/// The longest wait that a platform is granted. A `Retry-After` of a day, or a reset in another year, would silence the console
/// for a night because of one wrong header; one request every few minutes harms nobody.
pub(crate) const CEILING: Duration = Duration::from_secs(300);

/// How long is waited, at most [`CEILING`], and until when the platform itself says that its limit holds.
pub(super) fn bounded(
    kind: ErrorKind,
    asked: Option<Duration>,
    now: Timestamp,
) -> (Option<Duration>, Option<Timestamp>) {
    let until = |asked| now.checked_add(SignedDuration::try_from(asked).ok()?).ok();
    let limited = asked.filter(|_| kind == ErrorKind::RateLimited);
    (asked.map(|asked| asked.min(CEILING)), limited.map(|asked| until(asked).unwrap_or(Timestamp::MAX)))
}

/// How long to wait after a refusal for too many requests: what the platform asks for, else until the budget fills again,
/// else what its documentation says (docs/platforms/github.md section 3).
pub(super) fn come_back(platform: Platform, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Some(asked) = limits::retry_after(headers) {
        return Some(asked);
    }
    let spent = limits::budget(platform, headers, now).filter(|budget| budget.remaining == 0);
    let reset = spent.and_then(|budget| Duration::try_from(budget.reset?.duration_since(now)).ok());
    reset.or(limits::Stated::by(platform).pause)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    fn left(remaining: &str, reset: &str) -> HeaderMap {
        headers(&[("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)])
    }

    fn url(path: &str) -> Url {
        Url::parse(&format!("http://h{path}")).expect("a URL")
    }

    #[test]
    fn the_tightest_endpoint_is_told_and_stretches_the_rhythm_until_its_window_ends() {
        let ledger = Ledger::default();
        let vercel = Platform::Vercel;
        ledger.note(vercel, &url("/a"), &left("90", "160"), at(100));
        assert!((ledger.stretch(&[vercel], at(100)) - 1.0).abs() < f64::EPSILON);
        let (told, _) = ledger.note(vercel, &url("/b"), &left("5", "160"), at(100));
        assert_eq!(told.map(|budget| budget.remaining), Some(5));
        let (told, _) = ledger.note(vercel, &url("/a"), &left("89", "160"), at(101));
        assert_eq!(told.map(|budget| budget.remaining), Some(5), "the other endpoint is still the tight one");
        assert!((ledger.stretch(&[vercel], at(101)) - 4.0).abs() < 0.01);
        assert!((ledger.stretch(&[Platform::Github], at(101)) - 1.0).abs() < f64::EPSILON);
        assert!((ledger.stretch(&[vercel], at(161)) - 1.0).abs() < f64::EPSILON);
        ledger.note(vercel, &url("/b"), &left("0", "260"), at(200));
        assert!((ledger.stretch(&[vercel], at(201)) - STRETCH).abs() < 0.01);
    }

    #[test]
    fn a_clock_that_differs_is_told_once() {
        let ledger = Ledger::default();
        let date = |text: &str| headers(&[("date", text)]);
        let now = limits::date(&date("Sun, 06 Nov 1994 08:49:37 GMT")).expect("a date");
        let note = |text: &str| ledger.note(Platform::Fly, &url("/"), &date(text), now).1;
        assert_eq!(note("Sun, 06 Nov 1994 08:49:38 GMT"), None);
        assert_eq!(note("Sun, 06 Nov 1994 08:54:37 GMT"), Some(SignedDuration::from_mins(5)));
        assert_eq!(note("Sun, 06 Nov 1994 08:54:38 GMT"), None);
        assert_eq!(ledger.ahead(Platform::Fly), SignedDuration::from_mins(5));
        assert_eq!(note("Sun, 06 Nov 1994 08:49:37 GMT"), Some(SignedDuration::ZERO));
    }

    #[test]
    fn a_wait_has_a_ceiling_and_its_end_is_the_platforms() {
        let limited = ErrorKind::RateLimited;
        assert_eq!(
            bounded(limited, Some(Duration::from_secs(7)), at(100)),
            (Some(Duration::from_secs(7)), Some(at(107)))
        );
        let day = Duration::from_secs(86_400);
        assert_eq!(bounded(limited, Some(day), at(100)), (Some(CEILING), Some(at(86_500))));
        assert_eq!(bounded(limited, Some(Duration::MAX), at(100)), (Some(CEILING), Some(Timestamp::MAX)));
        assert_eq!(bounded(ErrorKind::Server, Some(day), at(100)), (Some(CEILING), None));
        let ledger = Ledger::default();
        ledger.note(Platform::Github, &url("/a"), &left("0", "9000000000"), at(100));
        assert!(
            (ledger.stretch(&[Platform::Github], at(100)) - 1.0).abs() < f64::EPSILON,
            "a reset in another century"
        );
    }

    #[test]
    fn when_to_come_back_is_asked_for_or_follows_from_the_budget() {
        let asked = headers(&[("retry-after", "7")]);
        assert_eq!(come_back(Platform::Vercel, &asked, at(100)), Some(Duration::from_secs(7)));
        assert_eq!(come_back(Platform::Vercel, &left("0", "130"), at(100)), Some(Duration::from_secs(30)));
        assert_eq!(come_back(Platform::Supabase, &left("0", "30"), at(100)), Some(Duration::from_secs(30)));
        assert_eq!(come_back(Platform::Github, &headers(&[]), at(100)), Some(Duration::from_secs(60)));
        assert_eq!(come_back(Platform::Fly, &headers(&[]), at(100)), Some(Duration::from_secs(1)));
        assert_eq!(come_back(Platform::Vercel, &headers(&[]), at(100)), None);
    }
}
