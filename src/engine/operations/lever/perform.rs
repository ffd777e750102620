//! The switches of a Vercel project: one call each, and a look that it took (docs/platforms/vercel.md sections 4, 10 and 11).

use futures_util::future::BoxFuture;

use super::{revisions, stages};
use crate::domain::operation::{Operation, PlanPart, ProjectSwitch, StepKind};
use crate::engine::operations::operator::{LOOK, Operator, PATIENCE, Trouble};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::sought::Trace;
use crate::engine::operations::step_at::PartSteps;
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use crate::platform::vercel::{RollingRelease, Vercel, VercelProject};
use crate::sanitize::Text;

/// A switch that is thrown.
pub(in crate::engine) struct Work<'a> {
    pub(in crate::engine) lever: &'a ProjectSwitch,
}

impl Performs for Work<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.throw(on.operator.vercel()?, on.part, self.lever, on.op, on.steps).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(operator.lever_now(part, self.lever))
    }

    // What stays staged, or is a switch, brings no commit.
    fn shows(&self, part: &PlanPart) -> bool {
        part.to.1.is_some()
    }

    // The deployment that everybody gets by the end of a rolling release.
    fn follows(&self, part: &PlanPart) -> Option<Text> {
        Some(Text::from(part.to_id.as_str())).filter(|id| !id.is_empty())
    }
}

/// What is seen after a switch.
struct After {
    project: VercelProject,
    rolling: Option<RollingRelease>,
}

