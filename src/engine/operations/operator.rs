//! Carries a confirmed plan out: re-checks what it was computed on, writes every intent before its call and every outcome
//! after it, sends each change once, and ends when the edge says so.

use super::{On, work};
use crate::platform::fly::Fly;
use crate::platform::github::Github;
use crate::platform::vercel::Vercel;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::leases::Leases;
use super::lookups::Lookups;
use super::step_at::{PartSteps, StepAt};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Settings;
use crate::domain::fact::Fact;
use crate::domain::ids::ServiceId;
use crate::domain::late;
use crate::domain::notice::Notice;
use crate::domain::operation::{Move, OpState, Operation, Plan, PlanPart, PlanStep, StepReport, StepState};
use crate::domain::order::Order;
use crate::domain::proof;
use crate::domain::step_durations;
use crate::engine::feeds::Clients;
use crate::engine::lanes::Outbox;
use crate::engine::running::Running;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;
use crate::store::journal::Takeover;
use crate::store::{Store, StoreError};

/// Longest wait for a machine, for its checks, for the domains, and for the edge.
pub(in crate::engine) const PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two looks while waiting.
pub(in crate::engine) const LOOK: Duration = Duration::from_secs(1);

/// Operations of the past whose steps say how long one usually takes.
pub(in crate::engine) const LOOKED_BACK: u32 = 50;

/// How a step failed.
pub(in crate::engine) enum Trouble {
    /// Nothing was changed by it.
    Failed(Text),
    /// It was sent and the answer was lost.
    Unknown(Text),
    /// The operation was to stop, and this was not sent.
    Stopped,
}

/// Whether a change that ended like this may have been taken.
pub(in crate::engine) fn lost(error: &PlatformError) -> bool {
    // A server, or what stands before it, may also fail after it was taken.
    matches!(error.kind, ErrorKind::Timeout | ErrorKind::Unreachable | ErrorKind::Garbage | ErrorKind::Server)
}

/// What a step needs to be asked is not configured.
pub(in crate::engine) fn no_client() -> Trouble {
    Trouble::Failed(Text::from("no client for this platform is configured"))
}

impl Trouble {
    /// A change that timed out may have been taken, and so may one that a server or what stands before it failed on; it is never
    /// sent again.
    pub(in crate::engine) fn of_change(error: &PlatformError) -> Self {
        let text = Text::from(error.to_string());
        if lost(error) { Self::Unknown(text) } else { Self::Failed(text) }
    }
}

/// One operation under way.
pub(in crate::engine) struct Operator {
    pub(in crate::engine) clients: Clients,
    pub(in crate::engine) settings: Arc<Settings>,
    pub(in crate::engine) clock: SharedClock,
    pub(in crate::engine) outbox: Outbox,
    pub(in crate::engine) store: Store,
    pub(in crate::engine) plan: Plan,
    pub(in crate::engine) reason: Option<Text>,
    /// What this process carries out, and whether it is to stop.
    pub(in crate::engine) running: Running,
    /// Whether something that serves was changed.
    pub(in crate::engine) moved: AtomicBool,
    /// Whether anything was called.
    pub(in crate::engine) called: AtomicBool,
    /// What a step found after its answer was lost may be another's: its end says so.
    pub(in crate::engine) alike: AtomicBool,
    /// Machines that it holds now.
    pub(in crate::engine) leases: Leases,
    /// Services whose instances were not all reached, and how many were: the rest goes on, and the end is not a whole one.
    pub(in crate::engine) short: Mutex<Vec<(ServiceId, Text)>>,
    /// Machines that were at rest when it was planned or when they were updated, and may be so at the end.
    pub(in crate::engine) rested: Mutex<BTreeSet<String>>,
    /// What the proof has looked up of domains.
    pub(in crate::engine) lookups: Lookups,
}

/// Whether the edge can tell that a part has arrived.
pub(in crate::engine) fn proven(part: &PlanPart) -> bool {
    work(&part.act).shows(part)
}

