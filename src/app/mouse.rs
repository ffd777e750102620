//! Moving: the selection of a pane by identity, the page of the log lines, the mouse.

use crate::app::dialogs;
use crate::app::geometry::{Area, scrolled};
use crate::app::insight::readiness;
use crate::app::model::{Model, Pane, Place};
use crate::app::msg::{Key, KeyCode, Mouse, MouseKind, Now};
use crate::app::navigate;
use crate::app::operations::dialog;
use crate::app::operations::dialog::Rollback;
use crate::app::scroll;

/// How a selection moves.
#[derive(Debug, Clone, Copy)]
enum Go {
    /// By rows.
    By(isize),
    /// To the row that is drawn as the n-th of so many.
    Drawn(usize, usize),
}

/// Moves the selection of a pane; in logs, the selected line or the page.
pub(super) fn move_by(model: &mut Model, pane: Pane, by: isize) {
    if pane == Pane::Logs {
        model.logs.scroll(by, model.geometry.rows(pane));
    } else {
        go(model, pane, Go::By(by));
    }
}

/// The pane that has the keys has a chosen row as soon as it has rows, so that enter opens something. What a person chose stays chosen,
/// but for a release of another place than the one that is listed.
pub(super) fn settle(model: &mut Model) {
    let (selection, pane) = (&model.selection, model.focus);
    let chosen = match pane {
        Pane::Logs => true,
        Pane::Environments => selection.place.is_some(),
        Pane::Health => selection.probe.is_some(),
        Pane::Secrets => selection.secret.is_some(),
        Pane::Pipeline => selection.run.is_some(),
        Pane::Releases => selection.deployment.as_ref().is_some_and(|(service, id)| {
            let here = match &selection.place {
                Some(Place::Service(of)) => of == service,
                Some(Place::Env(env) | Place::Need(env, _)) => *env == service.env,
                None => true,
            };
            // Asked after every fact: the list of that service alone is looked through.
            here && model.releases.get(service).is_some_and(|list| list.iter().any(|one| one.id == *id))
        }),
        Pane::Timeline => selection.event.is_some(),
        Pane::Journal => selection.row.is_some(),
        Pane::Readiness => selection.check.is_some(),
    };
    if !chosen {
        go(model, pane, Go::By(0));
    }
}

fn go(model: &mut Model, pane: Pane, how: Go) {
    match pane {
        Pane::Logs => {}
        Pane::Environments => moved(model.places(), &mut model.selection.place, how),
        Pane::Health => {
            let all = model.probes.iter().map(|probe| probe.id.clone()).collect();
            moved(all, &mut model.selection.probe, how);
        }
        Pane::Secrets => {
            let all = model.secrets.iter().map(|row| row.key.clone()).collect();
            moved(all, &mut model.selection.secret, how);
        }
        Pane::Pipeline => moved(model.runs.iter().map(|run| run.id).collect(), &mut model.selection.run, how),
        Pane::Releases => {
            let all = model.shown_releases().iter().map(|one| (one.service.clone(), one.id.clone())).collect();
            moved(all, &mut model.selection.deployment, how);
        }
        Pane::Timeline => {
            let all = model.timeline.iter().map(crate::app::insight::timeline::Event::id).collect();
            moved(all, &mut model.selection.event, how);
        }
        Pane::Journal => {
            let all = model.history.rows.iter().map(|row| row.id).collect();
            moved(all, &mut model.selection.row, how);
        }
        Pane::Readiness => {
            let all = readiness::asked(model);
            moved(all, &mut model.selection.check, how);
        }
    }
}

/// Moves to another identity; to the first when none is selected or it has gone.
fn moved<T: PartialEq>(all: Vec<T>, selected: &mut Option<T>, how: Go) {
    let Some(last) = all.len().checked_sub(1) else { return };
    let at = selected.as_ref().and_then(|selected| all.iter().position(|one| one == selected));
    let next = match how {
        Go::By(by) => at.map_or(0, |at| at.saturating_add_signed(by).min(last)),
        Go::Drawn(row, rows) => {
            let row = scrolled(at, rows) + row;
            if row > last {
                return;
            }
            row
        }
    };
    *selected = all.into_iter().nth(next);
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse, now: Now) {
    // What lies under a dialog does not move: the dialog speaks of what was selected when it opened.
    if navigate::covered(model) {
        return wheel(model, mouse.kind, now);
    }
    let Some((pane, area)) = model.geometry.at(mouse.column, mouse.row) else { return };
    match mouse.kind {
        MouseKind::Click => click(model, pane, area, mouse.row),
        MouseKind::WheelUp | MouseKind::WheelDown => {
            let down = mouse.kind == MouseKind::WheelDown;
            if pane == Pane::Logs {
                model.logs.roll(if down { 3 } else { -3 }, usize::from(area.height));
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
    drop(match &model.rollback {
        Some(Rollback::Pick { .. } | Rollback::Scaling(_)) => dialog::key(model, key, now),
        None if !matches!(model.overlay, Some(dialogs::Overlay::Detail(_))) => dialogs::key(model, key, now),
        _ => {
            scroll::wheel(model, kind == MouseKind::WheelDown);
            Vec::new()
        }
    });
}

/// Gives a pane the keys and selects the row under the mouse.
fn click(model: &mut Model, pane: Pane, area: Area, row: u16) {
    model.focus = pane;
    let (row, rows) = (usize::from(row.saturating_sub(area.y)), usize::from(area.height));
    match pane {
        Pane::Logs => {
            let under = model.logs.page(rows).get(row).map(|(position, _)| *position);
            // Wrapped lines take several rows: then a click only gives the pane the keys.
            if let Some(position) = under.filter(|_| !model.reading.wrap) {
                model.logs.select(position);
            }
        }
        // A run is drawn with its jobs: rows are no runs.
        Pane::Pipeline => {}
        // Their first row is the heading, or the verdict.
        Pane::Secrets | Pane::Readiness => {
            if let Some(row) = row.checked_sub(1) {
                go(model, pane, Go::Drawn(row, rows.saturating_sub(1)));
            }
        }
        _ => go(model, pane, Go::Drawn(row, rows)),
    }
}
