//! One breaker for each origin of a platform. While an origin does not answer, it is asked once a second, then less often, whoever
//! wants to know: every feed, every command and every look of an operation share that one request. What the breaker holds back is
//! told as held back. A change is never held back: it waits for its turn, a second at most, and is sent.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use tokio::sync::watch;
use tokio::time::Instant;

use super::fault::fault;
use crate::domain::environment::Platform;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// The code of a failure that never was a request.
pub const NOT_ASKED: &str = "not_asked";

/// Failures in a row after which an origin counts as down.
const DOWN_AFTER: u32 = 3;
/// The shortest pause between two requests to an origin that is down, and the longest wait of a read for its turn.
const TURN: Duration = Duration::from_secs(1);
/// The longest pause between two requests of feeds to an origin that is down.
const LONGEST: Duration = Duration::from_secs(5);

type Key = (Platform, String);

/// The breakers of all origins.
#[derive(Default)]
pub(super) struct Breaker(Mutex<HashMap<Key, Down>>);

/// An origin that has failed since it last answered.
struct Down {
    /// Failures in a row.
    failures: u32,
    /// When the first of them was known.
    since: Timestamp,
    /// The only path that failed; `None` when several did, or the connection itself.
    path: Option<u64>,
    /// What the last failure was.
    words: Text,
    /// When it was last asked.
    asked: Instant,
    /// When a read may ask next.
    next: Instant,
    /// A read is asking on behalf of all.
    probing: bool,
    /// Counts the ends of such requests, for those who wait for one.
    rounds: watch::Sender<u64>,
}

impl Down {
    /// One path that fails says nothing of the others.
    fn holds(&self, path: u64) -> bool {
        self.failures >= DOWN_AFTER && self.path.is_none_or(|one| one == path)
    }
}

/// How a failed request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// There was no connection: no path would have fared better.
    Connection,
    /// This path did not answer, or answered with 5xx.
    Path,
}

/// Leave to send one request; its outcome is told to it.
pub(super) struct Leave {
    breaker: Arc<Breaker>,
    key: Key,
    path: u64,
    probe: bool,
}

/// What a read does next.
enum Step {
    Ask(bool),
    Until(Instant),
    Round(watch::Receiver<u64>),
    Refused(PlatformError),
}

impl Breaker {
    /// Waits for leave to send a request. A `change` always gets it.
    pub(super) async fn leave(
        self: &Arc<Self>,
        platform: Platform,
        url: &Url,
        change: bool,
    ) -> Result<Leave, PlatformError> {
        let (key, path) = place(platform, url);
        let mut heard = false;
        loop {
            match self.step(&key, path, change, heard) {
                Step::Ask(probe) => return Ok(Leave { breaker: Arc::clone(self), key, path, probe }),
                Step::Refused(error) => return Err(error),
                Step::Until(at) => tokio::time::sleep_until(at).await,
                Step::Round(mut rounds) => {
                    // An error means that the origin answered and its breaker is gone.
                    let _ = rounds.changed().await;
                    heard = true;
                }
            }
        }
    }

    /// `heard` = a request that began after this one was wanted has failed since.
    fn step(&self, key: &Key, path: u64, change: bool, heard: bool) -> Step {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(down) = all.get_mut(key).filter(|down| down.holds(path)) else { return Step::Ask(false) };
        let now = Instant::now();
        if change {
            if now < down.asked + TURN {
                return Step::Until(down.asked + TURN);
            }
            down.asked = now;
            return Step::Ask(false);
        }
        if heard {
            return Step::Refused(refused(key.0, down, now));
        }
        if down.probing {
            return Step::Round(down.rounds.subscribe());
        }
        if now < down.next {
            let soon = down.next - now <= TURN;
            return if soon { Step::Until(down.next) } else { Step::Refused(refused(key.0, down, now)) };
        }
        down.asked = now;
        down.probing = true;
        Step::Ask(true)
    }

    /// Whether it is of no use to ask this again at once.
    pub(super) fn down(&self, platform: Platform, url: &Url) -> bool {
        let (key, path) = place(platform, url);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).is_some_and(|down| down.holds(path))
    }

    /// A person wants to know: what is down is asked as soon as a second has passed.
    pub(super) fn hurry(&self, platforms: &[Platform]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((platform, _), down) in all.iter_mut() {
            if platforms.contains(platform) {
                down.next = down.next.min(down.asked + TURN);
            }
        }
    }
}

impl Leave {
    /// It answered, whatever it said.
    pub(super) fn answered(self) {
        // Dropping the sender of the rounds wakes those who wait.
        self.breaker.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }

