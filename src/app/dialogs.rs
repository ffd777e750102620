//! The dialogs over the panes and their keys. One at a time; esc closes it.

use std::cmp::Reverse;

use super::effect::Effect;
use super::model::{Model, Pane};
use crate::action::dialogs::{Bound, Dialog, OWN, Own};
use crate::action::{Action, Group, Keys};
use crate::app::insight::detail::Subject;
use crate::app::insight::evidence;
use crate::app::line::{self, Line};
use crate::app::msg::{Key, KeyCode, Now};
use crate::app::navigate::{self, Jump};
use crate::app::operations::dialog::{self, OperationDialog};
use crate::app::operations::menu::{self, Item};
use crate::app::palette::{self, Palette};
use crate::app::trust::{self, Asked};
use crate::app::typed::{Found, Typed};
use crate::app::{geometry, keys, log_dialogs, more, scroll};
use crate::domain::ids::ServiceId;
use crate::domain::notice::Notice;

/// What lies over the panes: one thing at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The help, narrowed by what is typed.
    Help(Find),
    /// Every view, action and thing, narrowed by what is typed.
    Palette(Palette),
    /// The menu of actions, and the row that is chosen.
    Menu(usize),
    /// Further views, and the row that is chosen.
    More(usize),
    /// Why something is red, and the row that is chosen.
    Why(usize),
    /// Sources of log lines, and the row that is chosen.
    Sources(usize),
    /// Patterns of log lines, and the row that is chosen.
    Patterns(usize),
    /// Errors over time, and the row that is chosen.
    Chart(usize),
    /// Everything known of one thing.
    Detail(Subject),
    /// Whether a project file may do what it asks for.
    Trust(Asked),
    /// The filter of the log lines as it is typed.
    Prompt(Line),
    /// An operation, from what is asked for to its end.
    Operation(OperationDialog),
}

/// A list narrowed by typing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Find {
    /// What is typed.
    pub text: String,
    /// The chosen row.
    pub at: usize,
}

/// The actions that hold what is typed, the best first; all of them while nothing is.
#[must_use]
pub fn found(keys: Keys, find: &Find) -> Vec<&'static crate::action::Entry> {
    let mut typed = Typed::new(&find.text);
    let rank = |(at, entry): (usize, &'static crate::action::Entry)| {
        let rank = typed.rank(Found { title: entry.title, text: entry.title, keys: entry.keys, ..Found::default() })?;
        Some((Reverse(rank), entry.title.len(), at, entry))
    };
    let mut rows: Vec<_> = keys.entries().iter().enumerate().filter_map(rank).collect();
    if !find.text.trim().is_empty() {
        rows.sort_by_key(|(rank, length, at, _)| (*rank, *length, *at));
    }
    rows.into_iter().map(|(.., entry)| entry).collect()
}

/// The keys of dialogs whose name or deed holds what is typed, dialog by dialog, each in the order of the table.
#[must_use]
pub fn bound(find: &Find) -> Vec<&'static Bound> {
    let mut typed = Typed::new(&find.text);
    let found = |one: &&Bound| Found { title: one.title, text: one.title, keys: one.keys, ..Found::default() };
    OWN.iter().filter(|one| typed.rank(found(one)).is_some()).collect()
}

/// The groups of the help, what works in the pane that has the keys first: log lines have keys of their own, other rows do not.
#[must_use]
pub fn groups(model: &Model) -> Vec<Group> {
    let mut groups = Group::ALL.to_vec();
    if model.screen.focus == Pane::Logs {
        groups.sort_by_key(|group| *group != Group::Logs);
    }
    groups
}

/// Whether what lies over the panes is a list of which a row is chosen.
pub(super) fn list(model: &Model) -> bool {
    use Overlay::{Chart, Menu, More, Patterns, Sources, Why};
    matches!(model.dialog.overlay, Some(Chart(_) | Menu(_) | More(_) | Patterns(_) | Sources(_) | Why(_)))
}

