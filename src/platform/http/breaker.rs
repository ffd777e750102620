//! One breaker for each origin of a platform, and one for each of its paths. While an origin does not answer, it is asked once a
//! second, then less often, whoever wants to know: every feed, every command and every look of an operation share that one request.
//! A path that fails while others answer is held alone in the same way. What the breaker holds back is told as held back. A change is
//! never held back: it waits for its turn, a second at most, and is sent.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Failures in a row after which an origin, or a path of it, counts as down.
const DOWN_AFTER: u32 = 3;
/// The shortest pause between two requests to what is down, and the longest wait of a read for its turn.
const TURN: Duration = Duration::from_secs(1);
/// The longest pause between two requests of feeds to what is down.
const LONGEST: Duration = Duration::from_secs(5);
/// A path that was not asked for so long is forgotten: paths name machines and runs that come and go.
const FORGOTTEN: Duration = Duration::from_secs(600);

type Key = (Platform, String);

/// The breakers of all origins.
#[derive(Default)]
pub(super) struct Breaker(Mutex<HashMap<Key, Origin>>);

/// An origin of which something has failed.
#[derive(Default)]
struct Origin {
    /// What failed since anything of it answered.
    whole: Option<Down>,
    /// The only path that failed since then; `None` when several did, or the connection itself.
    only: Option<u64>,
    /// Paths that failed, each since it last answered.
    paths: HashMap<u64, Down>,
}

/// Failures in a row.
struct Down {
    failures: u32,
    /// When the first of them was known.
    since: Timestamp,
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

/// What a breaker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Everything of an origin.
    Whole,
    /// One path of it.
    Path,
}

impl Down {
    fn new(now: Timestamp) -> Self {
        let (asked, rounds) = (Instant::now(), watch::Sender::new(0));
        Self { failures: 0, since: now, words: Text::default(), asked, next: asked, probing: false, rounds }
    }

    fn fails(&mut self, words: &Text) {
        self.failures = self.failures.saturating_add(1);
        self.words = words.clone();
        if self.failures >= DOWN_AFTER {
            let times = self.failures - DOWN_AFTER + 1;
            self.next = self.asked.max(Instant::now() - TURN) + (TURN * times).min(LONGEST);
        }
    }

    /// It is asked as soon as a second has passed.
    fn hurry(&mut self) {
        self.next = self.next.min(self.asked + TURN);
    }
}

impl Origin {
    /// What holds a request of this path back. One path that fails says nothing of the others, and one that answers says nothing of
    /// one that fails.
    fn held(&mut self, path: u64) -> Option<(Scope, &mut Down)> {
        let down = |one: &&mut Down| one.failures >= DOWN_AFTER;
        if self.only.is_none()
            && let Some(whole) = self.whole.as_mut().filter(down)
        {
            return Some((Scope::Whole, whole));
        }
        self.paths.get_mut(&path).filter(down).map(|one| (Scope::Path, one))
    }

    fn of(&mut self, scope: Scope, path: u64) -> Option<&mut Down> {
        match scope {
            Scope::Whole => self.whole.as_mut(),
            Scope::Path => self.paths.get_mut(&path),
        }
    }

    /// A request of this path goes out.
    fn asks(&mut self, path: u64, now: Instant) {
        for down in self.whole.iter_mut().chain(self.paths.get_mut(&path)) {
            down.asked = now;
        }
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
    /// What it asks for on behalf of all.
    probe: Option<Scope>,
}

/// What a read does next.
enum Step {
    Ask(Option<Scope>),
    Until(Instant),
    Round(Scope, watch::Receiver<u64>),
    Refused(PlatformError),
}

impl Breaker {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Origin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for leave to send a request. A `change` always gets it.
    pub(super) async fn leave(
        self: &Arc<Self>,
        platform: Platform,
        url: &Url,
        change: bool,
    ) -> Result<Leave, PlatformError> {
        let (key, path) = place(platform, url);
        let mut heard = None;
        loop {
            match self.step(&key, path, change, heard) {
                Step::Ask(probe) => return Ok(Leave { breaker: Arc::clone(self), key, path, probe }),
                Step::Refused(error) => return Err(error),
                Step::Until(at) => tokio::time::sleep_until(at).await,
                Step::Round(scope, mut rounds) => {
                    // An error means that it answered and its breaker is gone.
                    let _ = rounds.changed().await;
                    heard = Some(scope);
                }
            }
        }
    }

    /// `heard` = a request for this scope that began after this one was wanted has failed since.
    fn step(&self, key: &Key, path: u64, change: bool, heard: Option<Scope>) -> Step {
        let mut all = self.lock();
        let Some(origin) = all.get_mut(key) else { return Step::Ask(None) };
        let now = Instant::now();
        let Some((scope, down)) = origin.held(path) else {
            origin.asks(path, now);
            return Step::Ask(None);
        };
        if change {
            if now < down.asked + TURN {
                return Step::Until(down.asked + TURN);
            }
            origin.asks(path, now);
            return Step::Ask(None);
        }
        if heard == Some(scope) {
            return Step::Refused(refused(key.0, scope, down, now));
        }
        if down.probing {
            return Step::Round(scope, down.rounds.subscribe());
        }
        if now < down.next {
            let soon = down.next - now <= TURN;
            return if soon { Step::Until(down.next) } else { Step::Refused(refused(key.0, scope, down, now)) };
        }
        down.probing = true;
        origin.asks(path, now);
        Step::Ask(Some(scope))
    }

