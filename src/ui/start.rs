//! Draws the screen of a first start.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr as _;

use super::text;
use super::theme::Theme;
use crate::app::start::Start;

/// Columns that are used at most: long lines are hard to read.
const WIDTH: u16 = 100;
/// Columns of the names at the left.
const NAMES: usize = 28;
/// Rows that what was told last takes at most.
const TOLD: usize = 3;

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
    let mut chosen = 0;
    for (at, row) in start.rows.iter().enumerate() {
        let name = text::fit(&format!("  {}  {}", row.letter, row.title), NAMES, theme.ellipsis());
        let wide = room.saturating_sub(NAMES).max(8);
        if at == start.at {
            // The chosen one is whole, whatever room it takes.
            for (part, more) in text::wrap(&row.more, wide).into_iter().enumerate() {
                let name = if part == 0 { name.clone() } else { " ".repeat(NAMES) };
                lines.push(Line::styled(text::pad(&format!("{name}{more}"), room), theme.selected()));
            }
            chosen = lines.len();
        } else {
            let more = Span::styled(text::cut(&row.more, wide, theme.ellipsis()), theme.dim());
            lines.push(Line::from(vec![Span::raw(name), more]));
        }
    }
    // What there is no room for goes last first.
    section(&mut lines, "In this folder", &start.seen, (theme, room));
    section(&mut lines, "Where files lie", &start.files, (theme, room));
    // Blank lines give way first.
    if lines.len() >= usize::from(inner.height) {
        let blank = lines.iter().take(chosen).filter(|line| line.spans.is_empty()).count();
        lines.retain(|line| !line.spans.is_empty());
        chosen -= blank;
    }
    let last = last_lines(start, theme, room);
    let ends = u16::try_from(last.len()).unwrap_or(1).min(inner.height);
    let body = Rect { height: inner.height - ends, ..inner };
    // The chosen one always shows.
    let top = u16::try_from(chosen).unwrap_or(0).saturating_sub(body.height);
    frame.render_widget(Paragraph::new(lines).scroll((top, 0)), body);
    frame.render_widget(Paragraph::new(last), Rect { y: body.bottom(), height: ends, ..inner });
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

fn last_lines(start: &Start, theme: &Theme, room: usize) -> Vec<Line<'static>> {
    if let Some(told) = &start.told {
        let mut rows = text::wrap(told.as_str(), room.max(8));
        // What went wrong stands at the end, behind a path.
        let over = rows.len().saturating_sub(TOLD);
        rows.drain(..over);
        if let Some(first) = rows.first_mut().filter(|_| over > 0) {
            *first = text::tail(&format!("{}{}", theme.ellipsis(), first.trim_start()), room, theme.ellipsis());
        }
        return rows.into_iter().map(Line::raw).collect();
    }
    let Some(path) = &start.path else {
        return vec![Line::styled("j k choose   enter starts it   q leaves", theme.dim())];
    };
    let (before, after) = path.parts();
    let (label, cursor) = ("path or address: ", theme.cursor());
    // The place of the next letter always shows.
    let before = text::tail(before, room.saturating_sub(label.width() + cursor.width()), theme.ellipsis());
    let typed = format!("{label}{before}{cursor}{after}");
    let help = "   enter opens it   esc leaves";
    let help = if typed.width() + help.width() <= room { help } else { "" };
    vec![Line::raw(text::cut(&format!("{typed}{help}"), room, theme.ellipsis()))]
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::app::msg::{Key, KeyCode};
    use crate::config::load::{Flags, parse};
    use crate::sanitize::Text;

    fn start() -> Start {
        let names = ["bad-deploy", "calm", "gated", "stuck-gate", "flood", "silent"];
        Start::new(names.into_iter().map(|name| (name, "What goes wrong in it, in as many words as fit it".to_owned())))
    }

    /// What shows in so many columns and rows.
    fn shown(start: &Start, (columns, rows): (u16, u16)) -> String {
        let settings = parse("[ui]\n", None, &Flags { alone: true, ..Flags::default() }, &|_| None).unwrap();
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(start, &Theme::load(&settings.ui), frame)).unwrap();
        terminal.backend().to_string()
    }

    fn press(start: &mut Start, code: KeyCode) {
        let _ = start.key(Key { code, ctrl: false, alt: false, repeat: false });
    }

    #[test]
    fn every_name_stands_apart_from_what_is_said_of_it() {
        let shown = shown(&start(), (120, 30));
        assert!(shown.contains("write flightdeck.toml  what this folder"), "{shown}");
    }

    #[test]
    fn all_of_it_shows_at_the_usual_size() {
        let mut start = start();
        let row = |what| (what, Text::from("x"));
        start.seen = ["fly.toml", "vercel.json", "supabase/", ".github/workflows", "Dockerfile"].map(row).to_vec();
        start.files = ["the product", "your own settings", "journal, history, log"].map(row).to_vec();
        let shown = shown(&start, (80, 24));
        for name in ["Dockerfile", "the product", "your own settings", "journal, history, log"] {
            assert!(shown.contains(name), "{name}: {shown}");
        }
        assert!(!shown.contains('…'), "{shown}");
    }

    #[test]
    fn the_chosen_row_shows_on_every_screen() {
        let mut start = start();
        press(&mut start, KeyCode::End);
        for size in [(80, 12), (80, 6), (60, 15)] {
            let shown = shown(&start, size);
            assert!(shown.contains("w  write flightdeck.toml"), "{size:?}: {shown}");
        }
    }

    #[test]
    fn of_a_long_path_its_end_shows_and_of_what_went_wrong_the_reason() {
        let mut start = start();
        press(&mut start, KeyCode::Char('o'));
        let path = format!("/var/log/{}/today.log", "deep/".repeat(80));
        start.paste(&path);
        for columns in [80, 40] {
            let shown = shown(&start, (columns, 12));
            assert!(shown.contains("today.log▏"), "{columns}: {shown}");
        }
        start.told = Some(Text::clean(&format!("{path} cannot be read: No such file or directory (os error 2)")));
        for columns in [80, 40] {
            let shown = shown(&start, (columns, 12));
            assert!(shown.contains("error 2)") && shown.contains("…"), "{columns}: {shown}");
        }
    }
}