impl Operator {
    /// Throws a switch, and looks until it is seen to have taken.
    pub(in crate::engine) async fn throw(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        lever: &ProjectSwitch,
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let resource = part.resource.as_str();
        let work = async {
            let before = self.after(vercel, resource, lever).await?;
            // What is sent names what was read here: it must be what the plan saw.
            let now = revisions(&before.project, before.rolling.as_ref(), lever);
            let ended = matches!(lever, ProjectSwitch::Advance(_) | ProjectSwitch::Complete | ProjectSwitch::Abort)
                && before.rolling.is_none();
            if ended || !crate::engine::operations::revisions::same(&now, &part.revisions) {
                return Err(Trouble::Failed(Text::from("it has moved since the plan was made; nothing was sent")));
            }
            let call = format!("{} {resource}", lever.kind().name());
            let shown = || async {
                let project = vercel.project(resource).await?;
                let rolling = if stages(lever) { vercel.rolling_release(resource).await? } else { None };
                let shown = taken(lever, before.rolling.as_ref(), &Shown::of(&project, rolling));
                Ok(Trace::known(shown.map(drop), false))
            };
            self.turn_or_find(&call, || self.send(vercel, &before, lever), shown).await?;
            let end = self.clock.mono() + PATIENCE;
            loop {
                let after = self.after(vercel, resource, lever).await?;
                let shown = Shown::of(&after.project, after.rolling);
                if let Some(told) = taken(lever, before.rolling.as_ref(), &shown) {
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
        self.step(op, steps.at(StepKind::Throw), work).await
    }

    /// What a switch acts on, as it is now.
    async fn lever_now(&self, part: &PlanPart, lever: &ProjectSwitch) -> Result<Revisions, PlatformError> {
        let Some(vercel) = &self.clients.vercel else { return Ok(Vec::new()) };
        let resource = part.resource.as_str();
        let project = vercel.project(resource).await?;
        let rolling = if stages(lever) { vercel.rolling_release(resource).await? } else { None };
        Ok(revisions(&project, rolling.as_ref(), lever))
    }

    async fn after(&self, vercel: &Vercel, resource: &str, lever: &ProjectSwitch) -> Result<After, Trouble> {
        let project = self.look(|| vercel.project(resource)).await?;
        let rolling = if stages(lever) { self.look(|| vercel.rolling_release(resource)).await? } else { None };
        Ok(After { project, rolling })
    }

    async fn send(&self, vercel: &Vercel, before: &After, lever: &ProjectSwitch) -> Result<(), PlatformError> {
        let (id, reason) = (before.project.id.as_str(), self.reason.as_ref().map(Text::as_str));
        let (canary, current, stage) =
            before.rolling.as_ref().map_or(("", "", 0), |one| (one.canary.as_str(), one.current.as_str(), one.stage));
        match lever {
            ProjectSwitch::Unpin => vercel.assign_automatically(id, true).await,
            ProjectSwitch::Pause => vercel.pause(id, true).await,
            ProjectSwitch::Resume => vercel.pause(id, false).await,
            ProjectSwitch::Challenge => vercel.challenge(id, true, self.clock.now()).await,
            ProjectSwitch::Unchallenge => vercel.challenge(id, false, self.clock.now()).await,
            ProjectSwitch::RollOut(deployment) => vercel.start_rolling(id, deployment.as_str()).await,
            ProjectSwitch::Advance(_) => vercel.approve_stage(id, canary, stage).await,
            ProjectSwitch::Complete => vercel.complete_rolling(id, canary).await,
            // There is no other way to end one: the rollback to what most visitors get (docs/platforms/vercel.md section 10).
            ProjectSwitch::Abort => vercel.rollback(id, current, reason).await,
        }
    }
}

/// What the platform shows of a project and its rolling release.
#[derive(Debug, Clone, Default)]
struct Shown {
    /// The deployment that production points at.
    live: Option<String>,
    pinned: bool,
    paused: bool,
    challenged: bool,
    rolling: Option<RollingRelease>,
}

impl Shown {
    fn of(project: &VercelProject, rolling: Option<RollingRelease>) -> Self {
        Self {
            live: project.production.as_ref().map(|one| one.id.clone()),
            pinned: !project.auto_assign,
            paused: project.paused,
            challenged: project.challenged,
            rolling,
        }
    }

    fn serves(&self, id: &str) -> bool {
        self.live.as_deref() == Some(id)
    }

    /// The rolling release of this deployment.
    fn rolls(&self, canary: &str) -> Option<&RollingRelease> {
        self.rolling.as_ref().filter(|one| one.canary == canary)
    }
}

/// What is told once a switch is seen to have taken. That a rolling release is not shown any more does not tell how it ended: what
/// production points at does.
fn taken(lever: &ProjectSwitch, before: Option<&RollingRelease>, after: &Shown) -> Option<Text> {
    let everybody = |id: &str| format!("everybody gets {id}");
    let told = match lever {
        ProjectSwitch::Unpin => (!after.pinned).then(|| "new builds go live by themselves".to_owned()),
        ProjectSwitch::Pause => after.paused.then(|| "visitors get 503".to_owned()),
        ProjectSwitch::Resume => (!after.paused).then(|| "it answers again".to_owned()),
        ProjectSwitch::Challenge => after.challenged.then(|| "every visitor is challenged".to_owned()),
        ProjectSwitch::Unchallenge => (!after.challenged).then(|| "nobody is challenged".to_owned()),
        ProjectSwitch::RollOut(id) => match after.rolls(id.as_str()) {
            Some(one) => Some(one.words()),
            None => after.serves(id.as_str()).then(|| "everybody gets it".to_owned()),
        },
        ProjectSwitch::Advance(_) => before.and_then(|from| match after.rolls(&from.canary) {
            Some(one) => (one.stage > from.stage).then(|| one.words()),
            None => after.serves(&from.canary).then(|| format!("it was the last stage: {}", everybody(&from.canary))),
        }),
        ProjectSwitch::Complete => before.and_then(|from| {
            let done = after.rolls(&from.canary).is_none() && after.serves(&from.canary);
            done.then(|| everybody(&from.canary))
        }),
        ProjectSwitch::Abort => before.and_then(|from| {
            let done = after.rolls(&from.canary).is_none() && after.serves(&from.current) && after.pinned;
            done.then(|| format!("{}; production is PINNED", everybody(&from.current)))
        }),
    };
    told.map(Text::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rolling_release_that_is_not_shown_any_more_ended_as_production_tells() {
        let from = RollingRelease {
            current: "dpl_a".to_owned(),
            canary: "dpl_b".to_owned(),
            stage: 1,
            percent: 50,
            next: Some((2, 100)),
            waits: true,
        };
        let shown =
            |live: &str, pinned, rolling| Shown { live: Some(live.to_owned()), pinned, rolling, ..Shown::default() };
        let told = |lever: ProjectSwitch, after: Shown| taken(&lever, Some(&from), &after).map(|told| told.to_string());
        let (is, no) = (|text: &str| Some(text.to_owned()), None::<String>);
        assert_eq!(
            told(ProjectSwitch::Abort, shown("dpl_a", true, None)),
            is("everybody gets dpl_a; production is PINNED")
        );
        assert_eq!(told(ProjectSwitch::Abort, shown("dpl_a", false, None)), no, "nothing shows the pin");
        assert_eq!(told(ProjectSwitch::Abort, shown("dpl_b", true, None)), no, "it was completed");
        assert_eq!(told(ProjectSwitch::Abort, shown("dpl_a", true, Some(from.clone()))), no, "it goes on");
        let advance = || ProjectSwitch::Advance(Some(2));
        assert_eq!(told(advance(), shown("dpl_b", false, None)), is("it was the last stage: everybody gets dpl_b"));
        assert_eq!(told(advance(), shown("dpl_a", true, None)), no, "somebody aborted it");
        assert_eq!(told(advance(), shown("dpl_a", false, Some(from.clone()))), no, "it is where it was");
        let further = RollingRelease { stage: 2, percent: 75, waits: false, ..from.clone() };
        assert_eq!(told(advance(), shown("dpl_a", false, Some(further.clone()))), is("75% on the new one"));
        let other = RollingRelease { canary: "dpl_c".to_owned(), ..further };
        assert_eq!(told(advance(), shown("dpl_a", false, Some(other.clone()))), no, "it is another one");
        assert_eq!(told(ProjectSwitch::Complete, shown("dpl_b", false, Some(other))), is("everybody gets dpl_b"));
        assert_eq!(told(ProjectSwitch::Complete, shown("dpl_a", false, None)), no);
    }
}
