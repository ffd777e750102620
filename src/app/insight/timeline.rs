//! What happened, newest first: deployments, runs, probes that changed, operations.

use jiff::Timestamp;

use super::{actor, brought};
use crate::app::model::Model;
use crate::app::navigate::Jump;
use crate::domain::environment::Status;
use crate::domain::span::since;
use crate::sanitize::Text;

/// The identity of an event: when, and what it says.
pub type EventId = (Timestamp, Text);

/// Events kept.
const KEPT: usize = 300;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Where: an environment, a service, the pipeline.
    pub place: Text,
    /// How it is drawn.
    pub status: Status,
    /// What happened.
    pub says: Text,
    /// Where it leads.
    pub jump: Jump,
}

impl Event {
    /// Its identity.
    #[must_use]
    pub fn id(&self) -> EventId {
        (self.at, self.says.clone())
    }
}

/// Makes the timeline anew.
pub(in crate::app) fn rebuild(model: &mut Model) {
    let mut events = Vec::new();
    deployments(model, &mut events);
    runs(model, &mut events);
    probes(model, &mut events);
    operations(model, &mut events);
    events.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.says.cmp(&other.says)));
    events.truncate(KEPT);
    model.facts.timeline = events;
}

fn deployments(model: &Model, events: &mut Vec<Event>) {
    for one in model.facts.releases.values().flatten() {
        let sha = one.sha.as_ref().map_or("?", |sha| sha.short());
        let live = if brought::runs(model, one) { ", live" } else { "" };
        events.push(Event {
            at: one.created_at,
            place: Text::from(one.service.to_string()),
            status: one.status,
            says: Text::from(format!(
                "{sha} {}: {} {}{live}, {}",
                model.facts.subject(one),
                short(&one.label),
                one.words,
                actor::of(model, one)
            )),
            jump: Jump::Deployment(one.service.clone(), one.id.clone()),
        });
    }
}

/// Letters of a name that a platform made, of which a person needs eight to tell it from another one.
const NAMED: usize = 12;

/// What a deployment is called, as far as anybody reads it; all of it stands in its details.
pub(super) fn short(label: &Text) -> &str {
    let all = label.as_str();
    if all.len() > NAMED { all.get(..8).unwrap_or(all) } else { all }
}

fn runs(model: &Model, events: &mut Vec<Event>) {
    for run in &model.facts.runs {
        let Some(at) = run.started_at else { continue };
        let (number, attempt) = run.number;
        let again = if attempt > 1 { format!(" attempt {attempt}") } else { String::new() };
        let says = format!(
            "{} {}: {} #{number}{again} {}, {}",
            run.sha.short(),
            run.title,
            run.workflow,
            run.words,
            run.actor
        );
        let place = Text::from("pipeline");
        events.push(Event { at, place, status: run.status, says: Text::from(says), jump: Jump::Run(run.id) });
    }
}

/// What each probe came to: every failure with its end, and how it stands now. A single failure that was none is told while it lasts.
fn probes(model: &Model, events: &mut Vec<Event>) {
    for probe in model.facts.probes.iter() {
        let turns: Vec<(Timestamp, Status)> = probe.turns.iter().copied().collect();
        // The first change is from unknown: no event to a person.
        for (at, pair) in turns.windows(2).enumerate() {
            let [(before, was), (when, is)] = pair else { continue };
            let last = at + 2 == turns.len();
            let word = match (was, is) {
                (Status::Fail, Status::Ok) => format!("passes again, failed for {}", since(*before, *when)),
                (_, Status::Fail) => "fails".to_owned(),
                (_, Status::Ok) if last => "passes again".to_owned(),
                _ if last => "is degraded".to_owned(),
                _ => continue,
            };
            events.push(Event {
                at: *when,
                place: Text::from(probe.id.env.as_str()),
                status: *is,
                says: Text::from(format!("probe {} {word}", probe.id.name)),
                jump: Jump::Probe(probe.id.clone()),
            });
        }
    }
}

fn operations(model: &Model, events: &mut Vec<Event>) {
    for operation in model.facts.operations.values() {
        let end = if operation.interrupted { "cut short" } else { operation.state.word() };
        events.push(Event {
            at: operation.started_at,
            place: Text::from(operation.env.as_str()),
            status: operation.state.status(),
            says: Text::from(format!("{}: {end} {}", operation.title, operation.outcome)),
            jump: Jump::Operation(operation.id),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Now;
    use crate::domain::health::{Anatomy, ProbeId, ProbeState, Sample};

    #[test]
    fn a_failure_stays_in_the_timeline_once_it_has_ended() {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let mut model = Model::new(&settings, Now { wall: at(0), mono: std::time::Duration::ZERO });
        let id = ProbeId { env: "production".into(), name: "/health".into() };
        let mut probe = ProbeState::new(id, Text::default(), at(0));
        for (second, pass) in [true, false, true, false, false, false, true, true].into_iter().enumerate() {
            let failure = (!pass).then(|| Text::from("503"));
            let second = i64::try_from(second).unwrap();
            probe.push(Sample { at: at(second), anatomy: Anatomy::default(), failure });
        }
        model.facts.probes.add(probe);
        rebuild(&mut model);
        let says: Vec<&str> = model.facts.timeline.iter().map(|event| event.says.as_str()).collect();
        assert_eq!(says, ["probe /health passes again, failed for 3s", "probe /health fails"]);
    }
}
