//! Vercel: the instant rollback of production and its promotion, a build of a commit anew, or the domains of an environment that
//! has none, one by one (docs/platforms/vercel.md section 6).

use futures_util::future::BoxFuture;

use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::step_at::PartSteps;
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::domain::environment::Status;
use crate::domain::operation::{Act, Operation, PlanPart, StepKind};
use crate::engine::operations::operator::{LOOK, PATIENCE};
use crate::engine::operations::sought::Trace;
use crate::platform::vercel::{BuildFor, Vercel};
use crate::sanitize::Text;

/// Longest wait for a build: the platform ends one after 45 minutes itself.
const BUILD_PATIENCE: Duration = Duration::from_secs(46 * 60);

/// A job of the project that moves every domain: the instant rollback, or a promotion.
pub(in crate::engine) struct Point {
    /// What Vercel calls the job.
    pub(in crate::engine) job: &'static str,
    /// It is under way, and only followed.
    pub(in crate::engine) asked: bool,
}

impl Performs for Point {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            on.operator.point(on.operator.vercel()?, on.part, (self.job, self.asked), on.op, on.steps).await
        })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        // A job under way moves what is live by itself: there is nothing that must hold.
        match self.asked {
            true => Box::pin(std::future::ready(Ok(part.revisions.clone()))),
            false => Box::pin(production(operator, part)),
        }
    }
}

/// A build of a commit anew.
pub(in crate::engine) struct Build;

impl Performs for Build {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.build(on.operator.vercel()?, on.part, on.op, on.steps).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(production(operator, part))
    }

    // What stays staged, or is a switch, brings no commit.
    fn shows(&self, part: &PlanPart) -> bool {
        part.to.1.is_some()
    }
}

/// Domains that are pointed at the deployment one by one.
pub(in crate::engine) struct Aliases<'a> {
    pub(in crate::engine) domains: &'a [Text],
}

impl Performs for Aliases<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(
            async move { on.operator.aliases(on.operator.vercel()?, on.part, self.domains, on.op, on.steps).await },
        )
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(async move {
            let Some(vercel) = &operator.clients.vercel else { return Ok(Vec::new()) };
            let mut now = Vec::new();
            for (domain, _) in &part.revisions {
                now.push((domain.clone(), Text::from(vercel.alias(domain.as_str()).await?)));
            }
            Ok(now)
        })
    }
}

/// What production points at now.
async fn production(operator: &Operator, part: &PlanPart) -> Result<Revisions, PlatformError> {
    let Some(vercel) = &operator.clients.vercel else { return Ok(Vec::new()) };
    let live = vercel.project(part.resource.as_str()).await?.production;
    Ok(live.map(|one| (Text::from("production"), Text::from(one.id.as_str()))).into_iter().collect())
}

impl Operator {
    /// Asks for a rollback or a promotion, and follows its job until every domain has moved.
    pub(in crate::engine) async fn point(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        (kind, asked): (&str, bool),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let (project, target) = (part.resource.as_str(), part.to_id.as_str());
        let reason = self.reason.as_ref().map(Text::as_str);
        let ask = async {
            // The one slot of the project tells whether a request was taken whose answer was lost: by another entry than before.
            let before = self.look(|| vercel.project(project)).await?.last_alias_request;
            let find = || async {
                let job = vercel.project(project).await?.last_alias_request.filter(|job| Some(job) != before.as_ref());
                // The slot names nobody.
                Ok(Trace::known(job.filter(|job| job.to == target && job.kind.as_str() == kind).map(drop), false))
            };
            if kind == "promote" {
                let call = format!("promote {target} of {project}");
                self.turn_or_find(&call, || vercel.promote(project, target), find).await?;
            } else {
                let call = format!("roll {project} back to {target}");
                self.turn_or_find(&call, || vercel.rollback(project, target, reason), find).await?;
            }
            Ok((before, Text::from("accepted")))
        };
        // A job that was under way when the plan was made is the one to follow; else the end of an older one is not the end of this one.
        let before = if asked { None } else { self.step(op, steps.at(StepKind::AskPointer), ask).await? };
        let follow = async {
            let end = self.clock.mono() + PATIENCE;
            loop {
                let state = self.look(|| vercel.project(project)).await?;
                let job = state.last_alias_request.filter(|job| Some(job) != before.as_ref());
                let job = job.filter(|job| job.to == target && job.kind.as_str() == kind);
                match job.as_ref().map(|job| job.job_status.as_str()) {
                    Some("succeeded") => {
                        let pin = if state.auto_assign { "" } else { "; production is PINNED" };
                        return Ok(((), Text::from(format!("every domain has moved{pin}"))));
                    }
                    Some("failed" | "skipped") => {
                        let failed = vercel.moved_aliases(project, kind, true).await.unwrap_or_default();
                        let names: Vec<String> = failed.iter().map(|one| one.alias.to_string()).collect();
                        return Err(Trouble::Failed(Text::from(format!(
                            "domains that did not move: {}",
                            names.join(", ")
                        ))));
                    }
                    _ => {}
                }
                let stands = job.as_ref().map(|job| vercel.stands(job));
                match stands {
                    // It was left open, and nothing tells how it ended.
                    Some((status, says)) if status != Status::Running => {
                        return Err(Trouble::Unknown(Text::from(format!("how the job ended is not known: {says}"))));
                    }
                    stands if self.clock.mono() > end => {
                        let says =
                            stands.map_or_else(|| "the project does not show it".to_owned(), |one| one.1.to_string());
                        let text = format!("the job did not end in 2 minutes ({says}) and goes on without us");
                        return Err(Trouble::Unknown(Text::from(text)));
                    }
                    _ => tokio::time::sleep(LOOK).await,
                }
            }
        };
        self.step(op, steps.at(StepKind::FollowPointer), follow).await
    }

