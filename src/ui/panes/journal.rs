//! The journal: what was done by hand, newest first.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::Ctx;
use super::super::widgets::columns::{Cell, Column, column, table};
use super::{Drawn, scrolled};
use crate::domain::amount::amount;
use crate::domain::environment::Status;
use crate::domain::history::Chain;

/// Number, when, operation, event, what it says.
const COLUMNS: [Column; 5] = [column(6, 7, 3), column(10, 20, 5), column(9, 9, 2), column(9, 9, 6), column(20, 30, 9)];

pub(super) struct Journal;

impl Drawn for Journal {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn trouble(&self, ctx: &Ctx<'_>) -> Option<(Status, usize)> {
        let cut_short = ctx.model.facts().interrupted().count();
        (cut_short > 0).then_some((Status::Fail, cut_short))
    }

    fn title(&self, ctx: &Ctx<'_>) -> String {
        let history = ctx.model.facts().history();
        let checked = match &history.chain {
            Chain::Unread(why) => format!("not checked: {why}"),
            Chain::Holds { row, at } if *row == history.height => {
                format!("unaltered, checked {}", at.strftime("%H:%M:%SZ"))
            }
            Chain::Holds { row, .. } => format!("unaltered to row {row}, the rest is being checked"),
            Chain::Broken { row, why, at } => {
                format!("ALTERED at row {row}: {why}, checked {}", at.strftime("%H:%M:%SZ"))
            }
        };
        let rows = amount(usize::try_from(history.height).unwrap_or_default(), "row");
        format!("  {rows} {} {checked}", ctx.theme.dot())
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let rows = &ctx.model.facts().history().rows;
    let selected = rows.iter().position(|row| Some(row.id) == ctx.model.screen().selection().row);
    let day = usize::from(area.width) >= 100;
    let first = scrolled(selected, area.height);
    let shown = rows.iter().enumerate().skip(first).take(area.height.into());
    let (indices, cells): (Vec<usize>, Vec<Vec<Cell>>) = shown
        .map(|(index, one)| {
            let at = one.at.map(|at| at.strftime(if day { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" }).to_string());
            // The end of an identity that begins with the time tells two of them apart.
            let op = one.op.as_str();
            let op = op.get(op.len().saturating_sub(8)..).unwrap_or(op);
            let style = if one.event.as_str() == "begin" { ctx.theme.strong() } else { Style::new() };
            let cells = vec![
                (format!(" {}", one.id), ctx.theme.dim()),
                (at.unwrap_or_default(), ctx.theme.dim()),
                (op.to_owned(), ctx.theme.dim()),
                (one.event.to_string(), style),
                (one.says.to_string(), style),
            ];
            (index, cells)
        })
        .unzip();
    let lines = indices.into_iter().zip(table(&COLUMNS, cells, area.width.into(), ctx.theme.ellipsis()));
    lines
        .map(|(index, line)| if Some(index) == selected { ctx.chosen(&line, area.width.into()) } else { line })
        .collect()
}