/// A key while something lies over the panes.
pub(super) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    // Esc has a meaning of its own in some of its states, and a plan is told its size by itself.
    if model.dialog.operation().is_some() {
        return dialog::key(model, key, now);
    }
    if key.code == KeyCode::Esc {
        leave(model);
        return Vec::new();
    }
    if geometry::small(model.screen.size) && navigate::covered(model) {
        return too_small(model);
    }
    let in_force = model.screen.keys;
    let Some(overlay) = model.dialog.overlay.as_mut() else { return Vec::new() };
    match overlay {
        Overlay::Operation(_) => Vec::new(),
        Overlay::Prompt(_) => crate::app::logs::keys::prompt(model, key),
        Overlay::Help(find) => {
            let closes = keys::own(Dialog::Help, key) == Some(Own::Close);
            // A letter is text once there is some.
            if closes && (find.text.is_empty() || !line::writes(key)) {
                model.dialog.overlay = None;
            } else {
                narrow(find, key, |find| found(in_force, find).len());
                if !scroll::key(model, key, false) {
                    // Another list shows from its beginning.
                    model.dialog.scroll = None;
                }
            }
            Vec::new()
        }
        Overlay::Palette(palette) if key.code == KeyCode::Enter => {
            let palette = std::mem::take(palette);
            model.dialog.overlay = None;
            palette::enter(model, &palette, now)
        }
        Overlay::Palette(palette) => {
            let (text, rows) = (palette.find.text.clone(), palette.rows().len());
            narrow(&mut palette.find, key, |_| rows);
            if palette.find.text != text {
                palette.narrow();
            }
            Vec::new()
        }
        Overlay::Menu(at) => {
            let at = *at;
            menu_key(model, key, at, now)
        }
        Overlay::More(at) => {
            let at = *at;
            more::key(model, key, at)
        }
        Overlay::Why(at) => {
            let (at, rows) = (*at, evidence::evidence(model, now));
            listed(model, key, at, rows.into_iter().map(|one| one.jump).collect())
        }
        Overlay::Sources(at) => {
            let at = *at;
            sources_key(model, key, at)
        }
        Overlay::Patterns(at) => {
            let at = *at;
            log_dialogs::patterns_key(model, key, at)
        }
        Overlay::Chart(at) => {
            let at = *at;
            log_dialogs::chart_key(model, key, at)
        }
        Overlay::Trust(asked) => {
            let asked = *asked;
            trust::key(model, key, asked, now)
        }
        Overlay::Detail(_) => {
            let ends = |code| Key { code, ..key };
            match keys::own(Dialog::Detail, key) {
                Some(Own::Close) => model.dialog.overlay = None,
                Some(Own::Copy) => return keys::copy_detail(model, now),
                Some(Own::First) => drop(scroll::key(model, ends(KeyCode::Home), true)),
                Some(Own::Last) => drop(scroll::key(model, ends(KeyCode::End), true)),
                _ => drop(scroll::key(model, key, true)),
            }
            Vec::new()
        }
    }
}

/// Nothing is done by a dialog that is not drawn.
pub(super) fn too_small(model: &mut Model) -> Vec<Effect> {
    let (columns, rows) = geometry::SMALLEST;
    model.screen.notice =
        Some(Notice::refused(format!("what is open needs {columns}x{rows} to be shown: esc leaves it")));
    Vec::new()
}

/// Leaves it; a filter that was being typed is dropped, its term stays for n and N.
fn leave(model: &mut Model) {
    if matches!(model.dialog.overlay, Some(Overlay::Prompt(_))) {
        model.logs.lines.clear_filter_text();
    }
    model.dialog.overlay = None;
}

/// Types and moves in a list; `rows` = how many there are of what is typed.
fn narrow(find: &mut Find, key: Key, rows: impl Fn(&Find) -> usize) {
    if line::at_end(&mut find.text, key) {
        find.at = 0;
        return;
    }
    match key.code {
        KeyCode::Down => find.at = find.at.saturating_add(1),
        KeyCode::Up => find.at = find.at.saturating_sub(1),
        KeyCode::PageDown => find.at = find.at.saturating_add(10),
        KeyCode::PageUp => find.at = find.at.saturating_sub(10),
        KeyCode::Home => find.at = 0,
        KeyCode::End => find.at = usize::MAX,
        _ => return,
    }
    find.at = find.at.min(rows(find).saturating_sub(1));
}

/// Moves in a list; enter goes where the chosen row leads.
fn listed(model: &mut Model, key: Key, at: usize, rows: Vec<Option<Jump>>) -> Vec<Effect> {
    let next = match chosen(model, key, at, rows.len()) {
        Some(next) => next,
        None if key.code == KeyCode::Enter => {
            if let Some(jump) = rows.into_iter().nth(at).flatten() {
                navigate::to(model, jump);
            }
            return Vec::new();
        }
        None => {
            if keys::own(Dialog::List, key) == Some(Own::Close) {
                model.dialog.overlay = None;
            }
            return Vec::new();
        }
    };
    if let Some(Overlay::Why(at)) = model.dialog.overlay.as_mut() {
        *at = next;
    }
    Vec::new()
}

/// The row of a list that a key chooses, if it moves: pages are as long as what shows, and what is chosen is seen.
pub(super) fn chosen(model: &mut Model, key: Key, at: usize, rows: usize) -> Option<usize> {
    let page = model.screen.geometry.dialog.map_or(10, |laid| laid.room.saturating_sub(1).max(1));
    let page = isize::try_from(page).unwrap_or(isize::MAX);
    let by = match keys::own(Dialog::List, key)? {
        Own::PageDown => page,
        Own::PageUp => -page,
        Own::HalfDown => (page / 2).max(1),
        Own::HalfUp => -(page / 2).max(1),
        _ => step(key)?,
    };
    model.dialog.scroll = None;
    Some(at.saturating_add_signed(by).min(rows.saturating_sub(1)))
}

