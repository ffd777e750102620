//! The alarm line: a production that fails or is mixed, with the evidence, told once per transition.

use std::time::Duration;

use jiff::Timestamp;

use super::back::{self, Back};
use crate::action::Action;
use crate::app::effect::Effect;
use crate::app::model::{Model, Place};
use crate::app::msg::Now;
use crate::app::operations::menu;
use crate::domain::environment::{EnvInfo, Status, Tier};
use crate::domain::health::{ProbeState, Sample, WOBBLE};
use crate::domain::ids::{EnvId, Sha};
use crate::domain::state::State;
use crate::domain::status::Judgement;
use crate::sanitize::Text;

/// A production in trouble.
#[derive(Debug, Clone, PartialEq)]
pub struct Banner {
    /// Which environment.
    pub env: EnvId,
    /// How it stands: failing, mixed, or unknown or paused after that.
    pub state: State,
    /// What is live, as far as is known.
    pub commits: Vec<Sha>,
    /// The probe that fails and what it says, or the pair that is live.
    pub evidence: Text,
    /// Share of passed probes before the suspected change, and since; nothing where no probe fails.
    pub passed: Option<Passed>,
    /// Since when it stands so, with what is live; a wobble does not end that.
    pub since: Timestamp,
    /// Since when it is in trouble at all: it may have failed before it was mixed.
    pub first: Timestamp,
    /// The release that is proposed to go back to, where one is.
    pub back: Option<Back>,
    /// Further productions in trouble.
    pub others: Vec<EnvId>,
    /// What the terminal's title tells: every production in trouble with its state.
    pub title: String,
}

/// How many samples of a probe passed, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Of those before the suspected change; nothing where none of them is held any more.
    pub before: Option<u32>,
    /// Of those since.
    pub after: u32,
    /// From the first to the last of those since.
    pub over: Duration,
}

/// Trouble of an environment: one episode, with the wobbles in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Failing or mixed, when it was seen last to be either.
    pub state: State,
    /// What was live then.
    pub commits: Vec<Sha>,
    /// Since when the episode lasts.
    pub first: Timestamp,
    /// Since when it is in that state with these commits: what a rollback has left half-done did not begin with what it was to end.
    pub since: Timestamp,
    /// It was seen in the middle of a pause, which hides nothing of it.
    pub beside: bool,
    /// Since when it lasts without a calm: what has failed and is mixed now goes on ringing.
    pub turned: Timestamp,
    /// Since when it is over, if it does not come back.
    pub calm: Option<Timestamp>,
}

impl Banner {
    /// Whether this environment is among those that fail.
    fn tells(&self, env: &EnvId) -> bool {
        self.env == *env || self.others.contains(env)
    }
}

impl Banner {
    /// What is live, in seven letters each.
    #[must_use]
    pub fn release(&self) -> String {
        self.commits.iter().map(Sha::short).collect::<Vec<_>>().join("+")
    }
}

