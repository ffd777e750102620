//! The statements where a person or a script meets them: what is drawn, what `status --json` prints, when `wait` ends, what readiness says.

use flightdeck::app::insight::readiness;
use flightdeck::domain::environment::Tier;
use flightdeck::domain::ids::{EnvId, ServiceId};
use flightdeck::domain::state::State;
use serde_json::Value;

use crate::sky::Sky;

/// An environment, or one of its services, and what is said of it.
pub type Statement = (EnvId, Option<ServiceId>, State);

/// The state that follows a name: its mark and its word.
fn said(text: &str, name: &str) -> Option<State> {
    let mut words = text.split_whitespace();
    words.find(|word| *word == name)?;
    let words: Vec<&str> = words.collect();
    // A row has the platform and its label before the state.
    let at = |state: &State| {
        let word = |word: &str| word.trim_end_matches([':', ',', '…']) == state.word();
        words.windows(2).position(|pair| pair[0] == state.mark(false) && word(pair[1]))
    };
    State::ALL.into_iter().filter_map(|state| Some((at(&state)?, state))).min_by_key(|(at, _)| *at).map(|one| one.1)
}

/// The header, the alarm line and the rows of the environments, as they are drawn on a screen of that size. What is so cut that its state
/// cannot be read reads as if nothing were wrong; the header of a narrow screen may leave out what is no production, its row has it.
pub fn drawn(sky: &Sky, size: (u16, u16)) -> Vec<Statement> {
    let screen = sky.screen(size);
    let mut all = Vec::new();
    all.extend(crate::rows::drawn_alarm(sky, &screen));
    let header = screen.lines().next().unwrap_or_default();
    for env in sky.model.facts().environments() {
        // Each environment stands with its own state: what follows is the next one's.
        let others = sky.model.facts().environments().iter().filter(|other| other.id != env.id);
        let name = if env.id.as_str() == "production" { "PROD" } else { env.id.as_str() };
        let own = header.split_once(&format!(" {name} ")).map(|(_, rest)| rest).unwrap_or_default();
        let ends = others.filter_map(|other| own.find(&format!("  {} ", other.id))).chain(own.find(" ─"));
        let end = ends.min().unwrap_or(own.len());
        let state = said(&format!("{} {}", env.id, &own[..end]), env.id.as_str());
        let cut = (env.tier == Tier::Production).then_some(State::Healthy);
        // In its shortest form a station has its mark alone. Of two states that share one it may be the worse.
        let words: Vec<&str> = own[..end].split_whitespace().collect();
        let at = |state: &State| words.iter().position(|word| *word == state.mark(false));
        let marked =
            || State::ALL.into_iter().rev().filter_map(|state| Some((at(&state)?, state))).min_by_key(|one| one.0);
        let state = state.or_else(|| marked().map(|(_, state)| state));
        all.extend(state.or(cut).map(|state| (env.id.clone(), None, state)));
    }
    let mut env: Option<&flightdeck::domain::environment::EnvInfo> = None;
    // The pane is the left one: a row ends at its frame.
    for row in screen.lines().skip(2).filter_map(|line| line.split(['┃', '│']).nth(1)) {
        if let Some(next) =
            sky.model.facts().environments().iter().find(|env| row.starts_with(&format!(" {} ", env.id)))
        {
            env = Some(next);
            all.push((next.id.clone(), None, said(row, next.id.as_str()).unwrap_or(State::Healthy)));
            continue;
        }
        let service = |env: &&flightdeck::domain::environment::EnvInfo| {
            let mut services = env.services.iter();
            services.find(|info| row.starts_with(&format!("   {} ", info.id.name))).map(|info| info.id.clone())
        };
        if let Some(id) = env.as_ref().and_then(service) {
            let state = said(row, &id.name).unwrap_or(State::Healthy);
            all.push((id.env.clone(), Some(id), state));
        }
    }
    all
}

/// What `status --json` prints.
pub fn printed(sky: &Sky) -> Vec<Statement> {
    let document: Value = serde_json::from_str(&flightdeck::cli::status_document(&sky.model, sky.now())).unwrap();
    let state = |value: &Value| serde_json::from_value::<State>(value["state"].clone()).unwrap();
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for env in list(&document, "environments") {
        let id = EnvId::from(env["name"].as_str().unwrap());
        all.push((id.clone(), None, state(&env)));
        for service in list(&env, "services") {
            let name = service["name"].as_str().unwrap();
            all.push((id.clone(), Some(ServiceId::new(id.clone(), name)), state(&service)));
        }
    }
    all
}

/// What the end of `wait` says of an environment, and what `ready` says of both: that they serve, degraded at worst.
pub fn concluded(sky: &Sky) -> Vec<Statement> {
    let environments = sky.model.facts().environments().iter();
    let ended = environments.filter(|env| flightdeck::cli::wait_ends(&sky.model, &env.id, None, sky.now()));
    let mut all: Vec<Statement> = ended.map(|env| (env.id.clone(), None, State::Degraded)).collect();
    if readiness::verdict(&readiness::checks(&sky.model, sky.now())).0 == State::Healthy {
        all.extend(sky.model.facts().environments().iter().map(|env| (env.id.clone(), None, State::Degraded)));
    }
    all
}
