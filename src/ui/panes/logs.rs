//! Log lines, the newest at the bottom.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::{Ctx, text};
use super::Drawn;
use crate::action::Action;
use crate::app::logs::alarmed;
use crate::app::logs::buffer::{Row, typing};
use crate::app::logs::display::Stamps;
use crate::app::model::Pane;
use crate::domain::environment::Status;
use crate::domain::log::{Level, LogLine};

pub(super) struct Logs;

impl Drawn for Logs {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn title(&self, ctx: &Ctx<'_>) -> String {
        title(ctx)
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let logs = ctx.model.logs().lines();
    let cursor = logs.cursor().filter(|_| ctx.model.screen().focus() == Pane::Logs);
    let mut drawn: Vec<Line<'static>> = Vec::with_capacity(height);
    // From the newest upwards: where lines wrap, the oldest of the page give way.
    for (position, row) in logs.page(height).into_iter().rev() {
        if drawn.len() >= height {
            break;
        }
        let mut rows = match row {
            Row::Line(one) => line(ctx, &one, width),
            Row::Gap(service, count, why) => {
                let text = match count {
                    0 => format!(" ~~ {}: {why}", service.name),
                    count => format!(" ~~ {service}: {count} or more lines missing: {why}"),
                };
                vec![Line::styled(text::cut(&text, width, ctx.theme.ellipsis()), ctx.theme.status(Status::Warn))]
            }
        };
        if cursor == Some(position) {
            // Its beginning alone: a whole line in another colour is written twice whenever the log moves under the cursor.
            if let Some(head) = rows.first_mut().and_then(|row| row.spans.first_mut()) {
                head.style = head.style.patch(ctx.theme.selected());
            }
        }
        drawn.extend(rows.into_iter().rev());
    }
    drawn.truncate(height);
    drawn.reverse();
    drawn
}

fn line(ctx: &Ctx<'_>, line: &LogLine, width: usize) -> Vec<Line<'static>> {
    let style = ctx.theme.level(line.level);
    let mut spans = vec![Span::styled(stamp(ctx, line), ctx.theme.dim())];
    let alone = ctx.model.screen().alone();
    // One file needs no name on every line.
    if !alone || ctx.model.logs().lines().sources().len() > 1 {
        let number = ctx.model.logs().lines().number(&line.service);
        spans.push(Span::styled(ctx.place(&line.service, 14), ctx.theme.source(number)));
    }
    if width > 110 && !alone {
        let instance: String = line.instance.chars().take(4).collect();
        spans.push(Span::styled(format!("{:<4}{instance:<5}", line.region), ctx.theme.dim()));
    }
    spans.push(Span::styled(format!("{:<6}", line.level.word()), style));
    let used: usize = spans.iter().map(Span::width).sum();
    let room = width.saturating_sub(used);
    let message = ctx.veiled(line.message.as_str());
    if !ctx.model.logs().reading().wrap || room < 10 {
        let column = ctx.model.logs().reading().column;
        let message = if column > 0 { text::split(&message, column).1 } else { &message };
        spans.extend(marked(ctx, &text::cut(message, room, ctx.theme.ellipsis()), style));
        return vec![Line::from(spans)];
    }
    let mut rows = Vec::new();
    let mut rest = message.as_str();
    loop {
        let (row, more) = text::split(rest, room);
        let mut spans = if rows.is_empty() { std::mem::take(&mut spans) } else { vec![Span::raw(" ".repeat(used))] };
        spans.extend(marked(ctx, row, style));
        rows.push(Line::from(spans));
        // A line of megabytes must not be laid out beyond what could ever be seen.
        if more.is_empty() || rows.len() >= usize::from(ctx.model.screen().size().1) {
            return rows;
        }
        rest = more;
    }
}

/// The matches of what was looked for stand out.
fn marked(ctx: &Ctx<'_>, text: &str, style: Style) -> Vec<Span<'static>> {
    let hits = if ctx.model.screen().private() { Vec::new() } else { ctx.model.logs().lines().marks(text) };
    let mut spans = Vec::new();
    let mut from = 0;
    for hit in hits {
        spans.push(Span::styled(text[from..hit.start].to_owned(), style));
        spans.push(Span::styled(text[hit.clone()].to_owned(), ctx.theme.found().patch(style)));
        from = hit.end;
    }
    spans.push(Span::styled(text[from..].to_owned(), style));
    spans
}

/// When it happened, in the form that was chosen; from the mark where there is one.
fn stamp(ctx: &Ctx<'_>, line: &LogLine) -> String {
    if line.at == jiff::Timestamp::UNIX_EPOCH {
        // Where every line is without a time, none is waited for.
        let alone = ctx.model.screen().alone() && ctx.model.logs().lines().sources().len() == 1;
        return " ".repeat(if alone { 1 } else { 14 });
    }
    if let Some(mark) = ctx.model.logs().reading().mark {
        let millis = line.at.duration_since(mark).as_millis();
        let (sign, millis) = (if millis < 0 { '-' } else { '+' }, millis.unsigned_abs());
        return format!(" {sign}{:>7}.{:03} ", millis / 1000, millis % 1000);
    }
    match ctx.model.logs().reading().stamps {
        Stamps::Utc => format!(" {} ", line.at.strftime("%H:%M:%S%.3f")),
        Stamps::Local => {
            let zone = jiff::tz::TimeZone::system();
            format!(" {} ", line.at.to_zoned_datetime(zone).strftime("%H:%M:%S%.3f"))
        }
        Stamps::Age => format!(" {:>7} ", text::since(line.at, ctx.now.wall)),
        Stamps::Off => " ".to_owned(),
    }
}

/// Whether reading follows, and what is left out of what is there, which a narrow pane must not cut; then lines, rate and lag.
fn title(ctx: &Ctx<'_>) -> String {
    let (logs, dot) = (ctx.model.logs().lines(), ctx.theme.dot());
    let (_, dropped) = logs.counts();
    let follows = match (logs.opening(), logs.following()) {
        (true, _) => "opening",
        (false, true) => "following",
        (false, false) => "paused, space follows",
    };
    // What is left out without a person's word is told where nothing cuts it.
    let first = alarmed::production_first(ctx.model);
    let mut said = vec![follows.to_owned()];
    said.extend(filtered(ctx, first));
    said.extend(first.then(|| "production first, esc shows all".to_owned()));
    if ctx.model.screen().alone() {
        said.push(format!("{} lines", logs.len()));
    } else {
        let rate: u64 = logs.sources().iter().map(|source| source.rate(ctx.now.mono)).sum();
        said.extend([
            format!("{} sources", logs.sources().len()),
            format!("{} lines", logs.len()),
            format!("{rate}/s"),
        ]);
        said.extend(logs.newest().map(|newest| format!("lag {}", text::since(newest, ctx.now.wall))));
    }
    if dropped > 0 {
        said.push(format!("{dropped} oldest dropped"));
    }
    if logs.beside() {
        let context = ctx.model.screen().keys().of(Action::Context);
        said.push(format!("among its neighbours, {context} goes back"));
    }
    if ctx.model.logs().reading().column > 0 {
        said.push(format!("from column {}", ctx.model.logs().reading().column));
    }
    let below = logs.below(ctx.model.screen().geometry().rows(Pane::Logs));
    if below > 0 {
        said.push(format!("+{below} below"));
    }
    format!("  {}", said.join(&format!(" {dot} ")))
}

/// What a person has asked for, and how much of the lines that is; nothing where all of them show.
fn filtered(ctx: &Ctx<'_>, first: bool) -> Vec<String> {
    let (logs, mut said) = (ctx.model.logs().lines(), Vec::new());
    let filter = logs.filter();
    for chip in filter.chips.iter().chain(Some(&filter.term)).filter(|term| !term.text.is_empty()) {
        said.push(format!("/{}", typing(chip)));
    }
    if let Some((from, until)) = filter.window {
        let until = if until == jiff::Timestamp::MAX { String::new() } else { until.strftime("%H:%M:%S").to_string() };
        said.push(format!("{}..{until}", from.strftime("%H:%M:%S")));
    }
    if filter.level > Level::Trace {
        said.push(format!("{} and above", filter.level.word().to_lowercase()));
    }
    if !filter.hidden.is_empty() && !first {
        said.push(format!("{} hidden", filter.hidden.len()));
    }
    if !filter.passes_all() {
        let so_far = logs.progress().map(|percent| format!(" of {percent}%")).unwrap_or_default();
        said.push(format!("{} pass{so_far}", logs.shown_len()));
    }
    if filter.term.text.is_empty() && !logs.term().text.is_empty() {
        let keys = ctx.model.screen().keys();
        let (next, previous) = (keys.of(Action::NextMatch), keys.of(Action::PreviousMatch));
        said.push(format!("{next} {previous} {}", typing(logs.term())));
    }
    said
}
