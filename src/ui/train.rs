//! The environments in the header: each with its state and what is live there; of many, the worst, and the rest as counts by state.

use std::collections::BTreeMap;

use ratatui::text::Span;
use unicode_width::UnicodeWidthStr as _;

use super::widgets::pieces::Piece;
use super::{Ctx, text};
use crate::app::geometry::TWO_COLUMNS;
use crate::domain::environment::{EnvInfo, Tier};
use crate::domain::state::State;

/// So many stand there by name before the rest is counted.
const NAMED: usize = 6;

/// What the header says of environments.
pub(super) fn pieces(ctx: &Ctx<'_>, width: u16) -> Vec<Piece> {
    let mut all: Vec<(&EnvInfo, State)> =
        ctx.model.facts().environments().iter().map(|env| (env, ctx.model.facts().state(env, ctx.now))).collect();
    let mut folded: BTreeMap<u8, (State, usize)> = BTreeMap::new();
    if all.len() > NAMED {
        let selected = ctx.model.selected_env().map(|env| &env.id);
        // The worst first, of equals the one that is looked at, then production.
        all.sort_by_key(|(env, state)| std::cmp::Reverse((state.weight(), Some(&env.id) == selected, env.tier)));
        for (_, state) in all.split_off(NAMED) {
            folded.entry(state.weight()).or_insert((state, 0)).1 += 1;
        }
    }
    let mut pieces: Vec<Piece> = all.into_iter().flat_map(|(env, _)| named(ctx, env, width)).collect();
    if !folded.is_empty() {
        let mut said = vec![Span::raw("  +")];
        for (state, count) in folded.into_values().rev() {
            said.push(Span::styled(format!(" {count} {state} "), ctx.theme.state(state)));
        }
        pieces.push(Piece::new(8, said));
    }
    pieces
}

fn named(ctx: &Ctx<'_>, env: &EnvInfo, width: u16) -> Vec<Piece> {
    let theme = ctx.theme;
    let judged = ctx.model.facts().judge(env, ctx.now);
    let keep = if env.tier == Tier::Production { 9 } else { 6 };
    // A reason may be a sentence, which the pane has room for; here the first words do.
    let (words, room) = (judged.words(), if width < TWO_COLUMNS { 20 } else { 40 });
    let words = match words.width() <= room {
        true => words,
        // Half a word of a reason says nothing; the pane and the alarm line have all of it.
        false if width < TWO_COLUMNS => judged.state.word().to_owned(),
        false => text::cut(&words, room, theme.ellipsis()),
    };
    let text = format!("{} {words}", theme.mark(judged.state));
    let mut said = vec![Span::raw(format!("  {} ", env.id)), Span::styled(text, theme.state(judged.state))];
    said.push(Span::raw(" "));
    let mut pieces = vec![Piece::new(keep, said)];
    if !judged.commits.is_empty() {
        pieces.push(Piece::new(keep - 1, vec![Span::raw(format!("{} ", judged.short()))]));
    }
    pieces
}