/// Judges productions in trouble again; rings and titles once when the judgement changes.
pub(in crate::app) fn judge(model: &mut Model, now: Now) -> Vec<Effect> {
    let mut all: Vec<Banner> = productions(model).into_iter().filter_map(|env| troubled(model, env, now)).collect();
    let was = model.facts.banner.take();
    let title =
        |all: &[Banner]| all.iter().map(|one| format!("{} {}", one.state, one.env)).collect::<Vec<_>>().join(" ");
    let fresh = |one: &&Banner| !was.as_ref().is_some_and(|was| was.tells(&one.env));
    let alert = |one: &Banner| {
        Effect::Alert(format!("{}: {} is {}: {}", model.facts.project, one.env, one.state, one.evidence))
    };
    let mut effects: Vec<Effect> = all.iter().filter(fresh).map(alert).collect();
    let (title, told) = (title(&all), was.as_ref().map(|was| was.title.as_str()));
    if all.is_empty() && told.is_some() {
        effects.push(Effect::Title(format!("flightdeck {}", model.facts.project)));
    } else if !all.is_empty() && told != Some(&title) {
        // It tells the state too: what goes on as mixed does not stand there as failing.
        effects.push(Effect::Title(format!("{title} · flightdeck")));
    }
    // The one that is looked at, else the one that stood there, so that the line does not jump.
    let here = model.selected_env().map(|env| env.id.clone()).or_else(|| was.map(|was| was.env));
    let first = all.iter().position(|one| Some(&one.env) == here.as_ref()).unwrap_or(0);
    if !all.is_empty() {
        let mut banner = all.remove(first);
        let others: Vec<String> = all.iter().map(|one| format!("{} {}", one.env, one.state)).collect();
        banner.title = title;
        banner.back = model.facts.env(&banner.env).and_then(|env| back::proposed(model, env));
        banner.others = all.into_iter().map(|one| one.env).collect();
        if !banner.others.is_empty() {
            banner.evidence = Text::from(format!("{} (also: {})", banner.evidence, others.join(", ")));
        }
        model.facts.banner = Some(banner);
    }
    effects
}

/// A mixed pair is told at once in its row and rings after this long, seconds: two platforms never change at one instant.
const MIXED: i64 = 30;

/// Productions with an episode of trouble, in the order in which environments stand.
fn productions(model: &Model) -> Vec<&EnvInfo> {
    let mut all: Vec<&EnvInfo> = model.facts.trouble.keys().filter_map(|env| model.facts.env(env)).collect();
    all.retain(|env| env.tier == Tier::Production);
    all.sort_by_key(|env| model.facts.rank(&env.id));
    all
}

/// Notes since when an environment is in trouble. What is unknown now was last in the state that it had, and a pause in the middle of an
/// episode does not end it; two releases that are live beside a pause are trouble as they are without. Trouble that comes back within
/// the time in which a probe counts as flapping is the same one, unless another commit brought it.
pub(super) fn note(model: &mut Model, env: &EnvInfo, judged: &Judgement, now: Now) {
    let beside = judged.state == State::Paused && judged.mixed;
    let state = if beside { State::Mixed } else { judged.state };
    let commits = judged.commits.clone();
    match (state, model.facts.trouble.get_mut(&env.id)) {
        (State::Failing | State::Mixed, Some(known)) => {
            let moved = moved(&known.commits, &commits);
            let other = known.calm.is_some() && moved;
            if other {
                known.first = now.wall;
            }
            if moved || known.state != state {
                known.since = now.wall;
            }
            if other || known.calm.is_some() {
                known.turned = now.wall;
            }
            (known.state, known.commits, known.beside, known.calm) = (state, commits, beside, None);
        }
        (State::Failing | State::Mixed, None) => {
            let (first, since, turned) = (now.wall, now.wall, now.wall);
            let trouble = Trouble { state, commits, first, since, beside, turned, calm: None };
            model.facts.trouble.insert(env.id.clone(), trouble);
        }
        // What was seen beside a pause is seen to have gone beside it as well.
        (State::Paused, Some(known)) if !known.beside => {}
        (State::Unknown, _) | (_, None) => {}
        (_, Some(known)) => {
            let calm = *known.calm.get_or_insert(now.wall);
            if now.wall.duration_since(calm).unsigned_abs() >= WOBBLE {
                model.facts.trouble.remove(&env.id);
            }
        }
    }
}

/// Whether others are live than were, where both are known.
fn moved(before: &[Sha], after: &[Sha]) -> bool {
    let all = |one: &[Sha], other: &[Sha]| one.iter().all(|sha| other.iter().any(|known| known.same(sha)));
    let known = !before.is_empty() && !after.is_empty();
    let same = all(before, after) && all(after, before);
    known && !same
}

