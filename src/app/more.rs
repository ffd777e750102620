//! The list of further views: those that have no number as their key. A letter jumps.

use super::dialogs::{self, Overlay};
use super::effect::Effect;
use super::keys;
use super::model::{Model, Pane};
use super::msg::{Key, KeyCode};
use crate::action::dialogs::{Dialog, Own};
use crate::action::{Action, listed};

/// The views, each with its letter.
pub fn views() -> impl Iterator<Item = (char, Pane)> {
    let letter = |pane: &Pane| Some((listed(Action::View(pane.number()))?.1, *pane));
    Pane::further().iter().filter_map(letter)
}

pub(super) fn key(model: &mut Model, key: Key, at: usize) -> Vec<Effect> {
    let views: Vec<(char, Pane)> = views().collect();
    let named = |(letter, _): &&(char, Pane)| key.code == KeyCode::Char(*letter) && !key.repeat;
    let entered = (key.code == KeyCode::Enter).then(|| views.get(at)).flatten();
    if let Some((_, pane)) = views.iter().find(named).or(entered) {
        model.dialog.overlay = None;
        keys::view(model, pane.number());
    } else if let Some(next) = dialogs::chosen(model, key, at, views.len()) {
        model.dialog.overlay = Some(Overlay::More(next));
    } else if keys::own(Dialog::List, key) == Some(Own::Close) {
        model.dialog.overlay = None;
    }
    Vec::new()
}
