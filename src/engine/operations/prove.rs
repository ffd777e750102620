//! The proof: what was asked for is observed, machine by machine and domain by domain, and what failed before passes.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::operator::{LOOK, Operator, PATIENCE, proven};
use super::step_at::StepAt;
use super::steps::host;
use super::witness::{Seen, origin};
use crate::config::{ObserveSettings, ProbeSettings, Settings};
use crate::domain::health::RECOVER_AFTER;
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::operation::{OpState, Operation, Plan, PlanPart, ProofStep, StepKind, StepState};
use crate::domain::proof::{self, Claim, Found, Observation, Stays, Verdict, Witness};
use crate::engine::feeds::Clients;
use crate::platform::{observe, probe};
use crate::sanitize::Text;

/// What stands for a service where a step or an observation belongs to the probes of an environment.
const PROBES: &str = "probes";

/// What is paused, as its platform and its edge say.
struct Paused {
    services: Vec<ServiceId>,
    /// Probes that ask there.
    probes: Vec<Text>,
}

impl Paused {
    /// Whether a pause explains what is observed.
    fn holds(&self, one: &Observation) -> bool {
        match (&one.witness, one.found) {
            (Witness::Domain(_) | Witness::Address(_), Found::Silent) => self.services.contains(&one.service),
            (Witness::Probe(name), Found::Failing) => self.probes.contains(name),
            _ => false,
        }
    }
}

/// The steps of a plan's proof, which the plan lists and the operation goes through: one for each service that is claimed and one for the
/// probes; where nothing is claimed, one for each part that shows at the edge.
pub(in crate::engine) fn steps(clients: &Clients, settings: &Settings, plan: &Plan) -> Vec<ProofStep> {
    let see = |service: &ServiceId, title| ProofStep { service: service.clone(), step: StepKind::Prove.step(title) };
    if plan.claims.is_empty() {
        let shown = plan.parts.iter().filter(|part| proven(part));
        return shown.map(|part| see(&part.service, "see it at the edge")).collect();
    }
    let of = |claim: &Claim| see(&claim.service, host(clients, claim.platform).sees());
    let probes = (!watched(settings, plan).is_empty()).then(|| see(&probes(plan), "see them pass"));
    plan.claims.iter().map(of).chain(probes).collect()
}

fn probes(plan: &Plan) -> ServiceId {
    ServiceId::new(plan.env.clone(), PROBES)
}

/// The probes that have to pass: those of the environment, or those of the services that were chosen alone.
fn watched<'s>(settings: &'s Settings, plan: &Plan) -> Vec<&'s ProbeSettings> {
    let alone = plan.rest.iter().any(|one| one.state == Stays::Alone);
    let origins: Vec<&str> = plan.claims.iter().flat_map(|claim| origins(settings, &claim.service)).collect();
    let mine = |probe: &&ProbeSettings| probe.env == plan.env && (!alone || origins.contains(&origin(&probe.url)));
    settings.probes.iter().filter(mine).collect()
}

/// Where a service is reached.
fn origins<'s>(settings: &'s Settings, service: &ServiceId) -> Vec<&'s str> {
    let info = settings.environment(&service.env);
    let info = info.and_then(|env| env.services.iter().find(|one| one.id == *service));
    let url = info.and_then(|info| info.url.as_deref());
    url.into_iter().chain(rule(settings, service).map(|rule| rule.url.as_str())).map(origin).collect()
}

/// How the release of a service is read at its edge.
fn rule<'s>(settings: &'s Settings, service: &ServiceId) -> Option<&'s ObserveSettings> {
    settings.observe.iter().find(|rule| rule.env == service.env && rule.service == service.name)
}

impl Operator {
    fn probes(&self) -> ServiceId {
        probes(&self.plan)
    }

    fn watched(&self) -> Vec<&ProbeSettings> {
        watched(&self.settings, &self.plan)
    }

    fn origins(&self, service: &ServiceId) -> Vec<&str> {
        origins(&self.settings, service)
    }

    /// How the release of a service is read at its edge.
    pub(in crate::engine) fn rule(&self, service: &ServiceId) -> Option<&ObserveSettings> {
        rule(&self.settings, service)
    }

