//! A promotion through the workflow that deploys the environment: it is dispatched with the commit of staging, and its run followed.

use futures_util::future::BoxFuture;

use super::candidate;
use crate::config::WorkflowSettings;
use crate::domain::confirmation::Level;
use crate::domain::environment::{EnvInfo, Tier};
use crate::domain::ids::Sha;
use crate::domain::names;
use crate::domain::operation::{Act, StepKind};
use crate::domain::operation::{Plan, PlanPart, Request};
use crate::engine::feeds::Clients;
use crate::engine::operations::Ask;
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::past::told;
use crate::engine::operations::pipeline::{self, attempt};
use crate::engine::operations::pipeline::{Draft, lane, part, rerun};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// Computes the plan, or says why there can be none.
pub(in crate::engine) async fn plan(ask: Ask<'_>, workflow: &WorkflowSettings) -> Result<Plan, Text> {
    pipeline::github(ask)?;
    let draft = draft(ask, workflow).await?;
    pipeline::plan(ask, Request::Promote, draft, Vec::new()).await
}

async fn draft(ask: Ask<'_>, workflow: &WorkflowSettings) -> Result<Draft, Text> {
    let Ask { clients, settings, env, past, .. } = ask;
    if let (Some(earlier), Some(github)) = (&past.earlier, &clients.github)
        && let Some(draft) = rerun::taken_up(github, env, earlier, workflow).await?
    {
        return Ok(draft);
    }
    let (staging, candidate) = candidate(clients, settings, env, past).await?;
    let commit = candidate.clone();
    let act = Act::Dispatch {
        workflow: Text::from(workflow.file.as_str()),
        reference: Text::from(workflow.reference.as_str()),
        input: Text::from(workflow.input.as_str()),
    };
    let steps = vec![
        StepKind::Dispatch.step(format!(
            "dispatch {} on {} with {}",
            workflow.file,
            workflow.reference,
            candidate.short()
        )),
        StepKind::FollowRun.step("follow its run, its jobs and its gates to the end"),
    ];
    let mut part = part(env, None, (Text::from("promoted"), Some(candidate)), act, steps);
    part.resource = Text::from(workflow.file.as_str());
    let begun = past.earlier.as_ref().is_some_and(|earlier| earlier.commit.is_some());
    let from = if begun { "what the operation began with" } else { "observed" };
    part.from = (Text::from(format!("{from} in {}", staging.id)), None);
    let stays = vec![Text::from("secrets and variables: each environment keeps its own")];
    let mut warnings = pins(clients, env).await;
    // Promoting over a pin is asked as the rollback was that made it.
    let level = if warnings.is_empty() { Level::Moderate } else { Level::Critical };
    if let Some(github) = &clients.github {
        warnings.extend(lane::met_by_a_new_run(github, &workflow.file, &commit).await.map_err(told)?);
    }
    Ok(Draft { level, ..Draft::of(part, warnings, stays) })
}

/// A pinned frontend is built by the pipeline and does not go live: the promotion would never be seen at the edge.
async fn pins(clients: &Clients, env: &EnvInfo) -> Vec<Text> {
    let Some(vercel) = clients.vercel.as_ref().filter(|_| env.tier == Tier::Production) else { return Vec::new() };
    let mut found = Vec::new();
    for service in env.services.iter().filter(|one| one.platform.has_frontends()) {
        let name = &service.id.name;
        let text = match vercel.project(&service.resource).await {
            Ok(project) if project.auto_assign => continue,
            Ok(_) => {
                let unpins = names::command("unpin", &service.id);
                format!(
                    "{name} is PINNED: its new build stays staged and the edge will not show it; {unpins} unpins first"
                )
            }
            // Not known is asked as if it were pinned.
            Err(error) => format!("whether {name} is pinned could not be read: {error}"),
        };
        found.push(Text::from(text));
    }
    found
}

/// A run that is dispatched, and followed to its end.
pub(in crate::engine) struct Work<'a> {
    pub(in crate::engine) workflow: &'a Text,
    pub(in crate::engine) reference: &'a Text,
    pub(in crate::engine) input: &'a Text,
}

impl Performs for Work<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            let wanted = on.part.to.1.clone().unwrap_or_else(|| Sha::from(""));
            let names = (self.workflow.as_str(), self.reference.as_str(), self.input.as_str());
            on.operator.dispatch(on.operator.github()?, names, &wanted, on.op, on.steps).await
        })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(attempt(operator, part))
    }

    fn done(&self, part: &PlanPart) -> String {
        format!("{} {}", part.resource, part.to.0)
    }
}
