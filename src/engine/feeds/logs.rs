//! Log lines of a service: polled with a cursor (Fly, Supabase) or read from a stream (Vercel), without duplicates.

mod fly;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::{Clients, vercel_target};
use crate::clock::{SharedClock, Timestamp};
use crate::domain::environment::{Platform, ServiceInfo, Tier};
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::ids::ServiceId;
use crate::domain::log::{LogBatch, LogLine};
use crate::engine::lanes::{BATCH, Outbox};
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::http::Http;
use crate::platform::logparse::RecordId;
use crate::platform::supabase::Supabase;
use crate::platform::vercel::{Vercel, VercelDeployment};
use crate::sanitize::Text;

/// Ids remembered to join overlapping pages.
const REMEMBERED: usize = 4096;
/// Lines of a stream are handed over at least this often.
const FLUSH: Duration = Duration::from_millis(50);
/// Supabase allows 30 log queries a minute (supabase.md section 1).
const SUPABASE: Duration = Duration::from_secs(5);

/// Pause before a stream is opened again (vercel.md section 5).
const REOPEN: Duration = Duration::from_secs(2);
/// How often a stream's deployment is compared with what is live.
const LOOK: Duration = Duration::from_secs(10);

enum Source {
    Fly(fly::FlyLogs),
    Vercel { vercel: Vercel, target: Arc<str>, opened: bool },
    Supabase { supabase: Supabase, since: Timestamp },
}

/// Reads the lines of one service.
pub(in crate::engine) struct LogsFeed {
    service: ServiceInfo,
    source: Source,
    seen: Seen,
    http: Http,
}

impl LogsFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let http = clients.http.clone();
        let source = match service.platform {
            Platform::Fly => clients.fly.clone().map(|fly| Source::Fly(fly::FlyLogs::new(fly))),
            Platform::Vercel => {
                let target = vercel_target(&service.id.env, tier);
                clients.vercel.clone().map(|vercel| Source::Vercel { vercel, target, opened: false })
            }
            Platform::Supabase => {
                let since = http.clock().now() - Duration::from_secs(300);
                clients.supabase.clone().map(|supabase| Source::Supabase { supabase, since })
            }
            Platform::Github | Platform::Edge => None,
        };
        Some(Self { service: service.clone(), source: source?, seen: Seen::default(), http })
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let (id, resource) = (self.service.id.clone(), self.service.resource.clone());
        match &mut self.source {
            Source::Fly(logs) => logs.read(&self.service, &mut self.seen, &self.http, outbox).await,
            Source::Supabase { supabase, since } => {
                let now = self.http.now_at(Platform::Supabase);
                let page = supabase.logs(&resource, &id, *since).await?;
                // Windows are rounded to the minute: the overlap is dropped by id.
                *since = now - Duration::from_secs(60);
                hand_over(outbox, &self.service.id, self.seen.fresh(page));
                Ok(Pace::After(SUPABASE))
            }
            Source::Vercel { vercel, target, opened } => {
                let again = std::mem::replace(opened, true);
                let pause =
                    follow(vercel, target, &self.service, &mut self.seen, self.http.clock(), again, outbox).await?;
                Ok(Pace::After(pause))
            }
        }
    }
}

/// Reads a runtime stream until it ends; how long to wait then. It cannot be resumed: a second one begins with a gap mark of unknown size.
async fn follow(
    vercel: &Vercel,
    target: &str,
    service: &ServiceInfo,
    seen: &mut Seen,
    clock: &SharedClock,
    again: bool,
    outbox: &Outbox,
) -> Result<Duration, PlatformError> {
    // One that ended did so because another deployment went live, as often as not.
    let age = if again { REOPEN } else { LOOK };
    let Some(live) = vercel.serving(&service.resource, target, age).await? else { return Ok(LOOK) };
    let mut stream = vercel.runtime_logs(&service.resource, &live.id, &service.id).await?;
    if again {
        let why = Some(Text::from("the stream was reopened; lines in between are not offered again"));
        outbox.log(LogBatch { service: service.id.clone(), lines: Vec::new(), gap: 1, gap_why: why });
    }
    alive(service, clock, outbox).await;
    let mut waiting = Vec::new();
    let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK);
    loop {
        let flush = tokio::time::sleep(FLUSH);
        tokio::select! {
            line = stream.next() => match line? {
                Some((id, line)) => {
                    if seen.is_new(id) {
                        waiting.push(line);
                    }
                }
                None => break,
            },
            _ = look.tick() => {
                // A stream belongs to one deployment and stays open when another goes live.
                let now = vercel.serving(&service.resource, target, LOOK);
                if now.await.ok().flatten().is_some_and(|now: VercelDeployment| now.id != live.id) {
                    break;
                }
                alive(service, clock, outbox).await;
            }
            () = flush, if !waiting.is_empty() => hand_over(outbox, &service.id, std::mem::take(&mut waiting)),
        }
        if waiting.len() >= BATCH {
            hand_over(outbox, &service.id, std::mem::take(&mut waiting));
        }
    }
    hand_over(outbox, &service.id, waiting);
    Ok(REOPEN)
}

/// An open stream is fresh although no read of it ever ends.
async fn alive(service: &ServiceInfo, clock: &SharedClock, outbox: &Outbox) {
    let status = FeedStatus { state: FeedState::Fresh(clock.now()), interval: LOOK };
    outbox.tell(Fact::Feed(FeedId::Logs(service.id.clone()), status)).await;
}

pub(super) fn hand_over(outbox: &Outbox, service: &ServiceId, lines: Vec<LogLine>) {
    let mut lines = lines.into_iter().peekable();
    while lines.peek().is_some() {
        let batch = lines.by_ref().take(BATCH).collect();
        outbox.log(LogBatch { service: service.clone(), lines: batch, gap: 0, gap_why: None });
    }
}

/// The last identities, to drop what a page or a stream repeats.
#[derive(Default)]
pub(super) struct Seen {
    ids: HashSet<RecordId>,
    order: VecDeque<RecordId>,
}

impl Seen {
    pub(super) fn fresh(&mut self, lines: Vec<(String, LogLine)>) -> Vec<LogLine> {
        let new = lines.into_iter().filter(|(id, _)| RecordId::named(id).is_none_or(|id| self.is_new(id)));
        new.map(|(_, line)| line).collect()
    }

    fn is_new(&mut self, id: RecordId) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}