    /// Observes everything that is claimed until it is so, or for two minutes; then says what was seen.
    pub(in crate::engine) async fn proof(&self, op: &mut Operation) {
        for step in op.steps.iter_mut().filter(|step| step.kind == StepKind::Prove) {
            step.state = StepState::Running;
            step.started_at = step.started_at.or_else(|| Some(self.clock.now()));
            step.spoke_at = Some(self.clock.now());
        }
        self.tell(op).await;
        let images = join_all(
            self.plan
                .claims
                .iter()
                .map(|claim| async { host(&self.clients, claim.platform).wanted(self, claim).await }),
        )
        .await;
        let mut passes: BTreeMap<Text, u32> = BTreeMap::new();
        let (soon, end) = (self.clock.mono() + PATIENCE / 12, self.clock.mono() + PATIENCE);
        loop {
            let (proof, paused) = self.observed(&images, &mut passes).await;
            let known = |one: &Observation| (one.service.clone(), one.witness.clone(), one.found);
            let changed = !op.proof.iter().map(known).eq(proof.iter().map(known));
            op.proof = proof;
            let patient = self.clock.mono() < soon;
            // What answers for a pause goes on to do so: the rest is waited for.
            let open: Vec<Observation> = op.proof.iter().filter(|one| !paused.holds(one)).cloned().collect();
            if !proof::open(&open, patient) || self.clock.mono() > end {
                // What is said at the end was seen at the end.
                if self.lookups.anew() {
                    continue;
                }
                break;
            }
            if changed {
                self.note_proof(op);
                self.tell(op).await;
            }
            tokio::time::sleep(LOOK).await;
        }
        self.note_proof(op);
        for step in op.steps.iter_mut().filter(|step| step.kind == StepKind::Prove) {
            step.ended_at = Some(self.clock.now());
            let mine = op.proof.iter().filter(|one| one.service == step.service).map(|one| one.found);
            step.state = match mine.clone().max_by_key(|found| weight(*found)) {
                Some(Found::Seen) => StepState::Done,
                // An alias that was looked up proves what a challenged domain does not show.
                Some(Found::NotObserved) if mine.clone().any(|found| found == Found::Seen) => StepState::Done,
                Some(Found::Failing | Found::Silent | Found::Differs) => StepState::Failed,
                Some(Found::NotObserved | Found::Unread) | None => StepState::Unknown,
            };
        }
        self.conclude(op);
    }

    /// Everything that is claimed, looked at once.
    async fn observed(
        &self,
        images: &[Result<Option<Text>, Text>],
        passes: &mut BTreeMap<Text, u32>,
    ) -> (Vec<Observation>, Paused) {
        let claims = self.plan.claims.iter().zip(images);
        let seen = join_all(claims.map(|(claim, image)| async move {
            host(&self.clients, claim.platform).witnesses(self, claim, image).await
        }))
        .await;
        let of = |is: fn(&Seen) -> bool| {
            let claims = self.plan.claims.iter().zip(&seen);
            claims.filter(move |(_, seen)| is(seen)).map(|(claim, _)| &claim.service)
        };
        let origins = |is| of(is).flat_map(|service| self.origins(service)).collect::<Vec<&str>>();
        let (challenged, held) = (origins(|seen| seen.challenged), origins(|seen| seen.paused));
        let watched = self.watched();
        let behind = watched.iter().filter(|one| held.contains(&origin(&one.url)));
        let paused = Paused {
            services: of(|seen| seen.paused).cloned().collect(),
            probes: behind.map(|one| Text::from(&*one.name)).collect(),
        };
        let samples = watched.iter().map(|one| async {
            // No program solves the challenge: such a probe tells nothing of the release.
            if challenged.contains(&origin(&one.url)) {
                return None;
            }
            Some(probe::probe(&self.clients.http, one).await.failure)
        });
        let samples = join_all(samples).await;
        let mut proof: Vec<Observation> = seen.into_iter().flat_map(|seen| seen.observations).collect();
        for (one, failure) in watched.into_iter().zip(samples) {
            let name = Text::from(&*one.name);
            let was_red = self.plan.red.contains(&name);
            let streak = passes.entry(name.clone()).or_default();
            let (found, words) = match failure {
                None => (Found::NotObserved, "attack mode".to_owned()),
                Some(Some(why)) => {
                    *streak = 0;
                    (Found::Failing, why.to_string())
                }
                Some(None) => {
                    *streak += 1;
                    match (was_red, *streak < RECOVER_AFTER) {
                        (true, true) => (Found::Failing, "passes once after it failed".to_owned()),
                        (true, false) => (Found::Seen, "passes again".to_owned()),
                        (false, _) => (Found::Seen, "passes".to_owned()),
                    }
                }
            };
            let witness = Witness::Probe(name);
            proof.push(Observation { service: self.probes(), witness, found, words: Text::from(words) });
        }
        (proof, paused)
    }

