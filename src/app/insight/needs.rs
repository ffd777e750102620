//! Lists what a person has to know of an environment: a waiting gate, a deploy or an operation under way or half-done, a lock, a pin.

use unicode_width::UnicodeWidthStr as _;

use crate::action::{Action, Choice};
use crate::app::insight::{actor, fresh};
use crate::app::model::{Model, Place};
use crate::app::msg::Now;
use crate::app::navigate::Jump;
use crate::app::operations::menu;
use crate::domain::cut_short;
use crate::domain::environment::Status;
use crate::domain::feed::FeedId;
use crate::domain::ids::{EnvId, OpId, ServiceId};
use crate::domain::names;
use crate::domain::operation::StepState;
use crate::domain::pipeline::Run;
use crate::domain::span::since;
use crate::domain::state::State;
use crate::domain::step_durations::{self, Halt};

/// One of these things, by its identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A run that waits at a gate of the environment.
    Gate(u64),
    /// A run that deploys the environment now.
    Run(u64),
    /// An operation of this or another console.
    Operation(OpId),
    /// A person's lock.
    Lock,
    /// A service whose platform holds automation.
    Pin(ServiceId),
}

/// By what a person answers from where it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hands {
    /// Keys of the screen.
    Keys,
    /// Commands of a shell.
    Shell,
}

/// What is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its state; `None` for a badge, which stands beside a state and is none.
    pub state: Option<State>,
    /// In one line, the most important first.
    pub words: String,
    /// The same where room is short: a run by its number alone.
    pub short: String,
}

impl Said {
    /// What is said in so many columns.
    #[must_use]
    pub fn within(&self, room: usize) -> &str {
        if self.words.width() <= room { &self.words } else { &self.short }
    }
}

/// What an environment has of them, what waits for a person first.
#[must_use]
pub fn of(model: &Model, env: &EnvId) -> Vec<Need> {
    let mut needs = Vec::new();
    let at_gate = |run: &&Run| run.gates.iter().any(|gate| gate.env == *env);
    needs.extend(model.facts.runs.iter().filter(at_gate).map(|run| Need::Gate(run.id)));
    let own = model.facts.operations.values().filter(|one| one.env == *env && (one.interrupted || !one.state.ended()));
    needs.extend(own.map(|one| Need::Operation(one.id)));
    needs.extend(cut_short::half_done(model.facts.operations.values(), env).map(|one| Need::Operation(one.id)));
    let file = model.facts.workflows.get(env);
    let deploys = |run: &&Run| file.is_some_and(|file| run.of_file(file)) && run.status == Status::Running;
    needs.extend(model.facts.runs.iter().filter(deploys).filter(|run| !at_gate(run)).map(|run| Need::Run(run.id)));
    needs.extend(model.facts.history.locks.contains_key(env).then_some(Need::Lock));
    let services = model.facts.env(env).into_iter().flat_map(|env| &env.services);
    let pinned = services.filter(|info| {
        let declared = model.facts.services.get(&info.id).and_then(|state| state.declared.as_ref());
        declared.is_some_and(|declared| declared.pin.is_some())
    });
    needs.extend(pinned.map(|info| Need::Pin(info.id.clone())));
    needs
}

