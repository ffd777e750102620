//! What lies over the panes: help, palette, menu, evidence, sources, details; the dialogs of operations are in `ui/operations`.

pub(in crate::ui) mod logs;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::action::{Entry, dialogs};
use crate::app::dialogs::{Find, Overlay, bound, found, groups};
use crate::app::geometry::Laid;
use crate::app::insight::detail::{self, Subject};
use crate::app::insight::evidence;
use crate::app::operations::menu::{self, Item};
use crate::app::palette::{self, Palette};
use crate::app::{geometry, more, trust};
use crate::domain::environment::Status;
use crate::ui::widgets::buttons::Press;
use crate::ui::widgets::dialog::{Dialog, WIDTH};
use crate::ui::{Ctx, operations, panes, text};

/// Columns of the keys in the help and the palette.
const KEYS: usize = 14;
/// Rows of a detail that are laid out beyond the first one that shows: a line of a log may be a megabyte.
const AHEAD: usize = 1000;

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, overlay: &Overlay) -> Option<Laid> {
    Some(match overlay {
        // It stands in the hint line.
        Overlay::Prompt(_) => return None,
        Overlay::Help(find) => actions(ctx, frame, body, find, rows(ctx, find), false),
        Overlay::Palette(palette) => actions(ctx, frame, body, &palette.find, listed(palette), true),
        Overlay::Menu(at) => choices(ctx, frame, body, *at),
        Overlay::More(at) => further(ctx, frame, body, *at),
        Overlay::Why(at) => evidence(ctx, frame, body, *at),
        Overlay::Sources(at) => logs::sources(ctx, frame, body, *at),
        Overlay::Patterns(at) => logs::patterns(ctx, frame, body, *at),
        Overlay::Chart(at) => logs::chart(ctx, frame, body, *at),
        Overlay::Trust(asked) => approval(ctx, frame, body, *asked),
        Overlay::Detail(subject) => details(ctx, frame, body, subject),
        Overlay::Operation(dialog) => operations::dialog::draw(ctx, frame, body, dialog),
    })
}

/// Rows that a dialog has beside its frame, its last line and one more.
pub(super) fn room(body: Rect) -> usize {
    usize::from(body.height).saturating_sub(4).max(1)
}

/// Columns inside a dialog.
pub(super) fn columns(body: Rect) -> usize {
    usize::from(body.width).min(WIDTH).saturating_sub(2)
}

/// The rows around the chosen one.
pub(super) fn window(at: usize, rows: usize) -> usize {
    geometry::scrolled(Some(at), rows)
}

/// A row of the help or the palette.
enum Row<'m> {
    Heading(&'static str),
    Key(&'static [&'static str], &'static str),
    Found(&'m palette::Row),
    Blank,
}

fn key_of<'m>(entry: &'static Entry) -> Row<'m> {
    Row::Key(entry.keys, entry.title)
}

/// Keys of dialogs whose name or deed holds what is looked for, dialog by dialog.
fn of_dialogs<'m>(find: &Find) -> Vec<Row<'m>> {
    let (all, mut rows) = (bound(find), Vec::new());
    for dialog in dialogs::Dialog::ALL {
        let mut own = all.iter().filter(|one| one.dialog == dialog).peekable();
        if own.peek().is_some() {
            rows.push(Row::Blank);
            rows.push(Row::Heading(dialog.name()));
            rows.extend(own.map(|one| Row::Key(one.keys, one.title)));
        }
    }
    rows
}

