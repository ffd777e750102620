//! A view: its list over the whole width, and from a certain width on the detail of the selected row at its right, the same that enter opens.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};

use super::{Ctx, dialogs, place, text};
use crate::action::Action;
use crate::app::geometry::Geometry;
use crate::app::insight::detail::{self, Subject};
use crate::app::model::Pane;

/// From this width on there is room for both.
const BOTH: u16 = 110;
/// Columns of a detail at least and at most: more do not make text easier to read.
const DETAIL: (u16, u16) = (48, 100);

/// On a screen that is wide enough the detail of what is selected stays open beside everything; what is left of the area.
pub(super) fn open(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect) -> Rect {
    let of = |pane: Pane| pane.listed().subject(ctx.model, ctx.now);
    // Who follows the log lines has chosen none of them.
    let subject = of(ctx.model.screen().focus()).or_else(|| of(Pane::Environments));
    let Some(subject) = subject else { return body };
    let right = (body.width / 4).clamp(DETAIL.0, DETAIL.1);
    let [rest, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(right)]).areas(body);
    side(ctx, frame, right, &subject);
    rest
}

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, pane: Pane, body: Rect, geometry: &mut Geometry) {
    let subject = (body.width >= BOTH).then(|| pane.listed().subject(ctx.model, ctx.now)).flatten();
    let Some(subject) = subject else { return place(ctx, frame, pane, body, geometry) };
    let right = (body.width * 2 / 5).clamp(DETAIL.0, DETAIL.1);
    let [list, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(right)]).areas(body);
    place(ctx, frame, pane, list, geometry);
    side(ctx, frame, right, &subject);
}

/// The detail, from its beginning; of what has no room it says how much that is, and which key shows it.
fn side(ctx: &Ctx<'_>, frame: &mut Frame<'_>, area: Rect, subject: &Subject) {
    let columns = usize::from(area.width.saturating_sub(2));
    let room = usize::from(area.height.saturating_sub(2));
    let mut lines = dialogs::detail(ctx, subject, columns, room + 1_000);
    let more = lines.len().saturating_sub(room);
    lines.truncate(room);
    let title = text::cut(&format!(" {} ", detail::title(subject)), columns, ctx.theme.ellipsis());
    let mut block =
        Block::bordered().border_set(ctx.theme.border(false)).border_style(ctx.theme.dim()).title_top(title);
    if more > 0 {
        let says = format!(" {} {more} more: {} ", ctx.theme.down(), ctx.model.screen().keys().of(Action::Enter));
        block = block.title_bottom(Line::styled(says, ctx.theme.strong()).right_aligned());
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines), inner);
}
