//! The rhythm of a feed: fast while something changes, slow when calm, backing off while it fails; jittered, so that feeds do
//! not march in step; woken at once by a refresh.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::Rng as _;
use tokio::sync::{Notify, watch};

use super::lanes::Outbox;
use crate::clock::{SharedClock, Timestamp};
use crate::config::PollSettings;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// Longest pause of a failing feed.
const CEILING: Duration = Duration::from_secs(60);

/// A person who holds the key down asks no more often than this.
const HELD_DOWN: Duration = Duration::from_secs(1);

/// How soon a feed wants to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Something is changing.
    Fast,
    /// Nothing is.
    Calm,
    /// After exactly this long (probes have intervals of their own).
    After(Duration),
}

/// One thing that is read again and again. It tells its facts itself and returns how soon it wants to be read next.
pub trait Feed: Send + 'static {
    /// Reads once.
    fn read(&mut self, outbox: &Outbox) -> impl Future<Output = Result<Rhythm, PlatformError>> + Send;

    /// A person asks for it now: what is held from an earlier reading is not good enough.
    fn wake(&mut self) {}

    /// By how much its rhythm is stretched now, because a budget that it uses runs out.
    fn stretch(&self) -> f64 {
        1.0
    }
}

/// Any feed, so that all of them are one list.
pub(super) trait Reads: Send {
    /// Reads once.
    fn read<'a>(&'a mut self, outbox: &'a Outbox) -> BoxFuture<'a, Result<Rhythm, PlatformError>>;

    /// A person asks for it now.
    fn wake(&mut self);
}

impl<F: Feed> Reads for F {
    fn read<'a>(&'a mut self, outbox: &'a Outbox) -> BoxFuture<'a, Result<Rhythm, PlatformError>> {
        Box::pin(Feed::read(self, outbox))
    }

    fn wake(&mut self) {
        Feed::wake(self);
    }
}

/// Drives one feed.
pub struct Poller {
    id: FeedId,
    settings: watch::Receiver<PollSettings>,
    clock: SharedClock,
    outbox: Outbox,
    wake: Arc<Notify>,
    last_ok: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failures: u32,
    /// How often it is read while it answers, and how long an answer takes: the measure of its age.
    rhythm: Duration,
}

impl Poller {
    /// A poller that has not read yet.
    #[must_use]
    pub fn new(
        id: FeedId,
        settings: watch::Receiver<PollSettings>,
        clock: SharedClock,
        outbox: Outbox,
        wake: Arc<Notify>,
    ) -> Self {
        let rhythm = settings.borrow().calm;
        Self { id, settings, clock, outbox, wake, last_ok: None, failing_since: None, failures: 0, rhythm }
    }

    /// Reads until it is dropped.
    pub async fn run(mut self, mut feed: impl Feed) {
        // What has never answered is known to be awaited: nothing may look whole without it.
        let awaited = FeedStatus { state: FeedState::Starting, interval: self.rhythm };
        self.outbox.tell(Fact::Feed(self.id.clone(), awaited)).await;
        let mut woken: Option<tokio::time::Instant> = None;
        loop {
            let began = self.clock.mono();
            let read = feed.read(&self.outbox).await;
            let took = self.clock.mono().saturating_sub(began);
            // Never sooner than a platform asks for.
            let asked = read.as_ref().err().and_then(|error| error.retry_after).unwrap_or_default();
            let pause = self.report(read, took, feed.stretch()).await;
            tokio::select! {
                () = tokio::time::sleep(jittered(pause).max(asked)) => {}
                () = self.wake.notified() => {
                    if let Some(last) = woken {
                        tokio::time::sleep_until(last + HELD_DOWN).await;
                    }
                    woken = Some(tokio::time::Instant::now());
                    feed.wake();
                }
            }
        }
    }

