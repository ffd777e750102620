//! The settings: key, value, and where it came from; what waits for a restart stands beside it.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::Ctx;
use super::super::widgets::columns::{Cell, Column, column, table};
use super::{Drawn, scrolled};
use crate::domain::amount::amount;
use crate::domain::environment::Status;

/// Key, value, where it came from, what is used after a restart. A long value is whole in the detail.
const COLUMNS: [Column; 4] = [column(18, 44, 9), column(12, 30, 8), column(12, 60, 7), column(12, 16, 6)];
/// The same where room is short: where a value came from is never left out.
const NARROW: [Column; 4] = [column(18, 34, 9), column(10, 20, 8), column(10, 24, 7), column(10, 16, 6)];

pub(super) struct Settings;

impl Drawn for Settings {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.model.facts().in_force().rows().len() + 1
    }

    fn trouble(&self, ctx: &Ctx<'_>) -> Option<(Status, usize)> {
        let in_force = ctx.model.facts().in_force();
        match (in_force.broken(), in_force.waiting()) {
            (Some(_), _) => Some((Status::Fail, 1)),
            (None, 0) => None,
            (None, waiting) => Some((Status::Warn, waiting)),
        }
    }

    fn title(&self, ctx: &Ctx<'_>) -> String {
        let in_force = ctx.model.facts().in_force();
        let all = amount(in_force.rows().len(), "setting");
        match (in_force.broken(), in_force.waiting()) {
            (Some(why), _) => format!("  what is written is not used: {why}"),
            (None, 0) => format!("  {all}"),
            (None, waiting) => format!("  {all} {} {waiting} used after a restart", ctx.theme.dot()),
        }
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let (theme, rows) = (ctx.theme, ctx.model.facts().in_force().rows());
    if rows.is_empty() {
        return Vec::new();
    }
    let selected = rows.iter().position(|row| Some(&row.now.key) == ctx.model.screen().selection().setting.as_ref());
    let room = area.height.saturating_sub(1);
    let first = scrolled(selected, room);
    let head = ["key", "value", "from", "after a restart"];
    let waits = rows.iter().any(|row| row.next.is_some());
    let shown = if waits { 4 } else { 3 };
    let head = head.into_iter().take(shown).enumerate().map(|(at, text)| {
        let blank = if at == 0 { " " } else { "" };
        (format!("{blank}{text}"), theme.dim())
    });
    let cells = rows.iter().skip(first).take(room.into()).map(|row| {
        let next = row.next.as_ref().map(ToString::to_string).unwrap_or_default();
        let default = row.now.origin == crate::config::effective::Origin::Default;
        let value = if default { theme.dim() } else { Style::new() };
        let cells = [
            (format!(" {}", row.now.key), Style::new()),
            (ctx.veiled(row.now.value.as_str()), value),
            (ctx.veiled(&row.now.origin.to_string()), theme.dim()),
            (ctx.veiled(&next), theme.status(Status::Warn)),
        ];
        cells.into_iter().take(shown).collect()
    });
    let cells: Vec<Vec<Cell>> = std::iter::once(head.collect()).chain(cells).collect();
    let columns = if area.width < 100 { &NARROW } else { &COLUMNS };
    let lines = table(&columns[..shown], cells, area.width.into(), theme.ellipsis());
    lines
        .into_iter()
        .enumerate()
        .map(|(at, line)| match selected {
            Some(selected) if at == selected + 1 - first => ctx.chosen(&line, area.width.into()),
            _ => line,
        })
        .collect()
}
