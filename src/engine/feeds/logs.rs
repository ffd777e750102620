//! Log lines of a service: polled with a cursor (Fly, Supabase) or read from a stream (Vercel), without duplicates.

mod fly;
mod vercel;

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use super::{Clients, vercel_target};
use crate::clock::Timestamp;
use crate::domain::environment::{Platform, ServiceInfo, Tier};
use crate::domain::ids::ServiceId;
use crate::domain::log::{LogBatch, LogLine};
use crate::engine::lanes::{BATCH, Outbox};
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::PlatformError;
use crate::platform::http::Http;
use crate::platform::logparse::RecordId;
use crate::platform::supabase::Supabase;

/// Ids remembered to join overlapping pages.
const REMEMBERED: usize = 4096;
/// Supabase allows 30 log queries a minute (docs/platforms/supabase.md section 1).
const SUPABASE: Duration = Duration::from_secs(5);

enum LogStream {
    Fly(fly::FlyLogs),
    Vercel(Box<vercel::VercelLogs>),
    Supabase { supabase: Supabase, since: Timestamp },
}

/// Reads the lines of one service.
pub(in crate::engine) struct LogsFeed {
    service: ServiceInfo,
    source: LogStream,
    seen: Seen,
    http: Http,
}

impl LogsFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let http = clients.http.clone();
        let source = match service.platform {
            Platform::Fly => clients.fly.clone().map(|fly| LogStream::Fly(fly::FlyLogs::new(fly))),
            Platform::Vercel => {
                let target = vercel_target(&service.id.env, tier);
                clients.vercel.clone().map(|vercel| {
                    LogStream::Vercel(Box::new(vercel::VercelLogs::new(vercel, target, http.clock().now())))
                })
            }
            Platform::Supabase => {
                let since = http.clock().now() - Duration::from_secs(300);
                clients.supabase.clone().map(|supabase| LogStream::Supabase { supabase, since })
            }
            _ => None,
        };
        Some(Self { service: service.clone(), source: source?, seen: Seen::default(), http })
    }
}

impl Feed for LogsFeed {
    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let (id, resource) = (self.service.id.clone(), self.service.resource.clone());
        match &mut self.source {
            LogStream::Fly(logs) => logs.read(&self.service, &mut self.seen, &self.http, outbox).await,
            LogStream::Supabase { supabase, since } => {
                let now = self.http.now_at(Platform::Supabase);
                let page = supabase.logs(&resource, &id, *since).await?;
                // Windows are rounded to the minute: the overlap is dropped by id.
                *since = now - Duration::from_secs(60);
                hand_over(outbox, &self.service.id, self.seen.fresh(page));
                Ok(Rhythm::After(SUPABASE))
            }
            LogStream::Vercel(logs) => logs.read(&self.service, &mut self.seen, &self.http, outbox).await,
        }
    }
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
