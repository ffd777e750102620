//! The FAIL banner: a production that fails, with the evidence, told once per transition.

use jiff::Timestamp;

use super::effect::Effect;
use super::model::Model;
use super::msg::Now;
use crate::domain::environment::{EnvInfo, Status, Tier};
use crate::domain::health::ProbeState;
use crate::domain::ids::{EnvId, Sha};
use crate::sanitize::Text;

/// A failing production.
#[derive(Debug, Clone, PartialEq)]
pub struct Banner {
    /// Which environment.
    pub env: EnvId,
    /// The release that is live, as far as is known.
    pub release: Option<Sha>,
    /// The probe that fails and what it says.
    pub evidence: Text,
    /// Share of passed probes in percent before the failure, and since.
    pub passed: (u32, u32),
    /// Since when.
    pub since: Timestamp,
}

/// Judges production again; rings and titles once when the judgement changes.
pub(super) fn judge(model: &mut Model, _now: Now) -> Vec<Effect> {
    let production = model.environments.iter().filter(|env| env.tier == Tier::Production);
    let next = production.into_iter().find_map(|env| failing(model, env));
    let was = model.banner.as_ref().map(|banner| banner.env.clone());
    let is = next.as_ref().map(|banner| banner.env.clone());
    model.banner = next;
    match (was, is, &model.banner) {
        (None, Some(env), Some(banner)) => {
            let text = format!("{}: {env} FAILS: {}", model.project, banner.evidence);
            vec![Effect::Alert(text), Effect::Title(format!("FAIL {env} · flightdeck"))]
        }
        (Some(_), None, _) => vec![Effect::Title(format!("flightdeck {}", model.project))],
        _ => Vec::new(),
    }
}

fn failing(model: &Model, env: &EnvInfo) -> Option<Banner> {
    let own = model.probes.iter().filter(|probe| probe.id.env == env.id);
    let probe = own.filter(|probe| probe.status == Status::Fail).min_by_key(|probe| probe.since)?;
    let last = probe.samples.back()?;
    let says = last.failure.clone().unwrap_or_else(|| Text::from("recovering"));
    Some(Banner {
        env: env.id.clone(),
        release: last.anatomy.release.clone().or_else(|| model.judge(env).sha),
        evidence: Text::from(format!("{}: {says}", probe.id.name)),
        passed: before_and_since(probe),
        since: probe.since,
    })
}

/// Percent of passed samples before the first failure of the present run of trouble, and since it.
fn before_and_since(probe: &ProbeState) -> (u32, u32) {
    let percent = |passed: usize, all: usize| u32::try_from((100 * passed).checked_div(all).unwrap_or(0)).unwrap_or(0);
    let failed = |sample: &&crate::domain::health::Sample| sample.failure.is_some();
    let streak = probe.samples.iter().rev().take_while(failed).count();
    let (before, since) = (probe.samples.len() - streak, probe.samples.len());
    let passed_before = probe.samples.iter().take(before).filter(|sample| !failed(sample)).count();
    (percent(passed_before, before), percent(0, since - before))
}
