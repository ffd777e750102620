//! Reads what a service's platform and its database say of their own condition.

use std::time::Duration;

use super::Clients;
use crate::clock::Timestamp;
use crate::config::DatabaseSettings;
use crate::domain::environment::{EnvInfo, ServiceInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::domain::finding::{Check, Finding, Looked, Reading, Seen};
use crate::domain::ids::ServiceId;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::capabilities::Adapter;
use crate::platform::http::Http;
use crate::platform::postgres::Postgres;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// Backups, alerts and domains change by the hour.
const RARELY: Duration = Duration::from_secs(180);
/// What could not be read is tried once more after this.
const AGAIN: Duration = Duration::from_secs(30);
/// The check that a database answers at all.
const DATABASE: &str = "round trip";
/// A round trip that takes longer than this is worth a word.
const SLOW: Duration = Duration::from_millis(500);

/// Looks at one service.
pub(in crate::engine) struct FindingsFeed {
    service: ServiceId,
    /// The platform, where it says something of the service's condition.
    adapter: Option<Box<dyn Adapter>>,
    http: Http,
    /// When the platform was asked last.
    asked_at: Option<Duration>,
    /// What is known of the platform's checks, and of the database's.
    known: (Vec<Check>, Vec<Check>),
    /// A person does not want what is held.
    asked: bool,
    database: Option<(Postgres, Duration)>,
}

/// A check by its name, as the last look left it.
type One = (Text, Result<Finding, PlatformError>);

impl FindingsFeed {
    pub(in crate::engine) fn new(
        service: &ServiceInfo,
        tier: Tier,
        database: Option<&DatabaseSettings>,
        clients: &Clients,
    ) -> Option<Self> {
        let adapter = clients.of(service, tier).filter(|adapter| adapter.condition().is_some());
        let http = clients.http.clone();
        let database = database.map(|one| (Postgres::new(http.clone(), one.clone()), one.interval));
        let any = adapter.is_some() || database.is_some();
        any.then(|| Self { database, ..Self::of(service.id.clone(), adapter, http) })
    }

    /// The repository, as far as it matters to an environment: a service of its own name.
    pub(in crate::engine) fn repository(env: &EnvInfo, clients: &Clients) -> Option<Self> {
        let service = ServiceId::new(env.id.clone(), "repository");
        Some(Self::of(service, Some(clients.repository(&env.id)?), clients.http.clone()))
    }

    fn of(service: ServiceId, adapter: Option<Box<dyn Adapter>>, http: Http) -> Self {
        let known = (Vec::new(), Vec::new());
        Self { service, adapter, http, asked_at: None, known, asked: false, database: None }
    }

    pub(in crate::engine) fn service(&self) -> &ServiceId {
        &self.service
    }

    /// Everything there is to look at, now and once.
    ///
    /// # Errors
    /// When nothing of it could be looked at. Else what could not stands among the checks as that, with the reason.
    pub(in crate::engine) async fn once(&mut self) -> Result<Vec<Check>, PlatformError> {
        let (mut looked, mut failed) = self.platform().await;
        if let Some((database, _)) = &self.database {
            let (own, error) = database_checks(database).await;
            looked.extend(own);
            failed = error.or(failed);
        }
        match failed {
            Some(error) if looked.iter().all(|(_, one)| one.is_err()) => Err(error),
            _ => Ok(renewed(&[], looked, self.http.clock().now(), RARELY)),
        }
    }

    /// Every check of the platform, and what the feed reports: that none could be made, or that one met a rate limit.
    async fn platform(&self) -> (Vec<One>, Option<PlatformError>) {
        let Some(found) = self.adapter.as_ref().and_then(|adapter| adapter.condition()) else {
            return (Vec::new(), None);
        };
        let found = found.await;
        let first = found.first().and_then(|(_, one)| one.as_ref().err()).cloned();
        let none = first.filter(|_| found.iter().all(|(_, one)| one.is_err()));
        let limit =
            |(_, one): &Looked<PlatformError>| one.as_ref().err().filter(|error| error.until.is_some()).cloned();
        let failed = none.or_else(|| found.iter().find_map(limit));
        (found.into_iter().map(|(name, one)| (Text::clean(name), one)).collect(), failed)
    }
}

impl Feed for FindingsFeed {
    /// A person asks: what the platform said a while ago is asked again.
    fn wake(&mut self) {
        self.asked = true;
    }

    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let now = self.http.clock().mono();
        let due = std::mem::take(&mut self.asked)
            || self.asked_at.is_none_or(|at| now.saturating_sub(at) >= RARELY.mul_f64(0.9));
        let (mut pause, mut failed) = (RARELY, None);
        if due {
            let (looked, error) = self.platform().await;
            let wall = self.http.clock().now();
            self.known.0 = renewed(&self.known.0, looked, wall, RARELY * 3);
            if error.is_none() {
                self.asked_at = Some(now);
            }
            // What could not be read just now is tried once more before its turn; a rate limit says itself when.
            let news = |one: &Check| matches!(one.reading, Reading::Unread { since, .. } if since == wall);
            if self.known.0.iter().any(news) {
                (self.asked, pause) = (true, AGAIN);
            }
            failed = error;
        }
        if let Some((database, interval)) = &self.database {
            pause = pause.min(*interval);
            let (looked, error) = database_checks(database).await;
            self.known.1 = renewed(&self.known.1, looked, self.http.clock().now(), *interval * 3);
            failed = error.or(failed);
        }
        let all = || self.known.1.iter().chain(&self.known.0);
        // Nothing of it was ever read: that is told as the state of the feed.
        if let (true, Some(error)) = (all().all(|one| one.last().is_none()), &failed) {
            return Err(error.clone());
        }
        // A database that cannot be reached hides nothing of what its platform says.
        outbox.tell(Fact::Findings(self.service.clone(), all().cloned().collect())).await;
        failed.map_or(Ok(Rhythm::After(pause)), Err)
    }
}

