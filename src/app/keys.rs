//! Keys: what lies over the panes takes them first, then the table of actions.

use super::effect::Effect;
use super::model::{DASHBOARD, Model, Pane, Place, View};
use super::msg::{Key, KeyCode, Now};
use crate::action::dialogs::{Dialog, Own};
use crate::action::{self, Action};
use crate::app::arrange;
use crate::app::dialogs::{self, Find, Overlay};
use crate::app::insight::detail;
use crate::app::line;
use crate::app::logs::buffer::seek::Seek;
use crate::app::logs::buffer::{Filter, typing};
use crate::app::logs::{alarmed, keys};
use crate::app::mouse::{self, move_by};
use crate::app::navigate;
use crate::app::operations::dialog::OperationDialog;
use crate::app::palette::Palette;
use crate::app::scroll;
use crate::domain::notice::Notice;

pub(super) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    model.screen.notice = None;
    let pressed = name(key);
    let first = model.screen.pending.take().filter(|_| !navigate::covered(model));
    let out = key.ctrl && key.code == KeyCode::Char('c');
    if let Some(first) = first.filter(|_| !out) {
        return second(model, &first, &pressed, now);
    }
    let asked = model.screen.keys.by_key(&pressed);
    // Only a second press in a row quits; a press long forgotten does not count as the first.
    model.dialog.quitting &= asked == Some(Action::Back);
    // Where a line is typed, the keys that edit one belong to it.
    let own = !key.ctrl || (line::edits(key) && written(model));
    if model.dialog.overlay.is_some() && own {
        return dialogs::key(model, key, now);
    }
    if navigate::covered(model) {
        match asked {
            Some(Action::Back | Action::Suspend) => {}
            Some(Action::HalfDown | Action::HalfUp) if dialogs::list(model) => return dialogs::key(model, key, now),
            Some(Action::HalfDown) => return scrolled(model, true),
            Some(Action::HalfUp) => return scrolled(model, false),
            // What lies under a dialog does not change.
            _ => return Vec::new(),
        }
    }
    match asked {
        Some(action) => perform(model, action, now),
        None => {
            // The first of two keys waits for the second.
            let begins = model.screen.keys.after(&pressed).next().is_some();
            if !begins && matches!(key.code, KeyCode::Char(_)) {
                let help = model.screen.keys.of(Action::Help);
                model.screen.notice = Some(Notice::refused(format!("{pressed} is not bound: {help} lists the keys")));
            }
            model.screen.pending = begins.then_some(pressed);
            Vec::new()
        }
    }
}

/// The second of two keys. esc leaves the first.
fn second(model: &mut Model, first: &str, pressed: &str, now: Now) -> Vec<Effect> {
    match model.screen.keys.by_chord(first, pressed) {
        Some(action) => perform(model, action, now),
        None if model.screen.keys.by_key(pressed) == Some(Action::Escape) => Vec::new(),
        None => {
            let known = model.screen.keys.after(first).map(|(key, _)| key).collect::<Vec<_>>().join(", ");
            model.screen.notice =
                Some(Notice::refused(format!("{first} {pressed} means nothing: {first} goes on with {known}")));
            Vec::new()
        }
    }
}

/// Whether letters are text now, and there is some to edit.
fn written(model: &Model) -> bool {
    match &model.dialog.overlay {
        Some(
            Overlay::Operation(OperationDialog::Commenting { .. } | OperationDialog::Entering(_)) | Overlay::Prompt(_),
        ) => true,
        Some(Overlay::Operation(OperationDialog::Ready(_, confirm))) => !confirm.typed.is_empty(),
        Some(Overlay::Help(find)) => !find.text.is_empty(),
        Some(Overlay::Palette(palette)) => !palette.find.text.is_empty(),
        _ => false,
    }
}

fn scrolled(model: &mut Model, down: bool) -> Vec<Effect> {
    scroll::half(model, down);
    Vec::new()
}

/// A key as the table writes it.
pub(in crate::app) fn name(key: Key) -> String {
    let plain = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "shift-tab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Delete => "delete".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
    };
    if key.ctrl { format!("ctrl-{plain}") } else { plain }
}

/// The key of a letter that a table writes so.
pub(crate) fn code(written: &str) -> Option<KeyCode> {
    let plain = |code| Key { code, ctrl: false, alt: false, repeat: false };
    let all = (' '..='~').map(KeyCode::Char).chain([KeyCode::Enter, KeyCode::Esc]);
    all.into_iter().find(|code| name(plain(*code)) == written)
}

/// What a key asks for in a dialog, by its table.
pub(in crate::app) fn own(dialog: Dialog, key: Key) -> Option<Own> {
    action::dialogs::own(dialog, &name(key))
}

/// What needs a project, and not only a log.
#[must_use]
pub fn needs_project(action: Action) -> bool {
    use Action::{
        Hide, Layout, Menu, Narrower, Natural, NextPane, Open, PreviousPane, Refresh, RefreshAll, Shorter, Start,
        Taller, View, Why, Wider, Zoom,
    };
    let arranges = matches!(action, Hide | Layout | Narrower | Natural | Shorter | Taller | Wider);
    arranges
        || matches!(
            action,
            Menu | NextPane | Open | PreviousPane | Refresh | RefreshAll | Start(_) | View(_) | Why | Zoom
        )
}