    /// Whether it is of no use to ask this again at once.
    pub(super) fn down(&self, platform: Platform, url: &Url) -> bool {
        let (key, path) = place(platform, url);
        self.lock().get_mut(&key).is_some_and(|origin| origin.held(path).is_some())
    }

    /// A person wants to know: what is down is asked as soon as a second has passed.
    pub(super) fn hurry(&self, platforms: &[Platform]) {
        let mut all = self.lock();
        for (_, origin) in all.iter_mut().filter(|((platform, _), _)| platforms.contains(platform)) {
            origin.whole.iter_mut().chain(origin.paths.values_mut()).for_each(Down::hurry);
        }
    }
}

impl Leave {
    /// It answered, whatever it said.
    pub(super) fn answered(self) {
        let mut all = self.breaker.lock();
        let Some(origin) = all.get_mut(&self.key) else { return };
        let was_down = origin.only.is_none() && origin.whole.as_ref().is_some_and(|one| one.failures >= DOWN_AFTER);
        // Dropping the senders of the rounds wakes those who wait.
        origin.whole = None;
        origin.only = None;
        origin.paths.remove(&self.path);
        if was_down {
            // The outage may have been theirs as well: each may show it within a second.
            origin.paths.values_mut().for_each(Down::hurry);
        }
        if origin.paths.is_empty() {
            all.remove(&self.key);
        }
    }

    /// It did not answer, or with 5xx.
    pub(super) fn failed(self, how: Failed, words: &Text, now: Timestamp) {
        let mut all = self.breaker.lock();
        let origin = all.entry(self.key.clone()).or_default();
        let path = (how == Failed::Path).then_some(self.path);
        origin.only = if origin.whole.is_some() { origin.only.filter(|one| path == Some(*one)) } else { path };
        origin.whole.get_or_insert_with(|| Down::new(now)).fails(words);
        if let Some(path) = path {
            origin.paths.entry(path).or_insert_with(|| Down::new(now)).fails(words);
            origin.paths.retain(|_, one| one.probing || one.asked.elapsed() < FORGOTTEN);
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let Some(scope) = self.probe else { return };
        let mut all = self.breaker.lock();
        if let Some(down) = all.get_mut(&self.key).and_then(|origin| origin.of(scope, self.path)) {
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

fn refused(platform: Platform, scope: Scope, down: &Down, now: Instant) -> PlatformError {
    let left = down.next.saturating_duration_since(now);
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let what = match scope {
        Scope::Whole => "has not answered",
        Scope::Path => "answers other questions, and has not answered this one",
    };
    let words = format!(
        "not asked: {platform} {what} since {} ({}); asked again in {} s",
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
    async fn a_path_that_answers_lets_nobody_hammer_one_that_does_not() {
        let breaker = Arc::new(Breaker::default());
        let (began, mut sent) = (Instant::now(), HashMap::<&str, u32>::new());
        while began.elapsed() < Duration::from_secs(20) {
            for path in ["/good", "/bad", "/good", "/worse"] {
                let Ok(leave) = breaker.leave(FLY, &url(path), false).await else { continue };
                *sent.entry(path).or_default() += 1;
                match path {
                    "/good" => leave.answered(),
                    _ => leave.failed(Failed::Path, &Text::from("HTTP 503"), Timestamp::UNIX_EPOCH),
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for path in ["/bad", "/worse"] {
            let count = sent[path];
            assert!((4..=10).contains(&count), "{path} was asked {count} times in 20 s");
        }
        assert!(sent["/good"] > 20, "what answers is asked as ever: {sent:?}");
        let error = breaker.leave(FLY, &url("/bad"), false).await.err();
        let says = error.map(|error| error.message.to_string()).unwrap_or_default();
        assert!(says.contains("answers other questions, and has not answered this one since"), "{says}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_outage_every_path_may_answer_within_a_second() {
        let breaker = Arc::new(Breaker::default());
        for _ in 0..12 {
            for path in ["/a", "/b"] {
                if let Ok(leave) = breaker.leave(FLY, &url(path), false).await {
                    leave.failed(Failed::Path, &Text::from("HTTP 503"), Timestamp::UNIX_EPOCH);
                }
                tokio::time::sleep(LONGEST).await;
            }
        }
        breaker.leave(FLY, &url("/a"), false).await.expect("leave").answered();
        let began = Instant::now();
        breaker.leave(FLY, &url("/b"), false).await.expect("leave").answered();
        assert!(began.elapsed() <= TURN, "{:?}", began.elapsed());
        assert!(!breaker.down(FLY, &url("/b")));
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
