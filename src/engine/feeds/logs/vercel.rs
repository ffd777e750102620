//! Lines of a Vercel project: a live stream of the deployment that serves, which cannot be resumed. What a break leaves out is read
//! from the history; where there is no stream any more, the history is all there is (docs/platforms/vercel.md section 5).

mod window;

use std::sync::Arc;
use std::time::Duration;

use super::{Seen, hand_over};
use crate::clock::{SharedClock, Timestamp};
use crate::domain::environment::{Platform, ServiceInfo};
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::log::LogBatch;
use crate::engine::lanes::{BATCH, Outbox};
use crate::engine::poll::Rhythm;
use crate::platform::http::Http;
use crate::platform::vercel::{History, RuntimeLogs, Span, Vercel, VercelDeployment};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;
use window::Window;

/// Lines are handed over at least this often.
const FLUSH: Duration = Duration::from_millis(50);
/// Pause before a stream is opened again.
const REOPEN: Duration = Duration::from_secs(2);
/// How often a stream's deployment is compared with what is live.
const LOOK: Duration = Duration::from_secs(10);
/// Pause between two looks at the history, where there is no stream.
const POLL: Duration = Duration::from_secs(5);
/// Lines of so long ago are shown at the start.
const EARLIER: Duration = Duration::from_secs(60);
/// Lines may come in another order than that of their times.
const OVERLAP: Duration = Duration::from_secs(2);
/// How often a span is asked for until it counts as lost, and how many are kept.
const TRIES: u32 = 12;
const MOST_OWED: usize = 32;
/// How much later than its time a line may show in the history.
const LATE: Duration = Duration::from_secs(30);

/// The place in the lines of one project.
pub(super) struct VercelLogs {
    vercel: Vercel,
    target: Arc<str>,
    window: Window,
    /// The deployment whose lines were read last, and up to when.
    before: Option<(String, Timestamp)>,
    /// When the console began to read them.
    since: Timestamp,
    owed: Vec<Owed>,
}

/// Lines of a span that no stream brought and the history has not told yet.
struct Owed {
    deployment: String,
    from: Timestamp,
    to: Timestamp,
    tries: u32,
}

impl VercelLogs {
    pub(super) fn new(vercel: Vercel, target: Arc<str>, since: Timestamp) -> Self {
        Self { vercel, target, window: Window::default(), before: None, since, owed: Vec::new() }
    }

    pub(super) async fn read(
        &mut self,
        service: &ServiceInfo,
        seen: &mut Seen,
        http: &Http,
        outbox: &Outbox,
    ) -> Result<Rhythm, PlatformError> {
        // One that ended did so because another deployment went live, as often as not.
        let age = if self.before.is_some() { REOPEN } else { LOOK };
        let Some(live) = self.vercel.serving(&service.resource, &self.target, age).await? else {
            return Ok(Rhythm::After(LOOK));
        };
        match self.vercel.runtime_logs(&service.resource, &live.id, &service.id).await {
            Ok(stream) => {
                self.catch_up(service, &live, http, outbox).await;
                self.follow(service, stream, &live, (seen, http), outbox).await?;
                Ok(Rhythm::After(REOPEN))
            }
            // The stream is gone from the platform: its own tool reads the history alone.
            Err(error) if matches!(error.kind, ErrorKind::NotFound) || error.status == Some(410) => {
                self.poll(service, &live, http, outbox).await?;
                Ok(Rhythm::After(POLL))
            }
            Err(error) => Err(error),
        }
    }

    /// Notes what came while no stream was open, and reads it.
    async fn catch_up(&mut self, service: &ServiceInfo, live: &VercelDeployment, http: &Http, outbox: &Outbox) {
        let (deployment, from) = self.before.clone().unwrap_or_else(|| (live.id.clone(), self.since - EARLIER));
        // Rather too wide: a clock may be wrong for a while, and what is known already is not handed over again.
        let from = from - OVERLAP;
        let to = http.clock().now().max(http.now_at(Platform::Vercel)) + LATE;
        let missed = |deployment: &str| Owed { deployment: deployment.to_owned(), from, to, tries: TRIES };
        self.owed.push(missed(&deployment));
        if deployment != live.id {
            self.owed.push(missed(&live.id));
        }
        self.make_good(service, outbox).await;
    }