    /// Tells how the feed is doing and returns the pause until the next read.
    async fn report(&mut self, read: Result<Rhythm, PlatformError>, took: Duration, stretch: f64) -> Duration {
        let now = self.clock.now();
        let (state, pause) = match read {
            Ok(rhythm) => {
                self.last_ok = Some(now);
                self.failing_since = None;
                self.failures = 0;
                let pause = self.interval(rhythm).mul_f64(stretch);
                // The next answer comes after the pause and as long as an answer takes: only then is it overdue.
                self.rhythm = pause + took;
                (FeedState::Fresh(now), pause)
            }
            Err(error) => {
                // What was not even asked says nothing new, and costs nothing: its turn comes again soon.
                self.failures = if error.not_asked() { self.failures.min(1) } else { self.failures + 1 };
                let since = *self.failing_since.get_or_insert(now);
                let why = Text::from(format!("{error}. {}", error.advice()));
                let asked = error.retry_after.unwrap_or_default();
                let pause = backoff(self.settings.borrow().fast, self.failures, error.kind).max(asked);
                let denied = matches!(error.kind, ErrorKind::Auth | ErrorKind::Forbidden);
                let limited = error.kind == ErrorKind::RateLimited && error.retry_after.is_some();
                let again = limited.then(|| now.checked_add(pause).unwrap_or(now));
                (FeedState::Failing { last_ok: self.last_ok, since, why, denied, again }, pause)
            }
        };
        // A failing feed is tried less and less often. Its facts grow old all the same.
        let status = FeedStatus { state, interval: self.rhythm };
        self.outbox.tell(Fact::Feed(self.id.clone(), status)).await;
        pause
    }

    fn interval(&self, rhythm: Rhythm) -> Duration {
        match rhythm {
            Rhythm::Fast => self.settings.borrow().fast,
            Rhythm::Calm => self.settings.borrow().calm,
            Rhythm::After(pause) => pause,
        }
    }
}

/// The pause after the `failures`-th failure in a row: doubling, up to [`CEILING`]. A refused token is asked again rarely:
/// platforms lock accounts that insist (docs/platforms/github.md section 2).
fn backoff(first: Duration, failures: u32, kind: ErrorKind) -> Duration {
    if kind == ErrorKind::Auth {
        return CEILING;
    }
    first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(CEILING)
}

