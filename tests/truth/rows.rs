//! Rows that say that something is there, or that nothing is: what needs a person, the alarm line, the points of readiness.

use std::collections::{BTreeMap, BTreeSet};

use flightdeck::app::insight::needs::{self, Hands, Need};
use flightdeck::app::insight::readiness::{self, Criterion, Means};
use flightdeck::app::model::Place;
use flightdeck::app::navigate::Jump;
use flightdeck::clock::Timestamp;
use flightdeck::domain::environment::{Status, Tier};
use flightdeck::domain::feed::{FeedId, Freshness};
use flightdeck::domain::ids::{EnvId, ServiceId, Sha};
use flightdeck::domain::state::State;
use flightdeck::sim::world::truth::Answers;

use crate::RINGS;
use crate::doors::Statement;
use crate::sky::Sky;

/// When something was last so, and since when it has been so without a break.
#[derive(Debug, Clone, Copy)]
struct Held {
    since: Timestamp,
    last: Timestamp,
}

/// What the world has had of the things that rows tell of.
#[derive(Debug, Default)]
pub struct Seen {
    gates: BTreeMap<(String, u64), Held>,
    runs: BTreeMap<u64, Held>,
    pins: BTreeMap<String, Held>,
    /// Since when an environment is said to be in trouble.
    trouble: BTreeMap<EnvId, Timestamp>,
    looked: Option<Timestamp>,
    /// When all that serves visitors of a service last ran a commit, by `environment/service commit`.
    ran: BTreeMap<(ServiceId, String), Timestamp>,
    /// When every domain of an environment was last served, each by the deployment that its platform calls live.
    led: BTreeMap<String, Timestamp>,
    /// When production's backend last had every secret that staging's has.
    kept: Option<Timestamp>,
}

/// The points of readiness that are about the state of an environment.
const STATES: [Criterion; 2] = [Criterion::Source, Criterion::Target];

/// A row and what is wrong with it; `None` = it is true.
pub type Row = (String, Option<String>);

impl Seen {
    /// What is so now.
    pub fn look(&mut self, sky: &Sky) {
        for env in sky.model.facts().environments() {
            match sky.judged(env.id.as_str()).state {
                State::Mixed | State::Failing => drop(self.trouble.entry(env.id.clone()).or_insert(sky.now().wall)),
                State::Unknown | State::Paused => {}
                _ => drop(self.trouble.remove(&env.id)),
            }
        }
        let world = sky.sim.shared().world();
        let before = self.looked.replace(world.now);
        let held = |known: Option<&Held>| {
            let goes_on = known.filter(|known| Some(known.last) == before);
            Held { since: goes_on.map_or(world.now, |known| known.since), last: world.now }
        };
        for env in world.product.all() {
            let name = world.product.get(env).unwrap().name.to_string();
            for (service, one) in world.truth(env).services {
                let id = ServiceId::new(&*name, service);
                // A list names what is there, also where it answers nobody.
                for sha in one.parts.values().filter_map(|part| part.sha.clone()) {
                    self.ran.insert((id.clone(), sha), world.now);
                }
                let served = one.parts.values().all(|part| part.answers != Answers::None);
                let live = world.vercel.live_production().map(|live| live.id.clone());
                let led = one.parts.values().all(|part| Some(&part.platform_state) == live.as_ref());
                if service == "frontend" && (one.paused || served) && (led || !world.vercel.is_production(env)) {
                    self.led.insert(name.clone(), world.now);
                }
            }
        }
        if let Some(live) = world.vercel.live_production() {
            let name = world.vercel.project.production.and_then(|env| world.product.get(env)).unwrap().name.to_string();
            self.ran.insert((ServiceId::new(&*name, "frontend"), world.sha(live.commit).to_owned()), world.now);
        }
        let secrets = |env: &str| {
            let app = world.product.find(env).and_then(|env| world.fly.env(env)).unwrap();
            app.secrets.iter().map(|one| one.name.clone()).collect::<BTreeSet<_>>()
        };
        if secrets("staging").is_subset(&secrets("production")) {
            self.kept = Some(world.now);
        }
        for run in &world.github.runs {
            if let (Some(env), Some(_)) = (run.env, run.held(world.now)) {
                let key = (world.product.get(env).unwrap().name.to_string(), run.id);
                let now = held(self.gates.get(&key));
                self.gates.insert(key, now);
            }
            if run.progress(world.now).status != "completed" {
                let now = held(self.runs.get(&run.id));
                self.runs.insert(run.id, now);
            }
        }
        for env in world.product.all().filter(|env| world.vercel.pinned(*env)) {
            let name = world.product.get(env).unwrap().name.to_string();
            let now = held(self.pins.get(&name));
            self.pins.insert(name, now);
        }
    }