pub(super) fn perform(model: &mut Model, action: Action, now: Now) -> Vec<Effect> {
    if model.screen.alone && needs_project(action) {
        model.screen.notice =
            Some(Notice::refused("only a log is open here: flightdeck without `view` opens the project"));
        return Vec::new();
    }
    if let Some(why) = elsewhere(model, action) {
        model.screen.notice = Some(Notice::refused(why));
        return Vec::new();
    }
    match action {
        Action::Help => model.dialog.overlay = Some(Overlay::Help(Find::default())),
        Action::Palette => model.dialog.overlay = Some(Overlay::Palette(Palette::open(model))),
        Action::Menu => model.dialog.overlay = Some(Overlay::Menu(0)),
        Action::Start(letter) => return dialogs::start(model, letter, now),
        Action::Why => model.dialog.overlay = Some(Overlay::Why(0)),
        Action::GoTo => {
            navigate::show(model, Pane::Logs);
            model.dialog.overlay = Some(Overlay::Prompt(">".to_owned().into()));
        }
        Action::Patterns => {
            model.logs.lines.mine();
            model.logs.lines.sum();
            model.dialog.overlay = Some(Overlay::Patterns(0));
        }
        Action::Chart => {
            model.logs.lines.sum();
            model.dialog.overlay = Some(Overlay::Chart(super::log_dialogs::ROWS - 1));
        }
        Action::Fold => {
            let filter = model.logs.lines.filter().clone();
            model.logs.lines.set_filter(Filter { fold: !filter.fold, ..filter });
        }
        Action::Sources => {
            model.logs.lines.sum();
            model.dialog.overlay = Some(Overlay::Sources(0));
        }
        Action::Back => return back(model),
        Action::Escape => drop(escape(model)),
        Action::Suspend => {
            // Nobody tells when the mouse lets go meanwhile.
            model.screen.dragged = None;
            return vec![Effect::Suspend];
        }
        Action::Filter => {
            let typed = typing(&model.logs.lines.filter().term);
            navigate::show(model, Pane::Logs);
            model.dialog.overlay = Some(Overlay::Prompt(typed.into()));
        }
        Action::NextPane => step_pane(model, 1),
        Action::PreviousPane => step_pane(model, DASHBOARD.len() - 1),
        Action::View(number) => view(model, number),
        Action::Zoom => match model.screen.view {
            View::Dashboard => model.screen.view = View::Only(model.screen.focus),
            View::Only(_) => drop(dashboard(model)),
        },
        Action::Layout
        | Action::Hide
        | Action::Natural
        | Action::Narrower
        | Action::Wider
        | Action::Taller
        | Action::Shorter => arrange::perform(model, action),
        Action::Mouse => return mouse::hand_over(model),
        Action::Enter => model.screen.focus.listed().open(model, now),
        Action::Refresh => {
            let feeds: Vec<_> = model.feeds_of(model.screen.focus).map(|(id, _)| id.clone()).collect();
            return vec![Effect::Refresh(feeds)];
        }
        Action::RefreshAll => return vec![Effect::Refresh(Vec::new())],
        Action::Copy => {
            return model.screen.focus.listed().identity(model, now).map(Effect::Copy).into_iter().collect();
        }
        Action::CopyAddress => return with_address(model, Effect::Copy),
        Action::Open => return with_address(model, Effect::Open),
        Action::Privacy => model.screen.private = !model.screen.private,
        Action::Pause
        | Action::Level
        | Action::Wrap
        | Action::Stamps
        | Action::Mark
        | Action::Save
        | Action::Pager
        | Action::Left
        | Action::Right
        | Action::Context => return keys::perform(model, action, now),
        Action::NextMatch => keys::seek(model, Seek::Match, true),
        Action::PreviousMatch => keys::seek(model, Seek::Match, false),
        Action::NextError => keys::seek(model, Seek::Error, true),
        Action::PreviousError => keys::seek(model, Seek::Error, false),
        motion => moved(model, motion),
    }
    Vec::new()
}

/// Why a key of the log lines does nothing here: it would change what nobody sees.
fn elsewhere(model: &Model, action: Action) -> Option<String> {
    use Action::{Context, Fold, Left, Level, Mark, Pager, Pause, Right, Save, Stamps, Wrap};
    let works = match action {
        // They are about the chosen line, or the row that has the keys.
        Context | Left | Mark | Right => model.screen.focus == Pane::Logs,
        Fold | Level | Pager | Pause | Save | Stamps | Wrap => navigate::seen(model, Pane::Logs),
        _ => true,
    };
    let keys = model.screen.keys;
    let entry = keys.entries().iter().find(|entry| entry.action == action).filter(|_| !works)?;
    let (key, logs) = (keys.of(action), keys.of(Action::View(Pane::Logs.number())));
    Some(format!("{key} works in the logs ({}): {logs} opens them", entry.title))
}