/// ±10 %.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.9..1.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::environment::Platform;
    use crate::engine::lanes;

    struct Script(Vec<Result<Rhythm, ErrorKind>>);

    impl Feed for Script {
        async fn read(&mut self, _: &Outbox) -> Result<Rhythm, PlatformError> {
            let next = if self.0.is_empty() { Ok(Rhythm::Calm) } else { self.0.remove(0) };
            next.map_err(|kind| PlatformError {
                platform: Platform::Fly,
                kind,
                status: None,
                code: None,
                message: Text::from("as scripted"),
                request_id: None,
                retry_after: (kind == ErrorKind::RateLimited).then_some(Duration::from_secs(300)),
                until: None,
            })
        }
    }

    async fn intervals(script: Vec<Result<Rhythm, ErrorKind>>) -> Vec<(FeedState, Duration)> {
        let count = script.len();
        let (outbox, mut lanes) = lanes::open();
        let settings = PollSettings { fast: Duration::from_secs(2), calm: Duration::from_secs(10) };
        let clock = SystemClock::shared();
        let poller = Poller::new(FeedId::Pipeline, watch::channel(settings).1, clock, outbox, Arc::new(Notify::new()));
        let mut told = Vec::new();
        let collect = async {
            while told.len() < count {
                match lanes.control.recv().await {
                    Some(Fact::Feed(_, FeedStatus { state: FeedState::Starting, .. })) => {}
                    Some(Fact::Feed(_, status)) => {
                        told.push((status.state, Duration::from_secs(status.interval.as_secs())))
                    }
                    other => panic!("{other:?}"),
                }
            }
        };
        tokio::select! {
            () = poller.run(Script(script)) => {}
            () = collect => {}
        }
        told
    }

    #[tokio::test(start_paused = true)]
    async fn a_feed_is_fast_while_something_changes_and_calm_after() {
        let told = intervals(vec![Ok(Rhythm::Fast), Ok(Rhythm::Calm)]).await;
        assert_eq!(told[0].1, Duration::from_secs(2));
        assert_eq!(told[1].1, Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_feed_backs_off_keeps_its_last_answer_and_recovers() {
        let script = vec![Ok(Rhythm::Calm), Err(ErrorKind::Server), Err(ErrorKind::Server), Ok(Rhythm::Calm)];
        let told = intervals(script).await;
        let FeedState::Failing { last_ok, since, .. } = &told[2].0 else { panic!("{told:?}") };
        assert!(last_ok.is_some_and(|ok| ok <= *since));
        // However long it waits before it asks again, its age is measured by how often it answers.
        assert_eq!((told[1].1, told[2].1), (Duration::from_secs(10), Duration::from_secs(10)));
        assert!(matches!(told[3].0, FeedState::Fresh(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_need_not_wait_for_the_end_of_a_rate_limit() {
        let (outbox, mut lanes) = lanes::open();
        let settings = PollSettings { fast: Duration::from_secs(2), calm: Duration::from_secs(10) };
        let clock: SharedClock = Arc::new(crate::clock::ManualClock::new(Timestamp::UNIX_EPOCH));
        let wake = Arc::new(Notify::new());
        let poller = Poller::new(FeedId::Pipeline, watch::channel(settings).1, clock, outbox, Arc::clone(&wake));
        let began = tokio::time::Instant::now();
        let person = async {
            let Some(Fact::Feed(_, awaited)) = lanes.control.recv().await else { panic!("no fact") };
            assert_eq!(awaited.state, FeedState::Starting);
            let Some(Fact::Feed(_, first)) = lanes.control.recv().await else { panic!("no fact") };
            let FeedState::Failing { again, .. } = first.state else { panic!("{first:?}") };
            assert_eq!(again, Some(Timestamp::UNIX_EPOCH + Duration::from_secs(300)));
            wake.notify_one();
            let Some(Fact::Feed(_, next)) = lanes.control.recv().await else { panic!("no fact") };
            assert!(matches!(next.state, FeedState::Fresh(_)), "{next:?}");
        };
        tokio::select! {
            () = poller.run(Script(vec![Err(ErrorKind::RateLimited), Ok(Rhythm::Calm)])) => {}
            () = person => {}
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_holds_the_key_down_is_answered_at_once_and_then_once_a_second() {
        let (outbox, mut lanes) = lanes::open();
        let settings = PollSettings { fast: Duration::from_secs(2), calm: Duration::from_secs(600) };
        let wake = Arc::new(Notify::new());
        let poller =
            Poller::new(FeedId::Pipeline, watch::channel(settings).1, SystemClock::shared(), outbox, Arc::clone(&wake));
        let began = tokio::time::Instant::now();
        let person = async {
            let mut reads = Vec::new();
            let mut repeat = tokio::time::interval(Duration::from_millis(30));
            while began.elapsed() < Duration::from_secs(3) {
                tokio::select! {
                    _ = repeat.tick() => wake.notify_one(),
                    Some(Fact::Feed(_, status)) = lanes.control.recv() => {
                        if matches!(status.state, FeedState::Fresh(_)) {
                            reads.push(began.elapsed());
                        }
                    }
                }
            }
            reads
        };
        let reads = tokio::select! {
            () = poller.run(Script(Vec::new())) => panic!("it ends never"),
            reads = person => reads,
        };
        assert!(reads[1] < Duration::from_millis(100), "the first press is answered at once: {reads:?}");
        assert!((4..=5).contains(&reads.len()), "{reads:?}");
    }

    #[test]
    fn backoff_grows_never_shrinks_and_has_a_ceiling() {
        let mut last = Duration::ZERO;
        for failures in 1..100 {
            let pause = backoff(Duration::from_secs(2), failures, ErrorKind::Timeout);
            assert!(pause >= last && pause <= CEILING);
            last = pause;
        }
        assert_eq!(last, CEILING);
        assert_eq!(backoff(Duration::from_secs(2), 1, ErrorKind::Auth), CEILING);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        for _ in 0..1000 {
            let pause = jittered(Duration::from_secs(10));
            assert!(pause >= Duration::from_secs(9) && pause <= Duration::from_secs(11));
        }
    }
}
