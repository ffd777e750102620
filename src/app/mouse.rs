//! Moving: the selection of a pane by identity, the page of the log lines, the mouse.

use crate::app::dialogs;
use crate::app::geometry::Area;
use crate::app::keys;
use crate::app::model::{Model, Pane};
use crate::app::msg::{Key, KeyCode, Mouse, MouseKind, Now};
use crate::app::navigate;
use crate::app::operations::dialog;
use crate::app::operations::dialog::Rollback;
use crate::app::panes::Go;
use crate::app::scroll;

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

pub(super) fn mouse(model: &mut Model, mouse: Mouse, now: Now) {
    // What lies under a dialog does not move: the dialog speaks of what was selected when it opened.
    if navigate::covered(model) {
        return wheel(model, mouse.kind, now);
    }
    let view = model.screen.geometry.views.iter().find(|(_, area)| area.contains(mouse.column, mouse.row));
    if let (MouseKind::Click, Some((number, _))) = (mouse.kind, view) {
        return keys::view(model, *number);
    }
    let Some((pane, area)) = model.screen.geometry.at(mouse.column, mouse.row) else { return };
    match mouse.kind {
        MouseKind::Click => click(model, pane, area, mouse.row),
        MouseKind::WheelUp | MouseKind::WheelDown => {
            let down = mouse.kind == MouseKind::WheelDown;
            if pane == Pane::Logs {
                model.logs.lines.roll(if down { 3 } else { -3 }, usize::from(area.height));
            } else {
                move_by(model, pane, if down { 1 } else { -1 });
            }
        }
    }
}

/// The wheel over a dialog: its text scrolls, the choice of a list moves.
fn wheel(model: &mut Model, kind: MouseKind, now: Now) {
    let code = match kind {
        MouseKind::Click => return,
        MouseKind::WheelDown => KeyCode::Down,
        MouseKind::WheelUp => KeyCode::Up,
    };
    let key = Key { code, ctrl: false, alt: false, repeat: false };
    // These two keys move and do nothing else, whatever stands there.
    drop(match &model.dialog.rollback {
        Some(Rollback::Pick { .. } | Rollback::Scaling(_)) => dialog::key(model, key, now),
        None if !matches!(model.dialog.overlay, Some(dialogs::Overlay::Detail(_))) => dialogs::key(model, key, now),
        _ => {
            scroll::wheel(model, kind == MouseKind::WheelDown);
            Vec::new()
        }
    });
}

/// Gives a pane the keys and selects the row under the mouse.
fn click(model: &mut Model, pane: Pane, area: Area, row: u16) {
    model.screen.focus = pane;
    let (row, rows) = (usize::from(row.saturating_sub(area.y)), usize::from(area.height));
    let listed = pane.listed();
    let first = listed.above().and_then(|above| Some((row.checked_sub(above)?, rows.saturating_sub(above))));
    if let Some((row, rows)) = first {
        listed.go(model, Go::Drawn(row, rows));
    }
}
