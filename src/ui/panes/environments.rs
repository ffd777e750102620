//! Environments and services: declared beside observed.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::widgets::columns::{Cell, Column, column, fitted, row};
use super::super::{Ctx, text};
use super::Drawn;
use crate::app::geometry::{self, announced};
use crate::app::insight::needs::{self, Said};
use crate::app::model::{Pane, Place};
use crate::domain::amount::amount;
use crate::domain::environment::{Declared, EnvInfo, ServiceInfo, Status, Tier};
use crate::domain::release::Deployment;
use crate::domain::state::State;

pub(super) struct Environments;

impl Drawn for Environments {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.model.places().len()
    }

    fn trouble(&self, ctx: &Ctx<'_>) -> Option<(Status, usize)> {
        let states = ctx.model.facts().environments().iter().map(|env| ctx.model.facts().state(env, ctx.now));
        let states: Vec<State> = states.collect();
        let unknown = states.iter().filter(|state| **state == State::Unknown).count();
        let bad: Vec<State> = states
            .into_iter()
            .filter(|state| matches!(state, State::Failing | State::Mixed | State::Paused | State::Flapping))
            .collect();
        // What is not known may be any of these.
        let Some(worst) = bad.iter().max_by_key(|state| state.weight()) else {
            return (unknown > 0).then_some((State::Unknown.tone(), unknown));
        };
        Some((worst.tone(), bad.len()))
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let places = ctx.model.places();
    let selected = places.iter().position(|place| Some(place) == ctx.model.screen().selection().place.as_ref());
    let room = announced(places.len(), area.height.into());
    let first = geometry::scrolled(selected, room);
    let shown = || places.iter().skip(first).take(room);
    let (width, names) = (usize::from(area.width), names(ctx));
    // A table of both, so that states and commits stand below one another.
    let cells: Vec<Option<Vec<Cell>>> = shown()
        .map(|place| match place {
            Place::Env(id) => ctx.model.facts().env(id).map(|env| environment(ctx, env)),
            Place::Need(..) => None,
            Place::Service(id) => {
                let services = ctx.model.facts().env(&id.env).map(|env| &env.services);
                services.into_iter().flatten().find(|info| &info.id == id).map(|info| service(ctx, info))
            }
        })
        .collect();
    let rows: Vec<Vec<Cell>> = cells.iter().flatten().cloned().collect();
    let widths = fitted(&[&[names], &COLUMNS[..]].concat(), &rows, width);
    let mut lines = Vec::new();
    for (place, cells) in shown().zip(cells) {
        let noted = |env, need| {
            let said = needs::said(ctx.model, env, need, ctx.now, needs::Hands::Keys)?;
            Some(noted(ctx, &said, width))
        };
        let line = match (place, cells) {
            (_, Some(cells)) => Some(row(&widths, cells, ctx.theme.ellipsis())),
            (Place::Need(env, need), None) => noted(env, need),
            _ => None,
        };
        let mut line = line.unwrap_or_default();
        if Some(place) == ctx.model.screen().selection().place.as_ref()
            && ctx.model.screen().focus() == Pane::Environments
        {
            line = ctx.chosen(&line, area.width.into());
        }
        lines.push(line);
    }
    if room < area.height.into() && room < places.len() {
        lines.push(hidden(ctx, first, places.len().saturating_sub(first + room)));
    }
    lines
}

