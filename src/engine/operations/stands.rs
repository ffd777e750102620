//! What a part of a plan is at when it was given up: machine by machine, domain by domain, so that an end half-way says how it stands.

use std::sync::atomic::Ordering;

use super::operator::{Operator, Trouble};
use super::planner;
use super::steps::{self, Stands};
use crate::domain::operation::{OpState, Operation, PlanPart, StepState};
use crate::domain::spread::Spread;
use crate::sanitize::Text;

impl Operator {
    /// The end of an operation a part of which did not go through: how that part stands now, and why it does.
    pub(in crate::engine) async fn give_up(
        &self,
        operation: &mut Operation,
        moved: &[String],
        part: &PlanPart,
        trouble: Trouble,
    ) {
        let touched = self.moved.load(Ordering::Relaxed);
        let name = &part.service.name;
        let (state, why) = match trouble {
            Trouble::Unknown(why) => {
                let now =
                    if touched { format!("; {}", Box::pin(self.stands_now(part)).await.words) } else { String::new() };
                (OpState::Unknown, format!("{name}: it is not known whether it was taken: {why}{now}"))
            }
            Trouble::Failed(why) if touched => {
                let Stands { spread, words } = Box::pin(self.stands_now(part)).await;
                let told = match spread {
                    Spread::Some => format!("{name} is half-done: {words}: {why}"),
                    spread => {
                        let short = planner(&self.plan.request).fell_short(spread);
                        format!("{name} {short}: {why}; {words}")
                    }
                };
                (OpState::HalfDone, told)
            }
            Trouble::Failed(why) => (OpState::Failed, format!("{name}: {why}; what serves was not changed")),
            // It goes on from here another time: its steps stay as they are.
            Trouble::Stopped => return,
        };
        for step in operation.steps.iter_mut().filter(|step| step.state == StepState::Todo) {
            step.state = StepState::Skipped;
        }
        let done = if moved.is_empty() { String::new() } else { format!("{}; ", moved.join(", ")) };
        operation.state = state;
        operation.outcome = Text::from(format!("{done}{why}"));
    }

    /// What a part is at now; who is told to stop does not wait for it.
    pub(in crate::engine) async fn stands_now(&self, part: &PlanPart) -> Stands {
        let unread =
            |_| Stands { spread: Spread::Unknown, words: "stopped before it was read how it stands".to_owned() };
        self.unless_stopped(Box::pin(self.standing(part))).await.unwrap_or_else(unread)
    }

    /// What a part is at now. What goes through the pipeline stands by the services that were to get its commit.
    async fn standing(&self, part: &PlanPart) -> Stands {
        if !part.of_pipeline() {
            let host = steps::host(&self.clients, part.platform);
            return host.stands(self, &part.service, part.resource.as_str(), part.to.1.as_ref()).await;
        }
        let mut all = Vec::new();
        for claim in &self.plan.claims {
            let host = steps::host(&self.clients, claim.platform);
            let one = host.stands(self, &claim.service, claim.resource.as_str(), claim.sha.as_ref()).await;
            all.push((&claim.service.name, one));
        }
        let words: Vec<String> = all.iter().map(|(name, one)| format!("{name}: {}", one.words)).collect();
        let count = |spread: Spread| all.iter().filter(|(_, one)| one.spread == spread).count();
        let spread = match (count(Spread::All), count(Spread::Some), count(Spread::None)) {
            (there, ..) if there == all.len() && there > 0 => Spread::All,
            (0, 0, not) if not == all.len() && not > 0 => Spread::None,
            (0, 0, _) => Spread::Unknown,
            _ => Spread::Some,
        };
        Stands { spread, words: words.join("; ") }
    }
}
