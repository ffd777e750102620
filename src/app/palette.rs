//! The palette: every view and action, and by name every environment, service, release, run, probe and secret. An action with the thing that
//! it is done to is one row: `roll back production/backend to v41`.

use std::cmp::Reverse;

use crate::action::Action;
use crate::app::dialogs::{self, Find};
use crate::app::effect::Effect;
use crate::app::keys;
use crate::app::layout::Named;
use crate::app::model::{Model, Place};
use crate::app::msg::Now;
use crate::app::navigate::{self, Jump};
use crate::app::operations::menu::Beside;
use crate::app::operations::{dialog, menu};
use crate::app::typed::{Found, Typed};
use crate::domain::ids::{EnvId, Sha};

/// Rows that are shown at most: who looks for one types more of its name.
const MOST: usize = 100;
/// Releases that are listed at most, of all services together, the newest of each.
const RELEASES: usize = 1000;
/// Of one service.
const OF_ONE: usize = 50;
/// Rows that are remembered as chosen.
const RECENT: usize = 8;

/// What a row does.
#[derive(Debug, Clone, PartialEq)]
enum Does {
    /// What its key does.
    Act(Action),
    /// Selects the thing.
    Go(Jump),
    /// Selects the thing and starts what this letter of the menu starts there; towards this commit, where one is named.
    Start(char, Jump, Option<Sha>),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its keys, or what kind of thing it is.
    pub left: String,
    /// What it does, or the name of the thing, with its identities and what it is about.
    pub title: String,
    /// What stands left is a kind.
    pub thing: bool,
    /// The name alone.
    name: String,
    about: Beside,
    does: Does,
}

/// What actions are called beside their titles.
const ALSO: &[(Action, &[&str])] = &[
    (Action::CopyAddress, &["url", "link", "copy url", "copy link"]),
    (Action::Copy, &["id", "copy id", "clipboard"]),
    (Action::Why, &["cause", "reason", "evidence"]),
    (Action::Patterns, &["errors", "new errors", "first error", "first new error", "exceptions"]),
];

/// Whether a row is about the environment under the cursor.
fn near(row: &Row, env: &EnvId) -> bool {
    matches!(&row.does, Does::Go(Jump::Place(place)) | Does::Start(_, Jump::Place(place), _) if place.env() == env)
}

impl Row {
    fn new(left: &str, name: String, about: Beside, does: Does) -> Self {
        let words = [name.as_str(), &about.ids, &about.subject];
        let title = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        Self { left: left.to_owned(), title, thing: matches!(does, Does::Go(_)), name, about, does }
    }

    fn thing(kind: &str, name: &str, jump: Jump) -> Self {
        Self::new(kind, name.trim_end().to_owned(), Beside::default(), Does::Go(jump))
    }

    /// What it is found by.
    fn also(&self) -> &'static [&'static str] {
        let Does::Act(action) = self.does else { return &[] };
        ALSO.iter().find(|(of, _)| *of == action).map(|(_, names)| *names).unwrap_or_default()
    }
}

/// What is typed, and the rows as they were when the palette opened: they do not move under who reads them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    /// What is typed, and the chosen row.
    pub find: Find,
    all: Vec<Row>,
    /// How many of them were chosen lately; they come first.
    recent: usize,
    /// The environment under the cursor: of rows that say the same of several, the one about it comes first.
    here: Option<EnvId>,
    shown: Vec<usize>,
}

impl Palette {
    /// Everything that there is to find now.
    pub(in crate::app) fn open(model: &Model) -> Self {
        let useful = |action| !model.screen.alone || !keys::needs_project(action);
        let entries = model.screen.keys.entries().iter().filter(|entry| useful(entry.action)).map(|entry| {
            Row::new(&entry.keys.join(" "), entry.title.to_owned(), Beside::default(), Does::Act(entry.action))
        });
        let mut all: Vec<Row> = entries.collect();
        if !model.screen.alone {
            let start = |one: menu::Named| {
                let key = model.screen.keys.of(Action::Start(one.letter));
                Row::new(key, one.title, one.about, Does::Start(one.letter, one.jump, one.towards))
            };
            all.extend(menu::named(model, RELEASES).into_iter().map(start));
            all.extend(things(model));
        }
        let age = |row: &Row| model.screen.recent.iter().position(|title| *title == row.title).unwrap_or(usize::MAX);
        // The sort is stable: the others stay in the order in which the screen has them.
        all.sort_by_key(age);
        let recent = all.iter().take_while(|row| age(row) != usize::MAX).count();
        let here = model.target_env().map(|env| env.id.clone());
        let mut palette = Self { find: Find::default(), all, recent, here, shown: Vec::new() };
        palette.narrow();
        palette
    }

