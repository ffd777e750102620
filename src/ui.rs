//! Draws the model. Reads only: no I/O, no time but what it is handed, nothing laid out beyond what is visible.

mod alarm;
mod attention;
mod bar;
mod beside;
mod dashboard;
mod dialogs;
mod frame;
mod header;
pub mod operations;
mod panes;
pub mod picture;
mod plan;
mod small;
pub mod start;
pub mod text;
pub mod theme;
mod train;
mod widgets;

use std::cell::RefCell;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr as _;

use crate::action::{Action, Entry};
use crate::app::dialogs::Overlay;
use crate::app::geometry::{self, Area, Geometry, Hit, SMALLEST};
use crate::app::hints;
use crate::app::model::{Model, Pane, View};
use crate::app::msg::Now;
use crate::app::navigate;
use crate::domain::environment::Status;
use crate::domain::ids::ServiceId;
use crate::domain::names;
use theme::Theme;
use widgets::pieces::{Piece, whole};

/// Everything that a part of the screen needs to draw itself.
pub(crate) struct Ctx<'a> {
    model: &'a Model,
    theme: &'a Theme,
    now: Now,
    /// What may be pressed of the dialog, as it is drawn.
    hits: RefCell<Vec<(Hit, Area)>>,
}

impl Ctx<'_> {
    /// A service beside its lines, in at least so many columns: the environment by four letters, then its name; of a log that is
    /// read alone the name. What would look like another one takes more room.
    fn place(&self, id: &ServiceId, width: usize) -> String {
        let (model, mark, room) = (self.model, self.theme.ellipsis(), width.saturating_sub(1));
        let text = if model.screen().alone() {
            let all = model.logs().lines().sources().iter().map(|source| &*source.service.name);
            names::shortest(&id.name, all, room, mark)
        } else {
            let env = model.facts().names().environment(&id.env, 4, mark);
            let name = model.facts().names().part(&id.name, room.saturating_sub(env.width() + 1), mark);
            format!("{env}/{name}")
        };
        text::pad(&format!("{text} "), width)
    }

    /// A row that is chosen: the whole of it, in so many columns, on a tint, in the colours that it has, with a bar where it begins with a
    /// blank. Where there
    /// is no tint it is reversed in one colour, so that it is one thing to the eye: its marks and words say what its colours said.
    fn chosen(&self, line: &Line<'_>, width: usize) -> Line<'static> {
        if let Some(tint) = self.theme.tint() {
            return tinted(line, width, tint, self.theme);
        }
        let text: String = line.spans.iter().map(|span| &*span.content).collect();
        Line::styled(text::pad(&text, width), self.theme.selected())
    }

    /// A text that a shared screen must not show, as blocks in privacy.
    fn veiled(&self, text: &str) -> String {
        if !self.model.screen().private() {
            return text.to_owned();
        }
        let veil = self.theme.veil();
        text.chars().map(|c| if c.is_whitespace() { c } else { veil }).collect()
    }
}