    /// Reads what is owed. What cannot be read in the end is marked as missing.
    async fn make_good(&mut self, service: &ServiceInfo, outbox: &Outbox) {
        for mut owed in std::mem::take(&mut self.owed) {
            match self.span(service, &owed.deployment, (owed.from, owed.to)).await {
                Ok(history) => {
                    hand_over(outbox, &service.id, self.window.missed(history.lines));
                    if history.cut {
                        lost(service, outbox, "too many lines came at once; only the first of them were read");
                    }
                }
                Err(_) if owed.tries > 0 && self.owed.len() < MOST_OWED => {
                    owed.tries -= 1;
                    self.owed.push(owed);
                }
                Err(_) => lost(service, outbox, "the stream was reopened; what came in between could not be read"),
            }
        }
    }

    async fn span(
        &self,
        service: &ServiceInfo,
        deployment: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<History, PlatformError> {
        self.vercel.history(&service.resource, Span { deployment, from, to }, &service.id).await
    }

    /// The history since the last look, with an overlap for lines that show late.
    async fn poll(
        &mut self,
        service: &ServiceInfo,
        live: &VercelDeployment,
        http: &Http,
        outbox: &Outbox,
    ) -> Result<(), PlatformError> {
        let to = http.now_at(Platform::Vercel);
        let same = self.before.as_ref().filter(|(deployment, _)| *deployment == live.id);
        let from = same.map_or(to - LATE, |(_, until)| *until - LATE);
        let history = self.span(service, &live.id, (from, to)).await?;
        if history.cut {
            lost(service, outbox, "more lines came than the history tells at once");
        }
        hand_over(outbox, &service.id, self.window.missed(history.lines));
        self.window.forget(to);
        self.before = Some((live.id.clone(), to));
        Ok(())
    }

    /// Reads a stream until it ends.
    async fn follow(
        &mut self,
        service: &ServiceInfo,
        mut stream: RuntimeLogs,
        live: &VercelDeployment,
        (seen, http): (&mut Seen, &Http),
        outbox: &Outbox,
    ) -> Result<(), PlatformError> {
        alive(service, http.clock(), outbox).await;
        let known = self.before.take().map(|(_, at)| at);
        let begun = known.unwrap_or_else(|| http.clock().now().min(http.now_at(Platform::Vercel)));
        self.before = Some((live.id.clone(), begun));
        let mut waiting = Vec::new();
        let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK);
        let ended = loop {
            let flush = tokio::time::sleep(FLUSH);
            tokio::select! {
                line = stream.next() => match line {
                    Ok(Some(one)) => {
                        if one.same.is_some() {
                            self.before = Some((live.id.clone(), one.line.at));
                        }
                        if seen.is_new(one.id) && self.window.is_new(one.same, one.line.at) {
                            waiting.push(one.line);
                        }
                    }
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                },
                _ = look.tick() => {
                    // A stream belongs to one deployment and stays open when another goes live.
                    let now = self.vercel.serving(&service.resource, &self.target, LOOK);
                    if now.await.ok().flatten().is_some_and(|now: VercelDeployment| now.id != live.id) {
                        break Ok(());
                    }
                    alive(service, http.clock(), outbox).await;
                    self.make_good(service, outbox).await;
                }
                () = flush, if !waiting.is_empty() => hand_over(outbox, &service.id, std::mem::take(&mut waiting)),
            }
            if waiting.len() >= BATCH {
                hand_over(outbox, &service.id, std::mem::take(&mut waiting));
            }
        };
        hand_over(outbox, &service.id, waiting);
        ended
    }
}

/// Says that lines are missing, and why.
fn lost(service: &ServiceInfo, outbox: &Outbox, why: &str) {
    let why = Some(Text::from(why));
    outbox.log(LogBatch { service: service.id.clone(), lines: Vec::new(), gap: 1, gap_why: why });
}

/// An open stream is fresh although no read of it ever ends.
async fn alive(service: &ServiceInfo, clock: &SharedClock, outbox: &Outbox) {
    let status = FeedStatus { state: FeedState::Fresh(clock.now()), interval: LOOK };
    outbox.tell(Fact::Feed(FeedId::Logs(service.id.clone()), status)).await;
}
