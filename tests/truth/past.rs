//! What an operation says of itself at its end, held against what the world was while it looked.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::SignedDuration;

use flightdeck::clock::Timestamp;
use flightdeck::domain::environment::Status;
use flightdeck::domain::operation::{OpKind, OpState, Operation, Plan};
use flightdeck::domain::proof::{Found, Observation, Stays, Witness};
use flightdeck::domain::readiness::Criterion;
use flightdeck::sim::shared::Shared;
use flightdeck::sim::world::truth::{Answers, Part, State};

/// So long one look of a proof may take: several requests one after the other, beside one that a platform stalls.
const LOOK: Duration = Duration::from_secs(45);

/// The world is remembered this often while nothing is told.
const SHOTS: SignedDuration = SignedDuration::from_millis(400);

/// The world at one moment.
#[derive(Debug, Clone)]
struct Shot {
    at: Timestamp,
    /// Machines and domains, by `environment/service`.
    parts: BTreeMap<String, BTreeMap<String, Part>>,
    /// When each machine was last started.
    started: BTreeMap<String, Timestamp>,
    paused: bool,
    assigns: bool,
    waiting: Vec<u64>,
    under_way: BTreeMap<String, bool>,
    /// Whether visitors of an environment were served well, whatever its database says of its condition, which is a point of its own.
    well: BTreeMap<String, bool>,
    /// The names of the secrets of each environment's backend.
    secrets: BTreeMap<String, Vec<String>>,
}

impl Shot {
    fn take(shared: &Shared) -> Self {
        let world = shared.world();
        let (mut parts, mut under_way, mut started) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mut well, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        for env in world.product.all() {
            let name = &world.product.get(env).unwrap().name;
            let truth = world.truth(env);
            under_way.insert(name.to_string(), truth.under_way);
            let mut served = truth.services.iter().filter(|(of, _)| **of != "database");
            let condition = truth.state == State::Degraded && served.all(|(_, one)| one.state == State::Healthy);
            well.insert(name.to_string(), truth.state == State::Healthy || condition);
            let kept = world.fly.env(env).into_iter().flat_map(|app| &app.secrets).map(|one| one.name.clone());
            secrets.insert(name.to_string(), kept.collect());
            parts.extend(truth.services.into_iter().map(|(service, one)| (format!("{name}/{service}"), one.parts)));
            let machines = world.fly.env(env).into_iter().flat_map(|app| &app.machines);
            started.extend(machines.map(|one| (one.id.clone(), one.started_at)));
        }
        let (paused, assigns) = (world.vercel.project.paused, world.vercel.project.auto_assign);
        // An answered gate may hold its jobs for another moment, or for its timer: it is the answer that is waited for.
        let asks = |run: &&flightdeck::sim::world::github::Run| {
            run.held(world.now).is_some_and(|gate| gate.review && gate.approved_at.is_none())
        };
        let runs = world.github.runs.iter().filter(asks);
        let waiting = runs.map(|run| run.id).collect();
        Self { at: world.now, parts, started, paused, assigns, waiting, under_way, well, secrets }
    }

    fn of(&self, env: &str, service: &str) -> impl Iterator<Item = (&String, &Part)> {
        self.parts.get(&format!("{env}/{service}")).into_iter().flatten()
    }
}

/// The world as it was since the operations of now began.
#[derive(Debug, Default)]
pub struct Past(VecDeque<Shot>);

fn well(part: &Part) -> bool {
    matches!(part.answers, Answers::Ok | Answers::Slow)
}

fn same(part: &Part, sha: &str) -> bool {
    // A text may name the commit by its first letters.
    part.sha.as_ref().is_some_and(|own| !sha.is_empty() && own.starts_with(sha))
}

impl Past {
    /// The world as it is now: with every fact, and else a few times a second.
    pub fn look(&mut self, shared: &Shared, fact: bool) {
        let now = shared.now();
        if !fact && self.0.back().is_some_and(|last| now.duration_since(last.at) < SHOTS) {
            return;
        }
        self.0.push_back(Shot::take(shared));
        // An hour of an operation that waits for its gate.
        if self.0.len() > 20_000 {
            self.0.pop_front();
        }
    }

    /// Whether it was so at some moment of a look that ended then.
    fn once(&self, end: Timestamp, is: impl Fn(&Shot) -> bool) -> bool {
        let from = end - LOOK;
        self.0.iter().any(|shot| shot.at >= from && shot.at <= end && is(shot))
    }

    /// What a plan says stays where it is, because it runs there already, and the points that speak for a promotion.
    pub fn planned(&self, plan: &Plan) -> Vec<String> {
        let mut wrong = self.already(plan);
        wrong.extend(self.points(plan));
        wrong
    }