fn troubled(model: &Model, env: &EnvInfo, now: Now) -> Option<Banner> {
    let trouble = model.facts.trouble.get(&env.id).filter(|trouble| trouble.calm.is_none())?;
    if trouble.state == State::Mixed && now.wall.duration_since(trouble.turned).as_secs() < MIXED {
        return None;
    }
    let judged = model.facts.judge(env, now);
    let failing = (judged.state == State::Failing).then(|| probe_failing(model, env)).flatten();
    let (evidence, passed) = failing.unwrap_or_else(|| (Text::from(judged.why.as_str()), None));
    Some(Banner {
        env: env.id.clone(),
        state: judged.state,
        commits: judged.commits,
        evidence,
        passed,
        since: trouble.since,
        first: trouble.first,
        back: None,
        others: Vec::new(),
        title: String::new(),
    })
}

/// What has to be said of a change of an environment while an alarm stands for another one.
#[must_use]
pub fn elsewhere(model: &Model, env: &EnvId) -> Option<String> {
    let banner = model.facts.banner.as_ref().filter(|banner| !banner.tells(env))?;
    let alarm = &banner.env;
    let key = model.screen.keys.of(Action::Start(menu::ALARM));
    Some(format!("this is about {env}, while {alarm} is {}: esc, then {key} rolls {alarm} back", banner.state))
}

/// Whether the menu's `R` acts on what the alarm line names: the keys of operations act on that environment as a whole.
#[must_use]
pub fn targeted(model: &Model) -> bool {
    let alarmed = model.facts.banner.as_ref().map(|banner| &banner.env);
    match model.target() {
        Some(Place::Env(env) | Place::Need(env, _)) => Some(&env) == alarmed,
        _ => false,
    }
}

type Evidence = (Text, Option<Passed>);

fn probe_failing(model: &Model, env: &EnvInfo) -> Option<Evidence> {
    let own = model.facts.probes.of(&env.id).iter();
    let probe = own.filter(|probe| probe.status == Status::Fail).min_by_key(|probe| probe.since)?;
    let last = probe.samples.back()?;
    let says = last.failure.clone().unwrap_or_else(|| Text::from("recovering"));
    let evidence = Text::from(format!("{}: {says}", probe.id.name));
    Some((evidence, Some(before_and_since(probe, change_before(model, env, probe.since)))))
}

/// The last change of what is live there before the trouble.
fn change_before(model: &Model, env: &EnvInfo, trouble: Timestamp) -> Option<Timestamp> {
    let states = env.services.iter().filter_map(|service| model.facts.services.get(&service.id)?.declared.as_ref());
    states.filter_map(|declared| declared.created_at).filter(|at| *at <= trouble).max()
}

/// Percent of passed samples before the suspected change and since. Without one among the samples, the first failure of the
/// present run of trouble divides them.
fn before_and_since(probe: &ProbeState, change: Option<Timestamp>) -> Passed {
    let percent = |passed: usize, all: usize| u32::try_from((100 * passed).checked_div(all)?).ok();
    // Where the trouble is older than the oldest sample that is held, none of those is from before it.
    let lost = probe.samples.front().is_some_and(|oldest| probe.since < oldest.at);
    let streak = probe.samples.iter().rev().take_while(|sample| sample.failure.is_some()).count();
    let at_change = change.map(|change| probe.samples.partition_point(|sample| sample.at < change));
    let before = at_change.filter(|before| *before > 0).unwrap_or(probe.samples.len() - streak);
    let before = if lost { 0 } else { before };
    let passed = |from: usize, to: usize| probe.samples.range(from..to).filter(|one| one.failure.is_none()).count();
    let all = probe.samples.len();
    let span = |first: &Sample, last: &Sample| last.at.duration_since(first.at).unsigned_abs();
    let over = probe.samples.get(before).zip(probe.samples.back()).map(|(first, last)| span(first, last));
    Passed {
        before: percent(passed(0, before), before),
        after: percent(passed(before, all), all - before).unwrap_or(0),
        over: over.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
