//! The mouse: it selects rows, turns pages, presses what is drawn to be pressed, and drags the borders between panes.

use super::effect::Effect;
use crate::action::Action;
use crate::action::dialogs::{Bound, Dialog, OWN, Own};
use crate::app::arrange;
use crate::app::dialogs::{self, Overlay};
use crate::app::geometry::{Area, Hit};
use crate::app::keys;
use crate::app::model::{Model, Pane};
use crate::app::msg::{Key, KeyCode, Mouse, MouseKind, Now};
use crate::app::navigate;
use crate::app::operations::dialog::OperationDialog;
use crate::app::operations::menu;
use crate::app::panes::Go;
use crate::app::scroll;
use crate::domain::notice::Notice;

/// Moves the selection of a pane; in logs, the selected line or the page.
pub(super) fn move_by(model: &mut Model, pane: Pane, by: isize) {
    pane.listed().go(model, Go::By(by));
}

/// The pane that has the keys has a chosen row as soon as it has rows, so that enter opens something.
pub(super) fn settle(model: &mut Model) {
    let listed = model.screen.focus.listed();
    if !listed.chosen(model) {
        listed.go(model, Go::By(0));
    }
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse, now: Now) -> Vec<Effect> {
    match mouse.kind {
        MouseKind::Click => click(model, mouse, now),
        MouseKind::Drag => {
            arrange::drag(model, mouse.column, mouse.row);
            Vec::new()
        }
        MouseKind::Release => {
            model.screen.dragged = None;
            Vec::new()
        }
        MouseKind::WheelUp | MouseKind::WheelDown => {
            wheel(model, mouse, now);
            Vec::new()
        }
    }
}

fn click(model: &mut Model, mouse: Mouse, now: Now) -> Vec<Effect> {
    // What was held before has been let go of, whether or not the terminal has said so.
    model.screen.dragged = None;
    let (column, row) = (mouse.column, mouse.row);
    let geometry = &model.screen.geometry;
    let hint = geometry.hints.iter().find(|(_, area)| area.contains(column, row)).map(|(action, _)| *action);
    if let Some(action) = hint {
        model.screen.notice = None;
        return keys::perform(model, action, now);
    }
    // What lies under a dialog does not move: the dialog speaks of what was selected when it opened.
    if navigate::covered(model) {
        let hit = geometry.hits.iter().rev().find(|(_, area)| area.contains(column, row)).map(|(hit, _)| *hit);
        return hit.map(|hit| press(model, hit, now)).unwrap_or_default();
    }
    if let Some((number, _)) = geometry.views.iter().find(|(_, area)| area.contains(column, row)) {
        keys::view(model, *number);
    } else if let Some((pane, area)) = geometry.at(column, row) {
        choose(model, pane, area, row);
    } else {
        arrange::grasp(model, column, row);
    }
    Vec::new()
}

/// Gives a pane the keys and selects the row under the mouse.
fn choose(model: &mut Model, pane: Pane, area: Area, row: u16) {
    model.screen.focus = pane;
    let (row, rows) = (usize::from(row.saturating_sub(area.y)), usize::from(area.height));
    let listed = pane.listed();
    let first = listed.above().and_then(|above| Some((row.checked_sub(above)?, rows.saturating_sub(above))));
    if let Some((row, rows)) = first {
        listed.go(model, Go::Drawn(row, rows));
    }
}

/// Presses a part of a dialog: a row is chosen by the first press, and the second is its key.
fn press(model: &mut Model, hit: Hit, now: Now) -> Vec<Effect> {
    let key = |code| Key { code, ctrl: false, alt: false, repeat: false };
    let at = match hit {
        Hit::Close => return keys::key(model, key(KeyCode::Esc), now),
        Hit::Press(code) => return keys::key(model, key(code), now),
        Hit::Row(at) => at,
    };
    if let Some(OperationDialog::Pick { choices, chosen, by_hand, .. }) = model.dialog.operation_mut() {
        let Some(choice) = choices.get(at) else { return Vec::new() };
        if chosen.as_ref() == Some(&choice.sha) {
            return keys::key(model, key(KeyCode::Enter), now);
        }
        (*chosen, *by_hand) = (Some(choice.sha.clone()), true);
        return Vec::new();
    }
    let letter = |at: usize| menu::items(model, now).get(at).map(|item| KeyCode::Char(item.letter));
    let pressed = match &model.dialog.overlay {
        Some(Overlay::Menu(_)) => letter(at),
        // A source is shown or hidden.
        Some(Overlay::Sources(_)) => toggles(),
        _ => Some(KeyCode::Enter),
    };
    let Some(overlay) = &mut model.dialog.overlay else { return Vec::new() };
    let chosen = match overlay {
        Overlay::Palette(palette) => &mut palette.find.at,
        Overlay::Menu(chosen)
        | Overlay::More(chosen)
        | Overlay::Why(chosen)
        | Overlay::Sources(chosen)
        | Overlay::Patterns(chosen)
        | Overlay::Chart(chosen) => chosen,
        Overlay::Help(_) | Overlay::Detail(_) | Overlay::Trust(_) | Overlay::Prompt(_) | Overlay::Operation(_) => {
            return Vec::new();
        }
    };
    if std::mem::replace(chosen, at) != at {
        return Vec::new();
    }
    pressed.map(|code| keys::key(model, key(code), now)).unwrap_or_default()
}

/// The key that shows or hides a source, by its table.
fn toggles() -> Option<KeyCode> {
    let bound = |one: &&Bound| one.dialog == Dialog::Sources && one.own == Own::Toggle;
    OWN.iter().find(bound).and_then(|one| keys::code(one.keys.first()?))
}

fn wheel(model: &mut Model, mouse: Mouse, now: Now) {
    let down = mouse.kind == MouseKind::WheelDown;
    if navigate::covered(model) {
        return over(model, down, now);
    }
    let Some((pane, area)) = model.screen.geometry.at(mouse.column, mouse.row) else { return };
    if pane == Pane::Logs {
        model.logs.lines.roll(if down { 3 } else { -3 }, usize::from(area.height));
    } else {
        move_by(model, pane, if down { 1 } else { -1 });
    }
}

/// The wheel over a dialog: its text scrolls, the choice of a list moves.
fn over(model: &mut Model, down: bool, now: Now) {
    let code = if down { KeyCode::Down } else { KeyCode::Up };
    let key = Key { code, ctrl: false, alt: false, repeat: false };
    // These two keys move and do nothing else, whatever stands there.
    drop(match &model.dialog.overlay {
        Some(Overlay::Operation(OperationDialog::Pick { .. } | OperationDialog::Scaling(_))) => {
            dialogs::key(model, key, now)
        }
        Some(Overlay::Operation(_) | Overlay::Detail(_)) => {
            scroll::wheel(model, down);
            Vec::new()
        }
        _ => dialogs::key(model, key, now),
    });
}

/// Gives the mouse to the terminal, which selects text with it, or takes it back.
pub(super) fn hand_over(model: &mut Model) -> Vec<Effect> {
    model.screen.mouse = !model.screen.mouse;
    model.screen.dragged = None;
    let key = model.screen.keys.of(Action::Mouse);
    let says = match model.screen.mouse {
        true => "the mouse clicks, scrolls and drags here again".to_owned(),
        false => format!("the mouse selects text as in any terminal: {key} takes it back"),
    };
    model.screen.notice = Some(Notice::done(says));
    vec![Effect::Mouse(model.screen.mouse)]
}
