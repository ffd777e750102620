//! The dialogs of the log reader.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{columns, room, window};
use crate::action::dialogs::{Dialog as Keys, Own};
use crate::app::geometry::Laid;
use crate::app::log_dialogs::{self, Turn};
use crate::app::logs::buffer::{GAP, Source, UNTIMED};
use crate::domain::environment::Status;
use crate::domain::feed::{FeedId, FeedState};
use crate::domain::log::Level;
use crate::ui::widgets::buttons::Press;
use crate::ui::widgets::dialog::{Dialog, dialog};
use crate::ui::{Ctx, text};

/// Services whose error rates are told above the patterns.
const TOLD: usize = 2;

/// Lines before and after those that show of a list.
fn outside(at: usize, rows: usize, all: usize) -> (usize, usize) {
    let first = window(at, rows);
    (first, all.saturating_sub(first + rows))
}

/// The rows of a list from the first that shows on, below so many lines of a heading.
fn listed(heads: usize, first: usize, all: usize) -> Vec<Option<usize>> {
    std::iter::repeat_n(None, heads).chain((first..all).map(Some)).collect()
}

pub(in crate::ui) fn patterns(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) -> Laid {
    let (all, mark) = (log_dialogs::patterns(ctx.model), ctx.theme.ellipsis());
    let mut lines: Vec<Line<'static>> =
        log_dialogs::turns(ctx.model).iter().take(TOLD).map(|one| turn(ctx, one)).collect();
    let undated = log_dialogs::undated(ctx.model, ctx.now).into_iter().take(TOLD);
    let undated = undated.map(|says| Line::styled(format!(" {says}"), ctx.theme.status(Status::Warn)));
    lines.extend(undated);
    let wide = columns(body) >= 100;
    // A single source needs no column.
    let many = ctx.model.logs().lines().sources().len() > 1;
    let rate = if wide { "  /minute" } else { "" };
    let source = if many { "source" } else { "" };
    lines.push(Line::styled(format!("   lines{rate}      level first seen  {source}"), ctx.theme.dim()));
    let heads = lines.len();
    let rows = room(body).saturating_sub(heads).max(1);
    let chosen = Some(lines.len() + at - window(at, rows));
    for (index, (new, one)) in all.iter().enumerate().skip(window(at, rows)).take(rows) {
        let new = if *new { "new" } else { "" };
        let first = Timestamp::from_microsecond(one.times.0).ok().filter(|_| one.times.0 != UNTIMED);
        let first = first.map(|first| text::since(first, ctx.now.wall) + " ago").unwrap_or_default();
        let rate = one.rate().map(|rate| format!("{rate:.1}")).unwrap_or_default();
        let rate = if wide { format!(" {rate:>8}") } else { String::new() };
        let head = format!(" {:>7}{rate} {new:<4} {:<5} ", one.count, one.level.word());
        let number = ctx.model.logs().lines().number(&one.service);
        let place = if many { ctx.place(&one.service, 15) } else { String::new() };
        let room = columns(body).saturating_sub(head.len() + 12 + if many { 15 } else { 0 });
        let place = Span::styled(place, ctx.theme.source(number));
        let words = text::cut(&ctx.veiled(&telling(&one.text(), mark)), room, mark);
        let style = if new.is_empty() { ctx.theme.level(one.level) } else { ctx.theme.status(Status::Warn) };
        let seen = Span::styled(format!("{first:<12}"), ctx.theme.dim());
        let line = Line::from(vec![Span::styled(head, style), seen, place, Span::raw(words)]);
        lines.push(if index == at { line.patch_style(ctx.theme.selected()) } else { line });
    }
    if all.is_empty() {
        lines.push(Line::styled(" no line has come yet", ctx.theme.dim()));
    }
    let beyond = ctx.model.logs().lines().patterns().beyond;
    let beyond = if beyond > 0 { format!("; {beyond} lines match none of them") } else { String::new() };
    let last = format!(" enter shows its lines, esc leaves{beyond}");
    let order =
        if ctx.model.screen().alone() { "" } else { ", new since the live deployment first, of those the most severe" };
    let title = format!("Patterns: {}{order}", all.len());
    let (last, hidden) = (Line::styled(last, ctx.theme.dim()), outside(at, rows, all.len()));
    let choices = listed(heads, window(at, rows), all.len());
    Dialog { title: &title, lines, last, hidden, at: chosen, choices, ..Dialog::default() }.draw(ctx, frame, body)
}