/// An operation that never began, and why.
fn refuse(operation: &mut Operation, why: impl std::fmt::Display, now: Timestamp) {
    operation.outcome = Text::from(format!("refused: {why}; nothing was changed"));
    operation.state = OpState::Refused;
    operation.ended_at = Some(now);
}

/// A confirmed plan whose journal cannot be opened: without it nothing is done.
pub(in crate::engine) fn unopened(plan: &Plan, why: &StoreError, now: Timestamp) -> Operation {
    let mut operation = Operation::begun(plan.op, plan.kind, plan.env.clone(), plan.title(), now);
    refuse(&mut operation, why, now);
    operation
}

impl Operator {
    /// The client of a platform that a step needs.
    pub(in crate::engine) fn fly(&self) -> Result<&Fly, Trouble> {
        self.clients.fly.as_ref().ok_or_else(no_client)
    }

    pub(in crate::engine) fn vercel(&self) -> Result<&Vercel, Trouble> {
        self.clients.vercel.as_ref().ok_or_else(no_client)
    }

    pub(in crate::engine) fn github(&self) -> Result<&Github, Trouble> {
        self.clients.github.as_ref().ok_or_else(no_client)
    }

    /// Runs to the end and tells every change as a fact.
    pub(in crate::engine) async fn run(self) {
        let mut operation = self.opened();
        if let Some(why) = &self.plan.arrived {
            operation.title = Text::from(format!("{}: {why}", self.plan.title()));
        }
        // A platform that does not answer this last look must not keep whoever stops it waiting.
        let against = match self.unless_stopped(Box::pin(self.refusal())).await {
            Ok(against) => against,
            Err(_) => {
                let signal = self.running.stopped().unwrap_or_default();
                Some(Text::from(format!("stopped by {signal} before its first call")))
            }
        };
        if let Some(why) = against {
            refuse(&mut operation, why, self.clock.now());
            self.tell(&operation).await;
            return;
        }
        // The hold comes first: another console must never see an operation without one and take it for cut short.
        let held = self.store.hold(operation.id);
        let begun = match &held {
            Ok(_) => Box::pin(self.begin(&mut operation)).await,
            Err(error) => Err(Text::from(error.to_string())),
        };
        if let Err(why) = begun {
            refuse(&mut operation, why, self.clock.now());
            self.tell(&operation).await;
            return;
        }
        // What took an earlier one over was not overtaken: that was looked at in one transaction with its beginning.
        let against = if self.plan.continues.is_some() { None } else { Box::pin(self.overtaken()).await };
        if let Some(why) = against {
            refuse(&mut operation, why, self.clock.now());
            if let Err(error) = self.store.end(&operation).await {
                self.outbox.tell(Fact::Notice(Notice::failed(error.to_string()))).await;
            }
            self.tell(&operation).await;
            return;
        }
        // What cannot be read makes a step unknown, which is given its time.
        let past = self.store.operations(LOOKED_BACK).await.unwrap_or_default();
        for step in &mut operation.steps {
            step.pace = step_durations::pace(past.iter().rev(), operation.kind, &step.service.name, step.kind);
        }
        self.tell(&operation).await;
        Box::pin(self.carry_out(&mut operation)).await;
        let mut notes = Box::pin(self.free()).await;
        if let (Some(why), OpState::Done) = (&self.plan.arrived, operation.state) {
            operation.outcome = Text::from(format!("{}: {why}", self.plan.kind.done()));
        }
        self.leaves_open(&mut operation);
        let stopped = self.running.stopped().filter(|_| !operation.state.ended());
        if let Some(why) = &stopped {
            if self.called.load(Ordering::Relaxed) || self.plan.continues.is_some() {
                // It has no end: the next start finishes it, takes it back, or leaves it.
                notes.insert(0, format!("stopped by {why} between two calls"));
                operation.outcome = Text::from(notes.join("; "));
                let _ = self.store.progress(&operation).await;
                drop(held);
                self.cut_short(operation).await;
                return;
            }
            refuse(&mut operation, format!("stopped by {why} before its first call"), self.clock.now());
        }
        operation.ended_at = Some(self.clock.now());
        notes.extend(Box::pin(self.remember(&operation)).await);
        notes.insert(0, operation.outcome.to_string());
        operation.outcome = Text::from(notes.join("; "));
        if let Err(error) = self.store.end(&operation).await {
            let told =
                format!("{}; its end is not in the journal, which calls it cut short: {error}", operation.outcome);
            operation.outcome = Text::from(told);
            self.outbox.tell(Fact::Notice(Notice::failed(error.to_string()))).await;
        }
        self.tell(&operation).await;
    }

