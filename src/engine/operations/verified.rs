//! What an operation has proven is remembered as verified healthy, in the same place as what an open console sees: the way back
//! that is proposed, with or without a screen.

use super::operator::Operator;
use crate::domain::ids::DeploymentId;
use crate::domain::operation::{OpState, Operation};
use crate::domain::proof::{self, Claim};

impl Operator {
    /// Remembers what the proof has verified healthy; what could not be remembered, in words.
    pub(in crate::engine) async fn remember(&self, operation: &Operation) -> Option<String> {
        if operation.state != OpState::Done || self.running.stopped().is_some() {
            return None;
        }
        for claim in proof::healthy(&self.plan.claims, &self.plan.rest, &operation.proof) {
            let (Some(sha), Some(id)) = (&claim.sha, self.unless_stopped(self.serving(claim)).await.ok().flatten())
            else {
                continue;
            };
            let kept = self.store.mark_verified(&claim.service, &id, sha, self.clock.now()).await;
            if let Err(error) = kept {
                return Some(format!("it is not remembered as verified healthy: {error}"));
            }
        }
        None
    }

    /// The deployment that serves a claim: the one of the plan, or the one that its platform declares now, while that is the
    /// commit still.
    async fn serving(&self, claim: &Claim) -> Option<DeploymentId> {
        if let Some(id) = &claim.deployment {
            return Some(id.clone());
        }
        let env = self.settings.environment(&claim.service.env)?;
        let info = env.services.iter().find(|one| one.id == claim.service)?;
        let declared = self.clients.of(info, env.tier)?.declared()?.await;
        let same = |of: &crate::domain::ids::Sha| claim.sha.as_ref().is_some_and(|sha| sha.same(of));
        declared.ok().filter(|one| one.sha.as_ref().is_some_and(same)).map(|one| one.deployment)
    }
}