    /// The points of a plan that are well: each was so at some moment of its reading.
    fn points(&self, plan: &Plan) -> Vec<String> {
        let now = self.0.back().unwrap().at;
        let points = plan.ships.iter().flat_map(|ships| &ships.points);
        let well = |env: &str| self.once(now, |shot| shot.well[env]);
        let kept = |shot: &Shot| shot.secrets["staging"].iter().all(|key| shot.secrets["production"].contains(key));
        let wrong = points.filter(|point| point.status == Status::Ok).filter(|point| match point.asks {
            Criterion::Target => !well("production"),
            Criterion::Source => !well("staging"),
            Criterion::Secrets => !self.once(now, kept),
            _ => false,
        });
        wrong.map(|point| format!("a plan: {}: {}", point.asks, point.says)).collect()
    }

    /// How many points a plan has that are held.
    pub fn held(plan: &Plan) -> u64 {
        let points = plan.ships.iter().flat_map(|ships| &ships.points);
        points.filter(|point| point.status == Status::Ok).count().try_into().unwrap()
    }

    fn already(&self, plan: &Plan) -> Vec<String> {
        let already = plan.rest.iter().filter(|one| one.state == Stays::Already);
        let now = self.0.back().unwrap().at;
        let wrong = already.filter(|one| {
            let sha = one.sha.as_ref().unwrap().as_str();
            !self.once(now, |shot| shot.of(plan.env.as_str(), &one.service.name).all(|(_, part)| same(part, sha)))
        });
        wrong.map(|one| format!("a plan: {} {}", one.service, one.words)).collect()
    }

    /// What is wrong of that which an operation says at its end; `calm` = nothing but it has moved anything since it began.
    pub fn ended(&self, op: &Operation, plan: &Plan, end: Timestamp, calm: bool) -> Vec<String> {
        let mut wrong: Vec<String> =
            op.proof.iter().filter(|one| !self.observed(one, op, plan, end)).map(said).collect();
        let done = op.state == OpState::Done;
        let restored = op.outcome.as_str().contains(&format!("{} in ", op.kind.done()));
        if restored && !done {
            wrong.push("it says that it is done and is not".to_owned());
        }
        if done && !self.there(op, plan, end) {
            wrong.push("what it has done is not so".to_owned());
        }
        if op.state == OpState::ArrivedFailing && !self.arrived(plan, end, false) {
            wrong.push("it has not arrived".to_owned());
        }
        if matches!(op.state, OpState::Refused | OpState::Failed) && calm && !self.unmoved(op, end) {
            wrong.push("it says that nothing was moved, and something was".to_owned());
        }
        // `backend runs 7f49b8b …; frontend did not go back`.
        let words: Vec<&str> = op.outcome.as_str().split(' ').collect();
        let runs = words.windows(3).filter(|one| one[1] == "runs" && ["backend", "frontend"].contains(&one[0]));
        for one in runs {
            let sha = one[2].trim_end_matches([',', ';', ':', '.']);
            let commit = sha.len() == 7 && sha.chars().all(|c| c.is_ascii_hexdigit());
            let runs = |shot: &Shot| shot.of(op.env.as_str(), one[0]).any(|(_, part)| same(part, sha));
            if commit && !self.once(end, runs) {
                wrong.push(format!("{} runs {sha} nowhere", one[0]));
            }
        }
        wrong
    }

    /// Whether what was observed was so.
    fn observed(&self, one: &Observation, op: &Operation, plan: &Plan, end: Timestamp) -> bool {
        if !matches!(one.found, Found::Seen | Found::Failing) {
            return true;
        }
        let (env, service, seen) = (op.env.as_str(), &*one.service.name, one.found == Found::Seen);
        let claim = plan.claims.iter().find(|claim| claim.service == one.service);
        let sha = claim.and_then(|claim| claim.sha.as_ref()).map_or("", |sha| sha.as_str());
        let at = |part: &Part, well_too: bool| same(part, sha) && (well(part) || !well_too);
        match &one.witness {
            Witness::Machine { id, .. } => {
                self.once(end, |shot| shot.of(env, service).any(|(name, part)| name == id.as_str() && at(part, seen)))
            }
            Witness::Domain(name) | Witness::Address(name) => {
                let listed = |shot: &Shot| shot.of(env, service).any(|(own, _)| own == name.as_str());
                // The backend's version is asked, which it tells also while it calls itself sick: its checks and its probe are for that.
                let tells = |part: &Part| service == "backend" && same(part, sha) && part.answers != Answers::None;
                self.once(end, |shot| {
                    let mut mine = shot.of(env, service).filter(|(own, _)| !listed(shot) || *own == name.as_str());
                    mine.any(|(_, part)| at(part, seen) || tells(part))
                })
            }
            Witness::Alias(name) => {
                self.once(end, |shot| shot.of(env, service).any(|(own, part)| own == name.as_str() && at(part, false)))
            }
            Witness::Probe(name) => !seen || self.passed(env, name.as_str(), end),
            Witness::Service => true,
        }
    }