fn tinted(line: &Line<'_>, width: usize, tint: Style, theme: &Theme) -> Line<'static> {
    let base = tint.patch(line.style);
    let mut spans = Vec::with_capacity(line.spans.len() + 2);
    for span in &line.spans {
        let (style, mut text) = (base.patch(span.style), &*span.content);
        // It stands in the place of the blank that a row begins with.
        if spans.is_empty()
            && let Some(rest) = text.strip_prefix(' ')
        {
            spans.push(Span::styled(theme.bar(), base.patch(theme.focus())));
            text = rest;
        }
        spans.push(Span::styled(text.to_owned(), style));
    }
    spans.push(Span::styled(" ".repeat(width.saturating_sub(line.width())), tint));
    Line::from(spans)
}

/// Draws one frame and says where the panes stand.
pub fn draw(model: &Model, theme: &Theme, frame: &mut Frame<'_>, now: Now) -> Geometry {
    let ctx = Ctx { model, theme, now, hits: RefCell::default() };
    let area = frame.area();
    let mut geometry = Geometry::default();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return small::draw(&ctx, frame, area);
    }
    let waits = attention::line(&ctx, area.width);
    let banner = u16::from(model.facts().banner().is_some() || waits.is_some());
    let told = notice(&ctx, area.width);
    let last = u16::try_from(told.len()).unwrap_or(1).max(1);
    // A log that is read alone has no other views.
    let views = u16::from(!model.screen().alone());
    let rows = [1, banner].map(Constraint::Length);
    let rows = rows.into_iter().chain([Constraint::Min(1), Constraint::Length(views), Constraint::Length(last)]);
    let [top, alarm, body, views, hints] = Layout::vertical(rows).areas(area);
    frame.render_widget(header::line(&ctx, &train::Told::new(&ctx), top.width), top);
    if model.facts().banner().is_some() {
        frame.render_widget(alarm::line(&ctx, alarm.width), alarm);
    } else if let Some(waits) = waits {
        frame.render_widget(waits, alarm);
    }
    match model.screen().view() {
        View::Dashboard => dashboard::draw(&ctx, frame, body, &mut geometry),
        View::Only(pane) => beside::draw(&ctx, frame, pane, body, &mut geometry),
    }
    if !views.is_empty() {
        let (line, places) = bar::draw(&ctx, views);
        frame.render_widget(line, views);
        geometry.views = places;
    }
    if told.is_empty() {
        let (line, places) = hint_line(&ctx, hints);
        frame.render_widget(line, hints);
        geometry.hints = places;
    } else {
        frame.render_widget(Paragraph::new(told), hints);
    }
    if let Some(overlay) = model.dialog().overlay() {
        geometry.dialog = dialogs::draw(&ctx, frame, body, overlay);
    }
    geometry.hits = ctx.hits.take();
    geometry
}

fn place(ctx: &Ctx<'_>, frame: &mut Frame<'_>, pane: Pane, area: Rect, geometry: &mut Geometry) {
    let inner = frame::draw(ctx, frame, pane, area);
    panes::draw(ctx, frame, pane, inner);
    geometry.panes.push((pane, Area { x: inner.x, y: inner.y, width: inner.width, height: inner.height }));
}

/// Rows that what was told last takes at most.
const TOLD: usize = 4;

