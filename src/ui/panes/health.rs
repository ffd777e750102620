//! Probes with their latency and history.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use super::super::widgets::columns::{Cell, Column, column, fitted, row};
use super::super::{Ctx, text};
use super::{Drawn, scrolled};
use crate::app::model::Pane;
use crate::domain::environment::Status;
use crate::domain::health::ProbeState;
use crate::domain::state::State;

pub(super) struct Health;

impl Drawn for Health {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.model.facts().probes().iter().count()
    }

    fn trouble(&self, ctx: &Ctx<'_>) -> Option<(Status, usize)> {
        let known = ctx.model.facts().known(ctx.now);
        let states: Vec<State> = ctx.model.facts().probes().iter().map(|probe| known.probe(probe).0).collect();
        let count = |state: State| states.iter().filter(|one| **one == state).count();
        let worst = [State::Failing, State::Flapping, State::Unknown].into_iter().find(|state| count(*state) > 0)?;
        Some((worst.tone(), count(worst)))
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let (probes, width) = (ctx.model.facts().probes(), usize::from(area.width));
    let selected = probes.iter().position(|probe| Some(&probe.id) == ctx.model.screen().selection().probe.as_ref());
    let first = scrolled(selected, area.height);
    let shown: Vec<(usize, &ProbeState)> = probes.iter().enumerate().skip(first).take(area.height.into()).collect();
    let rows: Vec<Vec<Cell>> = shown.iter().map(|(_, probe)| cells(ctx, probe, width)).collect();
    // What fails has a reason where what is well has numbers: two tables whose names stand below one another.
    let (well, ill): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|cells| cells.len() > 2);
    let names: Vec<Vec<Cell>> = rows.iter().map(|cells| cells[..1].to_vec()).collect();
    let name = fitted(&NAME, &names, width.saturating_sub(20)).first().copied().unwrap_or(0);
    let natural = names.iter().flatten().map(|(text, _)| text.width() + 1).max().unwrap_or(0).min(name);
    let fit = |columns: &[Column], rows: &[Vec<Cell>]| {
        let rest: Vec<Vec<Cell>> = rows.iter().map(|cells| cells[1..].to_vec()).collect();
        let mut widths = vec![natural];
        widths.extend(fitted(columns, &rest, width.saturating_sub(natural)));
        widths
    };
    let (well, ill) = (fit(&COLUMNS, &well), fit(&TROUBLE, &ill));
    shown
        .into_iter()
        .zip(rows)
        .map(|((index, _), cells)| {
            let line = row(if cells.len() > 2 { &well } else { &ill }, cells, ctx.theme.ellipsis());
            let here = Some(index) == selected && ctx.model.screen().focus() == Pane::Health;
            if here { ctx.chosen(&line, width) } else { line }
        })
        .collect()
}

/// Below this an environment is told by its first letters, as in the logs.
const NARROW: usize = 60;
/// The name.
const NAME: [Column; 1] = [column(18, 60, 9)];
/// Latency, history, share of passed.
const COLUMNS: [Column; 3] = [column(7, 7, 6), column(8, 41, 3), column(6, 30, 5)];
/// Why it fails and since when.
const TROUBLE: [Column; 1] = [column(20, 200, 9)];
/// Samples of a history, and what its column takes at most of a narrow pane.
const HISTORY: usize = 40;

fn cells(ctx: &Ctx<'_>, probe: &ProbeState, width: usize) -> Vec<Cell> {
    let (state, told) = ctx.model.facts().known(ctx.now).probe(probe);
    let style = ctx.theme.state(state);
    let mark = ctx.theme.ellipsis();
    let env = if width < NARROW {
        format!("{} ", ctx.model.facts().names().environment(&probe.id.env, 4, mark))
    } else {
        format!("{}  ", probe.id.env)
    };
    let name = format!(" {} {env}{}", ctx.theme.mark(state), probe.id.name);
    let last = probe.samples.back();
    if state != State::Healthy {
        let failure = last.and_then(|sample| sample.failure.as_ref()).filter(|_| state == State::Failing);
        let since = || format!("{} {} ", text::since(probe.since, ctx.now.wall), ctx.theme.dot());
        let why = failure.map_or_else(|| format!("{state}: {told}"), |failure| format!("{}{failure}", since()));
        return vec![(name, style), (why, style)];
    }
    let latency = last.map_or_else(String::new, |sample| format!("{}ms", sample.anatomy.total.as_millis()));
    let (passed, all) = probe.passed;
    let percent = 100.0 * passed as f64 / all.max(1) as f64;
    let history = sparkline(ctx, probe, width.saturating_sub(50).clamp(7, HISTORY));
    // An answer that is no success, and that it is configured to take for well.
    let taken = last.and_then(|sample| sample.anatomy.status).filter(|status| *status >= 300);
    let share = match (taken, width >= NARROW) {
        (None, true) => format!("{percent:.1}% of {all}"),
        (None, false) => format!("{percent:.0}%"),
        (Some(status), true) => format!("{percent:.1}% of {all}, {status} expected"),
        (Some(status), false) => format!("{percent:.0}% {status}"),
    };
    vec![(name, style), (latency, Style::new()), (history, style), (share, ctx.theme.dim())]
}

/// Latency of the last samples, as many as there is room for; a failed one is a cross.
fn sparkline(ctx: &Ctx<'_>, probe: &ProbeState, room: usize) -> String {
    let bars = ctx.theme.bars();
    let recent = probe.samples.len().saturating_sub(room);
    let samples = || probe.samples.iter().skip(recent);
    let most = samples().map(|sample| sample.anatomy.total.as_micros()).max().unwrap_or(1).max(1);
    samples()
        .map(|sample| {
            let share =
                usize::try_from(sample.anatomy.total.as_micros() * (bars.len() as u128 - 1) / most).unwrap_or(0);
            if sample.failure.is_some() { ctx.theme.symbol(Status::Fail) } else { bars[share.min(bars.len() - 1)] }
        })
        .collect()
}