    /// What has come in of each step.
    fn note_proof(&self, op: &mut Operation) {
        for claim in &self.plan.claims {
            let mine: Vec<Observation> = op.proof.iter().filter(|one| one.service == claim.service).cloned().collect();
            let counted = proof::counted(std::slice::from_ref(claim), &mine);
            self.note_seen(op, &claim.service, Text::from(counted));
        }
        let probes = op.proof.iter().filter(|one| matches!(one.witness, Witness::Probe(_)));
        let (pass, all) = (probes.clone().filter(|one| one.found == Found::Seen).count(), probes.count());
        self.note_seen(op, &self.probes(), Text::from(format!("{pass} of {all} pass")));
    }

    /// What has come in of the step that is about a service, or about the probes.
    fn note_seen(&self, op: &mut Operation, of: &ServiceId, detail: Text) {
        if let Some(step) = StepAt::proof(&self.plan, of).and_then(|at| at.of_mut(op)) {
            step.detail = detail;
            step.spoke_at = Some(self.clock.now());
        }
    }

    /// What the observations allow to be said.
    fn conclude(&self, op: &mut Operation) {
        let plan = &self.plan;
        let (took, counted, left) = (self.took(op), proof::counted(&plan.claims, &op.proof), proof::left(&plan.rest));
        let names: Vec<&str> = plan.claims.iter().map(|claim| &*claim.service.name).collect();
        let whose = if left.is_empty() { String::new() } else { format!("{} ", names.join(" and ")) };
        let (state, says) = match proof::judge(&plan.claims, &plan.rest, &op.proof) {
            Verdict::Whole => (OpState::Done, format!("{whose}{} in {took}: {counted}{left}", plan.kind.done())),
            Verdict::Failing(what) => (
                OpState::ArrivedFailing,
                format!("arrived, still failing after {took}: {}; {counted}{left}", what.join(", ")),
            ),
            Verdict::Partly(what) => {
                (OpState::HalfDone, format!("half-done after {took}: {}; {counted}{left}", what.join(", ")))
            }
            Verdict::Unobserved(what) => {
                (OpState::Unknown, format!("the platforms are done; {}; {counted}{left}", what.join(", ")))
            }
        };
        op.state = state;
        op.outcome = Text::from(says);
        // What was not reached is no part of a whole, whatever is seen of the rest.
        if let (OpState::Done, Some(short)) = (state, self.shortfall()) {
            op.state = OpState::HalfDone;
            op.outcome = Text::from(format!("half-done after {took}: {short}; {counted}{left}"));
        }
    }

    /// Asks the edge until it names the release of a part that moved nothing but itself.
    pub(in crate::engine) async fn prove(&self, part: &PlanPart) -> Result<Text, Text> {
        let whole = part.of_pipeline();
        let own =
            |rule: &&ObserveSettings| rule.env == part.service.env && (whole || rule.service == part.service.name);
        let rules: Vec<&ObserveSettings> = self.settings.observe.iter().filter(own).collect();
        let Some(wanted) = part.to.1.as_ref().filter(|_| !rules.is_empty()) else {
            return Ok(Text::from("no way to observe it is configured"));
        };
        for rule in rules {
            self.answers(rule, wanted).await?;
        }
        Ok(Text::from(format!("OBSERVED {}", wanted.short())))
    }

    /// Asks one service's edge until it names the commit.
    async fn answers(&self, rule: &ObserveSettings, wanted: &Sha) -> Result<(), Text> {
        let end = self.clock.mono() + PATIENCE;
        loop {
            let seen = observe::observe(&self.clients.http, rule).await;
            let says = match &seen {
                Ok(observed) if observed.sha.as_ref().is_some_and(|sha| sha.same(wanted)) => {
                    return Ok(());
                }
                Ok(observed) => {
                    observed.sha.as_ref().map_or_else(|| "no commit".to_owned(), |sha| sha.short().to_owned())
                }
                Err(error) => error.to_string(),
            };
            if self.clock.mono() > end {
                return Err(Text::from(format!("{}/{} still answers {says}", rule.env, rule.service)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What weighs more in a step.
fn weight(found: Found) -> u8 {
    match found {
        Found::Seen => 0,
        Found::NotObserved => 1,
        Found::Unread => 2,
        Found::Failing => 3,
        Found::Silent => 4,
        Found::Differs => 5,
    }
}
