//! What speaks for and against a promotion.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use super::super::widgets::columns::{Column, column, row, widths};
use super::super::{Ctx, text};
use super::Drawn;
use crate::app::insight::readiness;

/// What is asked, what is known.
const COLUMNS: [Column; 2] = [column(24, 34, 9), column(20, 60, 8)];

pub(super) struct Readiness;

impl Drawn for Readiness {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn title(&self, ctx: &Ctx<'_>) -> String {
        let ends = readiness::ends(ctx.model);
        ends.map(|(from, to)| format!("  {from} {} {to}", ctx.theme.arrow())).unwrap_or_default()
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let widths = widths(&COLUMNS, area.width.into());
    let checks = readiness::checks(ctx.model, ctx.now);
    // What has no room in its row stands whole below the list, while it is chosen.
    let chosen = checks.iter().find(|check| Some(check.asks) == ctx.model.screen().selection().check);
    let cut = chosen.filter(|check| check.says.as_str().width() + 2 > widths[1]);
    let mark = |check: &readiness::Check| match check.idle() {
        true => ctx.theme.idle(),
        false => ctx.theme.symbol(check.status),
    };
    let whole: Vec<Line<'static>> = cut.map_or_else(Vec::new, |check| {
        let says = text::wrap(&format!(" {} {}", mark(check), check.says), area.width.into());
        let says = says.into_iter().map(|row| Line::styled(row, ctx.theme.status(check.status)));
        std::iter::once(Line::default()).chain(says).collect()
    });
    let line = |check: readiness::Check| {
        let style = ctx.theme.status(check.status);
        let says = format!("{} {}", mark(&check), check.says);
        let line = row(&widths, vec![(format!(" {}", check.title), Style::new()), (says, style)], ctx.theme.ellipsis());
        if Some(check.asks) == ctx.model.screen().selection().check {
            ctx.chosen(&line, area.width.into())
        } else {
            line
        }
    };
    // The answer first.
    let (state, says) = readiness::verdict(&checks);
    let says = text::cut(&format!(" {} {says}", ctx.theme.mark(state)), area.width.into(), ctx.theme.ellipsis());
    let verdict = Line::styled(says, ctx.theme.state(state));
    std::iter::once(verdict).chain(checks.into_iter().map(line)).chain(whole).take(area.height.into()).collect()
}
