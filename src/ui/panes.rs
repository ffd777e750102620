//! The contents of the panes: visible rows only.

mod environments;
mod health;
mod journal;
mod logs;
mod pipeline;
mod readiness;
mod releases;
mod secrets;
mod settings;
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

/// How a pane is drawn.
pub(super) trait Drawn: Sync {
    /// Its visible rows.
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>>;

    /// How many rows it would have, were there room for all.
    fn rows(&self, _ctx: &Ctx<'_>) -> usize {
        usize::MAX
    }

    /// What its title says beside its name.
    fn title(&self, _ctx: &Ctx<'_>) -> String {
        String::new()
    }

    /// The worst that it has to say beside what its feeds do, and how often.
    fn trouble(&self, _ctx: &Ctx<'_>) -> Option<(Status, usize)> {
        None
    }
}

/// How each pane is drawn.
pub(super) fn drawn(pane: Pane) -> &'static dyn Drawn {
    match pane {
        Pane::Environments => &environments::Environments,
        Pane::Logs => &logs::Logs,
        Pane::Health => &health::Health,
        Pane::Secrets => &secrets::Secrets,
        Pane::Releases => &releases::Releases,
        Pane::Pipeline => &pipeline::Pipeline,
        Pane::Timeline => &timeline::Timeline,
        Pane::Journal => &journal::Journal,
        Pane::Readiness => &readiness::Readiness,
        Pane::Settings => &settings::Settings,
    }
}

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, pane: Pane, area: Rect) {
    if area.is_empty() {
        return;
    }
    let lines = drawn(pane).lines(ctx, area);
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
    Line::styled(pane.listed().empty(ctx.model), ctx.theme.dim())
}

/// The worst that a pane has to say, for where the pane itself is not seen, and how often; nothing is counted where it was not read.
pub(super) fn trouble(ctx: &Ctx<'_>, pane: Pane) -> Option<(Status, Option<usize>)> {
    if let Some((status, count)) = drawn(pane).trouble(ctx) {
        return Some((status, Some(count)));
    }
    match ctx.model.freshness(pane, ctx.now) {
        Freshness::Failed => Some((Status::Fail, None)),
        Freshness::Stale(_) => Some((Status::Unknown, None)),
        Freshness::Waiting | Freshness::Fresh(_) => None,
    }
}

/// Rows that a pane needs to say all that it has to say, why it could not be read included.
pub(super) fn rows(ctx: &Ctx<'_>, pane: Pane) -> usize {
    let failure = if failure(ctx, pane).is_some() { 2 } else { 0 };
    drawn(pane).rows(ctx).max(1).saturating_add(failure)
}

/// The first row shown so that the selected one is visible.
fn scrolled(selected: Option<usize>, rows: u16) -> usize {
    crate::app::geometry::scrolled(selected, rows.into())
}
