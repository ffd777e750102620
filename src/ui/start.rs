//! Draws the screen of a first start.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::text;
use super::theme::Theme;
use crate::app::start::Start;

/// Columns that are used at most: long lines are hard to read.
const WIDTH: u16 = 100;
/// Columns of the names at the left.
const NAMES: usize = 26;

/// Draws it.
pub fn draw(start: &Start, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    let width = area.width.min(WIDTH);
    let left = (area.width - width) / 2;
    let inner = Rect { x: left, width, ..area }.inner(Margin { horizontal: 1.min(width / 2), vertical: 0 });
    let room = usize::from(inner.width);
    let mut lines = vec![
        Line::default(),
        Line::styled("flightdeck", theme.strong()),
        Line::raw("One product's release on one screen: environments, live logs, health, secrets."),
        Line::default(),
        Line::styled("There is no configuration yet. From here:", theme.dim()),
    ];
    for (at, row) in start.rows.iter().enumerate() {
        let name = text::fit(&format!("  {}  {}", row.letter, row.title), NAMES, theme.ellipsis());
        let wide = room.saturating_sub(NAMES).max(8);
        if at == start.at {
            // The chosen one is whole, whatever room it takes.
            for (part, more) in text::wrap(&row.more, wide).into_iter().enumerate() {
                let name = if part == 0 { name.clone() } else { " ".repeat(NAMES) };
                lines.push(Line::styled(text::pad(&format!("{name}{more}"), room), theme.selected()));
            }
        } else {
            let more = Span::styled(text::cut(&row.more, wide, theme.ellipsis()), theme.dim());
            lines.push(Line::from(vec![Span::raw(name), more]));
        }
    }
    // What there is no room for goes last first.
    section(&mut lines, "In this folder", &start.seen, (theme, room));
    section(&mut lines, "Where files lie", &start.files, (theme, room));
    let body = Rect { height: inner.height.saturating_sub(1), ..inner };
    frame.render_widget(Paragraph::new(lines), body);
    let last = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..inner };
    frame.render_widget(last_line(start, theme, room), last);
}

fn section(
    lines: &mut Vec<Line<'static>>,
    title: &'static str,
    rows: &[(&'static str, crate::sanitize::Text)],
    (theme, room): (&Theme, usize),
) {
    if rows.is_empty() {
        return;
    }
    lines.push(Line::default());
    lines.push(Line::styled(title, theme.strong()));
    lines.extend(rows.iter().map(|(what, says)| {
        let what = Span::raw(text::fit(&format!("  {what}"), NAMES, theme.ellipsis()));
        Line::from(vec![
            what,
            Span::styled(text::cut(says.as_str(), room.saturating_sub(NAMES), theme.ellipsis()), theme.dim()),
        ])
    }));
}

fn last_line(start: &Start, theme: &Theme, room: usize) -> Line<'static> {
    if let Some(told) = &start.told {
        return Line::raw(text::cut(told.as_str(), room, theme.ellipsis()));
    }
    let Some(path) = &start.path else {
        return Line::styled("j k choose   enter starts it   q leaves", theme.dim());
    };
    let (before, after) = path.parts();
    let text = format!("path or address: {before}{}{after}   enter opens it   esc leaves", theme.cursor());
    Line::styled(text::cut(&text, room, theme.ellipsis()), Style::new())
}
