//! What happened, newest first.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::widgets::columns::{Cell, Column, column, table};
use super::super::{Ctx, text};
use super::{Drawn, scrolled};
use crate::app::model::Pane;
use crate::domain::amount::amount;

/// When, how long ago, where, what.
const COLUMNS: [Column; 4] = [column(10, 10, 4), column(7, 8, 6), column(12, 20, 5), column(20, 30, 9)];

pub(super) struct Timeline;

impl Drawn for Timeline {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.model.facts().timeline().len()
    }

    fn title(&self, ctx: &Ctx<'_>) -> String {
        format!("  {}", amount(ctx.model.facts().timeline().len(), "event"))
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let events = ctx.model.facts().timeline();
    let chosen = ctx.model.screen().selection().event.as_ref();
    let selected = events.iter().position(|event| chosen == Some(&event.id()));
    let first = scrolled(selected, area.height);
    let shown = events.iter().enumerate().skip(first).take(area.height.into());
    let (indices, rows): (Vec<usize>, Vec<Vec<Cell>>) = shown
        .map(|(index, event)| {
            let says = format!("{} {}", ctx.theme.symbol(event.status), ctx.veiled(event.says.as_str()));
            let cells = vec![
                (format!(" {}", event.at.strftime("%H:%M:%S")), ctx.theme.dim()),
                (text::since(event.at, ctx.now.wall), ctx.theme.dim()),
                (event.place.to_string(), Style::new()),
                (says, ctx.theme.status(event.status)),
            ];
            (index, cells)
        })
        .unzip();
    let lines = table(&COLUMNS, rows, area.width.into(), ctx.theme.ellipsis());
    let chosen = |index| Some(index) == selected && ctx.model.screen().focus() == Pane::Timeline;
    let lines = indices.into_iter().zip(lines);
    lines.map(|(index, line)| if chosen(index) { ctx.chosen(&line, area.width.into()) } else { line }).collect()
}
