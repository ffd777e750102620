//! A screen too small for panes: whole lines in the order of what matters, and never none.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::train::Told;
use super::{Ctx, alarm, header, hint_line, panes, text};
use crate::app::dialogs::Overlay;
use crate::app::geometry::{Area, Geometry};
use crate::app::model::Pane;
use crate::app::navigate::covered;
use crate::domain::environment::Tier;

/// The header, the alarm, and the newest log lines, as far as there is room.
pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, area: Rect) -> Geometry {
    let mut geometry = Geometry::default();
    let (mut rest, model) = (area, ctx.model);
    let mut put = |frame: &mut Frame<'_>, line: Line<'static>| {
        let row = rest.height.min(1);
        frame.render_widget(line, Rect { height: row, ..rest });
        rest = Rect { y: rest.y + row, height: rest.height - row, ..rest };
    };
    put(frame, first(ctx, area.width));
    if model.facts().banner().is_some() {
        put(frame, alarm::line(ctx, area.width));
    }
    // What is typed, and what is answered to it, has to be seen; hints of keys need not.
    let says = matches!(model.dialog().overlay(), Some(Overlay::Prompt(_)))
        || model.screen().notice().is_some()
        || covered(model);
    if says && rest.height > 0 {
        let last = Rect { y: rest.bottom().saturating_sub(1), height: 1, ..rest };
        rest.height -= 1;
        frame.render_widget(hint_line(ctx, last).0, last);
    }
    panes::draw(ctx, frame, Pane::Logs, rest);
    let Rect { x, y, width, height } = rest;
    geometry.panes.push((Pane::Logs, Area { x, y, width, height }));
    geometry
}

/// The header; where not even its most important part has room, the beginning of the state of what matters most.
fn first(ctx: &Ctx<'_>, width: u16) -> Line<'static> {
    let told = Told::new(ctx);
    if ctx.model.facts().environments().is_empty() || told.said(ctx, width.into()).is_some() {
        return header::line(ctx, &told, width);
    }
    let (model, theme) = (ctx.model, ctx.theme);
    let env = model.facts().environments().iter().max_by_key(|env| (env.tier == Tier::Production, env.tier));
    let said = env.map(|env| {
        let judged = model.facts().judge(env, ctx.now);
        (format!("{}{} {}", theme.mark(judged.state), env.id, judged.words()), theme.state(judged.state))
    });
    let (said, style) = said.unwrap_or_else(|| (ctx.veiled(model.facts().project()), theme.strong()));
    // A mark in the place of the only letter says less than the letter.
    let mark = if width > 3 { theme.ellipsis() } else { "" };
    Line::styled(text::cut(&said, width.into(), mark), style)
}
