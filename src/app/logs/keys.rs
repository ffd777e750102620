//! The keys of the log reader: what is typed at its prompt, and what moves, marks and changes its lines.

use super::buffer::seek::{Seek, Sought};
use super::buffer::{Filter, Row, Term, moment, typed, window};
use super::saving;
use crate::action::Action;
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::line::Line;
use crate::app::model::{Model, Pane};
use crate::app::msg::{Key, KeyCode, Now};
use crate::app::navigate;
use crate::domain::log::Level;
use crate::domain::notice::Notice;
use crate::logstore::Field;

/// Columns that long lines move by.
const ASIDE: usize = 16;

/// While a filter is typed, letters are text.
pub(in crate::app) fn prompt(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(Overlay::Prompt(line)) = model.dialog.overlay.as_mut() else { return Vec::new() };
    let wrong = wrong(&line.text()).is_some();
    match key.code {
        KeyCode::Backspace if line.is_empty() => {
            let mut filter = model.logs.lines.filter().clone();
            if filter.window.take().is_none() {
                filter.chips.pop();
            }
            model.logs.lines.set_filter(filter);
            return Vec::new();
        }
        // It stays until it can be looked for: the prompt says why it cannot.
        KeyCode::Tab | KeyCode::Enter if wrong => return Vec::new(),
        KeyCode::Tab => {
            *line = Line::default();
            let mut filter = model.logs.lines.filter().clone();
            let term = std::mem::take(&mut filter.term);
            filter.chips.extend((!term.text.is_empty()).then_some(term));
            model.logs.lines.set_filter(filter);
            return Vec::new();
        }
        KeyCode::Enter => {
            model.logs.lines.prime();
            let moment = line.text().strip_prefix('>').map(str::to_owned);
            model.dialog.overlay = None;
            if let Some(moment) = moment {
                go(model, &moment);
            }
            return Vec::new();
        }
        _ if !line.key(key) => return Vec::new(),
        _ => {}
    }
    let text = line.text();
    set_filter(model, &text);
    Vec::new()
}

/// Goes to a time that was typed.
fn go(model: &mut Model, text: &str) {
    let newest = model.logs.lines.newest();
    let ago = |newest: jiff::Timestamp| {
        text.parse().ok().and_then(|span: jiff::SignedDuration| newest.checked_sub(span.abs()).ok())
    };
    match newest.and_then(|newest| moment(text, newest).or_else(|| ago(newest))) {
        Some(moment) => crate::app::log_dialogs::go(model, moment),
        None => {
            model.screen.notice =
                Some(Notice::refused("that is not a time: write >12:30, >15m or >2026-01-31T12:00:00Z"))
        }
    }
}

/// Why what is typed is no filter yet: it names no level, it is no whole expression, it is no time window. Until it is one, the lines of
/// the filter before stay.
#[must_use]
pub fn wrong(text: &str) -> Option<&'static str> {
    if text.starts_with('@') {
        // Whether it is a window does not depend on the day.
        let window = text == "@" || window(text, jiff::Timestamp::UNIX_EPOCH).is_some();
        return (!window).then_some("no time window yet: @15m, or @12:00..12:30");
    }
    let term = typed(text);
    match term.field {
        _ if term.whole() => None,
        Field::Level => Some("no level yet: trace, debug, info, warn, error or fatal"),
        _ => Some("no whole expression yet"),
    }
}

/// A leading `!` shows what does not match, a leading `~` takes a regular expression, a leading `@` a time window.
pub(in crate::app) fn set_filter(model: &mut Model, text: &str) {
    if text.starts_with('>') {
        // A time to go to, once it is whole: what is shown stays.
        return;
    }
    if wrong(text).is_some() {
        return;
    }
    let mut filter = Filter { term: typed(text), ..model.logs.lines.filter().clone() };
    if text.starts_with('@') {
        // A time window; nothing else while it is typed.
        filter.term = Term::default();
        filter.window = model.logs.lines.newest().and_then(|newest| window(text, newest));
    }
    model.logs.lines.refine(filter);
}

/// The keys of the log reader.
pub(in crate::app) fn perform(model: &mut Model, action: Action, now: Now) -> Vec<Effect> {
    match action {
        Action::Pause => model.logs.lines.toggle_pause(),
        Action::Level => cycle_level(model),
        Action::Wrap => model.logs.reading.wrap = !model.logs.reading.wrap,
        Action::Stamps => model.logs.reading.stamps = model.logs.reading.stamps.next(),
        Action::Mark => {
            let selected =
                model.logs.lines.cursor().and_then(|position| model.logs.lines.line(position)).map(|line| line.at);
            let here = selected.or_else(|| model.logs.lines.newest());
            // The same line again takes the mark away.
            model.logs.reading.mark = if model.logs.reading.mark == here { None } else { here };
        }
        Action::Save => return saving::begin(model, false, now),
        Action::Pager => return saving::begin(model, true, now),
        Action::Left => model.logs.reading.column = model.logs.reading.column.saturating_sub(ASIDE),
        Action::Right => right(model),
        Action::Context => context(model),
        _ => {}
    }
    Vec::new()
}

pub(in crate::app) fn seek(model: &mut Model, what: Seek, forward: bool) {
    navigate::show(model, Pane::Logs);
    let page = model.screen.geometry.rows(Pane::Logs);
    if what == Seek::Match && model.logs.lines.term().text.is_empty() {
        model.screen.notice = Some(Notice::refused("nothing to search for yet: / takes a text"));
        return;
    }
    match model.logs.lines.seek(what, forward, page) {
        Some(sought) => tell(model, sought),
        None => model.screen.notice = Some(Notice::under_way("looking for it")),
    }
}

/// Says that a search found nothing; a hit shows itself.
pub(in crate::app) fn tell(model: &mut Model, sought: Sought) {
    let thing = if sought.what == Seek::Error { "error" } else { "match" };
    let way = if sought.forward { "below" } else { "above" };
    model.screen.notice = (!sought.found).then(|| Notice::refused(format!("no {thing} {way}")));
}

fn cycle_level(model: &mut Model) {
    let filter = model.logs.lines.filter().clone();
    let level = match filter.level {
        Level::Trace | Level::Debug | Level::Info => Level::Warn,
        Level::Warn => Level::Error,
        Level::Error | Level::Fatal => Level::Trace,
    };
    model.logs.lines.set_filter(Filter { level, ..filter });
}

/// Moves long lines to the left as long as one of the page has more to show.
fn right(model: &mut Model) {
    let rows = model.screen.geometry.rows(Pane::Logs);
    let page = model.logs.lines.page(rows);
    let longest = page.iter().filter_map(|(_, row)| match row {
        Row::Line(line) => Some(line.message.as_str().chars().count()),
        Row::Gap(..) => None,
    });
    let next = model.logs.reading.column + ASIDE;
    if longest.max().is_some_and(|longest| longest > next) {
        model.logs.reading.column = next;
        model.logs.reading.wrap = false;
    } else {
        model.screen.notice = Some(Notice::refused("no line of this page is cut"));
    }
}

/// Shows the selected line among its neighbours, or the filtered lines again.
fn context(model: &mut Model) {
    navigate::show(model, Pane::Logs);
    let page = model.screen.geometry.rows(Pane::Logs);
    if !model.logs.lines.neighbours(page) {
        let (filter, context) = (model.screen.keys.of(Action::Filter), model.screen.keys.of(Action::Context));
        model.screen.notice = Some(Notice::refused(format!(
            "every line is shown; while a filter ({filter}) hides some, {context} shows the lines around one"
        )));
    }
}