/// A pattern without what tells nothing: gaps at its beginning, and more than one gap in a row.
fn telling(pattern: &str, mark: &str) -> String {
    let mut words = pattern.split(' ').peekable();
    let mut seen = String::with_capacity(pattern.len());
    while words.next_if(|word| *word == GAP).is_some() {}
    if words.peek().is_some() && pattern.starts_with(GAP) {
        seen.push_str(mark);
    }
    while let Some(word) = words.next() {
        if !seen.is_empty() {
            seen.push(' ');
        }
        seen.push_str(word);
        while word == GAP && words.next_if(|next| *next == GAP).is_some() {}
    }
    if seen.is_empty() { GAP.to_owned() } else { seen }
}

/// The errors of a service before its live deployment and since.
fn turn(ctx: &Ctx<'_>, turn: &Turn) -> Line<'static> {
    let percent = |rate: u64| format!("{}.{:02}%", rate / 100, rate % 100);
    let (before, after) = turn.rates();
    let age = text::since(turn.at, ctx.now.wall);
    let was = match turn.before.lines {
        0 => "no line before".to_owned(),
        lines => format!("{} of {lines} lines before", percent(before)),
    };
    let says = format!(
        " {} {} {age} ago: errors {was} {} {} of {} since",
        turn.service,
        text::cut(turn.label.as_str(), 12, ctx.theme.ellipsis()),
        ctx.theme.arrow(),
        percent(after),
        turn.after.lines
    );
    let worse = turn.before.lines > 0 && after > before.saturating_mul(2).max(before + 50);
    Line::styled(says, if worse { ctx.theme.status(Status::Fail) } else { ctx.theme.dim() })
}

pub(in crate::ui) fn chart(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) -> Laid {
    let last = Line::styled(" enter goes there, d next deployment, j k choose, esc leaves", ctx.theme.dim());
    let Some(chart) = ctx.model.logs().lines().chart(log_dialogs::ROWS) else {
        let says = if ctx.model.logs().lines().working() {
            " reading the times of the lines"
        } else {
            " no line names a time"
        };
        let none = vec![Line::styled(says, ctx.theme.dim())];
        return dialog(ctx, frame, body, None, "Errors over time", none, last);
    };
    let marks = log_dialogs::deploys(ctx.model, &chart);
    let most = chart.buckets.iter().map(|bucket| bucket.errors).max().unwrap_or(0).max(1);
    let (rows, wide) = (room(body), columns(body).saturating_sub(64).clamp(8, 40));
    let mut lines = Vec::new();
    for (index, bucket) in chart.buckets.iter().enumerate().skip(window(at, rows)).take(rows) {
        let begins = chart.begins(index).map(|when| when.strftime("%m-%d %H:%M:%S").to_string()).unwrap_or_default();
        let filled =
            usize::try_from(bucket.errors * wide as u64 / most).unwrap_or(0).max(usize::from(bucket.errors > 0));
        let deploys: Vec<&str> = marks.iter().filter(|(row, ..)| *row == index).map(|(_, _, name)| &**name).collect();
        let deploys =
            if deploys.is_empty() { String::new() } else { format!(" {} {}", ctx.theme.arrow(), deploys.join(", ")) };
        let line = Line::from(vec![
            Span::raw(format!(" {begins} {:>8} {:>7} ", bucket.lines, bucket.errors)),
            Span::styled(text::fit(&"#".repeat(filled), wide, ""), ctx.theme.level(Level::Error)),
            Span::styled(text::cut(&deploys, 24, ctx.theme.ellipsis()), ctx.theme.strong()),
        ]);
        lines.push(if index == at { line.patch_style(ctx.theme.selected()) } else { line });
    }
    let unread = if chart.unread > 0 { format!(", {} not read yet", chart.unread) } else { String::new() };
    let title = format!("Errors over time: begins, lines, errors{unread}");
    let hidden = outside(at, rows, chart.buckets.len());
    let choices = listed(0, window(at, rows), chart.buckets.len());
    let presses = vec![Press::own(Keys::Chart, Own::Deployment, "next deployment")];
    Dialog { title: &title, lines, last, hidden, choices, presses, ..Dialog::default() }.draw(ctx, frame, body)
}

pub(in crate::ui) fn sources(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) -> Laid {
    let (logs, mark, rows) = (ctx.model.logs().lines(), ctx.theme.ellipsis(), room(body).saturating_sub(1).max(1));
    let heading = "         source              state       lines errors     /s    lag newest";
    let mut lines = vec![Line::styled(text::cut(heading, columns(body), mark), ctx.theme.dim())];
    for (index, source) in logs.sources().iter().enumerate().skip(window(at, rows)).take(rows) {
        let shown = if logs.filter().hidden.contains(&source.service) { "hidden" } else { "shown" };
        let (style, state, why) = state(ctx, source);
        let age = source.newest.map(|at| text::since(at, ctx.now.wall)).unwrap_or_default();
        let lag = source.lag.map(|lag| text::age(lag.unsigned_abs())).unwrap_or_default();
        let head = format!(" {} ", text::fit(shown, 7, mark));
        let name = match ctx.model.screen().alone() {
            true => ctx.place(&source.service, 20),
            false => text::pad(&ctx.model.facts().names().service(&source.service, 19, mark), 20),
        };
        let errors = logs.errors(&source.service).map_or_else(|| mark.to_owned(), |errors| errors.to_string());
        let rate = source.rate(ctx.now.mono);
        let rest = format!("{:>8} {errors:>6} {rate:>6} {lag:>6} {age:>6}  {why}", source.lines);
        let rest = text::cut(&rest, columns(body).saturating_sub(38), mark);
        let line = Line::from(vec![
            Span::raw(head),
            Span::styled(name, ctx.theme.source(index)),
            Span::styled(text::fit(state, 9, mark), style),
            Span::raw(rest),
        ]);
        lines.push(if index == at { line.patch_style(ctx.theme.selected()) } else { line });
    }
    if logs.sources().is_empty() {
        lines.push(Line::styled(" no source has written yet", ctx.theme.dim()));
    }
    let last = Line::styled(" space shows or hides it, a shows all, esc leaves", ctx.theme.dim());
    let hidden = outside(at, rows, logs.sources().len());
    let choices = listed(1, window(at, rows), logs.sources().len());
    let presses = vec![Press::own(Keys::Sources, Own::All, "shows all")];
    Dialog { title: "Sources of log lines", lines, last, hidden, choices, presses, ..Dialog::default() }
        .draw(ctx, frame, body)
}

/// Whether a source writes: one that cannot be read is another thing than one that is silent.
fn state(ctx: &Ctx<'_>, source: &Source) -> (Style, &'static str, String) {
    let feed = ctx.model.facts().feeds().get(&FeedId::Logs(source.service.clone()));
    if let Some(FeedState::Failing { why, .. }) = feed.map(|feed| &feed.state) {
        return (ctx.theme.status(Status::Fail), "broken", why.to_string());
    }
    if let Some(why) = &source.ended {
        // Among the logs of a project it was meant to go on.
        let style = if ctx.model.screen().alone() { ctx.theme.dim() } else { ctx.theme.status(Status::Warn) };
        return (style, "ended", why.to_string());
    }
    match source.rate(ctx.now.mono) {
        0 => (ctx.theme.dim(), "silent", String::new()),
        _ => (ctx.theme.status(Status::Ok), "live", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::telling;

    #[test]
    fn of_a_pattern_the_words_are_seen() {
        assert_eq!(telling("<*> <*> [info] <*> <*> token <*>", "…"), "… [info] <*> token <*>");
        assert_eq!(telling("GET <*>", "…"), "GET <*>");
        assert_eq!((telling("<*> <*>", "…").as_str(), telling("", "…").as_str()), ("<*>", "<*>"));
    }
}
