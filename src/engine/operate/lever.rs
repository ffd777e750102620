//! The switches of a Vercel project: one call each, and a look that it took (docs/platforms/vercel.md sections 4, 10 and 11).

use super::{LOOK, Operator, PATIENCE, Trouble};
use crate::domain::operation::{Lever, Operation, PlanPart};
use crate::engine::preflight::lever::{revisions, stages};
use crate::platform::PlatformError;
use crate::platform::vercel::{RollingRelease, Vercel, VercelProject};
use crate::sanitize::Text;

/// What is seen after a switch.
struct After {
    project: VercelProject,
    rolling: Option<RollingRelease>,
}

impl Operator {
    /// Throws a switch, and looks until it is seen to have taken.
    pub(super) async fn throw(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        lever: &Lever,
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let resource = part.resource.as_str();
        let work = async {
            let before = self.after(vercel, resource, lever).await?;
            // What is sent names what was read here: it must be what the plan saw.
            let now = revisions(&before.project, before.rolling.as_ref(), lever);
            let ended = matches!(lever, Lever::Advance(_) | Lever::Complete | Lever::Abort) && before.rolling.is_none();
            if ended || !super::revisions::same(&now, &part.revisions) {
                return Err(Trouble::Failed(Text::from("it has moved since the plan was made; nothing was sent")));
            }
            let call = format!("{} {resource}", lever.kind().name());
            let shown = || async {
                let project = vercel.project(resource).await?;
                let rolling = if stages(lever) { vercel.rolling_release(resource).await? } else { None };
                Ok(taken(lever, &before, &After { project, rolling }).map(|_| ()))
            };
            self.turn_or_find(&call, || self.send(vercel, &before, lever), shown).await?;
            let end = self.clock.mono() + PATIENCE;
            loop {
                let after = self.after(vercel, resource, lever).await?;
                if let Some(told) = taken(lever, &before, &after) {
                    return Ok(((), told));
                }
                if self.clock.mono() > end {
                    return Err(Trouble::Unknown(Text::from(
                        "it was accepted, and nothing shows of it after 2 minutes",
                    )));
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        self.step(op, first, work).await
    }

    async fn after(&self, vercel: &Vercel, resource: &str, lever: &Lever) -> Result<After, Trouble> {
        let project = self.look(|| vercel.project(resource)).await?;
        let rolling = if stages(lever) { self.look(|| vercel.rolling_release(resource)).await? } else { None };
        Ok(After { project, rolling })
    }

    async fn send(&self, vercel: &Vercel, before: &After, lever: &Lever) -> Result<(), PlatformError> {
        let (id, reason) = (before.project.id.as_str(), self.reason.as_ref().map(Text::as_str));
        let (canary, current, stage) =
            before.rolling.as_ref().map_or(("", "", 0), |one| (one.canary.as_str(), one.current.as_str(), one.stage));
        match lever {
            Lever::Unpin => vercel.assign_automatically(id, true).await,
            Lever::Pause => vercel.pause(id, true).await,
            Lever::Resume => vercel.pause(id, false).await,
            Lever::Challenge => vercel.challenge(id, true, self.clock.now()).await,
            Lever::Unchallenge => vercel.challenge(id, false, self.clock.now()).await,
            Lever::RollOut(deployment) => vercel.start_rolling(id, deployment.as_str()).await,
            Lever::Advance(_) => vercel.approve_stage(id, canary, stage).await,
            Lever::Complete => vercel.complete_rolling(id, canary).await,
            // There is no other way to end one: the rollback to what most visitors get (docs/platforms/vercel.md section 10).
            Lever::Abort => vercel.rollback(id, current, reason).await,
        }
    }
}

/// What is told once a switch is seen to have taken.
fn taken(lever: &Lever, before: &After, after: &After) -> Option<Text> {
    let (project, rolling) = (&after.project, after.rolling.as_ref());
    let live = |id: &str| project.production.as_ref().is_some_and(|one| one.id == id);
    let (done, told) = match lever {
        Lever::Unpin => (project.auto_assign, "new builds go live by themselves".to_owned()),
        Lever::Pause => (project.paused, "visitors get 503".to_owned()),
        Lever::Resume => (!project.paused, "it answers again".to_owned()),
        Lever::Challenge => (project.challenged, "every visitor is challenged".to_owned()),
        Lever::Unchallenge => (!project.challenged, "nobody is challenged".to_owned()),
        Lever::RollOut(id) => (
            rolling.is_some_and(|one| one.canary == id.as_str()) || live(id.as_str()),
            rolling.map_or_else(|| "everybody gets it".to_owned(), RollingRelease::words),
        ),
        Lever::Advance(_) => {
            let from = before.rolling.as_ref().map_or(0, |one| one.stage);
            let on = rolling.is_none_or(|one| one.stage > from);
            (on, rolling.map_or_else(|| "it was the last stage".to_owned(), RollingRelease::words))
        }
        Lever::Complete => {
            let canary = before.rolling.as_ref().map_or("", |one| one.canary.as_str());
            (rolling.is_none() && live(canary), format!("everybody gets {canary}"))
        }
        Lever::Abort => (rolling.is_none(), "nobody gets the new one; production is PINNED".to_owned()),
    };
    done.then(|| Text::from(told))
}
