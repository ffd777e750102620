//! The deploy that brought what is live in a service. A list of releases is read less often than what is declared and than the edge: what is
//! missing there is said, and the list is read again at once.

use std::collections::BTreeMap;

use crate::app::effect::Effect;
use crate::app::insight::timeline;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::candidates::Choice;
use crate::domain::environment::EnvInfo;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::ids::{EnvId, ServiceId, Sha};
use crate::domain::listed::{self, Brought, List, Unlisted};
use crate::domain::release::Deployment;
use crate::domain::span::since;
use crate::sanitize::Text;

/// How often a list is read again for one deploy that it does not hold; after that its own rhythm is left to find it.
const MOST: u8 = 5;

/// What is live and in no list, with how often the list was read again for it.
pub type Sought = BTreeMap<ServiceId, (Option<Text>, Option<Sha>, u8)>;

/// The deploy that brought what is live there; `None` = nothing tells.
#[must_use]
pub fn of<'m>(model: &'m Model, service: &ServiceId) -> Option<Brought<'m>> {
    listed::brought(model.facts.services.get(service), list(model, service)?)
}

/// What is live there and is not in the list that was read.
#[must_use]
pub fn unlisted<'m>(model: &'m Model, service: &ServiceId) -> Option<Unlisted<'m>> {
    not_in(model, service, list(model, service)?)
}

/// Whether a deployment runs, as far as its list, what is declared and the edge say.
#[must_use]
pub fn runs(model: &Model, one: &Deployment) -> bool {
    let list = list(model, &one.service).unwrap_or(List { rows: &[], newer: true });
    listed::runs(one, model.facts.services.get(&one.service), list)
}

/// The list of a service. One that nobody reads, or that cannot be read, is told as such; one that is awaited will hold what is live.
fn list<'m>(model: &'m Model, service: &ServiceId) -> Option<List<'m>> {
    let rows = model.facts.releases.get(service).map(Vec::as_slice);
    let rows = rows.or_else(|| awaited(model, service).then_some(&[]))?;
    let read = |feed| model.facts.feeds.get(&feed).and_then(FeedStatus::last_ok);
    let newer = read(FeedId::Releases(service.clone())) > read(FeedId::Declared(service.clone()));
    Some(List { rows, newer })
}

fn not_in<'m>(model: &'m Model, service: &ServiceId, list: List<'m>) -> Option<Unlisted<'m>> {
    match listed::brought(model.facts.services.get(service), list)? {
        Brought::Unlisted(one) => Some(one),
        Brought::Listed(_) => None,
    }
}

/// What is live and not in the list, with what the list is: `backend runs v42 3e60eac, deployed 12s ago; the list of its releases, read 9s ago,
/// does not hold it`.
#[must_use]
pub fn words(model: &Model, service: &ServiceId, one: &Unlisted<'_>, now: Now) -> String {
    let sha = one.sha.map_or("an unknown commit", |sha| sha.short());
    let what = match one.label {
        Some(label) => format!("{} runs {} {sha}", service.name, timeline::short(label)),
        None => format!("the edge of {} answers {sha}", service.name),
    };
    let when = match (one.made, one.seen) {
        (Some(made), _) => format!(", deployed {} ago", since(made, now.wall)),
        (None, Some(seen)) => format!(", seen for {}", since(seen, now.wall)),
        (None, None) => String::new(),
    };
    let read = model.facts.feeds.get(&FeedId::Releases(service.clone())).and_then(|feed| feed.last_ok());
    let holds = one.other.map_or_else(|| "does not hold it".to_owned(), |other| format!("calls {other} live"));
    let basis = match read.filter(|_| !awaited(model, service)) {
        Some(at) => format!("the list of its releases, read {} ago, {holds}", since(at, now.wall)),
        None => "its releases are not read yet".to_owned(),
    };
    format!("{what}{when}; {basis}")
}

/// What runs in an environment and cannot be among these choices yet.
#[must_use]
pub fn missing(model: &Model, env: &EnvId, choices: &[Choice], now: Now) -> Vec<String> {
    let services = model.facts.env(env).into_iter().flat_map(|info: &EnvInfo| &info.services);
    let of = |sha: Option<&Sha>| sha.is_some_and(|sha| choices.iter().any(|choice| choice.sha.same(sha)));
    let all = services.filter_map(|info| Some((&info.id, unlisted(model, &info.id)?)));
    all.filter(|(_, one)| !of(one.sha)).map(|(id, one)| words(model, id, &one, now)).collect()
}

/// Whether the first reading of the list is under way.
fn awaited(model: &Model, service: &ServiceId) -> bool {
    let feed = model.facts.feeds.get(&FeedId::Releases(service.clone()));
    !model.facts.releases.contains_key(service) && feed.is_some_and(|feed| feed.state == FeedState::Starting)
}