    /// What needs a person: each row is of something that was there within the time that its feed may lag, and a gate that has waited for
    /// longer has its row. `since` = from when on it may be told of, by a feed.
    pub fn needs(&self, sky: &Sky, since: impl Fn(&FeedId) -> Timestamp) -> Vec<Row> {
        let (now, mut rows) = (sky.now(), Vec::new());
        let there = |held: Option<&Held>, feed: &FeedId| held.is_some_and(|held| held.last >= since(feed));
        for env in sky.model.facts().environments() {
            let shown = needs::of(&sky.model, &env.id);
            for need in &shown {
                let Some(row) = needs::said(&sky.model, &env.id, need, now, Hands::Keys) else { continue };
                let is = match need {
                    // What is old calls itself unknown.
                    Need::Gate(_) | Need::Run(_) if row.state == Some(State::Unknown) => true,
                    Need::Gate(run) => there(self.gates.get(&(env.id.to_string(), *run)), &FeedId::Pipeline),
                    Need::Run(run) => there(self.runs.get(run), &FeedId::Pipeline),
                    Need::Pin(service) if !row.words.contains("not read") => {
                        there(self.pins.get(env.id.as_str()), &FeedId::Declared(service.clone()))
                    }
                    Need::Pin(_) | Need::Operation(_) | Need::Lock => continue,
                };
                rows.push((format!("{} needs: {}", env.id, row.words), (!is).then(|| "it is not there".to_owned())));
            }
            for (run, held) in self.waiting(env.id.as_str()) {
                // Of runs that were not read lately nothing is said, and the pane's title tells why.
                if held.since < since(&FeedId::Pipeline) && fresh(sky, &FeedId::Pipeline) {
                    let untold = !shown.contains(&Need::Gate(run));
                    let wrong = untold.then(|| format!("it has waited since {} and has no row", held.since));
                    rows.push((format!("{} needs an answer to the gate of run {run}", env.id), wrong));
                }
            }
        }
        rows
    }

    /// Gates that wait now.
    fn waiting(&self, env: &str) -> impl Iterator<Item = (u64, Held)> {
        let mine = self.gates.iter().filter(move |((of, _), held)| of == env && Some(held.last) == self.looked);
        mine.map(|((_, run), held)| (*run, *held))
    }

    /// What the alarm line says of productions, and of those that it does not name, that they neither fail nor are mixed: unless the row
    /// tells of other trouble, or of a pair that is seen since less than half a minute, after which it rings.
    pub fn alarm(&self, sky: &Sky) -> (Vec<Statement>, Vec<(EnvId, State)>) {
        let (mut told, mut silent) = (Vec::new(), Vec::new());
        let banner = sky.model.facts().banner();
        for env in sky.model.facts().environments().iter().filter(|env| env.tier == Tier::Production) {
            match banner {
                Some(one) if one.env == env.id => told.push((env.id.clone(), None, one.state)),
                Some(one) if one.others.contains(&env.id) => {}
                _ => {
                    let seen = self.trouble.get(&env.id).is_some_and(|since| *since + RINGS > sky.now().wall);
                    let state = sky.judged(env.id.as_str()).state;
                    let rings_soon = state == State::Mixed && seen;
                    if !rings_soon && !matches!(state, State::Unknown | State::Flapping | State::Paused) {
                        silent.push((env.id.clone(), State::Deploying));
                    }
                }
            }
        }
        (told, silent)
    }

