//! A dialog over the panes, with the frame of production where it is about production.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use super::super::{Ctx, text};
use crate::domain::environment::{Status, Tier};
use crate::domain::ids::EnvId;

/// Columns of a dialog at most, its frame included.
pub(in crate::ui) const WIDTH: usize = 110;

/// Draws a dialog. Its last line always shows, whatever gives way above it: it says what a key would do.
pub(in crate::ui) fn dialog(
    ctx: &Ctx<'_>,
    frame: &mut Frame<'_>,
    body: Rect,
    env: Option<&EnvId>,
    title: &str,
    lines: Vec<Line<'static>>,
    last: Line<'static>,
) {
    let width = body.width.min(u16::try_from(WIDTH).unwrap_or(u16::MAX));
    let columns = usize::from(width.saturating_sub(2)).max(1);
    let mut lines: Vec<Line<'static>> = lines.into_iter().flat_map(|line| wrapped(line, columns)).collect();
    let rows = |line: &Line<'_>| line.width().div_ceil(columns).max(1);
    let last = wrapped(last, columns);
    let ends: usize = last.iter().map(rows).sum();
    let room = usize::from(body.height).saturating_sub(2 + ends);
    let mut used: usize = lines.iter().map(rows).sum();
    if used > room {
        let all = lines.len();
        while used + 1 > room {
            let Some(gone) = lines.pop() else { break };
            used -= rows(&gone);
        }
        let left_out =
            format!(" {} {} more lines; a taller terminal shows them", ctx.theme.ellipsis(), all - lines.len());
        lines.push(Line::styled(left_out, ctx.theme.status(Status::Warn)));
        used += 1;
    }
    let end = u16::try_from(ends).unwrap_or(1);
    let height = u16::try_from(used + 2).unwrap_or(body.height).saturating_add(end).min(body.height);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    let production =
        |id: &EnvId| ctx.model.environments.iter().any(|one| one.id == *id && one.tier == Tier::Production);
    let prod = env.is_some_and(production);
    let (word, style) = if prod { (" PROD  ", ctx.theme.prod()) } else { (" ", ctx.theme.focus()) };
    let block =
        Block::bordered().border_set(ctx.theme.border(prod)).border_style(style).title_top(format!("{word}{title} "));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    // Words wrap to more rows than their columns need: the last line has an area of its own, so that none of them hides it.
    let [upper, lower] = Layout::vertical([Constraint::Fill(1), Constraint::Length(end)]).areas(inner);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), upper);
    frame.render_widget(Paragraph::new(last).wrap(Wrap { trim: false }), lower);
}

/// A line of one piece, with what does not fit below its beginning; one of several pieces is left to the paragraph.
fn wrapped(line: Line<'static>, columns: usize) -> Vec<Line<'static>> {
    match &line.spans[..] {
        [one] if line.width() > columns => {
            let style = line.style.patch(one.style);
            text::wrap(&one.content, columns).into_iter().map(|part| Line::styled(part, style)).collect()
        }
        _ => vec![line],
    }
}