/// Rows that a key moves by, if it moves.
pub(super) fn step(key: Key) -> Option<isize> {
    match keys::own(Dialog::List, key)? {
        Own::Down => Some(1),
        Own::Up => Some(-1),
        Own::PageDown => Some(10),
        Own::PageUp => Some(-10),
        Own::First => Some(isize::MIN / 2),
        Own::Last => Some(isize::MAX / 2),
        _ => None,
    }
}

fn menu_key(model: &mut Model, key: Key, at: usize, now: Now) -> Vec<Effect> {
    let items = menu::items(model, now);
    if let Some(next) = chosen(model, key, at, items.len()) {
        model.dialog.overlay = Some(Overlay::Menu(next));
        return Vec::new();
    }
    let KeyCode::Char(letter) = key.code else { return Vec::new() };
    // A held key chooses nothing, and enter does not: an action is called by its letter.
    if key.repeat {
        return Vec::new();
    }
    match items.into_iter().find(|item| item.letter == letter) {
        Some(item) => started(model, item, now),
        None if keys::own(Dialog::List, key) == Some(Own::Close) => {
            model.dialog.overlay = None;
            Vec::new()
        }
        // It stays: what is typed next was meant for the menu, too.
        None => {
            let known = model.screen.keys.entries().iter().any(|entry| entry.action == Action::Start(letter));
            let told = if known {
                menu::absent(letter).to_owned()
            } else {
                format!("{letter} is not an action: a capital letter starts one, esc leaves")
            };
            model.screen.notice = Some(Notice::refused(told));
            Vec::new()
        }
    }
}

/// Starts an action of the menu without the menu.
pub(super) fn start(model: &mut Model, letter: char, now: Now) -> Vec<Effect> {
    match menu::items(model, now).into_iter().find(|item| item.letter == letter) {
        Some(item) => started(model, item, now),
        None => {
            model.screen.notice = Some(Notice::refused(menu::absent(letter)));
            Vec::new()
        }
    }
}

/// Starts an action of the menu for a run that was named: for that one, or not at all.
pub(super) fn start_for(model: &mut Model, letter: char, run: u64, now: Now) -> Vec<Effect> {
    match menu::of_run(model, run, letter, now) {
        Some(item) => started(model, item, now),
        None => start(model, letter, now),
    }
}

fn started(model: &mut Model, item: Item, now: Now) -> Vec<Effect> {
    match item.why_not {
        Some(why) => {
            model.screen.notice = Some(Notice::refused(format!("{}: {why}", item.title)));
            Vec::new()
        }
        None => {
            model.dialog.overlay = None;
            menu::run(model, item.run, now)
        }
    }
}

fn sources_key(model: &mut Model, key: Key, at: usize) -> Vec<Effect> {
    let sources: Vec<ServiceId> = model.logs.lines.sources().iter().map(|source| source.service.clone()).collect();
    if let Some(next) = chosen(model, key, at, sources.len()) {
        model.dialog.overlay = Some(Overlay::Sources(next));
        return Vec::new();
    }
    match keys::own(Dialog::Sources, key).or(keys::own(Dialog::List, key)) {
        Some(Own::Toggle) => {
            if let Some(service) = sources.get(at) {
                model.logs.lines.toggle_source(service);
            }
        }
        Some(Own::All) => model.logs.lines.show_all_sources(),
        Some(Own::Close) => model.dialog.overlay = None,
        _ => {}
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(typed: &str) -> &'static str {
        found(Keys::default(), &Find { text: typed.to_owned(), at: 0 }).first().map_or("", |entry| entry.title)
    }

    #[test]
    fn the_help_finds_by_key_by_word_and_by_letters_with_others_between() {
        assert_eq!(first("X"), "why is this red");
        assert_eq!(first("journal"), "journal");
        assert_eq!(first("promotion"), "readiness for a promotion");
        assert_eq!(first("rfshev"), "refresh everything");
        let keys = Keys::default();
        assert_eq!(found(keys, &Find::default()).len(), keys.entries().len());
        assert!(found(keys, &Find { text: "qqqq".to_owned(), at: 0 }).is_empty());
        // Words in any order, as in the palette.
        assert_eq!(first("everything refresh"), "refresh everything");
        let own =
            |text: &str| bound(&Find { text: text.to_owned(), at: 0 }).iter().map(|one| one.title).collect::<Vec<_>>();
        assert!(own("copy all").contains(&"copy all of it") && own("all copy").contains(&"copy all of it"));
        assert_eq!(own("").len(), OWN.len());
    }
}
