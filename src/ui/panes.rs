//! The contents of the panes: visible rows only.

mod environments;
mod health;
mod journal;
mod logs;
mod pipeline;
mod readiness;
mod releases;
mod secrets;
mod timeline;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::Ctx;
use super::widgets::paint::paint;
use crate::app::model::Pane;
use crate::domain::environment::Status;
use crate::domain::feed::{FeedState, Freshness};
use crate::domain::state::State;

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, pane: Pane, area: Rect) {
    if area.is_empty() {
        return;
    }
    let lines = match pane {
        Pane::Environments => environments::lines(ctx, area),
        Pane::Logs => logs::lines(ctx, area),
        Pane::Health => health::lines(ctx, area),
        Pane::Secrets => secrets::lines(ctx, area),
        Pane::Releases => releases::lines(ctx, area),
        Pane::Pipeline => pipeline::lines(ctx, area),
        Pane::Timeline => timeline::lines(ctx, area),
        Pane::Journal => journal::lines(ctx, area),
        Pane::Readiness => readiness::lines(ctx, area),
    };
    let waiting = lines.is_empty();
    let mut lines = if waiting { vec![empty(ctx, pane)] } else { lines };
    if matches!(ctx.model.freshness(pane, ctx.now), Freshness::Stale(_)) {
        lines = lines.into_iter().map(|line| line.patch_style(ctx.theme.dim())).collect();
    }
    let failure = failure(ctx, pane);
    let room = usize::from(area.height).saturating_sub(if failure.is_some() { 2 } else { 0 });
    lines.truncate(room.max(1));
    // What is said while nothing is known may take two rows.
    let taken = if waiting { 2 } else { lines.len() };
    let used = u16::try_from(taken).unwrap_or(area.height).min(area.height);
    if waiting {
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }), margin(area));
    } else {
        paint(frame.buffer_mut(), area, &lines);
    }
    if let Some(text) = failure {
        let below = Rect { y: area.y + used, height: area.height - used, ..area };
        let style = ctx.theme.status(Status::Fail);
        frame.render_widget(Paragraph::new(text).style(style).wrap(Wrap { trim: true }), margin(below));
    }
}

/// One column free at the left, where rows have their blank.
fn margin(area: Rect) -> Rect {
    Rect { x: area.x + area.width.min(1), width: area.width.saturating_sub(1), ..area }
}

/// Why the worst feed of a pane fails, and what to do.
fn failure(ctx: &Ctx<'_>, pane: Pane) -> Option<String> {
    let mut failing = ctx.model.feeds_of(pane).filter_map(|(_, status)| match &status.state {
        FeedState::Failing { why, .. } => Some(why),
        _ => None,
    });
    let first = failing.next()?;
    let more = failing.count();
    let and = if more > 0 { format!(" (+{more} more)") } else { String::new() };
    Some(format!("{} {first}{and}", ctx.theme.symbol(Status::Fail)))
}

fn empty(ctx: &Ctx<'_>, pane: Pane) -> Line<'static> {
    let text = match pane {
        Pane::Logs if ctx.model.logs.searching() => "looking for lines that pass the filter",
        Pane::Logs if !ctx.model.logs.is_empty() => "no line passes the filter; esc clears it",
        Pane::Logs => "waiting for the first line",
        Pane::Health => "waiting for the first probe; probes stand in [[environments.probes]]",
        Pane::Secrets => "waiting for the first list of names",
        Pane::Pipeline => "waiting for the first answer of GitHub",
        Pane::Journal => "nothing was done by hand yet: operations are written here before and after each call",
        Pane::Timeline => "nothing has happened yet",
        Pane::Readiness => "a promotion needs an environment of tier staging and one of tier production",
        Pane::Environments | Pane::Releases => "waiting for the first answer",
    };
    Line::styled(text, ctx.theme.dim())
}

/// The worst that a pane has to say, for where the pane itself is not seen.
pub(super) fn trouble(ctx: &Ctx<'_>, pane: Pane) -> Option<(Status, String)> {
    let model = ctx.model;
    if pane == Pane::Health {
        let known = model.known(ctx.now);
        let states: Vec<State> = model.probes.iter().map(|probe| known.probe(probe).0).collect();
        for state in [State::Failing, State::Flapping, State::Unknown] {
            let count = states.iter().filter(|one| **one == state).count();
            if count > 0 {
                return Some((state.tone(), format!("{count} {state}")));
            }
        }
    }
    if pane == Pane::Secrets {
        let blocking = model.secrets.iter().flat_map(|row| &row.findings).filter(|finding| finding.blocks).count();
        if blocking > 0 {
            return Some((Status::Fail, format!("{blocking} blocks")));
        }
    }
    match model.freshness(pane, ctx.now) {
        Freshness::Failed => Some((Status::Fail, "not read".to_owned())),
        Freshness::Stale(_) => Some((Status::Warn, "STALE".to_owned())),
        Freshness::Waiting | Freshness::Fresh(_) => None,
    }
}

/// The first row shown so that the selected one is visible.
fn scrolled(selected: Option<usize>, rows: u16) -> usize {
    crate::app::geometry::scrolled(selected, rows.into())
}