/// The service whose releases a fact bears on, and whether it is the list itself.
pub(in crate::app) fn about(fact: &Fact) -> Option<(ServiceId, bool)> {
    match fact {
        Fact::Declared(id, _) | Fact::Observed(id, _) => Some((id.clone(), false)),
        Fact::Releases(id, _) => Some((id.clone(), true)),
        _ => None,
    }
}

/// Has the list of a service read again where it does not hold what is live: at once when that is seen, and again where it was `read` and still
/// does not hold it.
pub(in crate::app) fn seek(model: &mut Model, service: ServiceId, read: bool) -> Option<Effect> {
    let feed = FeedId::Releases(service.clone());
    let asked = model.facts.releases.contains_key(&service) && model.facts.feeds.contains_key(&feed);
    let list = list(model, &service).map(|list| List { newer: list.newer || read, ..list });
    let found = list.filter(|_| asked).and_then(|list| not_in(model, &service, list));
    let found = found.map(|one| (one.label.cloned(), one.sha.cloned()));
    let Some((label, sha)) = found else {
        model.facts.sought.remove(&service);
        return None;
    };
    let before = model.facts.sought.get(&service).filter(|before| (&before.0, &before.1) == (&label, &sha));
    let times = match before {
        Some((.., times)) if read => *times,
        Some(_) => return None,
        None => 0,
    };
    if times == MOST {
        return None;
    }
    model.facts.sought.insert(service, (label, sha, times + 1));
    Some(Effect::Refresh(vec![feed]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{NEW, OLD, at, deployment, fresh, model, tell};
    use crate::domain::environment::{Declared, Status};

    fn backend() -> ServiceId {
        ServiceId::new("production", "backend")
    }

    fn declares(model: &mut Model, row: &Deployment) -> Vec<Effect> {
        let declared = crate::domain::testing::declared(row.sha.as_ref().map(Sha::as_str), Status::Ok);
        let declared = Declared {
            deployment: row.id.clone(),
            label: row.label.clone(),
            created_at: Some(row.created_at),
            ..declared
        };
        tell(model, Fact::Declared(row.service.clone(), Box::new(declared)))
    }

    fn asked(effects: &[Effect]) -> usize {
        let own = Effect::Refresh(vec![FeedId::Releases(backend())]);
        effects.iter().filter(|one| **one == own).count()
    }

    #[test]
    fn a_list_that_lacks_what_is_live_is_read_again_at_once_and_not_for_ever() {
        let (mut model, old) = (model(), deployment(&backend(), OLD, 1, true));
        fresh(&mut model, FeedId::Releases(backend()));
        assert_eq!(asked(&tell(&mut model, Fact::Releases(backend(), vec![old.clone()]))), 0);
        assert_eq!(asked(&declares(&mut model, &old)), 0, "the list holds it");
        let new = deployment(&backend(), NEW, 9, true);
        assert_eq!(asked(&declares(&mut model, &new)), 1);
        assert_eq!(asked(&declares(&mut model, &new)), 0, "it is on its way");
        let again =
            (0..20).map(|_| asked(&tell(&mut model, Fact::Releases(backend(), vec![old.clone()])))).sum::<usize>();
        assert_eq!(again + 1, usize::from(MOST));
        let list = vec![new.clone(), Deployment { current: false, ..old.clone() }];
        assert_eq!(asked(&tell(&mut model, Fact::Releases(backend(), list))), 0);
        assert_eq!(unlisted(&model, &backend()), None);
        // The next one is sought anew.
        assert_eq!(asked(&declares(&mut model, &deployment(&backend(), OLD, 12, true))), 1);
    }

    #[test]
    fn what_is_not_in_the_list_is_said_with_when_the_list_was_read_and_nothing_old_is_told_as_running() {
        let (mut model, old) = (model(), deployment(&backend(), OLD, 1, true));
        let awaited = FeedStatus { state: FeedState::Starting, interval: std::time::Duration::from_secs(5) };
        tell(&mut model, Fact::Feed(FeedId::Releases(backend()), awaited));
        let new = deployment(&backend(), NEW, 9, true);
        declares(&mut model, &new);
        let says = |model: &Model| words(model, &backend(), &unlisted(model, &backend()).unwrap(), at(12));
        assert_eq!(says(&model), "backend runs v9 3e60eac, deployed 3s ago; its releases are not read yet");
        fresh(&mut model, FeedId::Releases(backend()));
        tell(&mut model, Fact::Releases(backend(), vec![old.clone()]));
        let told = "backend runs v9 3e60eac, deployed 3s ago; the list of its releases, read 11s ago, does not hold it";
        assert_eq!(says(&model), told);
        assert!(!runs(&model, &old), "it is current in the list alone");
        let choice = Choice { sha: OLD.into(), deployments: vec![old], lacks: Vec::new(), live: false };
        assert_eq!(missing(&model, &"production".into(), &[choice], at(12)), [told]);
    }
}
