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
use crate::domain::status::Judgement;

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
    /// The project file, which has changed since the console began.
    ProjectFile,
    /// One's own configuration, which has.
    Configuration,
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
    /// Of a part: what is said of its environment says it already.
    pub implied: bool,
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
            stands: Stands { state: Some(judged.state), commits: judged.commits.clone(), ..Stands::default() },
            implied: false,
        });
        let whole = judged;
        for info in &env.services {
            let judged = known.service(&info.id);
            // That it goes to another commit is told of the environment.
            all.push(Spoken {
                about: About::Service(info.id.clone()),
                says: format!("{} is {}", info.id, judged.words()),
                stands: Stands { state: Some(judged.state), quiet: fine(judged.state), ..Stands::default() },
                implied: implied(&whole, &info.id.name, judged.state, &judged.why),
            });
        }
        for probe in model.facts.probes.of(&env.id) {
            let (state, why) = known.probe(probe);
            let implied = implied(&whole, &probe.id.name, state, &why);
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            all.push(Spoken {
                about: About::Probe(probe.id.clone()),
                says: format!("probe {} of {} is {state}{why}", probe.id.name, env.id),
                stands: Stands { state: Some(state), quiet: fine(state), ..Stands::default() },
                implied,
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
                implied: false,
            });
        }
    }
    all.extend(model.facts.operations.values().map(operation));
    all.extend(project_file(model));
    all.extend(configuration(model));
    all
}

/// Whether what is said of an environment says this of its part, too: it names the part and why it stands as it does, or all of it is well.
fn implied(whole: &Judgement, name: &str, state: State, why: &str) -> bool {
    let same = || whole.why == why || whole.why == format!("{name} {why}").trim_end();
    whole.state == state && (state.tone() == Status::Ok || same())
}

/// Who reads sentences has no key to answer with.
fn project_file(model: &Model) -> Option<Spoken> {
    let file = model.facts.project_file.as_ref().filter(|_| model.facts.project_changed)?;
    let asks = if file.withheld() { "; flightdeck config trust shows what it asks for" } else { "" };
    let says = format!("flightdeck.toml has changed: restart to use it{asks}");
    Some(Spoken { about: About::ProjectFile, stands: Stands::default(), says, implied: false })
}

/// Where sentences are told nothing is read anew.
fn configuration(model: &Model) -> Option<Spoken> {
    let says = format!("{} has changed: restart to use it", model.facts.in_force.unread()?.display());
    Some(Spoken { about: About::Configuration, stands: Stands::default(), says, implied: false })
}

/// The last words on what is not there any more; `None` where nothing is to be said. A run says how it ended or goes on: what was told of
/// it on its way is old.
#[must_use]
pub fn over(model: &Model, about: &About, told: &str) -> Option<String> {
    let About::Need(env, need) = about else { return None };
    let (Need::Run(id) | Need::Gate(id)) = need else { return Some(format!("over: {told}")) };
    let Some(run) = model.facts.runs.iter().find(|run| run.id == *id) else {
        return Some(format!("over, and how it ended was not read: {told}"));
    };
    let goes_on = |need: &Need| matches!(need, Need::Run(other) | Need::Gate(other) if other == id);
    if needs::of(model, env).iter().any(goes_on) {
        return None;
    }
    let over = if run.over() { "over: " } else { "" };
    Some(format!("{over}{env}: {} {}: {}", run.name(), run.sha.short(), run.words))
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
    Spoken { about: About::Operation(one.id), stands, says, implied: false }
}