    /// Builds a commit anew and follows it until it is ready, and until its domains are assigned where they will be.
    pub(in crate::engine) async fn build(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let Act::VercelBuild { target, action, assigned, asked } = &part.act else { return Ok(()) };
        let (source, project) = (part.to_id.as_str(), part.resource.as_str());
        let ask = async {
            let id = match asked {
                Some(id) => id.to_string(),
                None => {
                    let to = BuildFor { project, target: target.as_str(), action: action.as_str() };
                    let call = format!("POST a build of {source} for {target}");
                    // The commit's builds of this place: the one that is new tells of a request whose answer was lost.
                    let builds = || async {
                        let Some(sha) = &part.from.1 else { return Ok(Vec::new()) };
                        let all = vercel.deployments_of(project, target.as_str(), sha).await?;
                        Ok(all.into_iter().filter(|one| one.sha.as_ref() == Some(sha)).map(|one| one.id).collect())
                    };
                    let there: Vec<String> = self.look(builds).await?;
                    let made = || async {
                        let mut new = builds().await?.into_iter().filter(|id| !there.contains(id));
                        Ok(Trace::known(new.next().filter(|_| new.next().is_none()), false))
                    };
                    self.change_or_find(&call, || vercel.build_again(source, to), made).await?
                }
            };
            let told = Text::from(id.as_str());
            Ok((id, told))
        };
        let id = self.step(op, steps.at(StepKind::AskBuild), ask).await?;
        let at = steps.at(StepKind::FollowBuild);
        op.follows = Some(Text::from(id.as_str()));
        let end = self.clock.mono() + BUILD_PATIENCE;
        self.begin_step(op, at).await;
        let told = loop {
            let built = match self.look(|| vercel.deployment(&id)).await {
                Ok(built) => built,
                Err(trouble) => break Err(trouble),
            };
            match built.state.as_str() {
                "READY" if built.alias_assigned || !assigned => {
                    self.moved.fetch_or(*assigned, Ordering::Relaxed);
                    break Ok(((), built.words()));
                }
                "ERROR" | "CANCELED" | "BLOCKED" | "DELETED" => {
                    let why = built.error.as_ref().map_or("", Text::as_str);
                    break Err(Trouble::Failed(Text::from(format!("the build ended: {} {why}", built.words()))));
                }
                _ if self.clock.mono() > end => {
                    break Err(Trouble::Unknown(Text::from(
                        "the build did not end in 46 minutes; it goes on without us",
                    )));
                }
                _ => {}
            }
            self.note(op, at, built.words()).await;
            tokio::time::sleep(LOOK).await;
        };
        self.step(op, at, async { told }).await
    }

    /// Points every domain at the deployment and asks each who answers.
    pub(in crate::engine) async fn aliases(
        &self,
        vercel: &Vercel,
        part: &PlanPart,
        domains: &[Text],
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let target = part.to_id.as_str();
        for domain in domains {
            let point = async {
                let call = format!("point {domain} at {target}");
                let find = || async {
                    let there = vercel.alias(domain.as_str()).await? == target;
                    Ok(Trace::known(there.then_some(()), false))
                };
                self.turn_or_find(&call, || vercel.assign_alias(target, domain.as_str()), find).await?;
                let answers = self.look(|| vercel.alias(domain.as_str())).await?;
                if answers != target {
                    return Err(Trouble::Failed(Text::from(format!("{domain} still answers with {answers}"))));
                }
                Ok(((), Text::from("moved")))
            };
            self.step(op, steps.of(StepKind::PointDomain, domain.as_str()), point).await?;
        }
        Ok(())
    }
}