    /// Points of readiness: those on an environment are statements on it; that no gate waits is held here.
    pub fn readiness(&self, sky: &Sky, since: impl Fn(&FeedId) -> Timestamp) -> (Vec<Statement>, Vec<Row>) {
        let (mut statements, mut rows) = (Vec::new(), Vec::new());
        for check in readiness::checks(&sky.model, sky.now()) {
            if check.means != Means::Clear {
                continue;
            }
            match &check.jump {
                Jump::Place(Place::Env(env)) if STATES.contains(&check.asks) => {
                    let state = if check.status == Status::Ok { State::Healthy } else { State::Degraded };
                    statements.push((env.clone(), None, state));
                }
                _ if check.asks == Criterion::Gates => {
                    let environments = sky.model.facts().environments().iter();
                    let mut waits = environments.flat_map(|env| self.waiting(env.id.as_str()));
                    let wrong = waits.find(|(_, held)| held.since < since(&FeedId::Pipeline));
                    let wrong = wrong.map(|(run, held)| format!("run {run} has waited since {}", held.since));
                    rows.push((check.says.to_string(), wrong));
                }
                _ if check.asks == Criterion::Secrets && check.status == Status::Ok => {
                    let lately = self.kept.is_some_and(|at| at >= since(&FeedId::Secrets("production".into())));
                    let wrong = (!lately).then(|| "a secret of staging is missing in production".to_owned());
                    rows.push((check.says.to_string(), wrong));
                }
                _ => {}
            }
        }
        (statements, rows)
    }

    /// What `wait --commit`, `releases` and `health` print: the commit where it ends, what is live, and that the domains are well.
    pub fn lists(
        &self,
        sky: &Sky,
        since: impl Fn(&FeedId) -> Timestamp,
        facts: impl Fn(&EnvId) -> Timestamp,
    ) -> Vec<Row> {
        let mut rows = Vec::new();
        let ran = |id: &ServiceId, sha: &str, from: Timestamp| {
            self.ran.get(&(id.clone(), sha.to_owned())).is_some_and(|at| *at >= from)
        };
        for env in sky.model.facts().environments() {
            let commits = sky.judged(env.id.as_str()).commits;
            let ends = |sha: &&Sha| flightdeck::cli::wait_ends(&sky.model, &env.id, Some(sha.as_str()), sky.now());
            for sha in commits.iter().filter(ends) {
                let serving = env.services.iter().filter(|info| ["backend", "frontend"].contains(&&*info.id.name));
                let mut away = serving.filter(|info| !ran(&info.id, sha.as_str(), facts(&env.id)));
                let wrong = away.next().map(|info| format!("{} ran it at no time", info.id));
                rows.push((format!("wait --commit {} of {} ends", sha.short(), env.id), wrong));
            }
            for info in &env.services {
                let feed = FeedId::Releases(info.id.clone());
                // What is behind calls itself so.
                if !fresh(sky, &feed) {
                    continue;
                }
                let listed = sky.model.facts().releases().get(&info.id).into_iter().flatten().filter(|one| one.current);
                for one in listed {
                    let Some(sha) = &one.sha else { continue };
                    let wrong = !ran(&info.id, sha.as_str(), since(&feed));
                    rows.push((
                        format!("releases: {} {} is LIVE", info.id, sha.short()),
                        wrong.then(|| "it ran at no time".to_owned()),
                    ));
                }
                let feed = FeedId::Findings(info.id.clone());
                let domains = sky
                    .model
                    .facts()
                    .findings()
                    .get(&info.id)
                    .into_iter()
                    .flatten()
                    .find(|one| one.name.as_str() == "domains");
                if domains.is_some_and(|one| one.state() == State::Healthy) && fresh(sky, &feed) {
                    let led = self.led.get(env.id.as_str()).is_some_and(|at| *at >= since(&feed));
                    rows.push((
                        format!("health: the domains of {} are well", info.id),
                        (!led).then(|| "at no time did each of them lead to what is live".to_owned()),
                    ));
                }
            }
        }
        rows
    }
}

/// Whether a feed has answered lately.
fn fresh(sky: &Sky, feed: &FeedId) -> bool {
    sky.model
        .facts()
        .feeds()
        .get(feed)
        .is_some_and(|status| matches!(status.freshness(sky.now().wall), Freshness::Fresh(_)))
}

/// The alarm line on this screen. One that should be there and cannot be read says that all is well.
pub fn drawn_alarm(sky: &Sky, screen: &str) -> Option<Statement> {
    let banner = sky.model.facts().banner()?;
    let words: Vec<&str> = screen.lines().nth(1).unwrap_or_default().split_whitespace().take(3).collect();
    let is = |state: &State| words == [state.mark(false), banner.env.as_str(), state.word()];
    let state = State::ALL.into_iter().find(is);
    Some((banner.env.clone(), None, state.unwrap_or(State::Healthy)))
}