    /// It did not answer, or with 5xx.
    pub(super) fn failed(self, how: Failed, words: &Text, now: Timestamp) {
        let mut all = self.breaker.0.lock().unwrap_or_else(PoisonError::into_inner);
        let path = (how == Failed::Path).then_some(self.path);
        let down = all.entry(self.key.clone()).or_insert_with(|| Down {
            failures: 0,
            since: now,
            path,
            words: Text::default(),
            asked: Instant::now(),
            next: Instant::now(),
            probing: false,
            rounds: watch::Sender::new(0),
        });
        down.failures = down.failures.saturating_add(1);
        down.path = down.path.filter(|one| path == Some(*one));
        down.words = words.clone();
        if down.failures >= DOWN_AFTER {
            let times = down.failures - DOWN_AFTER + 1;
            down.next = down.asked.max(Instant::now() - TURN) + (TURN * times).min(LONGEST);
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if !self.probe {
            return;
        }
        let mut all = self.breaker.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(down) = all.get_mut(&self.key) {
            down.probing = false;
            down.next = down.next.max(down.asked + TURN);
            down.rounds.send_modify(|rounds| *rounds += 1);
        }
    }
}

fn place(platform: Platform, url: &Url) -> (Key, u64) {
    let mut hasher = DefaultHasher::new();
    url.path().hash(&mut hasher);
    ((platform, url.origin().ascii_serialization()), hasher.finish())
}

fn refused(platform: Platform, down: &Down, now: Instant) -> PlatformError {
    let left = down.next.saturating_duration_since(now);
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let words = format!(
        "not asked: {platform} has not answered since {} ({}); asked again in {} s",
        down.since.strftime("%H:%M:%SZ"),
        down.words,
        seconds.max(1)
    );
    let mut error = fault(platform, ErrorKind::Unreachable, &words);
    error.code = Some(Text::from(NOT_ASKED));
    error.retry_after = Some(left.max(Duration::from_millis(100)));
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLY: Platform = Platform::Fly;

    fn url(path: &str) -> Url {
        Url::parse(&format!("http://fly.test{path}")).expect("a URL")
    }

    async fn fails(breaker: &Arc<Breaker>, path: &str, how: Failed) {
        let leave = breaker.leave(FLY, &url(path), false).await.expect("leave");
        leave.failed(how, &Text::from("connection refused"), Timestamp::UNIX_EPOCH);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_down_is_asked_once_a_second_by_all_together_and_the_rest_is_told_so() {
        let breaker = Arc::new(Breaker::default());
        for path in ["/a", "/b", "/c"] {
            fails(&breaker, path, Failed::Path).await;
        }
        let (began, mut sent) = (Instant::now(), 0_u32);
        while began.elapsed() < Duration::from_secs(20) {
            let readers = (0..25).map(|n| {
                let breaker = Arc::clone(&breaker);
                async move {
                    match breaker.leave(FLY, &url(&format!("/{n}")), false).await {
                        Ok(leave) => {
                            tokio::time::sleep(Duration::from_millis(10)).await;
                            leave.failed(Failed::Connection, &Text::from("connection refused"), Timestamp::UNIX_EPOCH);
                            1
                        }
                        Err(error) => {
                            let says = error.message.as_str();
                            assert!(says.starts_with("not asked: fly has not answered since 00:00:00Z"), "{says}");
                            assert!(says.contains("connection refused") && says.contains("asked again in"), "{says}");
                            0
                        }
                    }
                }
            });
            sent += futures_util::future::join_all(readers).await.into_iter().sum::<u32>();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!((3..=20).contains(&sent), "{sent} requests in 20 s");
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_lets_everybody_through() {
        let breaker = Arc::new(Breaker::default());
        for path in ["/a", "/b", "/c"] {
            fails(&breaker, path, Failed::Connection).await;
        }
        let probe = breaker.leave(FLY, &url("/a"), false).await.expect("leave");
        let other = url("/b");
        let waits = breaker.leave(FLY, &other, false);
        let answers = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            probe.answered();
        };
        let (waited, ()) = tokio::join!(waits, answers);
        assert!(waited.is_ok());
        assert!(!breaker.down(FLY, &url("/c")));
    }

    #[tokio::test(start_paused = true)]
    async fn one_path_that_fails_holds_no_other_and_another_platform_is_not_meant() {
        let breaker = Arc::new(Breaker::default());
        for _ in 0..5 {
            fails(&breaker, "/bad", Failed::Path).await;
            tokio::time::sleep(LONGEST).await;
        }
        assert!(breaker.down(FLY, &url("/bad")));
        assert!(!breaker.down(FLY, &url("/good")) && !breaker.down(Platform::Vercel, &url("/bad")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_waits_a_second_at_most_and_is_never_refused() {
        let breaker = Arc::new(Breaker::default());
        for path in ["/a", "/b", "/c"] {
            fails(&breaker, path, Failed::Connection).await;
        }
        // A read that hangs does not hold it up.
        let _hangs = breaker.leave(FLY, &url("/a"), false).await.expect("leave");
        for _ in 0..3 {
            let began = Instant::now();
            let leave = breaker.leave(FLY, &url("/a"), true).await.expect("a change is sent");
            assert!(began.elapsed() <= TURN);
            leave.failed(Failed::Path, &Text::from("HTTP 503"), Timestamp::UNIX_EPOCH);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_given_up_does_not_keep_the_others_waiting() {
        let breaker = Arc::new(Breaker::default());
        for path in ["/a", "/b", "/c"] {
            fails(&breaker, path, Failed::Connection).await;
        }
        drop(breaker.leave(FLY, &url("/a"), false).await.expect("leave"));
        tokio::time::sleep(TURN).await;
        assert!(breaker.leave(FLY, &url("/b"), false).await.is_ok());
    }
}