/// What is said of one; `None` when it has gone.
#[must_use]
pub fn said(model: &Model, env: &EnvId, need: &Need, now: Now, hands: Hands) -> Option<Said> {
    let (keys, place) = (hands == Hands::Keys, names::shell(env.as_str()));
    let run = |id: &u64| model.facts.runs.iter().find(|run| run.id == *id);
    let (state, words) = match need {
        Need::Gate(id) => {
            let run = run(id)?;
            let gate = run.gates.iter().find(|gate| gate.env == *env)?;
            let may = match (gate.may_approve, keys) {
                (true, true) => format!("{} approves", model.screen.keys.of(Choice::Approve.start())),
                (true, false) => format!("flightdeck approve {id} --confirm={place} approves"),
                (false, _) => gate.may().to_owned(),
            };
            let age = gate.since(run).map(|at| format!(" {}", since(at, now.wall))).unwrap_or_default();
            let who = gate.whom(now.wall);
            (Some(State::Waiting), format!("waiting{age} {} {}: {may}, {who}", run.name(), run.sha.short()))
        }
        Need::Run(id) => {
            let run = run(id)?;
            let done = run.jobs.iter().filter(|job| job.completed_at.is_some()).count();
            let jobs = if run.jobs.is_empty() { String::new() } else { format!(" {done}/{} jobs", run.jobs.len()) };
            let step = run.jobs.iter().find(|job| job.status == Status::Running);
            let step = step.map(|job| format!(" {}", job.name)).unwrap_or_default();
            let age = run.started_at.map(|at| format!(" for {}", since(at, now.wall))).unwrap_or_default();
            let words = format!("deploying {} {}{jobs}{age}{step}", run.name(), run.sha.short());
            (Some(State::Deploying), words)
        }
        Need::Operation(id) => {
            let one = model.facts.operations.get(id)?;
            let age = since(one.started_at, now.wall);
            let done = one.steps.iter().filter(|step| step.state == StepState::Done).count();
            let steps = if one.steps.is_empty() { String::new() } else { format!(" {done}/{} steps", one.steps.len()) };
            if one.state.ended() && !one.interrupted {
                let (word, ended) = (one.state.word(), since(one.ended_at.unwrap_or(one.started_at), now.wall));
                let way = if keys {
                    format!("{} goes on", model.screen.keys.of(Action::Enter))
                } else {
                    cut_short::ways(one)
                };
                (Some(State::Unknown), format!("{word} {ended} ago: {}; {way}", one.title))
            } else if one.interrupted {
                let name = cut_short::name(one.id);
                let way = if keys {
                    format!("{} goes on", model.screen.keys.of(Action::Menu))
                } else {
                    format!("flightdeck finish {name} goes on")
                };
                (Some(State::Unknown), format!("cut short {age} ago{steps}: {}; {way}", one.title))
            } else {
                let halt = step_durations::halt(one, now.wall);
                let state = match halt {
                    None => State::Deploying,
                    Some(Halt::Person) => State::Waiting,
                    Some(Halt::Silent(_)) => State::Unknown,
                };
                let halt = halt.map(|halt| format!(", {halt}")).unwrap_or_default();
                (Some(state), format!("{}{steps} for {age}{halt}", one.title))
            }
        }
        Need::Lock => {
            let held = model.facts.history.locks.get(env)?;
            let words = if keys { held.badge(menu::whose(model, held), now.wall) } else { held.words() };
            (None, words)
        }
        Need::Pin(id) => {
            let declared = model.facts.services.get(id)?.declared.as_ref()?;
            let way = match keys {
                true => model.screen.keys.of(Choice::Unpin.start()).to_owned(),
                false => format!("flightdeck unpin {} --environment {place}", names::shell(&id.name)),
            };
            (
                None,
                format!(
                    "PINNED {}: {}; {way} releases it",
                    id.name,
                    actor::pin(model, id, declared.pin.as_ref()?).words(now.wall)
                ),
            )
        }
    };
    let called = match need {
        Need::Gate(id) | Need::Run(id) => run(id).map(|run| (run.name(), format!("#{}", run.number.0))),
        _ => None,
    };
    let shorter =
        |words: &str| called.as_ref().map_or(words.to_owned(), |(name, short)| words.replacen(name, short, 1));
    // What was said long ago may be over: it is told with its age, and is no state of now.
    let old = basis(need, model).and_then(|feed| fresh::stale(model, [feed], now));
    let (state, words) = match old {
        Some(why) => (state.map(|_| State::Unknown), format!("{why}; was {words}")),
        None => (state, words),
    };
    Some(Said { state, short: shorter(&words), words })
}

/// The feed that one is told by; none for an operation of this console, which tells itself.
fn basis(need: &Need, model: &Model) -> Option<FeedId> {
    match need {
        Need::Gate(_) | Need::Run(_) => Some(FeedId::Pipeline),
        Need::Operation(id) => (!model.facts.own.contains(id)).then_some(FeedId::Journal),
        Need::Lock => Some(FeedId::Journal),
        Need::Pin(service) => Some(FeedId::Declared(service.clone())),
    }
}

/// Where one leads.
#[must_use]
pub fn jump(env: &EnvId, need: &Need) -> Jump {
    match need {
        Need::Gate(run) | Need::Run(run) => Jump::Run(*run),
        Need::Operation(op) => Jump::Operation(*op),
        Need::Lock => Jump::Place(Place::Env(env.clone())),
        Need::Pin(id) => Jump::Place(Place::Service(id.clone())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::feed::{FeedState, FeedStatus};
    use crate::domain::lock::Lock;
    use crate::sanitize::Text;

    #[test]
    fn what_a_person_has_to_know_grows_old_with_its_feed() {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
        let at = |second: i64| Now { wall: Timestamp::from_second(second).unwrap(), mono: Duration::ZERO };
        let mut model = Model::new(&settings, at(0));
        let env = EnvId::from("production");
        let lock = Lock { who: Text::from("maria"), why: Text::from("migration"), at: at(0).wall, until: None };
        model.facts.history.locks.insert(env.clone(), lock);
        let status = FeedStatus { state: FeedState::Fresh(at(100).wall), interval: Duration::from_secs(2) };
        model.facts.feeds.insert(FeedId::Journal, status);
        let words = |now| said(&model, &env, &Need::Lock, now, Hands::Keys).unwrap().words;
        assert!(words(at(101)).contains("maria") && !words(at(101)).contains("not read"), "{}", words(at(101)));
        assert!(words(at(160)).starts_with("journal: not read for "), "{}", words(at(160)));
    }
}