/// Rows of the help: group by group while nothing is looked for, what works here first.
fn rows<'m>(ctx: &Ctx<'m>, find: &Find) -> Vec<Row<'m>> {
    let all = found(ctx.model.screen().keys(), find);
    // Of a log that is read alone, what needs a project is left out.
    let useful = |entry: &&'static Entry| !ctx.model.screen().alone() || !crate::app::keys::needs_project(entry.action);
    // What a dialog's keys do is told here; the palette does what it lists, and they do nothing without their dialog.
    if !find.text.is_empty() {
        return all.into_iter().map(key_of).chain(of_dialogs(find)).collect();
    }
    let mut rows = Vec::new();
    for group in groups(ctx.model) {
        let mut own = all.iter().copied().filter(|entry| entry.group == group).filter(useful).peekable();
        if own.peek().is_some() {
            rows.extend((!rows.is_empty()).then_some(Row::Blank));
            rows.push(Row::Heading(group.name()));
            rows.extend(own.map(key_of));
        }
    }
    rows.extend(of_dialogs(find));
    rows
}

/// Rows of the palette.
fn listed(palette: &Palette) -> Vec<Row<'_>> {
    palette.rows().into_iter().map(Row::Found).collect()
}

fn actions(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, find: &Find, all: Vec<Row<'_>>, palette: bool) -> Laid {
    let mark = ctx.theme.ellipsis();
    let title = if palette { "Palette" } else { "Help" };
    // The help shows as much as it can at once: two columns where there is room for them.
    let longest = all.iter().map(|row| if let Row::Key(_, title) = row { title.width() } else { 0 }).max();
    let half = columns(body) / 2;
    let two = !palette && all.len() > room(body) && KEYS + longest.unwrap_or(0) < half;
    let per_column = if two { all.len().div_ceil(2) } else { all.len() };
    let cell = |index: usize| match all.get(index) {
        Some(Row::Key(keys, title)) => {
            let keys = text::fit(&format!(" {}", keys.join(" ")), KEYS, mark);
            let title = if two { text::fit(title, half - KEYS, mark) } else { (*title).to_owned() };
            vec![Span::styled(keys, ctx.theme.strong()), Span::raw(title)]
        }
        Some(Row::Found(row)) => {
            let left = text::fit(&format!(" {}", row.left), KEYS, mark);
            let title = text::cut(&row.title, columns(body).saturating_sub(KEYS), mark);
            let style = if row.thing { ctx.theme.dim() } else { ctx.theme.strong() };
            vec![Span::styled(left, style), Span::raw(title)]
        }
        Some(Row::Heading(name)) => {
            let name = format!(" {name}");
            let name = if two { text::fit(&name, half, mark) } else { name };
            vec![Span::styled(name, ctx.theme.focus())]
        }
        Some(Row::Blank) => vec![Span::raw(if two { " ".repeat(half) } else { String::new() })],
        None => Vec::new(),
    };
    let mut lines: Vec<Line<'static>> = (0..per_column)
        .map(|index| {
            let mut spans = cell(index);
            if two {
                spans.extend(cell(index + per_column));
            }
            let line = Line::from(spans);
            if palette && index == find.at { ctx.chosen(&line, columns(body)) } else { line }
        })
        .collect();
    if lines.is_empty() {
        let none = if palette { " nothing has this name" } else { " no view or action has this name" };
        lines.push(Line::styled(none, ctx.theme.dim()));
    }
    let does = if palette { "enter does it, " } else { "" };
    let last = format!(" {}{}   type to search, {does}esc leaves", find.text, ctx.theme.cursor());
    let (last, at) = (Line::styled(last, ctx.theme.strong()), palette.then_some(find.at));
    let choices = if palette { (0..all.len()).map(Some).collect() } else { Vec::new() };
    Dialog { title, lines, last, at, choices, ..Dialog::default() }.draw(ctx, frame, body)
}

/// So many rows of the menu that cannot run for the same reason have it told once, above them.
const SAME: usize = 3;

/// The reason that many rows have in common, and their letters. Others may have reasons of their own, so that no count of these says how
/// many cannot run.
fn common(items: &[Item]) -> Option<(String, String)> {
    let whys = || items.iter().filter_map(|item| item.why_not.as_deref());
    let count = |why: &str| whys().filter(|one| *one == why).count();
    let (why, _) = whys().map(|why| (why, count(why))).max_by_key(|(_, count)| *count).filter(|(_, n)| *n >= SAME)?;
    let letters = items.iter().filter(|item| item.why_not.as_deref() == Some(why)).map(|item| item.letter);
    Some((why.to_owned(), letters.collect()))
}