fn moved(model: &mut Model, motion: Action) {
    let page = isize::try_from(model.screen.geometry.rows(model.screen.focus)).unwrap_or(isize::MAX);
    let by = match motion {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown => page,
        Action::PageUp => -page,
        Action::HalfDown => (page / 2).max(1),
        Action::HalfUp => -(page / 2).max(1),
        Action::First => isize::MIN / 2,
        _ => isize::MAX / 2,
    };
    move_by(model, model.screen.focus, by);
}

fn back(model: &mut Model) -> Vec<Effect> {
    // That production's lines come first was nobody's wish: who quits does not have to take it back.
    if (navigate::covered(model) || !alarmed::untouched(model) || model.screen.view != View::Dashboard) && escape(model)
    {
        return Vec::new();
    }
    let mut own = model.facts.own.iter().filter_map(|op| model.facts.operations.get(op));
    match own.find(|one| !one.state.ended() && !one.interrupted) {
        Some(operation) if !model.dialog.quitting => {
            let text = format!(
                "{} is under way: quitting ends it between two calls and leaves it open; {} again quits",
                operation.title,
                model.screen.keys.of(Action::Back)
            );
            model.screen.notice = Some(Notice::refused(text));
            model.dialog.quitting = true;
            Vec::new()
        }
        _ => vec![Effect::Quit],
    }
}

/// Leaves the innermost transient state; false when there is none.
fn escape(model: &mut Model) -> bool {
    if model.dialog.overlay.take().is_some() {
        return true;
    }
    // What is left first is what is seen: the lines that a filter hides, then the view.
    let seen = navigate::seen(model, Pane::Logs);
    if seen && unfiltered(model) {
        return true;
    }
    if model.screen.view != View::Dashboard && !model.screen.alone {
        // Where a row led to was looked at; what the keys act on is what was chosen before.
        if let Some(place) = dashboard(model) {
            model.screen.selection.place = place;
        }
        return true;
    }
    !seen && unfiltered(model)
}

/// Takes one thing off the log lines: neighbours, the filter, the text that was looked for; false when there is none.
fn unfiltered(model: &mut Model) -> bool {
    if model.logs.lines.beside() {
        // Back to what the filter lets pass; the next press leaves the filter.
        return model.logs.lines.neighbours(model.screen.geometry.rows(Pane::Logs));
    }
    // How stack traces are shown is no filter.
    let plain = Filter { fold: model.logs.lines.filter().fold, ..Filter::default() };
    if model.logs.lines.filter() != &plain {
        model.logs.lines.set_filter(plain);
        return true;
    }
    if !model.logs.lines.term().text.is_empty() {
        model.logs.lines.clear_term();
        return true;
    }
    false
}

/// The keys go to a pane that is seen.
fn keep_focus(model: &mut Model) {
    if model.screen.view == View::Dashboard {
        model.screen.focus = model.screen.arranged.shown(model.screen.focus);
    }
}

/// Goes to the dashboard, where what is selected is seen. What was selected before a row led elsewhere is given back once, to whoever
/// leaves by it, and kept for nobody.
fn dashboard(model: &mut Model) -> Option<Option<Place>> {
    model.screen.view = View::Dashboard;
    keep_focus(model);
    model.screen.came_from.take()
}

/// Opens a view by its number; 0 lists those that have no number as their key.
pub(super) fn view(model: &mut Model, number: u8) {
    match Pane::view(number) {
        _ if number == 0 => model.dialog.overlay = Some(Overlay::More(0)),
        View::Only(pane) => {
            (model.screen.view, model.screen.focus) = (View::Only(pane), pane);
            model.screen.came_from = None;
        }
        View::Dashboard => drop(dashboard(model)),
    }
}

fn step_pane(model: &mut Model, by: usize) {
    let arranged = &model.screen.arranged;
    // A pane alone over the screen is one of them, hidden or not.
    let shown = |pane: &Pane| model.screen.view != View::Dashboard || arranged.shows(*pane);
    let at = DASHBOARD.iter().position(|pane| *pane == model.screen.focus);
    let next = at.and_then(|at| (1..=DASHBOARD.len()).map(|n| DASHBOARD[(at + n * by) % DASHBOARD.len()]).find(shown));
    model.screen.focus = next.unwrap_or_else(|| arranged.shown(Pane::Environments));
    if model.screen.view != View::Dashboard {
        model.screen.view = View::Only(model.screen.focus);
    }
}

/// The open detail, whole, to the clipboard.
pub(super) fn copy_detail(model: &Model, now: Now) -> Vec<Effect> {
    match &model.dialog.overlay {
        Some(Overlay::Detail(subject)) => vec![Effect::Copy(detail::text(model, subject, now))],
        _ => Vec::new(),
    }
}

fn with_address(model: &mut Model, effect: impl Fn(String) -> Effect) -> Vec<Effect> {
    match model.screen.focus.listed().address(model) {
        Some(address) => vec![effect(address)],
        None => {
            model.screen.notice = Some(Notice::refused("what is selected has no address"));
            Vec::new()
        }
    }
}
