//! What there is to know as sentences, for a reader without a screen. A sentence is told again when the thing that it is about stands
//! otherwise, not when it gets older.

use crate::app::insight::needs::{self, Hands, Need};
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::environment::Status;
use crate::domain::health::ProbeId;
use crate::domain::ids::{EnvId, OpId, ServiceId, Sha};
use crate::domain::operation::{OpState, Operation, StepState};
use crate::domain::state::State;

/// What a sentence is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// An environment.
    Environment(EnvId),
    /// A service.
    Service(ServiceId),
    /// A probe.
    Probe(ProbeId),
    /// An operation.
    Operation(OpId),
    /// Something else that a person has to know of an environment.
    Need(EnvId, Need),
}

/// How that stands: what a new sentence follows from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stands {
    /// Its state; `None` where it has none.
    pub state: Option<State>,
    /// The commits that are live.
    pub commits: Vec<Sha>,
    /// Of an operation: its state, and how many of its steps are done.
    pub operation: Option<(OpState, usize)>,
    /// Nothing has to be said of it before it stands otherwise.
    pub quiet: bool,
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// What it is about.
    pub about: About,
    /// How that stands.
    pub stands: Stands,
    /// The sentence, without its end.
    pub says: String,
}

/// Everything that there is to know now, environment by environment.
#[must_use]
pub fn spoken(model: &Model, now: Now) -> Vec<Spoken> {
    let mut all = Vec::new();
    let known = model.facts.known(now);
    for env in &model.facts.environments {
        let judged = model.facts.judge(env, now);
        let runs = if judged.commits.is_empty() { String::new() } else { format!("; it runs {}", judged.short()) };
        all.push(Spoken {
            about: About::Environment(env.id.clone()),
            says: format!("{} is {}{runs}", env.id, judged.words()),
            stands: Stands { state: Some(judged.state), commits: judged.commits, ..Stands::default() },
        });
        for info in &env.services {
            let judged = known.service(&info.id);
            // That it goes to another commit is told of the environment.
            all.push(Spoken {
                about: About::Service(info.id.clone()),
                says: format!("{} is {}", info.id, judged.words()),
                stands: Stands { state: Some(judged.state), quiet: fine(judged.state), ..Stands::default() },
            });
        }
        for probe in model.facts.probes.of(&env.id) {
            let (state, why) = known.probe(probe);
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            all.push(Spoken {
                about: About::Probe(probe.id.clone()),
                says: format!("probe {} of {} is {state}{why}", probe.id.name, env.id),
                stands: Stands { state: Some(state), quiet: fine(state), ..Stands::default() },
            });
        }
        for need in needs::of(model, &env.id) {
            let Some(said) = needs::said(model, &env.id, &need, now, Hands::Shell) else { continue };
            // An operation that goes on is told step by step.
            if matches!(&need, Need::Operation(id) if model.facts.operations.get(id).is_some_and(goes_on)) {
                continue;
            }
            all.push(Spoken {
                says: format!("{}: {}", env.id, said.words),
                stands: Stands { state: said.state, ..Stands::default() },
                about: About::Need(env.id.clone(), need),
            });
        }
    }
    all.extend(model.facts.operations.values().map(operation));
    all
}

fn goes_on(operation: &Operation) -> bool {
    !operation.interrupted && !operation.state.ended()
}

fn fine(state: State) -> bool {
    matches!(state.tone(), Status::Ok | Status::Unknown)
}

fn operation(one: &Operation) -> Spoken {
    let done = one.steps.iter().filter(|step| step.state == StepState::Done).count();
    let step = one.steps.iter().find(|step| matches!(step.state, StepState::Running | StepState::Waiting(_)));
    let says = match step {
        _ if one.state.ended() && one.outcome.is_empty() => format!("{}: {}", one.title, one.state.word()),
        _ if one.state.ended() => format!("{}: {}: {}", one.title, one.state.word(), one.outcome),
        Some(step) => {
            format!("{}: {} of {} steps done, {} {}", one.title, done, one.steps.len(), step.title, step.state.word())
        }
        None => format!("{}: {} of {} steps done", one.title, done, one.steps.len()),
    };
    // What was over before anybody listened is told by the journal.
    let stands = Stands { operation: Some((one.state, done)), quiet: one.state.ended(), ..Stands::default() };
    Spoken { about: About::Operation(one.id), stands, says }
}