    /// What may still land of the operation that it goes on with is told at its end; where that would undo what was seen, the end is not
    /// known yet.
    fn leaves_open(&self, operation: &mut Operation) {
        let ended = matches!(operation.state, OpState::Done | OpState::HalfDone | OpState::Unknown);
        let found = late::unobserved(operation, self.clock.now()).filter(|_| ended);
        let Some((says, against)) = found else { return };
        let before = &operation.outcome;
        operation.outcome = Text::from(match (operation.state, against) {
            (OpState::Done, true) => {
                operation.state = OpState::Unknown;
                format!("not known as a whole: {says}; look again after that; so far: {before}")
            }
            _ => format!("{before}; {says}"),
        });
    }

    /// Writes down that it begins. An earlier one that it goes on with is left by the same transaction, and what that one holds still is
    /// given back. Of two that would go on with it at once, one does.
    async fn begin(&self, operation: &mut Operation) -> Result<(), Text> {
        let told = |error: StoreError| Text::from(error.to_string());
        let Some(earlier) = self.plan.continues else {
            return self.store.begin(operation).await.map_err(told);
        };
        let earlier_one = self.store.one(earlier).await.map_err(told)?;
        operation.late_calls = late::taken_over(&earlier_one, &self.plan.request);
        let left = earlier_one.leases;
        loop {
            let seen = self.store.height().await.map_err(told)?;
            if let Some(why) = self.objection().await {
                return Err(why);
            }
            match self.store.take_over(operation, earlier, seen).await.map_err(told)? {
                Takeover::Begun => break,
                Takeover::Decided => {
                    let why = self.decided().await.map_err(told)?;
                    return Err(why.unwrap_or_else(|| Text::from("it was finished or left meanwhile")));
                }
                // What began meanwhile may stand against it.
                Takeover::Late => {}
            }
        }
        self.free_left(earlier, &left).await;
        Ok(())
    }

    /// Tells an operation that was stopped as every later start will find it.
    async fn cut_short(&self, operation: Operation) {
        let found = self.store.one(operation.id).await;
        let operation = found.unwrap_or(Operation { interrupted: true, ..operation });
        self.running.stands(&operation);
        self.outbox.tell(Fact::Operation(Box::new(operation))).await;
    }

