//! The frame of a pane: its title with freshness, thick and red around production.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

use super::Ctx;
use super::text;
use crate::app::insight::readiness;
use crate::app::logs::buffer::typing;
use crate::app::model::Pane;
use crate::domain::amount::amount;
use crate::domain::environment::{Status, Tier};
use crate::domain::feed::Freshness;
use crate::domain::history::Chain;
use crate::domain::log::Level;

/// Draws the frame and returns the area inside.
pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, pane: Pane, area: Rect) -> Rect {
    let (model, theme) = (ctx.model, ctx.theme);
    let production = model.selected_env().is_some_and(|env| env.tier == Tier::Production);
    let prod = pane == Pane::Environments && production;
    let focused = model.focus == pane;
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
    title.push(Span::styled(name(pane), if focused { theme.focus() } else { theme.strong() }));
    title.push(Span::raw(detail(ctx, pane)));
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

/// A pane's name.
pub(super) fn name(pane: Pane) -> &'static str {
    match pane {
        Pane::Environments => "Environments",
        Pane::Logs => "Logs",
        Pane::Health => "Health",
        Pane::Secrets => "Secrets",
        Pane::Releases => "Releases",
        Pane::Pipeline => "Pipeline",
        Pane::Timeline => "Timeline",
        Pane::Journal => "Journal",
        Pane::Readiness => "Readiness",
    }
}

fn detail(ctx: &Ctx<'_>, pane: Pane) -> String {
    let (model, dot) = (ctx.model, ctx.theme.dot());
    match pane {
        Pane::Logs => logs(ctx),
        Pane::Journal => {
            let history = &model.history;
            let chain = match &history.chain {
                Chain::Unread(why) => format!("not checked: {why}"),
                Chain::Holds { row, at } if *row == history.height => {
                    format!("unaltered, checked {}", at.strftime("%H:%M:%SZ"))
                }
                Chain::Holds { row, .. } => format!("unaltered to row {row}, the rest is being checked"),
                Chain::Broken { row, why, at } => {
                    format!("ALTERED at row {row}: {why}, checked {}", at.strftime("%H:%M:%SZ"))
                }
            };
            format!("  {} {dot} {chain}", amount(usize::try_from(history.height).unwrap_or_default(), "row"))
        }
        Pane::Timeline => format!("  {}", amount(model.timeline.len(), "event")),
        Pane::Readiness => {
            readiness::ends(model).map(|(from, to)| format!("  {from} {} {to}", ctx.theme.arrow())).unwrap_or_default()
        }
        Pane::Secrets => {
            let blocking = model.secrets.iter().flat_map(|row| &row.findings).filter(|finding| finding.blocks).count();
            match blocking {
                0 => String::new(),
                1 => "  1 key blocks promotion".to_owned(),
                many => format!("  {many} keys block promotion"),
            }
        }
        Pane::Releases => {
            let place = model.selection.place.as_ref().map(|place| match place {
                crate::app::model::Place::Env(env) | crate::app::model::Place::Need(env, _) => env.to_string(),
                crate::app::model::Place::Service(service) => service.to_string(),
            });
            place.map(|place| format!("  {place}")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// Lines, rate, lag, what is left out, and whether reading follows.
fn logs(ctx: &Ctx<'_>) -> String {
    let (logs, dot) = (&ctx.model.logs, ctx.theme.dot());
    let (_, dropped) = logs.counts();
    let rate: u64 = logs.sources().iter().map(|source| source.rate(ctx.now.mono)).sum();
    let mut text = format!("  {} sources {dot} {} lines {dot} {rate}/s", logs.sources().len(), logs.len());
    if ctx.model.alone {
        text = format!("  {} lines", logs.len());
    } else if let Some(newest) = logs.newest() {
        text.push_str(&format!(" {dot} lag {}", text::since(newest, ctx.now.wall)));
    }
    if dropped > 0 {
        text.push_str(&format!(" {dot} {dropped} oldest dropped"));
    }
    let filter = logs.filter();
    if !filter.passes_all() {
        let so_far = logs.progress().map(|percent| format!(" of {percent}%")).unwrap_or_default();
        text.push_str(&format!(" {dot} {} pass{so_far}", logs.shown_len()));
    }
    for chip in filter.chips.iter().chain(Some(&filter.term)).filter(|term| !term.text.is_empty()) {
        text.push_str(&format!(" {dot} /{}", typing(chip)));
    }
    if let Some((from, until)) = filter.window {
        let until = if until == jiff::Timestamp::MAX { String::new() } else { until.strftime("%H:%M:%S").to_string() };
        text.push_str(&format!(" {dot} {}..{until}", from.strftime("%H:%M:%S")));
    }
    if filter.term.text.is_empty() && !logs.term().text.is_empty() {
        text.push_str(&format!(" {dot} n N {}", typing(logs.term())));
    }
    if filter.level > Level::Trace {
        text.push_str(&format!(" {dot} {} and above", filter.level.word().to_lowercase()));
    }
    if !filter.hidden.is_empty() {
        text.push_str(&format!(" {dot} {} hidden", filter.hidden.len()));
    }
    text.push_str(&format!(
        " {dot} {}",
        if logs.opening() {
            "opening"
        } else if logs.following() {
            "following"
        } else {
            "paused, G follows"
        }
    ));
    if logs.beside() {
        text.push_str(&format!(" {dot} among its neighbours, x goes back"));
    }
    if ctx.model.reading.column > 0 {
        text.push_str(&format!(" {dot} from column {}", ctx.model.reading.column));
    }
    let below = logs.below(ctx.model.geometry.rows(Pane::Logs));
    if below > 0 {
        text.push_str(&format!(" {dot} +{below} below"));
    }
    text
}