/// What the database says of itself. One that cannot be reached is one check that could not be read.
async fn database_checks(database: &Postgres) -> (Vec<One>, Option<PlatformError>) {
    let look = match database.look().await {
        Ok(look) => look,
        Err(error) => return (vec![(Text::clean(DATABASE), Err(error.clone()))], Some(error)),
    };
    let status = if look.ping > SLOW { Status::Warn } else { Status::Ok };
    let says = format!("connect {} ms, select 1 {} ms", look.connect.as_millis(), look.ping.as_millis());
    let trip = Finding::new(DATABASE, status, says);
    (std::iter::once((trip.name.clone(), Ok(trip))).chain(look.checks).collect(), None)
}

/// What is known after a look. What it could not read keeps what was read before, with its age.
fn renewed(before: &[Check], looked: Vec<One>, now: Timestamp, good_for: Duration) -> Vec<Check> {
    let mut looked = looked;
    // A look that reached nothing says why for each that it would have reached.
    let error = looked.first().and_then(|(_, one)| one.as_ref().err()).cloned();
    let cut_short = error.filter(|_| looked.iter().all(|(_, one)| one.is_err()));
    for one in before {
        if let (Some(error), false) = (&cut_short, looked.iter().any(|(name, _)| *name == one.name)) {
            looked.push((one.name.clone(), Err(error.clone())));
        }
    }
    let check = |(name, one): One| {
        let known = before.iter().find(|known| known.name == name);
        let reading = match one {
            Ok(finding) => Reading::Read(Seen { finding, at: now, good_for }),
            Err(error) => {
                let last = known.and_then(Check::last).cloned();
                let why = Text::from(format!("{error}. {}", error.advice()));
                let since = match known.map(|known| &known.reading) {
                    Some(Reading::Unread { since, .. }) => *since,
                    _ => now,
                };
                // What could be read once is no matter of permission, whatever the platform says now.
                match lasting(&error).filter(|_| last.is_none()) {
                    Some(reading) => reading(why),
                    None => Reading::Unread { why, since, last },
                }
            }
        };
        Check { name, reading }
    };
    looked.into_iter().map(check).collect()
}

/// What is said where the answer will be the same next time: the token may not, or the platform shows nothing there.
fn lasting(error: &PlatformError) -> Option<fn(Text) -> Reading> {
    match (error.status, error.kind) {
        (Some(402 | 451), _) | (_, ErrorKind::NotFound) => Some(Reading::Absent),
        (_, ErrorKind::Auth | ErrorKind::Forbidden) => Some(Reading::Denied),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;
    use crate::platform::http::fault;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    fn looked(name: &str, one: Result<Status, ErrorKind>) -> One {
        let found = one.map(|status| Finding::new(name, status, "found"));
        (Text::from(name), found.map_err(|kind| fault(Platform::Supabase, kind, "words")))
    }

    #[test]
    fn a_check_that_could_not_be_read_is_neither_well_nor_denied() {
        let hour = Duration::from_secs(3_600);
        let of = |before: &[Check], one, second| {
            let mut all = renewed(before, vec![looked("locks", one)], at(second), hour);
            all.remove(0)
        };
        // The token may not, from the beginning: no verdict.
        assert!(of(&[], Err(ErrorKind::Forbidden), 0).withheld());
        let absent = of(&[], Err(ErrorKind::NotFound), 0);
        assert!(absent.denied() && !absent.withheld(), "there is nothing to read: {absent:?}");
        // The query failed: unread, and since when.
        for kind in [ErrorKind::Timeout, ErrorKind::Server, ErrorKind::Refused, ErrorKind::Garbage] {
            let first = of(&[], Err(kind), 0);
            assert!(matches!(first.reading, Reading::Unread { last: None, .. }), "{kind:?}: {first:?}");
            let again = of(&[first], Err(kind), 9);
            assert!(matches!(again.reading, Reading::Unread { since, .. } if since == at(0)), "{again:?}");
            assert_eq!(again.status(), Status::Unknown);
        }
        // It was read before: a refusal now does not make a verdict disappear.
        let failing = of(&[], Ok(Status::Fail), 0);
        let refused = of(&[failing], Err(ErrorKind::Forbidden), 5);
        assert_eq!(refused.last().map(|seen| (seen.finding.status, seen.at)), Some((Status::Fail, at(0))));
        assert!(matches!(of(&[refused], Ok(Status::Ok), 6).reading, Reading::Read(_)));
    }

    #[test]
    fn a_database_that_is_gone_takes_no_verdict_along() {
        let hour = Duration::from_secs(3_600);
        let before =
            renewed(&[], vec![looked(DATABASE, Ok(Status::Ok)), looked("locks", Ok(Status::Fail))], at(0), hour);
        let after = renewed(&before, vec![looked(DATABASE, Err(ErrorKind::Unreachable))], at(7), hour);
        assert_eq!(after.len(), 2, "{after:?}");
        assert!(after.iter().all(|one| one.unread(at(7)).is_some_and(|why| why.starts_with("not read for 7s"))));
        // A check that a later look does not make any more is gone.
        assert_eq!(renewed(&after, vec![looked(DATABASE, Ok(Status::Ok))], at(9), hour).len(), 1);
    }
}
