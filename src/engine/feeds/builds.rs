//! The lines of a frontend's build while it runs (docs/platforms/vercel.md section 5): polled from the last date on, because a
//! stream that breaks would be reopened in the same way.

use std::sync::Arc;
use std::time::Duration;

use super::logs::{Seen, hand_over};
use super::{Clients, vercel_target};
use crate::domain::environment::{ServiceInfo, Tier};
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::PlatformError;
use crate::platform::http::Http;
use crate::platform::vercel::Vercel;

/// How old the list of deployments may be: another feed reads it as well.
const RECENT: Duration = Duration::from_millis(1_500);
/// Lines may trail the final state; so long they are waited for.
const TRAIL: Duration = Duration::from_secs(15);

/// A build that is followed.
struct Build {
    id: String,
    since: Option<i64>,
    ended: Option<Duration>,
}

/// Follows the newest build of one service.
pub(in crate::engine) struct BuildsFeed {
    service: ServiceInfo,
    vercel: Vercel,
    target: Arc<str>,
    http: Http,
    newest: Option<String>,
    build: Option<Build>,
    seen: Seen,
}

impl BuildsFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let vercel = clients.vercel.clone().filter(|_| service.platform.has_frontends())?;
        let target = vercel_target(&service.id.env, tier);
        let http = clients.http.clone();
        Some(Self { service: service.clone(), vercel, target, http, newest: None, build: None, seen: Seen::default() })
    }
}

impl Feed for BuildsFeed {
    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let newest = self.vercel.newest(&self.service.resource, &self.target, RECENT).await?;
        if let Some(one) = newest {
            let known = self.newest.replace(one.id.clone());
            // One that came and went between two looks is followed as well; what was there before the console is history.
            let missed = known.is_some_and(|known| known != one.id);
            if (one.in_motion() || missed) && self.build.as_ref().is_none_or(|build| build.id != one.id) {
                self.build = Some(Build { id: one.id.clone(), since: None, ended: None });
            }
            if let (false, Some(build)) = (one.in_motion(), &mut self.build) {
                build.ended.get_or_insert_with(|| self.http.clock().mono());
            }
        }
        let Some(build) = &mut self.build else { return Ok(Rhythm::Calm) };
        let page = self.vercel.build_events(&build.id, &self.service.id, build.since).await?;
        build.since = page.last.or(build.since);
        let late = build.ended.is_some_and(|ended| self.http.clock().mono().saturating_sub(ended) > TRAIL);
        let over = page.aliased || late;
        hand_over(outbox, &self.service.id, self.seen.fresh(page.lines));
        if over {
            self.build = None;
        }
        Ok(if over { Rhythm::Calm } else { Rhythm::Fast })
    }
}
