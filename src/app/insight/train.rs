//! The release train: the way from the default branch to customers through the environment that is looked at, with what runs at each
//! station and how many commits wait before it; what does not stand on that way stands aside.

use jiff::Timestamp;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::amount::amount;
use crate::domain::distance::{Distance, Ends, Head};
use crate::domain::environment::{EnvInfo, Tier};
use crate::domain::feed::{FeedId, FeedStatus, Freshness};
use crate::domain::ids::EnvId;
use crate::domain::promotion::of_tier;
use crate::domain::state::State;
use crate::domain::status::Judgement;
use crate::sanitize::Text;

/// The way, and what does not stand on it.
#[derive(Debug)]
pub struct Train<'m> {
    /// The repository's default branch, where a repository is read; empty while its name is not known.
    pub branch: Option<&'m Text>,
    /// What a commit passes, in that order.
    pub stations: Vec<Station<'m>>,
    /// Environments that nothing is promoted to or from.
    pub aside: Vec<&'m EnvInfo>,
}

/// An environment on the way.
#[derive(Debug)]
pub struct Station<'m> {
    /// Which.
    pub env: &'m EnvInfo,
    /// How it stands.
    pub judged: Judgement,
    /// Since when it is in that trouble, or runs that release.
    pub since: Option<Timestamp>,
    /// Commits that have not come so far; `None` = not known.
    pub waiting: Option<Distance>,
}

/// The train as it shows now.
#[must_use]
pub fn train(model: &Model, now: Now) -> Train<'_> {
    let facts = &model.facts;
    let way = way(model, model.selected_env().map(|env| &env.id));
    let branch = (!way.is_empty() && facts.feeds.contains_key(&FeedId::Distances)).then_some(&facts.distances.branch);
    let aside = facts.environments.iter().filter(|env| way.iter().all(|one| one.id != env.id)).collect();
    let ends = ends(model, &way, now);
    let stations = way.into_iter().zip(ends).map(|(env, ends)| {
        let judged = facts.judge(env, now);
        let waiting = ends.and_then(|ends| counted(model, &ends, now));
        Station { since: since(model, env, &judged), env, judged, waiting }
    });
    Train { branch, stations: stations.collect(), aside }
}

/// What has not come to an environment yet, of what stands before it on its way.
#[derive(Debug)]
pub struct ToCome<'m> {
    /// The environment before it; `None` = the default branch.
    pub from: Option<&'m EnvId>,
    /// What that is called; empty while the name of the branch is not known.
    pub name: &'m str,
    /// How many commits; `None` = not known.
    pub count: Option<Distance>,
    /// Why they cannot be counted, where the repository says so.
    pub why_not: Option<String>,
    /// When the oldest of what that rests on was read; `None` = something of it was not.
    pub read_at: Option<Timestamp>,
}

impl ToCome<'_> {
    /// In words: `3 commits of staging`, and what the other side lacks.
    #[must_use]
    pub fn words(&self) -> String {
        let name = if self.name.is_empty() { "the default branch" } else { self.name };
        let back = |behind| format!("; {} here {name} lacks", amount(behind as usize, "commit"));
        match self.count {
            None => self.why_not.clone().unwrap_or_else(|| format!("not known how many commits of {name}")),
            Some(Distance { ahead, behind: 0 }) => format!("{} of {name}", amount(ahead as usize, "commit")),
            Some(Distance { ahead, behind }) => {
                format!("{} of {name}{}", amount(ahead as usize, "commit"), back(behind))
            }
        }
    }
}

/// What has not come to this environment yet; `None` where nothing that is read stands before it.
#[must_use]
pub fn to_come<'m>(model: &'m Model, env: &EnvInfo, now: Now) -> Option<ToCome<'m>> {
    let (facts, way) = (&model.facts, way(model, Some(&env.id)));
    let at = way.iter().position(|one| one.id == env.id)?;
    let before = at.checked_sub(1).map(|before| way[before]);
    let branch = facts.feeds.get(&FeedId::Distances);
    if before.is_none() && branch.is_none() {
        return None;
    }
    let ends = ends(model, &way, now).into_iter().nth(at).flatten();
    let read = match before {
        Some(before) => facts.judge(before, now).basis,
        None => branch.and_then(FeedStatus::last_ok),
    };
    Some(ToCome {
        from: before.map(|before| &before.id),
        name: before.map_or(facts.distances.branch.as_str(), |before| before.id.as_str()),
        why_not: ends.as_ref().and_then(|ends| uncounted(model, ends)),
        count: ends.and_then(|ends| counted(model, &ends, now)),
        read_at: facts.judge(env, now).basis.zip(read).map(|(own, read)| own.min(read)),
    })
}

