//! The palette: every view and action, and by name every environment, service, release, run, probe and secret. An action with the thing that
//! it is done to is one row: `roll back production/backend to v41`.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::action::Action;
use crate::app::dialogs::{self, Find};
use crate::app::effect::Effect;
use crate::app::keys;
use crate::app::layout::Named;
use crate::app::model::{Model, Place};
use crate::app::msg::Now;
use crate::app::navigate::{self, Jump};
use crate::app::operations::{dialog, menu};
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
    /// What it does, or the name of the thing.
    pub title: String,
    /// What stands left is a kind.
    pub thing: bool,
    does: Does,
}

/// Whether a row is about the environment under the cursor.
fn near(row: &Row, env: &EnvId) -> bool {
    matches!(&row.does, Does::Go(Jump::Place(place)) | Does::Start(_, Jump::Place(place), _) if place.env() == env)
}

impl Row {
    fn thing(kind: &str, name: &str, jump: Jump) -> Self {
        Self { left: kind.to_owned(), title: name.trim_end().to_owned(), thing: true, does: Does::Go(jump) }
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
        let entries = model.screen.keys.entries().iter().filter(|entry| useful(entry.action)).map(|entry| Row {
            left: entry.keys.join(" "),
            title: entry.title.to_owned(),
            thing: false,
            does: Does::Act(entry.action),
        });
        let mut all: Vec<Row> = entries.collect();
        if !model.screen.alone {
            let start = |(letter, title, jump, towards)| {
                let does = Does::Start(letter, jump, towards);
                let key = model.screen.keys.of(Action::Start(letter)).to_owned();
                Row { left: key, title, thing: false, does }
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
        let mut matcher = Matcher::new(Config::DEFAULT);
        // Every word, in any order; its letters may have others between them.
        let pattern = Pattern::new(typed, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let (mut letters, mut found) = (Vec::new(), Vec::new());
        for (at, row) in self.all.iter().enumerate() {
            // A key, or the whole of a title, is what is meant, whatever else holds these letters.
            let whole =
                row.title.eq_ignore_ascii_case(typed) || !row.thing && row.left.split(' ').any(|key| key == typed);
            let text = if row.thing { format!("{} {}", row.left, row.title) } else { row.title.clone() };
            let score = pattern.score(Utf32Str::new(&text, &mut letters), &mut matcher);
            // Of what was typed alike, what was chosen lately.
            let score = score.map(|score| score + if at < self.recent { 1 } else { 0 });
            // Of titles that hold it alike, the one about what is under the cursor, then the one that says least besides.
            let rank = |score| {
                (Reverse((whole, score, self.here.as_ref().is_some_and(|env| near(row, env)))), row.title.len(), at)
            };
            found.extend(score.or(whole.then_some(0)).map(rank));
        }
        found.sort_unstable();
        self.shown = found.into_iter().take(MOST).map(|(.., at)| at).collect();
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
            navigate::to(model, jump);
            let mut effects = dialogs::start(model, letter, now);
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
            let name = format!("{service} {}{sha} {}", one.label, facts.subject(one));
            Row::thing("release", &name, Jump::Deployment(service.clone(), one.id.clone()))
        })
    });
    let runs = facts.runs.iter().map(|run| {
        let name = format!("{} {} {}", run.name(), run.sha.short(), run.title);
        Row::thing("run", &name, Jump::Run(run.id))
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
