//! Log lines, the newest at the bottom.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Ctx, text};
use crate::app::logbuf::Row;
use crate::domain::environment::Status;
use crate::domain::log::{Level, LogLine};

pub(super) fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let rows = ctx.model.logs.page(area.height.into());
    rows.map(|row| match row {
        Row::Line(one) => line(ctx, one, width),
        Row::Gap(service, count, why) => {
            let text = format!(" ~~ {service}: {count} or more lines missing: {why}");
            Line::styled(text::cut(&text, width, ctx.theme.ellipsis()), ctx.theme.status(Status::Warn))
        }
    })
    .collect()
}

fn line(ctx: &Ctx<'_>, line: &LogLine, width: usize) -> Line<'static> {
    let style = ctx.theme.level(line.level);
    let place =
        format!("{}/{}", line.service.env.as_str().get(..4).unwrap_or(line.service.env.as_str()), line.service.name);
    let mut spans = vec![
        Span::styled(format!(" {} ", line.at.strftime("%H:%M:%S%.3f")), ctx.theme.dim()),
        Span::raw(text::fit(&place, 14, ctx.theme.ellipsis())),
    ];
    if width > 110 {
        let instance: String = line.instance.chars().take(4).collect();
        spans.push(Span::styled(format!("{:<4}{instance:<5}", line.region), ctx.theme.dim()));
    }
    spans.push(Span::styled(format!("{:<6}", word(line.level)), style));
    let used: usize = spans.iter().map(Span::width).sum();
    let message = text::cut(line.message.as_str(), width.saturating_sub(used), ctx.theme.ellipsis());
    spans.push(Span::styled(message, style));
    Line::from(spans)
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Fatal => "FATAL",
    }
}