    /// Whether a probe can have passed, by what the simulator's configuration has it accept.
    fn passed(&self, env: &str, probe: &str, end: Timestamp) -> bool {
        let once = |of: &str, is: fn(&Part) -> bool| self.once(end, |shot| shot.of(env, of).any(|(_, part)| is(part)));
        match probe {
            // Within a second, and it must call itself well.
            "backend /health" => once("backend", |part| part.answers == Answers::Ok),
            "frontend /" => once("frontend", well),
            // Whether the frontend's page may ask at all: a 503 says so too, also the one of a proxy before nobody.
            "frontend → api" => true,
            _ => false,
        }
    }

    /// Whether everything that a plan claims was at its target at one moment: every machine and every domain, and all of them well.
    fn arrived(&self, plan: &Plan, end: Timestamp, all_well: bool) -> bool {
        let env = plan.env.as_str();
        self.once(end, |shot| {
            plan.claims.iter().all(|claim| {
                let sha = claim.sha.as_ref().map_or("", |sha| sha.as_str());
                let mut parts = shot.of(env, &claim.service.name).peekable();
                parts.peek().is_some() && parts.all(|(_, part)| same(part, sha) && (!all_well || well(part)))
            })
        })
    }

    /// Whether what is done is so.
    fn there(&self, op: &Operation, plan: &Plan, end: Timestamp) -> bool {
        let probes = || op.proof.iter().filter(|one| matches!(one.witness, Witness::Probe(_)));
        match op.kind {
            OpKind::RollBack => {
                !plan.claims.is_empty()
                    && self.arrived(plan, end, true)
                    && probes().all(|one| matches!(one.found, Found::Seen | Found::NotObserved))
            }
            OpKind::Promote => {
                let Some(sha) = plan.parts.iter().find_map(|part| part.to.1.as_ref()) else { return false };
                let there = |shot: &Shot, of: &str| shot.of("production", of).any(|(_, part)| same(part, sha.as_str()));
                ["backend", "frontend"].iter().all(|of| self.once(end, |shot| there(shot, of)))
            }
            OpKind::Restart | OpKind::Redeploy => self.once(end, |shot| {
                let service = plan.parts.first().map_or("", |part| &*part.service.name);
                shot.of(op.env.as_str(), service)
                    .all(|(id, _)| shot.started.get(id).is_some_and(|at| *at >= op.started_at))
            }),
            OpKind::Pause => self.once(end, |shot| shot.paused),
            OpKind::Resume => self.once(end, |shot| !shot.paused),
            OpKind::Unpin => self.once(end, |shot| shot.assigns),
            OpKind::Approve | OpKind::Reject => {
                let run = match &plan.request {
                    flightdeck::domain::operation::Request::Review { run, .. } => *run,
                    _ => return false,
                };
                self.once(end, |shot| !shot.waiting.contains(&run))
            }
            // Who draws another kind holds its end as well.
            OpKind::Cancel
            | OpKind::Rerun
            | OpKind::Challenge
            | OpKind::Unchallenge
            | OpKind::RollOut
            | OpKind::Advance
            | OpKind::Complete
            | OpKind::Abort
            | OpKind::SetSecret
            | OpKind::Scale => false,
        }
    }

    /// Whether nothing has moved since an operation began.
    fn unmoved(&self, op: &Operation, end: Timestamp) -> bool {
        let mine = |shot: &Shot| -> Vec<(String, Option<String>)> {
            let parts = shot.parts.iter().filter(|(of, _)| of.starts_with(&format!("{}/", op.env)));
            parts.flat_map(|(_, all)| all.iter().map(|(name, part)| (name.clone(), part.sha.clone()))).collect()
        };
        let during = || self.0.iter().filter(|shot| shot.at >= op.started_at && shot.at <= end);
        let rested = during().next().is_some_and(|first| !first.under_way[op.env.as_str()]);
        let first = during().next().map(mine);
        !rested || during().map(mine).all(|one| Some(one) == first)
    }
}

fn said(one: &Observation) -> String {
    format!("{} {} is {}: {}", one.service, one.witness, one.found.word(), one.words)
}
