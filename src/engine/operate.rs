//! Carries a confirmed plan out: re-checks what it was computed on, writes every intent before its call and every outcome
//! after it, sends each change once, and ends when the edge says so.

use std::sync::Arc;
use std::time::Duration;

use super::feeds::Clients;
use super::lanes::Outbox;
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::environment::Platform;
use crate::domain::fact::Fact;
use crate::domain::operation::{OpState, Operation, PLAN_LIFE, Plan, PlanPart, StepReport, StepState};
use crate::platform::fly::{Fly, WaitResult};
use crate::platform::vercel::Vercel;
use crate::platform::{ErrorKind, PlatformError, observe};
use crate::sanitize::Text;
use crate::store::Store;

/// A lease outlives the longest step: wait and checks (fly.md section 3.4).
const LEASE: Duration = Duration::from_secs(120);
/// Longest wait for a machine, for its checks, for the domains, and for the edge.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two looks while waiting.
const LOOK: Duration = Duration::from_secs(1);

/// How a step failed.
enum Trouble {
    /// Nothing was changed by it.
    Failed(Text),
    /// It was sent and the answer was lost.
    Unknown(Text),
}

impl Trouble {
    /// A change that timed out may have been taken; it is never sent again.
    fn of_change(error: &PlatformError) -> Self {
        let text = Text::from(error.to_string());
        match error.kind {
            ErrorKind::Timeout | ErrorKind::Unreachable | ErrorKind::Garbage => Self::Unknown(text),
            _ => Self::Failed(text),
        }
    }

    fn of_read(error: &PlatformError) -> Self {
        Self::Failed(Text::from(error.to_string()))
    }
}

/// One operation under way.
pub(super) struct Operator {
    pub(super) clients: Clients,
    pub(super) settings: Arc<Settings>,
    pub(super) clock: SharedClock,
    pub(super) outbox: Outbox,
    pub(super) store: Store,
    pub(super) plan: Plan,
    pub(super) reason: Option<Text>,
}

impl Operator {
    /// Runs to the end and tells every change as a fact.
    pub(super) async fn run(self) {
        let mut operation = self.opened();
        if let Some(why) = self.refusal().await {
            operation.outcome = Text::from(format!("refused: {why}; nothing was changed"));
            operation.state = OpState::Refused;
            operation.ended_at = Some(self.clock.now());
            self.tell(&operation).await;
            return;
        }
        if let Err(error) = self.store.begin(&operation).await {
            operation.outcome = Text::from(format!("refused: {error}; nothing was changed"));
            operation.state = OpState::Refused;
            self.tell(&operation).await;
            return;
        }
        self.tell(&operation).await;
        self.carry_out(&mut operation).await;
        operation.ended_at = Some(self.clock.now());
        if let Err(error) = self.store.end(&operation).await {
            self.outbox.tell(Fact::Notice(Text::from(error.to_string()))).await;
        }
        self.tell(&operation).await;
    }

    fn opened(&self) -> Operation {
        let moves: Vec<String> = self
            .plan
            .parts
            .iter()
            .map(|part| format!("{} {} → {}", part.service.name, part.from.0, part.to.0))
            .collect();
        let step = |part: &PlanPart, title: &Text| StepReport {
            service: part.service.clone(),
            title: title.clone(),
            state: StepState::Todo,
            detail: Text::default(),
            started_at: None,
            ended_at: None,
        };
        let mut steps: Vec<StepReport> =
            self.plan.parts.iter().flat_map(|part| part.steps.iter().map(move |title| step(part, title))).collect();
        steps.extend(self.plan.parts.iter().map(|part| step(part, &Text::from("see it at the edge"))));
        Operation {
            id: self.plan.op,
            kind: self.plan.kind,
            env: self.plan.env.clone(),
            title: Text::from(format!("{}: {}", self.plan.env, moves.join(", "))),
            state: OpState::Running,
            steps,
            started_at: self.clock.now(),
            ended_at: None,
            outcome: Text::default(),
            interrupted: false,
        }
    }

