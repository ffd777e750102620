//! Draws the model. Reads only: no I/O, no time but what it is handed, nothing laid out beyond what is visible.

mod frame;
mod help;
mod panes;
mod rollback;
pub mod text;
pub mod theme;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use crate::app::geometry::{Area, Geometry};
use crate::app::model::{Model, Pane, View};
use crate::app::msg::Now;
use theme::Theme;

/// Everything that a part of the screen needs to draw itself.
pub(crate) struct Ctx<'a> {
    model: &'a Model,
    theme: &'a Theme,
    now: Now,
}

/// Below this the screen is one line of state.
const SMALLEST: (u16, u16) = (60, 15);
/// From this width on the panes stand in two columns.
const TWO_COLUMNS: u16 = 100;

/// Draws one frame and says where the panes stand.
pub fn draw(model: &Model, theme: &Theme, frame: &mut Frame<'_>, now: Now) -> Geometry {
    let ctx = Ctx { model, theme, now };
    let area = frame.area();
    let mut geometry = Geometry::default();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(header(&ctx), Rect { height: area.height.min(1), ..area });
        return geometry;
    }
    let banner = u16::from(model.banner.is_some());
    let rows = [Constraint::Length(1), Constraint::Length(banner), Constraint::Min(1), Constraint::Length(1)];
    let [top, alarm, body, hints] = Layout::vertical(rows).areas(area);
    frame.render_widget(header(&ctx), top);
    if model.banner.is_some() {
        frame.render_widget(alarm_line(&ctx, alarm.width), alarm);
    }
    match model.view {
        View::Dashboard => dashboard(&ctx, frame, body, &mut geometry),
        View::Only(pane) => place(&ctx, frame, pane, body, &mut geometry),
    }
    frame.render_widget(hint_line(&ctx), hints);
    if model.help {
        help::draw(&ctx, frame, body);
    }
    if model.menu {
        rollback::menu(&ctx, frame, body);
    }
    if let Some(dialog) = &model.rollback {
        rollback::draw(&ctx, frame, body, dialog);
    }
    geometry
}

fn dashboard(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, geometry: &mut Geometry) {
    if body.width < TWO_COLUMNS {
        let rows = [Constraint::Fill(3), Constraint::Fill(3)];
        let [upper, lower] = Layout::vertical(rows).areas(body);
        // One column: the environments stay, the focused pane takes the rest.
        place(ctx, frame, Pane::Environments, upper, geometry);
        let second = if ctx.model.focus == Pane::Environments { Pane::Logs } else { ctx.model.focus };
        place(ctx, frame, second, lower, geometry);
        return;
    }
    let [left, right] = Layout::horizontal([Constraint::Percentage(42), Constraint::Fill(1)]).areas(body);
    let needed = u16::try_from(ctx.model.places().len()).unwrap_or(u16::MAX).saturating_add(2);
    let upper = needed.clamp(6, body.height.saturating_mul(3) / 5);
    let rows = [Constraint::Length(upper.max(body.height / 2)), Constraint::Fill(1)];
    for (column, panes) in [(left, [Pane::Environments, Pane::Health]), (right, [Pane::Logs, Pane::Secrets])] {
        let areas: [Rect; 2] = Layout::vertical(rows).areas(column);
        for (pane, area) in panes.into_iter().zip(areas) {
            place(ctx, frame, pane, area, geometry);
        }
    }
}

fn place(ctx: &Ctx<'_>, frame: &mut Frame<'_>, pane: Pane, area: Rect, geometry: &mut Geometry) {
    let inner = frame::draw(ctx, frame, pane, area);
    panes::draw(ctx, frame, pane, inner);
    geometry.panes.push((pane, Area { x: inner.x, y: inner.y, width: inner.width, height: inner.height }));
}

fn header(ctx: &Ctx<'_>) -> Line<'static> {
    let (model, theme) = (ctx.model, ctx.theme);
    let mut spans = vec![Span::styled(format!(" flightdeck  {}  ", model.project), theme.strong())];
    for env in model.environments.iter().rev() {
        let judged = model.judge(env);
        let sha = judged.sha.map(|sha| format!(" {}", sha.short())).unwrap_or_default();
        spans.push(Span::raw(format!(" {} ", env.id)));
        let text = format!("{} {}{sha}", theme.symbol(judged.status), judged.words);
        spans.push(Span::styled(text, theme.status(judged.status)));
        spans.push(Span::raw("  "));
    }
    spans.push(Span::raw(format!(" {}  ", ctx.now.wall.strftime("%H:%M:%SZ"))));
    for (platform, budget) in &model.budgets {
        let percent = 100 * u64::from(budget.remaining) / u64::from(budget.limit.max(1));
        spans.push(Span::styled(format!("{} {percent}%  ", platform.short()), theme.dim()));
    }
    Line::from(spans)
}

fn alarm_line(ctx: &Ctx<'_>, width: u16) -> Line<'static> {
    let Some(banner) = &ctx.model.banner else { return Line::default() };
    let release = banner.release.as_ref().map_or("unknown release", |sha| sha.short());
    let text = format!(
        " {} FAIL {} {release} · {} · passed {}% → {}% · since {} · !R rolls back",
        ctx.theme.symbol(crate::domain::environment::Status::Fail),
        banner.env,
        banner.evidence,
        banner.passed.0,
        banner.passed.1,
        text::since(banner.since, ctx.now.wall),
    );
    Line::styled(text::fit(&text, width.into(), ctx.theme.ellipsis()), ctx.theme.banner())
}

fn hint_line(ctx: &Ctx<'_>) -> Line<'static> {
    let (model, theme) = (ctx.model, ctx.theme);
    if let Some(typed) = &model.prompt {
        let text = format!(" filter: {typed}▏  (! first inverts, enter keeps, esc clears)");
        return Line::styled(text, theme.strong());
    }
    if let Some(notice) = &model.notice {
        return Line::styled(format!(" {notice}"), theme.status(crate::domain::environment::Status::Warn));
    }
    let mut spans = Vec::new();
    for entry in crate::action::TABLE.iter().filter(|entry| entry.hint) {
        spans.push(Span::styled(format!(" {}", entry.keys[0]), theme.strong()));
        spans.push(Span::styled(format!(" {} ", entry.title), theme.dim()));
    }
    Line::from(spans)
}
