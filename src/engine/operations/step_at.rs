//! Where a step of an operation stands: it is found by its key and never counted, so that a plan may have more steps or fewer without anybody
//! else knowing.

use crate::domain::ids::ServiceId;
use crate::domain::operation::{Operation, Plan, PlanStep, StepKind, StepReport};

/// A step among those of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct StepAt(usize);

impl StepAt {
    /// The step of the proof that is about a service, or about the probes; `None` = the plan has none.
    pub(in crate::engine) fn proof(plan: &Plan, of: &ServiceId) -> Option<Self> {
        let before = plan.parts.iter().map(|part| part.steps.len()).sum::<usize>();
        plan.proof.iter().position(|one| one.service == *of).map(|at| Self(before + at))
    }

    pub(in crate::engine) fn of(self, operation: &Operation) -> Option<&StepReport> {
        operation.steps.get(self.0)
    }

    pub(in crate::engine) fn of_mut(self, operation: &mut Operation) -> Option<&mut StepReport> {
        operation.steps.get_mut(self.0)
    }
}

/// The steps of one part of a plan, among those of its operation.
#[derive(Clone, Copy)]
pub(in crate::engine) struct PartSteps<'a> {
    first: usize,
    steps: &'a [PlanStep],
}

impl<'a> PartSteps<'a> {
    /// Those of every part, in the order of the plan, which is that of the operation.
    pub(in crate::engine) fn each(plan: &'a Plan) -> impl Iterator<Item = Self> {
        plan.parts.iter().scan(0, |at, part| {
            let first = *at;
            *at += part.steps.len();
            Some(Self { first, steps: &part.steps })
        })
    }

    /// The step of this kind.
    pub(in crate::engine) fn at(self, kind: StepKind) -> StepAt {
        self.of(kind, "")
    }

    /// The step of this kind for a machine or a domain.
    pub(in crate::engine) fn of(self, kind: StepKind, of: &str) -> StepAt {
        let at = self.steps.iter().position(|one| one.key.kind == kind && one.key.of.as_str() == of);
        debug_assert!(at.is_some(), "the plan has no step {kind:?} {of}");
        // What is not planned is not shown: it is done all the same.
        StepAt(at.map_or(usize::MAX, |at| self.first + at))
    }

    /// Whether there is a step of this kind.
    pub(in crate::engine) fn has(self, kind: StepKind) -> bool {
        self.steps.iter().any(|one| one.key.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::environment::Platform;
    use crate::domain::operation::{Act, PlanPart, ProofStep, Request};
    use crate::domain::release::Presence;
    use crate::sanitize::Text;

    fn part(name: &str, steps: Vec<PlanStep>) -> PlanPart {
        PlanPart {
            service: ServiceId::new("production", name),
            platform: Platform::Fly,
            resource: Text::from(name),
            from: (Text::default(), None),
            from_id: None,
            to: (Text::default(), None),
            to_id: String::new().into(),
            act: Act::FlyRestart { machines: Vec::new() },
            revisions: Vec::new(),
            presence: Presence::Unknown,
            steps,
        }
    }

    #[test]
    fn a_step_is_found_by_what_it_does_and_to_which_machine() {
        let update = |id: &str| StepKind::UpdateMachine.step_of(id, format!("machine {id}"));
        let one = vec![StepKind::OpenRelease.step("open"), update("m1"), update("m2")];
        let parts =
            vec![part("backend", one), part("worker", vec![update("m1"), StepKind::CloseRelease.step("close")])];
        let proof = |name: &str| ProofStep {
            service: ServiceId::new("production", name),
            step: StepKind::Prove.step("see it"),
        };
        let plan = Plan::of(Request::Promote, "production".into(), parts, Timestamp::UNIX_EPOCH);
        let plan = Plan { proof: vec![proof("backend"), proof("worker")], ..plan };
        let found: Vec<PartSteps<'_>> = PartSteps::each(&plan).collect();
        assert_eq!(found[0].of(StepKind::UpdateMachine, "m2"), StepAt(2));
        assert_eq!(found[1].of(StepKind::UpdateMachine, "m1"), StepAt(3), "that of its own part");
        assert_eq!(found[1].at(StepKind::CloseRelease), StepAt(4));
        assert!(found[0].has(StepKind::OpenRelease) && !found[1].has(StepKind::OpenRelease));
        assert_eq!(StepAt::proof(&plan, &ServiceId::new("production", "worker")), Some(StepAt(6)));
        assert_eq!(StepAt::proof(&plan, &ServiceId::new("production", "frontend")), None);
    }
}