    fn opened(&self) -> Operation {
        let step = |service: &ServiceId, step: &PlanStep| StepReport {
            service: service.clone(),
            kind: step.key.kind,
            title: step.title.clone(),
            state: StepState::Todo,
            detail: Text::default(),
            started_at: None,
            spoke_at: None,
            ended_at: None,
            pace: None,
        };
        let mut steps: Vec<StepReport> = self
            .plan
            .parts
            .iter()
            .flat_map(|part| part.steps.iter().map(move |one| step(&part.service, one)))
            .collect();
        steps.extend(self.plan.proof.iter().map(|one| step(&one.service, &one.step)));
        let (env, title) = (self.plan.env.clone(), self.plan.title());
        let begun = Operation::begun(self.plan.op, self.plan.kind, env, title, self.clock.now());
        let known = |part: &&PlanPart| !part.to_id.as_str().is_empty() || part.from_id.is_some();
        let moves = self.plan.parts.iter().filter(|part| part.act.moves()).filter(known).map(|part| Move {
            service: part.service.clone(),
            from: part.from_id.clone(),
            to: part.to_id.clone(),
        });
        let commit = self.plan.parts.iter().find_map(|part| part.to.1.clone());
        let commit = commit.or_else(|| self.plan.claims.iter().find_map(|claim| claim.sha.clone()));
        let request = Some(self.plan.request.clone());
        // From its first row on: cut short before its first look, it is no reason to ask again for what it follows.
        let follows = self.plan.parts.iter().find_map(|part| work(&part.act).follows(part));
        let after_attempt = self.plan.parts.iter().find_map(|part| work(&part.act).after_attempt(part));
        let order = Order {
            by: Text::from(&*self.settings.who),
            reason: self.reason.clone().unwrap_or_default(),
            overridden: self.plan.overrides.iter().map(|one| Text::from(one.words())).collect(),
        };
        let at_rest = self.plan.at_rest.clone();
        Operation { steps, moves: moves.collect(), commit, request, follows, after_attempt, order, at_rest, ..begun }
    }

    async fn carry_out(&self, operation: &mut Operation) {
        let mut moved: Vec<String> = Vec::new();
        for (part, steps) in self.plan.parts.iter().zip(PartSteps::each(&self.plan)) {
            let doing = work(&part.act);
            let result = doing.perform(On { operator: self, part, op: &mut *operation, steps }).await;
            if let Err(trouble) = result {
                Box::pin(self.give_up(operation, &moved, part, trouble)).await;
                return;
            }
            moved.push(match self.short_of(part) {
                Some(short) => format!("{}: {short}", part.service.name),
                None => doing.done(part),
            });
        }
        operation.state = OpState::Proving;
        if !self.plan.claims.is_empty() {
            let _ = self.unless_stopped(Box::pin(self.proof(operation))).await;
            return;
        }
        for part in self.plan.parts.iter().filter(|part| proven(part)) {
            let Some(at) = StepAt::proof(&self.plan, &part.service) else { continue };
            self.begin_step(operation, at).await;
            let Ok(proof) = self.unless_stopped(Box::pin(self.prove(part))).await else { return };
            match proof {
                Ok(detail) => self.end_step(operation, at, StepState::Done, detail).await,
                Err(why) => {
                    self.end_step(operation, at, StepState::Unknown, why.clone()).await;
                    operation.state = OpState::Unknown;
                    operation.outcome = Text::from(format!("the platforms are done, the edge is not: {why}"));
                    return;
                }
            }
        }
        if let Some(short) = self.shortfall() {
            operation.state = OpState::HalfDone;
            operation.outcome = short;
            return;
        }
        operation.state = OpState::Done;
        operation.outcome = Text::from(format!("{} in {}", self.plan.kind.done(), self.took(operation)));
    }

    /// How long it has taken so far.
    pub(in crate::engine) fn took(&self, operation: &Operation) -> String {
        proof::took(self.clock.now().duration_since(operation.started_at).try_into().unwrap_or_default())
    }

    /// Keeps that a part did not reach every instance.
    pub(in crate::engine) fn falls_short(&self, part: &PlanPart, told: &Text) {
        self.short.lock().unwrap_or_else(PoisonError::into_inner).push((part.service.clone(), told.clone()));
    }

    fn short_of(&self, part: &PlanPart) -> Option<Text> {
        self.short
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .find(|(service, _)| *service == part.service)
            .map(|(_, told)| told.clone())
    }

    /// What was not reached, in words.
    pub(in crate::engine) fn shortfall(&self) -> Option<Text> {
        let words: Vec<String> = self
            .short
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|(service, told)| format!("{}: {told}", service.name))
            .collect();
        (!words.is_empty()).then(|| Text::from(words.join("; ")))
    }
}
