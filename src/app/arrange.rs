//! Arranging the panes of the dashboard: by key, and by dragging the borders between them. What a person arranges is remembered for the project.

use super::effect::Effect;
use super::geometry::Border;
use super::layout::{Arranged, Edge, Named};
use super::model::{Model, Pane, View};
use crate::action::Action;
use crate::domain::notice::Notice;

/// Columns that a key moves a border by.
const COLUMNS: i16 = 4;

/// Does what a key of the arrangement asks for.
pub(super) fn perform(model: &mut Model, action: Action) {
    if model.screen.view != View::Dashboard {
        let key = model.screen.keys.of(Action::View(1));
        model.screen.notice = Some(Notice::refused(format!("panes are arranged on the dashboard: {key} opens it")));
        return;
    }
    match action {
        Action::Layout => {
            let next = model.screen.arranged.next();
            wear(model, next)
        }
        Action::Natural => {
            model.screen.arranged = Arranged::default();
            told(model, "every pane shows, each as tall as what it has to say");
        }
        Action::Hide => hide(model),
        Action::Narrower => upright(model, -COLUMNS),
        Action::Wider => upright(model, COLUMNS),
        Action::Taller => taller(model, 1),
        _ => taller(model, -1),
    }
}

/// Arranges the panes by a name.
pub(super) fn wear(model: &mut Model, name: Named) {
    let hides = Arranged::of(name);
    model.screen.arranged.hide_only(&hides);
    model.screen.focus = model.screen.arranged.shown(model.screen.focus);
    told(model, &format!("layout: {}", name.name()));
}

fn hide(model: &mut Model) {
    let pane = model.screen.focus;
    if !model.screen.arranged.hide(pane) {
        model.screen.notice = Some(Notice::refused("the last pane stays"));
        return;
    }
    model.screen.focus = model.screen.arranged.shown(pane);
    let (name, again) = (pane.listed().name(), model.screen.keys.of(Action::Natural));
    told(model, &format!("{name} is hidden: {again} shows every pane"));
}

fn told(model: &mut Model, says: &str) {
    model.screen.notice = Some(Notice::done(says));
}

/// What has changed of the arrangement is remembered, once the mouse has let go of it.
pub(super) fn keep(model: &mut Model) -> Option<Effect> {
    if model.screen.dragged.is_some() || model.screen.arranged == model.screen.kept {
        return None;
    }
    model.screen.kept.clone_from(&model.screen.arranged);
    Some(Effect::Arrange(model.screen.arranged.text()))
}

/// Moves the border between the columns.
fn upright(model: &mut Model, by: i16) {
    let border = model.screen.geometry.borders.iter().find(|border| border.upright).copied();
    moved(model, border, by);
}

/// Makes the pane that has the keys taller: by the border below it, else by the one above it.
fn taller(model: &mut Model, by: i16) {
    let (focus, borders) = (model.screen.focus, &model.screen.geometry.borders);
    let of = |edge: Edge| borders.iter().find(|border| border.edge == edge).copied();
    let own = model.screen.geometry.panes.iter().find(|(pane, _)| *pane == focus).map(|(_, area)| *area);
    // The frame takes a row.
    let above = own.and_then(|own| {
        let starts = |border: &&Border| !border.upright && border.line.y + 2 == own.y && border.line.x <= own.x;
        borders.iter().filter(starts).max_by_key(|border| border.line.x).copied()
    });
    let (upper, lines) = (of(Edge::Upper), focus == Pane::Logs);
    let (border, by) = match (of(Edge::Below(focus)), above) {
        (Some(below), _) => (Some(below), by),
        // Above the log lines every pane has the same border below it.
        (None, Some(above)) if above.edge != Edge::Upper || lines || upper.is_none() => (Some(above), -by),
        (None, _) => (upper, by),
    };
    moved(model, border, by);
}

fn moved(model: &mut Model, border: Option<Border>, by: i16) {
    let Some(border) = border else {
        model.screen.notice = Some(Notice::refused("there is no border here that could be moved"));
        return;
    };
    model.screen.arranged.put(border.edge, border.cells().saturating_add_signed(by), border.all);
}

/// The mouse takes hold of a border; false where there is none.
pub(super) fn grasp(model: &mut Model, column: u16, row: u16) -> bool {
    model.screen.dragged = model.screen.geometry.borders.iter().find(|one| one.line.contains(column, row)).copied();
    model.screen.dragged.is_some()
}

/// The border that the mouse holds follows it.
pub(super) fn drag(model: &mut Model, column: u16, row: u16) {
    let Some(border) = model.screen.dragged else { return };
    let at = if border.upright { column } else { row };
    model.screen.arranged.put(border.edge, at.saturating_sub(border.from), border.all);
}
