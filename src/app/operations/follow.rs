//! An operation that is followed: the word that a held one waits for, and what is done with one that was cut short or ended
//! half-way.

use super::dialog::OperationDialog;
use super::sure::{self, About};
use crate::action::Action;
use crate::action::dialogs::{self, Dialog, Own};
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::insight::live;
use crate::app::keys;
use crate::app::model::Model;
use crate::app::msg::{Key, Now};
use crate::app::question::{self, Question};
use crate::app::scroll;
use crate::domain::cut_short::{finished, undone};
use crate::domain::ids::OpId;
use crate::domain::notice::Notice;
use crate::domain::operation::{Operation, StepReport, StepState, Wait};
use crate::sanitize::Text;

/// The choices after an operation that was cut short or ended half-way: finish it, undo it, or leave it.
pub(in crate::app) fn key(model: &mut Model, op: OpId, key: Key, now: Now) -> Vec<Effect> {
    let asked = keys::own(Dialog::Operation, key);
    if asked == Some(Own::Close) {
        model.dialog.overlay = None;
        return Vec::new();
    }
    if scroll::key(model, key, true) {
        return Vec::new();
    }
    if let Some(held) = model.facts.operations.get(&op).filter(|one| held(one) && !key.repeat) {
        let barred = model.facts.env(&held.env).and_then(crate::domain::environment::EnvInfo::read_only);
        let word = keys::own(Dialog::Held, key);
        if let (Some(why), Some(_)) = (barred, word) {
            model.screen.notice = Some(Notice::refused(why));
            return Vec::new();
        }
        return match word {
            Some(Own::Switch) => vec![Effect::Answer(held.id, true)],
            Some(Own::Destroy) => vec![Effect::Answer(held.id, false)],
            _ => Vec::new(),
        };
    }
    let Some(operation) = model.facts.operations.get(&op).filter(|one| one.open_question() && !key.repeat) else {
        return Vec::new();
    };
    let env = operation.env.clone();
    let request = match asked {
        Some(Own::Finish) => finished(operation),
        Some(Own::Undo) => undone(operation),
        Some(Own::Leave) => {
            // `!` `L` locks where no operation is open: who meant that is asked.
            let live = live::of_operation(model, operation, now);
            sure::ask(model, About::Leave(env, op, live), now);
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    let Some(request) = request else {
        let (leave, menu) = (dialogs::key(Dialog::Operation, Own::Leave), model.screen.keys.of(Action::Menu));
        let why = if asked == Some(Own::Undo) {
            format!("this cannot be undone automatically; {leave} leaves it, then {menu} shows what can be done")
        } else {
            format!("what it was to do is not known; choose by hand: {leave} leaves this one, then {menu}")
        };
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Refused(Text::from(why), None)));
        return Vec::new();
    };
    question::ask(model, Question { continues: Some(op), ..Question::new(env, request) })
}

/// Whether it waits for a person's word: new machines are ready beside the old ones.
#[must_use]
pub fn held(operation: &Operation) -> bool {
    let waits = |step: &StepReport| step.state == StepState::Waiting(Wait::Switch);
    !operation.state.ended() && !operation.interrupted && operation.steps.iter().any(waits)
}
