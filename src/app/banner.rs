//! The FAIL banner: a production that fails, with the evidence, told once per transition.

use jiff::Timestamp;

use super::effect::Effect;
use super::model::Model;
use super::msg::Now;
use crate::domain::environment::{EnvInfo, Status, Tier};
use crate::domain::health::ProbeState;
use crate::domain::ids::{EnvId, ServiceId, Sha};
use crate::sanitize::Text;

/// A failing production.
#[derive(Debug, Clone, PartialEq)]
pub struct Banner {
    /// Which environment.
    pub env: EnvId,
    /// The release that is live, as far as is known.
    pub release: Option<Sha>,
    /// The probe that fails and what it says, or what the edge answers against the platform's word.
    pub evidence: Text,
    /// Share of passed probes in percent before the suspected change, and since; nothing where no probe fails.
    pub passed: Option<(u32, u32)>,
    /// Since when.
    pub since: Timestamp,
    /// Further productions that fail.
    pub others: Vec<EnvId>,
}

impl Banner {
    /// Whether this environment is among those that fail.
    fn tells(&self, env: &EnvId) -> bool {
        self.env == *env || self.others.contains(env)
    }
}

/// Judges production again; rings and titles once when the judgement changes.
pub(super) fn judge(model: &mut Model, now: Now) -> Vec<Effect> {
    let production = model.environments.iter().filter(|env| env.tier == Tier::Production);
    let mut all: Vec<Banner> = production.into_iter().filter_map(|env| failing(model, env, now)).collect();
    let was = model.banner.take();
    let title = |all: &[Banner]| all.iter().map(|one| one.env.as_str().to_owned()).collect::<Vec<_>>().join(" ");
    let fresh = |one: &&Banner| !was.as_ref().is_some_and(|was| was.tells(&one.env));
    let alert = |one: &Banner| Effect::Alert(format!("{}: {} FAILS: {}", model.project, one.env, one.evidence));
    let mut effects: Vec<Effect> = all.iter().filter(fresh).map(alert).collect();
    let told = was.as_ref().map_or(0, |was| 1 + was.others.len());
    if all.is_empty() && told > 0 {
        effects.push(Effect::Title(format!("flightdeck {}", model.project)));
    } else if !effects.is_empty() || all.len() != told {
        effects.push(Effect::Title(format!("FAIL {} · flightdeck", title(&all))));
    }
    // The one that is looked at, else the one that stood there, so that the line does not jump.
    let here = model.selected_env().map(|env| env.id.clone()).or_else(|| was.map(|was| was.env));
    let first = all.iter().position(|one| Some(&one.env) == here.as_ref()).unwrap_or(0);
    if !all.is_empty() {
        let mut banner = all.remove(first);
        banner.others = all.into_iter().map(|one| one.env).collect();
        if !banner.others.is_empty() {
            let others: Vec<&str> = banner.others.iter().map(EnvId::as_str).collect();
            banner.evidence = Text::from(format!("{} (fails too: {})", banner.evidence, others.join(", ")));
        }
        model.banner = Some(banner);
    }
    effects
}

/// The edge may differ from the platform's word this long, seconds, before production fails by it.
const DIFFERS: i64 = 120;

/// Notes since when the edge of a service answers something else than its platform declares.
pub(super) fn note_difference(model: &mut Model, id: &ServiceId, now: Now) {
    let differs = model.services.get(id).is_some_and(|state| {
        let resting = state.declared.as_ref().is_some_and(|one| one.rollout.is_none() && one.status != Status::Running);
        resting && state.agrees() == Some(false)
    });
    if differs {
        model.differs.entry(id.clone()).or_insert(now.wall);
    } else {
        model.differs.remove(id);
    }
}

fn failing(model: &Model, env: &EnvInfo, now: Now) -> Option<Banner> {
    probe_failing(model, env, now).or_else(|| edge_differs(model, env, now))
}

fn edge_differs(model: &Model, env: &EnvInfo, now: Now) -> Option<Banner> {
    let of_env = model.differs.iter().filter(|(id, _)| id.env == env.id);
    let (id, since) = of_env.into_iter().find(|(_, since)| now.wall.duration_since(**since).as_secs() > DIFFERS)?;
    let state = model.services.get(id)?;
    let (declared, observed) = (state.declared.as_ref()?.sha.clone()?, state.observed.as_ref()?.sha.clone()?);
    let says = format!("{}: the edge answers {}, the platform says {}", id.name, observed.short(), declared.short());
    Some(Banner {
        env: env.id.clone(),
        release: Some(observed),
        evidence: Text::from(says),
        passed: None,
        since: *since,
        others: Vec::new(),
    })
}

fn probe_failing(model: &Model, env: &EnvInfo, now: Now) -> Option<Banner> {
    let own = model.probes.iter().filter(|probe| probe.id.env == env.id);
    let probe = own.filter(|probe| probe.status == Status::Fail).min_by_key(|probe| probe.since)?;
    let last = probe.samples.back()?;
    let says = last.failure.clone().unwrap_or_else(|| Text::from("recovering"));
    Some(Banner {
        env: env.id.clone(),
        release: last.anatomy.release.clone().or_else(|| model.judge(env, now).sha().cloned()),
        evidence: Text::from(format!("{}: {says}", probe.id.name)),
        passed: Some(before_and_since(probe, change_before(model, env, probe.since))),
        since: probe.since,
        others: Vec::new(),
    })
}

/// The last change of what is live there before the trouble.
fn change_before(model: &Model, env: &EnvInfo, trouble: Timestamp) -> Option<Timestamp> {
    let states = env.services.iter().filter_map(|service| model.services.get(&service.id)?.declared.as_ref());
    states.filter_map(|declared| declared.created_at).filter(|at| *at <= trouble).max()
}

/// Percent of passed samples before the suspected change and since. Without one among the samples, the first failure of the
/// present run of trouble divides them.
fn before_and_since(probe: &ProbeState, change: Option<Timestamp>) -> (u32, u32) {
    let percent = |passed: usize, all: usize| u32::try_from((100 * passed).checked_div(all).unwrap_or(0)).unwrap_or(0);
    let streak = probe.samples.iter().rev().take_while(|sample| sample.failure.is_some()).count();
    let at_change = change.map(|change| probe.samples.partition_point(|sample| sample.at < change));
    let before = at_change.filter(|before| *before > 0).unwrap_or(probe.samples.len() - streak);
    let passed = |from: usize, to: usize| probe.samples.range(from..to).filter(|one| one.failure.is_none()).count();
    let all = probe.samples.len();
    (percent(passed(0, before), before), percent(passed(before, all), all - before))
}
