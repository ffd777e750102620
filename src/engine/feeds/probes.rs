//! Asks the edge: which commit answers, and whether the probes pass.

use std::time::Duration;

use futures_util::future::join_all;

use crate::config::{ObserveSettings, ProbeSettings};
use crate::domain::environment::{Edge, Observed};
use crate::domain::fact::Fact;
use crate::domain::health::ProbeId;
use crate::domain::ids::{ServiceId, Sha};
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::http::Http;
use crate::platform::{PlatformError, observe, probe};
use crate::sanitize::Text;

/// How often the edge is asked for its release, and how often when it has given the same answer for a while.
const OBSERVE: Duration = Duration::from_secs(2);
const OBSERVE_CALM: Duration = Duration::from_secs(5);
/// Equal answers after which it is calm.
const CALM_AFTER: u32 = 15;

/// Asks the edge of one service which release it runs.
pub(in crate::engine) struct ObservedFeed {
    service: ServiceId,
    /// Every address at which it is asked, the first one for its word.
    rules: Vec<ObserveSettings>,
    http: Http,
    last: Option<Sha>,
    same: u32,
}

impl ObservedFeed {
    pub(super) fn new(service: ServiceId, rules: Vec<ObserveSettings>, http: Http) -> Self {
        Self { service, rules, http, last: None, same: 0 }
    }
}

/// What the edge of a service answers at these addresses, the first one's word first; `None` where there are none. One address that does not
/// answer is enough to know only a part.
///
/// # Errors
/// Of an address that does not answer, or answers without a commit where one should stand.
pub(in crate::engine) async fn edge(http: &Http, rules: &[ObserveSettings]) -> Result<Option<Observed>, PlatformError> {
    let all = join_all(rules.iter().map(|rule| observe::observe(http, rule))).await;
    let all: Vec<Observed> = all.into_iter().collect::<Result<_, _>>()?;
    let edges = rules.iter().zip(&all).map(|(rule, one)| Edge { host: host(&rule.url), sha: one.sha.clone() });
    let edges: Vec<Edge> = if all.len() > 1 { edges.collect() } else { Vec::new() };
    Ok(all.into_iter().next().map(|first| Observed { edges, ..first }))
}

impl Feed for ObservedFeed {
    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let Some(observed) = edge(&self.http, &self.rules).await? else { return Ok(Rhythm::Calm) };
        self.same = if observed.sha == self.last { self.same.saturating_add(1) } else { 0 };
        self.last.clone_from(&observed.sha);
        outbox.tell(Fact::Observed(self.service.clone(), observed)).await;
        Ok(Rhythm::After(if self.same < CALM_AFTER { OBSERVE } else { OBSERVE_CALM }))
    }
}

/// The host of an address, as people know it.
fn host(url: &str) -> Text {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    Text::clean(rest.split(['/', '?']).next().unwrap_or(rest))
}

/// Runs the probes of one environment, each at its own interval.
pub(in crate::engine) struct ProbesFeed {
    probes: Vec<(ProbeSettings, Duration)>,
    http: Http,
}

impl ProbesFeed {
    pub(super) fn new(probes: Vec<ProbeSettings>, http: Http) -> Self {
        Self { probes: probes.into_iter().map(|probe| (probe, Duration::ZERO)).collect(), http }
    }
}

impl Feed for ProbesFeed {
    /// A failed probe is an answer, not a failed read: the feed itself stays fresh.
    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let now = self.http.clock().mono();
        // The rhythm is jittered by a tenth: one that is nearly due goes along.
        let due = |(settings, last): &(ProbeSettings, Duration)| {
            last.is_zero() || now.saturating_sub(*last) >= settings.interval.mul_f64(0.8)
        };
        // Woken before anything is due: a person asks for all of them.
        let all = !self.probes.iter().any(due);
        let due: Vec<_> = self.probes.iter_mut().filter(|probe| all || due(probe)).collect();
        let samples = join_all(due.iter().map(|(settings, _)| probe::probe(&self.http, settings))).await;
        for ((settings, last), sample) in due.into_iter().zip(samples) {
            *last = now.max(Duration::from_nanos(1));
            let id = ProbeId { env: settings.env.clone(), name: settings.name.clone() };
            outbox.tell(Fact::Probe(id, probe::target(settings), sample)).await;
        }
        let pause = self.probes.iter().map(|(settings, _)| settings.interval).min();
        Ok(Rhythm::After(pause.unwrap_or(OBSERVE)))
    }
}