/// How many rows stand above and below those that show.
fn hidden(ctx: &Ctx<'_>, above: usize, below: usize) -> Line<'static> {
    let told = [(ctx.theme.up(), above), (ctx.theme.down(), below)];
    let told = told.iter().filter(|(_, count)| *count > 0).map(|(mark, count)| format!("{mark} {count} more"));
    Line::styled(format!(" {}", told.collect::<Vec<_>>().join("   ")), ctx.theme.dim())
}

/// Columns of a name in this pane: none is so narrow that two look alike.
fn names(ctx: &Ctx<'_>) -> Column {
    let (env, part) = ctx.model.facts().names().longest((ENV, PART), ctx.theme.ellipsis());
    let width = (2 + env).max(4 + part).max(14);
    column(width, width, 9)
}

/// Room of a service's name, and of an environment's, in a column of fourteen.
const PART: usize = 10;
const ENV: usize = 12;

/// Commit, or two of them, which no reason takes the room of, label, platform, badge, state and why, what the commit is about.
const COLUMNS: [Column; 6] =
    [column(8, 16, 9), column(8, 14, 5), column(9, 10, 2), column(6, 7, 8), column(18, 30, 9), column(16, 60, 1)];

fn environment(ctx: &Ctx<'_>, env: &EnvInfo) -> Vec<Cell> {
    let (theme, dim) = (ctx.theme, ctx.theme.dim());
    let judged = ctx.model.facts().judge(env, ctx.now);
    let name = if env.tier == Tier::Production { theme.prod() } else { theme.strong() };
    // Badges stand beside the state, which comes first.
    let lock = if ctx.model.facts().history().locks.contains_key(&env.id) { " LOCKED" } else { "" };
    let frozen = ctx.model.facts().frozen(&env.id, ctx.now).map(|_| " FROZEN").unwrap_or_default();
    let (state, why) = (judged.state.word(), &judged.why);
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    let state = format!("{} {state}{lock}{frozen}{why}", theme.mark(judged.state));
    // The release by what it is about and by its age, of the part that says so.
    let services =
        env.services.iter().flat_map(|info| ctx.model.facts().releases().get(&info.id).into_iter().flatten());
    let is = |one: &&Deployment| {
        one.current && one.sha.as_ref().is_some_and(|sha| judged.sha().is_some_and(|it| it.same(sha)))
    };
    let live: Vec<&Deployment> = services.filter(is).collect();
    let age = live.iter().map(|one| one.created_at).max().map(|at| text::since(at, ctx.now.wall)).unwrap_or_default();
    let subject = live.iter().map(|one| ctx.model.facts().subject(one)).find(|subject| !subject.as_str().is_empty());
    let subject = subject.map(|subject| ctx.veiled(subject.as_str())).unwrap_or_default();
    vec![
        (format!(" {}", ctx.model.facts().names().environment(&env.id, ENV, theme.ellipsis())), name),
        (judged.short(), Style::new()),
        (age, dim),
        (String::new(), dim),
        (String::new(), dim),
        (state, theme.state(judged.state)),
        (subject, dim),
    ]
}

/// Something that a person has to know of: words of its state, or a badge.
fn noted(ctx: &Ctx<'_>, said: &Said, width: usize) -> Line<'static> {
    let theme = ctx.theme;
    let (mark, style) = said
        .state
        .map_or_else(|| (theme.badge(), theme.status(Status::Warn)), |state| (theme.mark(state), theme.state(state)));
    // Names of people and commits' titles stand in it.
    let words = ctx.veiled(said.within(width.saturating_sub(5)));
    Line::styled(text::cut(&format!("   {mark} {words}"), width, theme.ellipsis()), style)
}

/// How many checks of a service the token may not read: nothing follows from that, and nobody knows them.
fn withheld(ctx: &Ctx<'_>, info: &ServiceInfo) -> String {
    let denied =
        ctx.model.facts().findings().get(&info.id).into_iter().flatten().filter(|check| check.denied()).count();
    if denied > 0 { format!(", {} denied", amount(denied, "check")) } else { String::new() }
}

fn service(ctx: &Ctx<'_>, info: &ServiceInfo) -> Vec<Cell> {
    let theme = ctx.theme;
    let judged = ctx.model.facts().judge_service(&info.id, ctx.now);
    let known = ctx.model.facts().services().get(&info.id);
    let declared = known.and_then(|state| state.declared.as_ref());
    let label = declared.map_or_else(|| "-".to_owned(), |declared| declared.label.to_string());
    let held = declared.map(Declared::held).unwrap_or_default();
    vec![
        (format!("   {}", ctx.model.facts().names().part(&info.id.name, PART, theme.ellipsis())), Style::new()),
        (judged.short(), Style::new()),
        (label, Style::new()),
        (info.platform.name().to_owned(), theme.dim()),
        (held, theme.status(Status::Warn)),
        (format!("{} {}{}", theme.mark(judged.state), judged.words(), withheld(ctx, info)), theme.state(judged.state)),
    ]
}
