//! Rows that say that something is there, or that nothing is: what needs a person, the alarm line, the points of readiness.

use std::collections::BTreeMap;

use flightdeck::app::insight::needs::{self, Hands, Need};
use flightdeck::app::insight::readiness::{self, Criterion, Means};
use flightdeck::app::model::Place;
use flightdeck::app::navigate::Jump;
use flightdeck::clock::Timestamp;
use flightdeck::domain::environment::{Status, Tier};
use flightdeck::domain::feed::{FeedId, Freshness};
use flightdeck::domain::ids::EnvId;
use flightdeck::domain::state::State;

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
}

/// The points of readiness that are about the state of an environment.
const STATES: [Criterion; 2] = [Criterion::Source, Criterion::Target];

/// A row and what is wrong with it; `None` = it is true.
pub type Row = (String, Option<String>);

impl Seen {
    /// What is so now.
    pub fn look(&mut self, sky: &Sky) {
        for env in &sky.model.environments {
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
        for env in &sky.model.environments {
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
        let banner = sky.model.banner.as_ref();
        for env in sky.model.environments.iter().filter(|env| env.tier == Tier::Production) {
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
                    let environments = sky.model.environments.iter();
                    let mut waits = environments.flat_map(|env| self.waiting(env.id.as_str()));
                    let wrong = waits.find(|(_, held)| held.since < since(&FeedId::Pipeline));
                    let wrong = wrong.map(|(run, held)| format!("run {run} has waited since {}", held.since));
                    rows.push((check.says.to_string(), wrong));
                }
                _ => {}
            }
        }
        (statements, rows)
    }
}

/// Whether a feed has answered lately.
fn fresh(sky: &Sky, feed: &FeedId) -> bool {
    sky.model.feeds.get(feed).is_some_and(|status| matches!(status.freshness(sky.now().wall), Freshness::Fresh(_)))
}

/// The alarm line on this screen. One that should be there and cannot be read says that all is well.
pub fn drawn_alarm(sky: &Sky, screen: &str) -> Option<Statement> {
    let banner = sky.model.banner.as_ref()?;
    let words: Vec<&str> = screen.lines().nth(1).unwrap_or_default().split_whitespace().take(3).collect();
    let is = |state: &State| words == [state.mark(false), banner.env.as_str(), state.word()];
    let state = State::ALL.into_iter().find(is);
    Some((banner.env.clone(), None, state.unwrap_or(State::Healthy)))
}