/// What was told last, whole; empty where nothing was, or something is typed in its place.
fn notice(ctx: &Ctx<'_>, width: u16) -> Vec<Line<'static>> {
    let typed = matches!(ctx.model.dialog().overlay(), Some(Overlay::Prompt(_)));
    let Some(notice) = ctx.model.screen().notice().filter(|_| !typed) else { return Vec::new() };
    let style = ctx.theme.status(notice.status);
    let text = format!(" {} {}", ctx.theme.symbol(notice.status), notice.says);
    let mut rows = text::wrap(&text, usize::from(width).max(8));
    if rows.len() > TOLD {
        rows.truncate(TOLD);
        if let Some(last) = rows.last_mut() {
            *last = text::cut(&format!("{last} {}", ctx.theme.ellipsis()), width.into(), ctx.theme.ellipsis());
        }
    }
    rows.into_iter().map(|row| Line::styled(row, style)).collect()
}

/// The first of two keys, and what may follow it.
fn chord(ctx: &Ctx<'_>, first: &str, width: usize) -> Line<'static> {
    let theme = ctx.theme;
    let all: Vec<_> = ctx.model.screen().keys().after(first).collect();
    let count = u8::try_from(all.len()).unwrap_or(u8::MAX);
    let piece = |((key, entry), at): ((&str, &Entry), u8)| {
        let key = Span::styled(format!(" {key}"), theme.strong());
        Piece::new(count.saturating_sub(at), vec![key, Span::styled(format!(" {} ", entry.title), theme.dim())])
    };
    let mut pieces =
        vec![Piece::new(u8::MAX, vec![Span::styled(format!(" {first} {} ", theme.ellipsis()), theme.focus())])];
    pieces.extend(all.into_iter().zip(0..).map(piece));
    let out = vec![Span::styled(" esc", theme.strong()), Span::styled(" leaves ", theme.dim())];
    pieces.push(Piece::new(u8::MAX, out));
    whole(pieces, width)
}

/// The last line, and where on it each hint stands.
fn hint_line(ctx: &Ctx<'_>, area: Rect) -> (Line<'static>, Vec<(Action, Area)>) {
    let (model, theme) = (ctx.model, ctx.theme);
    let (width, none) = (usize::from(area.width), Vec::new());
    if let Some(Overlay::Prompt(typed)) = model.dialog().overlay() {
        let (before, behind) = typed.parts();
        // The place of the next letter always shows.
        let before = text::tail(before, width.saturating_sub(11), theme.ellipsis());
        let wrong = crate::app::logs::keys::wrong(&typed.text());
        let note = wrong.map(|why| format!("  {} {why}", theme.symbol(Status::Warn))).unwrap_or_default();
        // What begins like this is a time, and asks for no filter.
        let (label, helps) = if typed.text().starts_with('>') {
            ("go to", ["  (12:30, or 15m ago; enter goes there, esc leaves)", "  (12:30, or 15m ago)", ""])
        } else {
            let all = "  (!not ~regex @15m level: source: instance: region:  tab keeps it, esc clears)";
            ("filter", [all, "  (!not ~regex @15m level:  tab keeps it, esc clears)", "  (tab keeps it, esc clears)"])
        };
        let typed = format!(" {label}: {before}{}{behind}{note}", theme.cursor());
        let help = helps.into_iter().find(|help| typed.width() + help.width() <= width).unwrap_or_default();
        let text = format!("{typed}{help}");
        return (Line::styled(text::cut(&text, width, theme.ellipsis()), theme.strong()), none);
    }
    if let Some(notice) = model.screen().notice() {
        let text = format!(" {} {}", theme.symbol(notice.status), notice.says);
        return (Line::styled(text::cut(&text, width, theme.ellipsis()), theme.status(notice.status)), none);
    }
    if geometry::small(model.screen().size()) && navigate::covered(model) {
        let (columns, rows) = SMALLEST;
        let text = format!(" {} what is open needs {columns}x{rows}; esc leaves it", theme.symbol(Status::Warn));
        return (Line::styled(text::cut(&text, width, theme.ellipsis()), theme.status(Status::Warn)), none);
    }
    if let Some(first) = model.screen().pending() {
        return (chord(ctx, first, width), none);
    }
    let all = hints::hints(model, ctx.now);
    let count = u8::try_from(all.len()).unwrap_or(u8::MAX);
    let pieces = all.iter().zip(0..).map(|(hint, at): (_, u8)| {
        // The help and the way out stay, then the most needed.
        let keep = if matches!(hint.action, Action::Help | Action::Back) { u8::MAX } else { count - at };
        let key = Span::styled(format!(" {}", hint.key(model.screen().keys())), theme.strong());
        Piece::new(keep, vec![key, Span::styled(format!(" {} ", hint.does), theme.dim())])
    });
    let line = whole(pieces.collect(), width);
    // A hint is a key and what it does, which stand side by side; those that have no room are not there.
    let (mut x, mut places, mut hints) = (area.x, Vec::new(), all.iter());
    for pair in line.spans.chunks(2) {
        let wide = u16::try_from(pair.iter().map(Span::width).sum::<usize>()).unwrap_or(0);
        let is = |hint: &&hints::Hint| {
            pair.iter().map(|span| span.content.trim()).eq([hint.key(model.screen().keys()), &*hint.does])
        };
        if let Some(hint) = hints.find(is) {
            places.push((hint.action, Area { x, y: area.y, width: wide, height: 1 }));
        }
        x = x.saturating_add(wide);
    }
    (line, places)
}
