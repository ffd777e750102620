//! Where an operation and its steps stand: told as facts, and written down so that the next start knows as much.

use std::sync::atomic::Ordering;

use super::operator::{Operator, Trouble};
use super::step_at::StepAt;
use crate::domain::fact::Fact;
use crate::domain::operation::{Operation, StepState, Wait};
use crate::sanitize::Text;

impl Operator {
    pub(in crate::engine) async fn step<T>(
        &self,
        operation: &mut Operation,
        at: StepAt,
        work: impl Future<Output = Result<(T, Text), Trouble>>,
    ) -> Result<T, Trouble> {
        self.begin_step(operation, at).await;
        match work.await {
            Ok((value, detail)) => {
                self.end_step(operation, at, StepState::Done, detail).await;
                Ok(value)
            }
            Err(trouble) => {
                self.fail_step(operation, at, &trouble).await;
                Err(trouble)
            }
        }
    }

    /// A step that has to lease these machines.
    pub(in crate::engine) async fn leased_step<T>(
        &self,
        operation: &mut Operation,
        at: StepAt,
        machines: &[&str],
        work: impl Future<Output = Result<(T, Text), Trouble>>,
    ) -> Result<T, Trouble> {
        self.begin_step(operation, at).await;
        let ended = self.telling(operation, &machines.iter().map(|id| (at, *id)).collect::<Vec<_>>(), work).await;
        self.step(operation, at, std::future::ready(ended)).await
    }

    pub(in crate::engine) async fn fail_step(&self, operation: &mut Operation, at: StepAt, trouble: &Trouble) {
        let (state, why) = match trouble {
            Trouble::Failed(why) => (StepState::Failed, why.clone()),
            Trouble::Unknown(why) => (StepState::Unknown, why.clone()),
            Trouble::Stopped => return,
        };
        self.end_step(operation, at, state, why).await;
    }

    pub(in crate::engine) async fn begin_step(&self, operation: &mut Operation, at: StepAt) {
        if let Some(step) = at.of_mut(operation) {
            step.state = StepState::Running;
            step.started_at = step.started_at.or_else(|| Some(self.clock.now()));
            step.spoke_at = Some(self.clock.now());
        }
        self.tell(operation).await;
    }

    /// Tells where a step stands.
    pub(in crate::engine) async fn note(&self, operation: &mut Operation, at: StepAt, detail: Text) {
        self.stands(operation, at, StepState::Running, detail).await;
    }

    /// Tells what a step waits for.
    pub(in crate::engine) async fn waits(&self, operation: &mut Operation, at: StepAt, wait: Wait, detail: Text) {
        self.stands(operation, at, StepState::Waiting(wait), detail).await;
    }

    pub(in crate::engine) async fn stands(
        &self,
        operation: &mut Operation,
        at: StepAt,
        state: StepState,
        detail: Text,
    ) {
        match at.of_mut(operation) {
            Some(step) if step.detail != detail || step.state != state => {
                step.detail = detail;
                step.state = state;
                step.spoke_at = Some(self.clock.now());
            }
            _ => return,
        }
        self.tell(operation).await;
    }

    pub(in crate::engine) async fn end_step(
        &self,
        operation: &mut Operation,
        at: StepAt,
        state: StepState,
        detail: Text,
    ) {
        let detail = match self.alike.swap(false, Ordering::Relaxed) {
            true => Text::from(format!("{detail}; the answer was lost: perhaps another hand did the same")),
            false => detail,
        };
        if let Some(step) = at.of_mut(operation) {
            step.state = state;
            step.detail = detail;
            step.ended_at = Some(self.clock.now());
        }
        self.tell(operation).await;
    }

    /// Tells how it stands, and writes it down so that the next start knows as much.
    pub(in crate::engine) async fn tell(&self, operation: &Operation) {
        if !operation.state.ended() {
            // A disk that is full stops the next change by its intent; telling goes on.
            let _ = self.store.progress(operation).await;
        }
        self.running.stands(operation);
        self.outbox.tell(Fact::Operation(Box::new(operation.clone()))).await;
    }
}
