//! The frame of a pane: its title with freshness, thick and red around production.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

use super::Ctx;
use super::panes;
use super::text;
use crate::app::model::Pane;
use crate::domain::environment::{Status, Tier};
use crate::domain::feed::Freshness;

/// Draws the frame and returns the area inside.
pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, pane: Pane, area: Rect) -> Rect {
    let (model, theme) = (ctx.model, ctx.theme);
    let production = model.selected_env().is_some_and(|env| env.tier == Tier::Production);
    let prod = pane == Pane::Environments && production;
    let focused = model.screen().focus() == pane;
    let style = match (prod, focused) {
        (true, true) => theme.prod(),
        // Thick in its hue, and not as bright as the one that has the keys.
        (true, false) => theme.prod().remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM),
        (false, true) => theme.focus(),
        (false, false) => theme.dim(),
    };
    let mut title = vec![Span::raw(" ")];
    if focused {
        title.push(Span::styled(format!("{} ", theme.here()), if prod { theme.prod() } else { theme.focus() }));
    }
    if prod {
        title.push(Span::styled("PROD  ", theme.prod()));
    }
    title.push(Span::styled(pane.listed().name(), if focused { theme.focus() } else { theme.strong() }));
    title.push(Span::raw(panes::drawn(pane).title(ctx)));
    // The oldest feed decides, and what is old is named.
    match model.oldest(pane, ctx.now) {
        Some((id, Freshness::Stale(age))) => {
            let says = format!("  STALE {} ({id})", text::age(age));
            title.push(Span::styled(says, theme.status(Status::Warn)));
        }
        Some((id, Freshness::Failed)) => {
            title.push(Span::styled(format!("  not read ({id})"), theme.status(Status::Fail)));
        }
        Some((_, Freshness::Fresh(age))) => title.push(Span::styled(format!("  {}", text::age(age)), theme.dim())),
        Some((_, Freshness::Waiting)) | None => {}
    }
    title.push(Span::raw(" "));
    let block = Block::bordered().border_set(theme.border(prod)).border_style(style).title_top(Line::from(title));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}
