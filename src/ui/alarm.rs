//! The alarm line: what is in trouble, why, since when, and the key that helps. Where room is short the numbers go first, then the way to
//! the evidence, then the commit, which the header has too; the cause is cut last, and the key never.

use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use super::{Ctx, text};
use crate::action::Action;
use crate::app::insight::banner;
use crate::app::operations::menu;

/// Fewer letters of a cause tell nothing.
const LEAST: usize = 10;

pub(super) fn line(ctx: &Ctx<'_>, width: u16) -> Line<'static> {
    let Some(banner) = ctx.model.facts().banner() else { return Line::default() };
    let (theme, width) = (ctx.theme, usize::from(width));
    let release = if banner.commits.is_empty() { "unknown release".to_owned() } else { banner.release() };
    let (dot, symbol) = (theme.dot(), theme.mark(banner.state));
    let what = format!(" {symbol} {} {}", banner.env, banner.state);
    let full = format!("{what} {release}");
    let span = text::since(banner.since, ctx.now.wall);
    // What it is now may be younger than the trouble.
    let trouble = text::since(banner.first, ctx.now.wall);
    let all = match banner.first < banner.since && trouble != span {
        true => format!("{span}, in trouble for {trouble}"),
        false => span.clone(),
    };
    let passed = banner.passed.map(|one| {
        // One sample has no window.
        let over = if one.over.is_zero() { String::new() } else { format!(" over {}", text::age(one.over)) };
        match one.before {
            Some(before) => format!("passed {before}% {} {}%{over} {dot} ", theme.arrow(), one.after),
            None => format!("passed {}%{over} {dot} ", one.after),
        }
    });
    let passed = passed.unwrap_or_default();
    // The key acts on what the line names, wherever the keys are.
    let key = if banner::targeted(ctx.model) { menu::ROLL_BACK } else { menu::ALARM };
    let keys = ctx.model.screen().keys();
    let help = format!("{} rolls back", keys.of(Action::Start(key)));
    let why = format!("{} why", keys.of(Action::Why));
    // Where it leads is told where there is room for it.
    let leads = banner.back.as_ref().map_or_else(
        || help.clone(),
        |back| {
            let age = text::brief(back.at, ctx.now.wall);
            format!("{help} to {} (verified healthy, {age})", back.sha.short())
        },
    );
    let forms = [
        (&full, format!("{passed}for {all} {dot} {why} {dot} {leads}")),
        (&full, format!("{passed}for {all} {dot} {why} {dot} {help}")),
        (&full, format!("{passed}for {all} {dot} {help}")),
        (&full, format!("for {all} {dot} {why} {dot} {help}")),
        (&full, format!("for {all} {dot} {help}")),
        (&full, format!("for {span} {dot} {help}")),
        (&what, format!("for {span} {dot} {help}")),
        (&what, format!("{span} {dot} {help}")),
    ];
    let cause = banner.evidence.as_str();
    let between = format!(" {dot} ");
    let taken = |(what, rest): &(&String, String)| what.width() + rest.width() + between.width();
    let whole = |form: &&(&String, String)| taken(form) + between.width() + cause.width() <= width;
    let fits = |form: &&(&String, String)| taken(form) <= width;
    // The first form that leaves the cause whole, else the shortest.
    let Some((what, rest)) = forms.iter().find(whole).or(forms.last()) else { return Line::default() };
    let room = width.saturating_sub(what.width() + rest.width() + 2 * between.width());
    let text = if room >= cause.width().min(LEAST) {
        format!("{what}{between}{}{between}{rest}", text::cut(cause, room, theme.ellipsis()))
    } else {
        // Without room for a cause there is room for more of the rest.
        let (what, rest) = forms.iter().find(fits).unwrap_or(&forms[forms.len() - 1]);
        format!("{what}{between}{rest}")
    };
    Line::styled(text::fit(&text, width, theme.ellipsis()), theme.banner())
}