/// The environments of one way, in the order in which a commit passes them: the way through this one, else the only one there is,
/// else the only production.
fn way<'m>(model: &'m Model, here: Option<&EnvId>) -> Vec<&'m EnvInfo> {
    let facts = &model.facts;
    let env = |id: &EnvId| facts.env(id);
    let Some(near) = facts.promotions.near(here) else {
        let productions = of_tier(&facts.environments, Tier::Production);
        return if productions.len() == 1 { productions } else { Vec::new() };
    };
    // Each is promoted from one at most, and no way leads back to itself (`config/check/environments.rs`).
    let mut way: Vec<&EnvId> = std::iter::successors(Some(&near.to), |to| facts.promotions.source(to)).collect();
    way.reverse();
    way.extend(std::iter::successors(facts.promotions.target(&near.to), |from| facts.promotions.target(from)));
    way.into_iter().filter_map(env).collect()
}

/// Between what commits are counted before each station; `None` where one end is not one known commit.
fn ends(model: &Model, way: &[&EnvInfo], now: Now) -> Vec<Option<Ends>> {
    let mut head = Some(Head::DefaultBranch);
    let mut all = Vec::new();
    for env in way {
        let runs = model.facts.judge(env, now).sha().cloned();
        all.push(head.zip(runs.clone()).map(|(head, base)| Ends { base, head }));
        head = runs.map(Head::Commit);
    }
    all
}

/// What was counted, where it may be relied upon: a branch goes on while nobody reads it, and two commits stay as far from each other.
fn counted(model: &Model, ends: &Ends, now: Now) -> Option<Distance> {
    if matches!(&ends.head, Head::Commit(head) if head.same(&ends.base)) {
        return Some(Distance { ahead: 0, behind: 0 });
    }
    let fresh = || {
        let feed = model.facts.feeds.get(&FeedId::Distances);
        matches!(feed.map(|feed| feed.freshness(now.wall)), Some(Freshness::Fresh(_)))
    };
    model.facts.distances.between(ends).filter(|_| ends.head != Head::DefaultBranch || fresh())
}

/// Why commits are not counted, where the repository does not know one of both ends.
fn uncounted(model: &Model, ends: &Ends) -> Option<String> {
    let told = &model.facts.distances;
    let head = match &ends.head {
        Head::DefaultBranch => told.branch.to_string(),
        Head::Commit(sha) => sha.short().to_string(),
    };
    let unknown = told.unknown.contains(ends);
    unknown.then(|| format!("not counted: the repository does not know {} or {head}", ends.base.short()))
}

/// Since when an environment is in trouble, or since when what is live there was deployed.
fn since(model: &Model, env: &EnvInfo, judged: &Judgement) -> Option<Timestamp> {
    match judged.state {
        State::Healthy => {
            let sha = judged.sha()?;
            let known = env.services.iter().filter_map(|info| model.facts.services.get(&info.id)?.declared.as_ref());
            let live = known.filter(|declared| declared.sha.as_ref().is_some_and(|at| at.same(sha)));
            live.filter_map(|declared| declared.created_at).max()
        }
        State::Failing | State::Mixed => model.facts.trouble.get(&env.id).map(|trouble| trouble.since),
        _ => None,
    }
}

/// Once a second: what is to be counted for the stations that show, where that has changed.
pub(in crate::app) fn ask(model: &mut Model, now: Now) -> Option<Effect> {
    if !model.facts.feeds.contains_key(&FeedId::Distances) {
        return None;
    }
    let here = model.selected_env().map(|env| &env.id);
    let wanted: Vec<Ends> = ends(model, &way(model, here), now).into_iter().flatten().collect();
    if wanted.is_empty() || wanted == model.facts.counting {
        return None;
    }
    model.facts.counting.clone_from(&wanted);
    Some(Effect::Count(wanted))
}

/// Everything that may be counted for all ways together, so many at most: each may be a request.
#[must_use]
pub fn countable(model: &Model, now: Now, most: usize) -> Vec<Ends> {
    let mut all: Vec<Ends> = Vec::new();
    for env in &model.facts.environments {
        for ends in ends(model, &way(model, Some(&env.id)), now).into_iter().flatten() {
            if all.len() < most && !all.contains(&ends) {
                all.push(ends);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests;
