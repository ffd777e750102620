//! Line 1: the release train between the name of the product and, at the right, what the platforms say of themselves and the clock.

use ratatui::text::{Line, Span};

use super::train::Told;
use super::widgets::pieces::{Piece, spread};
use super::{Ctx, text};
use crate::action::Action;
use crate::domain::environment::Status;
use crate::domain::state::State;
use crate::domain::step_durations;

/// From this on a piece stays beside the train; from the next on also beside one that is short.
const STAYS: u8 = 6;

pub(super) fn line(ctx: &Ctx<'_>, told: &Told<'_>, width: u16) -> Line<'static> {
    let (model, theme, width) = (ctx.model, ctx.theme, usize::from(width));
    let (between, right) = (between(ctx), right(ctx));
    let room = |least: u8| {
        let kept = between.iter().chain(&right).filter(|piece| piece.keep() >= least).map(Piece::width);
        width.saturating_sub(kept.sum())
    };
    // Beside trouble with a platform, where the way has room for its words; beside what a person has to know, where it has room at all.
    let said = told.said(ctx, room(STAYS)).filter(|said| said.worded);
    let said = said.or_else(|| told.said(ctx, room(STAYS + 1)).filter(|said| said.named));
    let all = said.or_else(|| told.said(ctx, width)).map(|said| said.spans).unwrap_or_default();
    let mut left = vec![
        Piece::new(2, vec![Span::styled(" flightdeck ", theme.strong())]),
        Piece::new(4, vec![Span::styled(format!(" {} ", ctx.veiled(model.facts().project())), theme.strong())]),
        Piece::new(9, all),
    ];
    left.extend(between);
    spread(left, right, width)
}

/// What a person has to know of and may not see below.
fn between(ctx: &Ctx<'_>) -> Vec<Piece> {
    let (model, theme, mut pieces) = (ctx.model, ctx.theme, Vec::new());
    if model.screen().private() {
        pieces.push(Piece::new(8, vec![Span::styled(" PRIVATE ", theme.status(Status::Warn))]));
    }
    let gates = model.facts().runs().iter().flat_map(|run| run.gates.iter().map(move |gate| (run, gate)));
    let mut gates = gates.filter(|(_, gate)| model.facts().env(&gate.env).is_some());
    if let Some((run, gate)) = gates.next() {
        let age = gate.since(run).map(|at| format!(" {}", text::since(at, ctx.now.wall))).unwrap_or_default();
        let text = format!(" {} {} waits{age} ", theme.mark(State::Waiting), gate.env);
        pieces.push(Piece::new(8, vec![Span::styled(text, theme.state(State::Waiting))]));
    }
    if model.facts().interrupted().next().is_some() {
        let text = format!(" cut short: {} shows it ", model.screen().keys().of(Action::Menu));
        pieces.push(Piece::new(8, vec![Span::styled(text, theme.status(Status::Fail))]));
    } else if let Some(running) = model.facts().running() {
        let stuck = running.steps.iter().any(|step| step_durations::stuck(step, ctx.now.wall).is_some());
        let (status, asks) = if stuck { (Status::Warn, "stuck? ") } else { (Status::Running, "") };
        let text = format!(" {} {} {} {asks}", theme.symbol(status), running.kind.name(), running.env);
        pieces.push(Piece::new(8, vec![Span::styled(text, theme.status(status))]));
    }
    pieces
}

/// The platforms, then the clock.
fn right(ctx: &Ctx<'_>) -> Vec<Piece> {
    let mut pieces = platforms(ctx);
    pieces.push(Piece::new(7, vec![Span::raw(format!(" {} ", ctx.now.wall.strftime("%H:%M:%SZ")))]));
    pieces
}

/// What the platforms say of themselves: what is left of their budgets, and clocks that differ from ours.
fn platforms(ctx: &Ctx<'_>) -> Vec<Piece> {
    let (model, theme) = (ctx.model, ctx.theme);
    let mut pieces = Vec::new();
    for platform in model.platforms() {
        // A platform that refuses or fails stays, with its state.
        if let Some((state, says)) = model.platform_trouble(platform, ctx.now) {
            let text = format!(" {} {} {says} ", platform.short(), theme.mark(state));
            pieces.push(Piece::new(6, vec![Span::styled(text, theme.state(state))]));
            continue;
        }
        let Some(budget) = model.facts().budgets().get(&platform) else {
            pieces.push(Piece::new(1, vec![Span::styled(format!(" {} ", platform.short()), theme.dim())]));
            continue;
        };
        let over = budget.reset.is_some_and(|reset| reset <= ctx.now.wall);
        let percent = if over { 100 } else { 100 * u64::from(budget.remaining) / u64::from(budget.limit.max(1)) };
        // Under a fifth the reads are slower than usual: that explains ages.
        let tight = percent < 20;
        let style = if tight { theme.status(Status::Warn) } else { theme.dim() };
        let text = format!(" {} {percent}%{} ", platform.short(), if tight { " slowed" } else { "" });
        pieces.push(Piece::new(if tight { 6 } else { 1 }, vec![Span::styled(text, style)]));
    }
    for (platform, ahead) in model.facts().clocks().iter().filter(|(_, ahead)| !ahead.is_zero()) {
        let by = text::age(ahead.unsigned_abs());
        let way = if ahead.is_negative() { "behind" } else { "ahead" };
        let text = format!(" {} clock {by} {way} ", platform.short());
        pieces.push(Piece::new(6, vec![Span::styled(text, theme.status(Status::Warn))]));
    }
    pieces
}