    /// The rows that hold what is typed, the best first. While nothing is typed they are the actions, behind what was chosen lately: of things
    /// there may be thousands.
    #[must_use]
    pub fn rows(&self) -> Vec<&Row> {
        self.shown.iter().filter_map(|at| self.all.get(*at)).collect()
    }

    /// Finds the rows of another text.
    pub(in crate::app) fn narrow(&mut self) {
        let typed = self.find.text.trim();
        if typed.is_empty() {
            let listed = |(at, row): &(usize, &Row)| *at < self.recent || matches!(row.does, Does::Act(_));
            self.shown = self.all.iter().enumerate().filter(listed).map(|(at, _)| at).collect();
            return;
        }
        let (mut typed, mut ranked) = (Typed::new(typed), Vec::new());
        for (at, row) in self.all.iter().enumerate() {
            let kind = if row.thing { &row.left } else { "" };
            let text = format!("{kind} {} {} {}", row.name, row.also().join(" "), row.about.subject);
            let keys: Vec<&str> = row.left.split(' ').filter(|_| !row.thing).collect();
            let found =
                Found { title: &row.name, text: text.trim(), ids: &row.about.ids, keys: &keys, also: row.also() };
            let Some((whole, score)) = typed.rank(found) else { continue };
            // Of what was typed alike, what was chosen lately.
            let score = score + u32::from(at < self.recent);
            // Of those that hold it alike, the one about what is under the cursor, then the one whose name says least besides, then the newest.
            let near = self.here.as_ref().is_some_and(|env| near(row, env));
            ranked.push((Reverse((whole, score, near)), row.name.len(), at));
        }
        ranked.sort_unstable();
        self.shown = ranked.into_iter().take(MOST).map(|(.., at)| at).collect();
    }
}

/// Does what the chosen row says.
pub(in crate::app) fn enter(model: &mut Model, palette: &Palette, now: Now) -> Vec<Effect> {
    let Some(row) = palette.rows().get(palette.find.at).copied() else { return Vec::new() };
    model.screen.recent.retain(|title| *title != row.title);
    model.screen.recent.insert(0, row.title.clone());
    model.screen.recent.truncate(RECENT);
    match row.does.clone() {
        Does::Act(action) => keys::perform(model, action, now),
        Does::Go(jump) => {
            navigate::to(model, jump);
            Vec::new()
        }
        Does::Start(letter, jump, towards) => {
            let run = if let Jump::Run(id) = jump { Some(id) } else { None };
            navigate::to(model, jump);
            let mut effects = match run {
                Some(run) => dialogs::start_for(model, letter, run, now),
                None => dialogs::start(model, letter, now),
            };
            if let Some(commit) = towards {
                effects.extend(dialog::choose(model, &commit, now));
            }
            effects
        }
    }
}

/// Every thing with a name.
fn things(model: &Model) -> impl Iterator<Item = Row> + '_ {
    let facts = &model.facts;
    let environments = facts.environments.iter().flat_map(|env| {
        let own = Row::thing("environment", env.id.as_str(), Jump::Place(Place::Env(env.id.clone())));
        let service = |id| Jump::Place(Place::Service(id));
        let services =
            env.services.iter().map(move |one| Row::thing("service", &one.id.to_string(), service(one.id.clone())));
        std::iter::once(own).chain(services)
    });
    let each = (RELEASES / facts.releases.len().max(1)).clamp(1, OF_ONE);
    let releases = facts.releases.iter().flat_map(move |(service, list)| {
        list.iter().take(each).map(move |one| {
            let sha = one.sha.as_ref().map_or_else(String::new, |sha| format!(" {}", sha.short()));
            let about = Beside { ids: format!("{}{sha}", one.label), subject: facts.subject(one).to_string() };
            let does = Does::Go(Jump::Deployment(service.clone(), one.id.clone()));
            Row::new("release", service.to_string(), about, does)
        })
    });
    let runs = facts.runs.iter().map(|run| {
        let about = Beside { ids: run.sha.short().to_owned(), subject: run.title.to_string() };
        Row::new("run", run.name().to_string(), about, Does::Go(Jump::Run(run.id)))
    });
    let probes = facts
        .probes
        .iter()
        .map(|one| Row::thing("probe", &format!("{} {}", one.id.env, one.id.name), Jump::Probe(one.id.clone())));
    let secrets = facts.secrets.iter().map(|row| Row::thing("secret", row.key.as_str(), Jump::Secret(row.key.clone())));
    let layouts = Named::ALL.into_iter().map(|one| Row::thing("layout", one.name(), Jump::Layout(one)));
    environments.chain(layouts).chain(runs).chain(releases).chain(probes).chain(secrets)
}

#[cfg(test)]
mod tests;
