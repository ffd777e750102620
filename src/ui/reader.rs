//! The dialogs of the log reader.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::overlays::{columns, room, window};
use super::widgets::dialog::dialog;
use super::{Ctx, text};
use crate::app::reader;
use crate::domain::environment::Status;
use crate::domain::log::Level;

pub(super) fn patterns(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) {
    let (all, rows, mark) = (reader::patterns(ctx.model), room(body), ctx.theme.ellipsis());
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (index, (new, one)) in all.iter().enumerate().skip(window(at, rows)).take(rows) {
        let new = if *new { "new" } else { "" };
        let head = format!(" {:>8} {:<4}{:<6}", one.count, new, one.level.word());
        let env = one.service.env.as_str();
        let place = format!("{}/{}", env.get(..4).unwrap_or(env), one.service.name);
        let rest = format!("{} {}", text::fit(&place, 14, mark), ctx.veiled(&one.text()));
        let rest = text::cut(&rest, columns(body).saturating_sub(head.len()), mark);
        let style = if new.is_empty() { ctx.theme.level(one.level) } else { ctx.theme.status(Status::Warn) };
        let line = Line::from(vec![Span::styled(head, style), Span::raw(rest)]);
        lines.push(if index == at { line.patch_style(ctx.theme.selected()) } else { line });
    }
    if lines.is_empty() {
        lines.push(Line::styled(" no line has come yet", ctx.theme.dim()));
    }
    let beyond = ctx.model.logs.patterns().beyond;
    let beyond = if beyond > 0 { format!("; {beyond} lines fit into none of them") } else { String::new() };
    let last = format!(" enter shows its lines, esc leaves{beyond}");
    let title = format!("Patterns: {}, new since the live deployment first", all.len());
    dialog(ctx, frame, body, None, &title, lines, Line::styled(last, ctx.theme.dim()));
}

pub(super) fn chart(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) {
    let last = Line::styled(" enter goes there, d next deployment, j k choose, esc leaves", ctx.theme.dim());
    let Some(chart) = ctx.model.logs.chart(reader::ROWS) else {
        let none = vec![Line::styled(" no line names a time", ctx.theme.dim())];
        return dialog(ctx, frame, body, None, "Errors over time", none, last);
    };
    let marks = reader::deploys(ctx.model, &chart);
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
    dialog(ctx, frame, body, None, &title, lines, last);
}
