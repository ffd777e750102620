//! The line of what waits for a person or is under way, below the header of a view that does not list environments: there nobody sees the
//! rows that say it. An alarm takes its place.

use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use super::{Ctx, text};
use crate::action::Action;
use crate::app::insight::needs::{self, Hands, Need};
use crate::app::model::{Pane, View};

/// What is said, of everything that waits the most urgent.
pub(super) fn line(ctx: &Ctx<'_>, width: u16) -> Option<Line<'static>> {
    let (model, theme) = (ctx.model, ctx.theme);
    let seen = matches!(model.screen().view(), View::Dashboard | View::Only(Pane::Environments));
    if seen || model.screen().alone() || model.facts().banner().is_some() {
        return None;
    }
    let all = model.facts().environments().iter().flat_map(|env| {
        let needs = needs::of(model, &env.id).into_iter();
        needs.filter_map(|need| Some((urgency(&need)?, &env.id, need)))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(urgency, ..)| *urgency);
    let (_, env, need) = all.first()?;
    let said = needs::said(model, env, need, ctx.now, Hands::Keys)?;
    let state = said.state?;
    let dashboard = model.screen().keys().of(Action::View(1));
    let more = match all.len() {
        0 | 1 => String::new(),
        several => format!("   and {} more: key {dashboard} lists them", several - 1),
    };
    let room = usize::from(width).saturating_sub(more.len());
    let head = format!(" {} {env} ", theme.mark(state));
    let words = ctx.veiled(said.within(room.saturating_sub(head.width())));
    let says = text::cut(&format!("{head}{words}"), room, theme.ellipsis());
    Some(Line::styled(format!("{says}{more}"), theme.state(state)))
}

/// What comes first; a lock and a pin wait for nobody.
fn urgency(need: &Need) -> Option<u8> {
    match need {
        Need::Gate(_) => Some(0),
        Need::Operation(_) => Some(1),
        Need::Run(_) => Some(2),
        Need::Lock | Need::Pin(_) => None,
    }
}