fn choices(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) -> Laid {
    let (items, mark) = (menu::items(ctx.model, ctx.now), ctx.theme.ellipsis());
    let room = columns(body).saturating_sub(3);
    let common = common(&items);
    let rows = items.iter().enumerate().flat_map(|(index, item)| {
        let (style, why) = match &item.why_not {
            // The chosen one says all of it.
            Some(why) if common.as_ref().is_some_and(|(same, _)| same == why) && index != at => {
                (ctx.theme.dim(), String::new())
            }
            Some(why) => (ctx.theme.dim(), format!("  {why}")),
            None => (ratatui::style::Style::new(), String::new()),
        };
        let text = format!("{}{why}", item.title);
        // The chosen one is whole, whatever room it takes.
        let parts = if index == at { text::wrap(&text, room.max(8)) } else { vec![text::cut(&text, room, mark)] };
        let letter = if item.why_not.is_none() { ctx.theme.strong() } else { style };
        let line = move |(part, text): (usize, String)| {
            let letter = Span::styled(if part == 0 { format!(" {} ", item.letter) } else { "   ".to_owned() }, letter);
            Line::from(vec![letter, Span::styled(text, style)])
        };
        let lines: Vec<Line<'static>> = parts.into_iter().enumerate().map(line).collect();
        lines.into_iter().map(move |line| (if index == at { ctx.chosen(&line, room + 3) } else { line }, Some(index)))
    });
    let (mut lines, mut choices): (Vec<Line<'static>>, Vec<Option<usize>>) = rows.unzip();
    // The last row of the chosen one: those before it take one each.
    let mut last_row = at + lines.len().saturating_sub(items.len());
    if let Some((why, letters)) = &common {
        let letters: Vec<String> = letters.chars().map(String::from).collect();
        let why = format!(" {} {} cannot run: {why}", ctx.theme.symbol(Status::Warn), letters.join(" "));
        lines.insert(0, Line::styled(why, ctx.theme.status(Status::Warn)));
        choices.insert(0, None);
        last_row += 1;
    }
    let env = ctx.model.target_env().map(|env| &env.id);
    let last = Line::styled(" press its letter to start an action; esc leaves", ctx.theme.dim());
    let title = format!("Actions: {}", menu::place(ctx.model));
    Dialog { env, title: &title, lines, last, at: Some(last_row), choices, ..Dialog::default() }.draw(ctx, frame, body)
}

/// The views that have no number as their key, each with its trouble.
fn further(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) -> Laid {
    let lines = more::views().enumerate().map(|(index, (letter, pane))| {
        let trouble = panes::trouble(ctx, pane).map(|(status, count)| {
            let count = count.map(|count| count.to_string()).unwrap_or_default();
            Span::styled(format!("  {}{count}", ctx.theme.symbol(status)), ctx.theme.status(status))
        });
        let letter = Span::styled(format!(" {letter} "), ctx.theme.strong());
        let line = Line::from_iter([letter, Span::raw(pane.listed().name())].into_iter().chain(trouble));
        if index == at { ctx.chosen(&line, columns(body)) } else { line }
    });
    let last = Line::styled(" press its letter, or enter; esc leaves", ctx.theme.dim());
    let (lines, at): (Vec<_>, _) = (lines.collect(), Some(at));
    let choices = (0..lines.len()).map(Some).collect();
    Dialog { title: "Further views", lines, last, at, choices, ..Dialog::default() }.draw(ctx, frame, body)
}

fn evidence(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, at: usize) -> Laid {
    let all = evidence::evidence(ctx.model, ctx.now);
    let lines = all.iter().enumerate().map(|(index, one)| {
        let text = format!(" {} {}", ctx.theme.symbol(one.status), ctx.veiled(one.says.as_str()));
        let line = Line::styled(text, ctx.theme.status(one.status));
        if index == at { ctx.chosen(&line, columns(body)) } else { line }
    });
    let env = evidence::about(ctx.model).map(|env| &env.id);
    let name = env.map(ToString::to_string).unwrap_or_default();
    let last = Line::styled(" enter goes there, j k choose, esc leaves", ctx.theme.dim());
    let (title, lines, at) = (format!("Why: {name}, what changed first"), lines.collect(), Some(at));
    let choices = (0..all.len()).map(Some).collect();
    Dialog { env, title: &title, lines, last, at, choices, ..Dialog::default() }.draw(ctx, frame, body)
}

/// What a project file asks for, literally.
fn approval(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, asked: trust::Asked) -> Laid {
    let (all, room) = (trust::rows(ctx.model), trust::room(ctx.model));
    let hidden = (asked.top, all.len().saturating_sub(asked.top + room));
    let lines = all.into_iter().skip(asked.top).take(room).map(Line::raw).collect();
    let last = Line::styled(trust::last(ctx.model, asked), ctx.theme.strong());
    let presses = vec![Press::own(dialogs::Dialog::ProjectFile, dialogs::Own::Yes, "approves this content")];
    Dialog { title: "The project file", lines, last, hidden, presses, ..Dialog::default() }.draw(ctx, frame, body)
}

/// Everything known of a thing in so many columns; what lies beyond so many rows is not laid out.
pub(super) fn detail(ctx: &Ctx<'_>, subject: &Subject, width: usize, far: usize) -> Vec<Line<'static>> {
    let all = detail::rows(ctx.model, subject, ctx.now);
    let label = all.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0).clamp(6, 24);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (name, value) in &all {
        let value = ctx.veiled(value);
        let mut rest = value.as_str();
        let mut first = true;
        while (first || !rest.is_empty()) && lines.len() < far {
            let (row, more) = text::words(rest, width.saturating_sub(label + 3).max(8));
            let name = if first { name.as_str() } else { "" };
            let name = text::fit(&format!(" {name}"), label + 2, ctx.theme.ellipsis());
            lines.push(Line::from(vec![Span::styled(name, ctx.theme.dim()), Span::raw(row.to_owned())]));
            // What ended the row does not begin the next.
            (rest, first) = (more.strip_prefix(' ').unwrap_or(more), false);
        }
    }
    if lines.is_empty() {
        let text = format!(" {} it is no longer known", ctx.theme.symbol(Status::Unknown));
        lines.push(Line::styled(text, ctx.theme.dim()));
    }
    lines
}

fn details(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, subject: &Subject) -> Laid {
    let far = ctx.model.dialog().scroll().unwrap_or(0).saturating_add(AHEAD);
    let lines = detail(ctx, subject, columns(body), far);
    let last = Line::styled(" j k move, y copies it, esc leaves", ctx.theme.dim());
    let title = detail::title(subject);
    let presses = vec![Press::own(dialogs::Dialog::Detail, dialogs::Own::Copy, "copies it")];
    Dialog { title: &title, lines, last, presses, ..Dialog::default() }.draw(ctx, frame, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_rows_share_is_told_with_their_letters() {
        let item = |letter, why: Option<&str>| Item {
            letter,
            title: "x".to_owned(),
            why_not: why.map(str::to_owned),
            run: menu::Run::Nothing,
        };
        let own = item('A', Some("no gate waits"));
        let mut items = vec![item('R', None), own];
        items.extend("UZTW".chars().map(|letter| item(letter, Some("select a frontend"))));
        assert_eq!(common(&items), Some(("select a frontend".to_owned(), "UZTW".to_owned())));
        assert_eq!(common(&items[..4]), None, "two say it themselves");
    }
}