    /// The plan acts on what it was computed on, or not at all.
    async fn refusal(&self) -> Option<Text> {
        if let Some(why) = self.plan.refusals.first() {
            return Some(why.clone());
        }
        let age = self.clock.now().duration_since(self.plan.computed_at);
        if Duration::try_from(age).is_ok_and(|age| age > PLAN_LIFE) {
            return Some(Text::from("the plan is older than a minute; make it again"));
        }
        for part in &self.plan.parts {
            match self.revisions(part).await {
                Ok(now) if now == part.revisions => {}
                Ok(_) => return Some(Text::from(format!("{} has moved since the plan was made", part.service))),
                Err(error) => return Some(Text::from(error.to_string())),
            }
        }
        None
    }

    async fn revisions(&self, part: &PlanPart) -> Result<Vec<(Text, Text)>, PlatformError> {
        let resource = part.resource.as_str();
        match (part.platform, &self.clients.fly, &self.clients.vercel) {
            (Platform::Fly, Some(fly), _) => {
                let machines = fly.machines(resource).await?;
                let fleet = machines.iter().filter(|machine| machine.managed);
                Ok(fleet.map(|one| (Text::from(one.id.as_str()), Text::from(one.instance_id.as_str()))).collect())
            }
            (Platform::Vercel, _, Some(vercel)) => {
                let live = vercel.project(resource).await?.production;
                Ok(live.map(|one| (Text::from("production"), Text::from(one.id.as_str()))).into_iter().collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn carry_out(&self, operation: &mut Operation) {
        let mut at = 0;
        let mut moved: Vec<String> = Vec::new();
        for part in &self.plan.parts {
            let result = match (part.platform, &self.clients.fly, &self.clients.vercel) {
                (Platform::Fly, Some(fly), _) => self.fly(fly, part, operation, at).await,
                (Platform::Vercel, _, Some(vercel)) => self.vercel(vercel, part, operation, at).await,
                _ => Err(Trouble::Failed(Text::from("no client for this platform"))),
            };
            at += part.steps.len();
            if let Err(trouble) = result {
                self.give_up(operation, &moved, part, trouble);
                return;
            }
            moved.push(format!("{} runs {}", part.service.name, part.to.0));
        }
        operation.state = OpState::Proving;
        for part in &self.plan.parts {
            self.begin_step(operation, at).await;
            match self.prove(part).await {
                Ok(detail) => self.end_step(operation, at, StepState::Done, detail).await,
                Err(why) => {
                    self.end_step(operation, at, StepState::Unknown, why.clone()).await;
                    operation.state = OpState::Unknown;
                    operation.outcome = Text::from(format!("the platforms are done, the edge is not: {why}"));
                    return;
                }
            }
            at += 1;
        }
        let took = self.clock.now().duration_since(operation.started_at).as_secs();
        operation.state = OpState::Done;
        operation.outcome = Text::from(format!("restored in {}m{:02}s", took / 60, took % 60));
    }

    fn give_up(&self, operation: &mut Operation, moved: &[String], part: &PlanPart, trouble: Trouble) {
        let touched = operation.steps.iter().any(|step| step.state == StepState::Done);
        for step in operation.steps.iter_mut().filter(|step| step.state == StepState::Todo) {
            step.state = StepState::Skipped;
        }
        let (state, why) = match trouble {
            Trouble::Unknown(why) => {
                (OpState::Unknown, format!("{}: it is not known whether it was taken: {why}", part.service.name))
            }
            Trouble::Failed(why) if touched => {
                (OpState::HalfDone, format!("{} did not go back: {why}", part.service.name))
            }
            Trouble::Failed(why) => (OpState::Failed, format!("{}: {why}; nothing was changed", part.service.name)),
        };
        let done = if moved.is_empty() { String::new() } else { format!("{}; ", moved.join(", ")) };
        operation.state = state;
        operation.outcome = Text::from(format!("{done}{why}"));
    }

    /// One journalled change: the intent is on the disk before the call, its outcome after.
    async fn change<T>(&self, call: &str, sent: impl Future<Output = Result<T, PlatformError>>) -> Result<T, Trouble> {
        let journal = |error: crate::store::StoreError| Trouble::Failed(Text::from(error.to_string()));
        self.store.intent(self.plan.op, call).await.map_err(journal)?;
        let result = sent.await;
        let says = result.as_ref().map_or_else(ToString::to_string, |_| "accepted".to_owned());
        self.store.outcome(self.plan.op, call, &says).await.map_err(journal)?;
        result.map_err(|error| Trouble::of_change(&error))
    }

    async fn fly(&self, fly: &Fly, part: &PlanPart, op: &mut Operation, first: usize) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let image = part.image.as_ref().map_or("", Text::as_str);
        let definition = serde_json::json!({});
        let step = self.step(op, first, async {
            let row = self
                .change(&format!("POST release of {app}"), fly.create_release(app, image, "rolling", &definition))
                .await?;
            self.change(&format!("PATCH release {} running", row.id), fly.patch_release(&row.id, "running")).await?;
            Ok((row.clone(), Text::from(format!("v{}", row.version))))
        });
        let row = step.await?;
        let machines = part.steps.len().saturating_sub(2);
        for index in 0..machines {
            let Some((id, revision)) = part.revisions.get(index) else { break };
            let work = async {
                let detail =
                    self.machine(fly, app, (id.as_str(), revision.as_str()), image, (&row.id, row.version)).await?;
                Ok(((), detail))
            };
            if let Err(trouble) = self.step(op, first + 1 + index, work).await {
                // Best effort: a row that stays `running` misleads everybody else.
                let _ = self
                    .change(&format!("PATCH release {} failed", row.id), fly.patch_release(&row.id, "failed"))
                    .await;
                return Err(trouble);
            }
        }
        let close = async {
            self.change(&format!("PATCH release {} complete", row.id), fly.patch_release(&row.id, "complete")).await?;
            Ok(((), Text::from(format!("v{} complete", row.version))))
        };
        self.step(op, first + 1 + machines, close).await
    }

    async fn machine(
        &self,
        fly: &Fly,
        app: &str,
        (id, revision): (&str, &str),
        image: &str,
        (release, version): (&str, u64),
    ) -> Result<Text, Trouble> {
        let lease = self.change(&format!("lease machine {id}"), fly.acquire_lease(app, id, LEASE)).await?;
        let updated = async {
            let now = fly.machine(app, id).await.map_err(|error| Trouble::of_read(&error))?;
            if now.instance_id != revision {
                return Err(Trouble::Failed(Text::from(format!("machine {id} was changed by somebody else"))));
            }
            let mut config = now.config;
            config["image"] = image.into();
            config["metadata"]["fly_release_id"] = release.into();
            config["metadata"]["fly_release_version"] = version.to_string().into();
            let call = format!("update machine {id} to {image}");
            let machine = self.change(&call, fly.update_machine(app, id, &config, revision, &lease)).await?;
            self.settle(fly, app, id, &machine.instance_id, image).await
        }
        .await;
        let _ = self.change(&format!("release the lease of {id}"), fly.release_lease(app, id, &lease)).await;
        updated
    }

    /// Waits for the version, then looks at what really runs: a machine may have fallen back to its old one.
    async fn settle(&self, fly: &Fly, app: &str, id: &str, version: &str, image: &str) -> Result<Text, Trouble> {
        let waited = fly.wait(app, id, version, "started", Duration::from_secs(60)).await;
        match waited {
            Ok(WaitResult::Reached) => {}
            Ok(WaitResult::TimedOut) => {
                return Err(Trouble::Failed(Text::from(format!("machine {id} did not start in 60 s"))));
            }
            Err(error) => return Err(Trouble::of_read(&error)),
        }
        let wanted = fly.image(app, image).await.map_err(|error| Trouble::of_read(&error))?;
        let end = self.clock.mono() + PATIENCE;
        loop {
            let machine = fly.machine(app, id).await.map_err(|error| Trouble::of_read(&error))?;
            if machine.instance_id != version || (wanted.is_some() && machine.digest != wanted) {
                return Err(Trouble::Failed(Text::from(format!("machine {id} runs another image than was asked for"))));
            }
            let (passing, all) = machine.checks;
            if all > 0 && passing == all {
                return Ok(Text::from(format!("{passing}/{all} checks pass")));
            }
            if self.clock.mono() > end {
                let words: Vec<String> = machine.check_words.iter().map(ToString::to_string).collect();
                return Err(Trouble::Failed(Text::from(format!(
                    "checks of machine {id} do not pass: {}",
                    words.join("; ")
                ))));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn vercel(&self, vercel: &Vercel, part: &PlanPart, op: &mut Operation, first: usize) -> Result<(), Trouble> {
        let (project, target) = (part.resource.as_str(), part.to_id.as_str());
        let reason = self.reason.as_ref().map(Text::as_str);
        let ask = async {
            self.change(&format!("roll {project} back to {target}"), vercel.rollback(project, target, reason)).await?;
            Ok(((), Text::from("accepted")))
        };
        self.step(op, first, ask).await?;
        let follow = async {
            let end = self.clock.mono() + PATIENCE;
            loop {
                let state = vercel.project(project).await.map_err(|error| Trouble::of_read(&error))?;
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
        self.step(op, first + 1, follow).await
    }

    /// Asks the edge until it names the release that was asked for.
    async fn prove(&self, part: &PlanPart) -> Result<Text, Text> {
        let rules = &self.settings.observe;
        let rule = rules.iter().find(|rule| rule.env == part.service.env && rule.service == part.service.name);
        let (Some(rule), Some(wanted)) = (rule, &part.to.1) else {
            return Ok(Text::from("nothing to observe it by is configured"));
        };
        let end = self.clock.mono() + PATIENCE;
        loop {
            let seen = observe::observe(&self.clients.http, rule).await;
            let says = match &seen {
                Ok(observed) if observed.sha.as_ref() == Some(wanted) => {
                    return Ok(Text::from(format!("OBSERVED {}", wanted.short())));
                }
                Ok(observed) => {
                    observed.sha.as_ref().map_or_else(|| "no commit".to_owned(), |sha| sha.short().to_owned())
                }
                Err(error) => error.to_string(),
            };
            if self.clock.mono() > end {
                return Err(Text::from(format!("{} still answers {says}", part.service)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn step<T>(
        &self,
        operation: &mut Operation,
        at: usize,
        work: impl Future<Output = Result<(T, Text), Trouble>>,
    ) -> Result<T, Trouble> {
        self.begin_step(operation, at).await;
        match work.await {
            Ok((value, detail)) => {
                self.end_step(operation, at, StepState::Done, detail).await;
                Ok(value)
            }
            Err(trouble) => {
                let (state, why) = match &trouble {
                    Trouble::Failed(why) => (StepState::Failed, why.clone()),
                    Trouble::Unknown(why) => (StepState::Unknown, why.clone()),
                };
                self.end_step(operation, at, state, why).await;
                Err(trouble)
            }
        }
    }

    async fn begin_step(&self, operation: &mut Operation, at: usize) {
        if let Some(step) = operation.steps.get_mut(at) {
            step.state = StepState::Running;
            step.started_at = Some(self.clock.now());
        }
        self.tell(operation).await;
    }

    async fn end_step(&self, operation: &mut Operation, at: usize, state: StepState, detail: Text) {
        if let Some(step) = operation.steps.get_mut(at) {
            step.state = state;
            step.detail = detail;
            step.ended_at = Some(self.clock.now());
        }
        self.tell(operation).await;
    }

    async fn tell(&self, operation: &Operation) {
        self.outbox.tell(Fact::Operation(Box::new(operation.clone()))).await;
    }
}
