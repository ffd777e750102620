//! Vercel: the instant rollback of production, or the domains of an environment that has none, one by one (vercel.md
//! section 6).

use super::{LOOK, Operator, PATIENCE, Trouble};
use crate::domain::operation::{Operation, PlanPart};
use crate::platform::vercel::Vercel;
use crate::sanitize::Text;

impl Operator {
    pub(super) async fn vercel(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        asked: bool,
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let (project, target) = (part.resource.as_str(), part.to_id.as_str());
        let reason = self.reason.as_ref().map(Text::as_str);
        let ask = async {
            self.turn(&format!("roll {project} back to {target}"), || vercel.rollback(project, target, reason)).await?;
            Ok(((), Text::from("accepted")))
        };
        if !asked {
            self.step(op, first, ask).await?;
        }
        let follow = async {
            let end = self.clock.mono() + PATIENCE;
            loop {
                let state = self.look(|| vercel.project(project)).await?;
                let job = state.last_alias_request.filter(|job| job.to == target && job.kind.as_str() == "rollback");
                match job.as_ref().map(|job| job.job_status.as_str()) {
                    Some("succeeded") => return Ok(((), Text::from("every domain has moved; production is PINNED"))),
                    Some("failed" | "skipped") => {
                        let failed = vercel.rollback_aliases(project, true).await.unwrap_or_default();
                        let names: Vec<String> = failed.iter().map(|one| one.alias.to_string()).collect();
                        return Err(Trouble::Failed(Text::from(format!(
                            "domains that did not move: {}",
                            names.join(", ")
                        ))));
                    }
                    _ if self.clock.mono() > end => {
                        return Err(Trouble::Unknown(Text::from("the job did not end in 2 minutes")));
                    }
                    _ => tokio::time::sleep(LOOK).await,
                }
            }
        };
        self.step(op, first + usize::from(!asked), follow).await
    }

    /// Switches automatic domains on again and sees that they are: no domain moves by it.
    pub(super) async fn unpin(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let project = part.resource.as_str();
        let switch = async {
            let call = format!("PATCH project {project}: automatic domains on");
            self.turn(&call, || vercel.assign_automatically(project, true)).await?;
            if self.look(|| vercel.project(project)).await?.auto_assign {
                return Ok(((), Text::from("new builds go live by themselves")));
            }
            Err(Trouble::Failed(Text::from("it was accepted, and automatic domains are still off")))
        };
        self.step(op, first, switch).await
    }

    /// Points every domain at the deployment and asks each who answers.
    pub(super) async fn aliases(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        domains: &[Text],
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let target = part.to_id.as_str();
        for (index, domain) in domains.iter().enumerate() {
            let point = async {
                let call = format!("point {domain} at {target}");
                self.turn(&call, || vercel.assign_alias(target, domain.as_str())).await?;
                let answers = self.look(|| vercel.alias(domain.as_str())).await?;
                if answers != target {
                    return Err(Trouble::Failed(Text::from(format!("{domain} still answers with {answers}"))));
                }
                Ok(((), Text::from("moved")))
            };
            self.step(op, first + index, point).await?;
        }
        Ok(())
    }
}
