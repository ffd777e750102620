//! The help: the table of actions, nothing written twice.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::Ctx;
use super::text;
use crate::action::TABLE;

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect) {
    let columns = if body.height as usize >= TABLE.len() + 2 { 1 } else { 2 };
    let per_column = TABLE.len().div_ceil(columns);
    let width = (44 * columns + 2).min(body.width.into());
    let height = (per_column + 2).min(body.height.into());
    let (width, height) = (u16::try_from(width).unwrap_or(body.width), u16::try_from(height).unwrap_or(body.height));
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    let mut lines = Vec::with_capacity(per_column);
    for row in 0..per_column {
        let mut spans = Vec::new();
        for entry in (0..columns).filter_map(|column| TABLE.get(column * per_column + row)) {
            let keys = entry.keys.join(" ");
            spans.push(Span::styled(text::fit(&format!(" {keys}"), 14, ctx.theme.ellipsis()), ctx.theme.strong()));
            spans.push(Span::raw(text::fit(entry.title, 30, ctx.theme.ellipsis())));
        }
        lines.push(Line::from(spans));
    }
    let block =
        Block::bordered().border_set(ctx.theme.border(false)).border_style(ctx.theme.focus()).title_top(" Help ");
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
