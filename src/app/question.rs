//! A question that was asked for a plan, so that one key asks it again.

use super::effect::Effect;
use super::model::Model;
use crate::app::dialogs::Overlay;
use crate::app::operations::dialog::OperationDialog;
use crate::domain::ids::{EnvId, OpId, ReqId};
use crate::domain::operation::Request;
use crate::domain::overrides::Override;
use crate::sanitize::Text;

/// What a plan is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Where.
    pub env: EnvId,
    /// What.
    pub request: Request,
    /// The operation that it goes on with.
    pub continues: Option<OpId>,
    /// The reason that was given when it was asked before: for what was known then, so that it is shown anew where one is needed.
    pub said: Option<Text>,
    /// What stood against it and was on the screen when the reason was written: a reason is none for anything else.
    pub told: Vec<Override>,
    /// It was answered by a plan before, and is asked again.
    pub anew: bool,
}

impl Question {
    /// A question of its own.
    #[must_use]
    pub fn new(env: EnvId, request: Request) -> Self {
        Self { env, request, continues: None, said: None, told: Vec::new(), anew: false }
    }
}

/// Asks: everything that the plan needs is read anew.
pub(super) fn ask(model: &mut Model, question: Question) -> Vec<Effect> {
    model.dialog.asked += 1;
    let req = ReqId(model.dialog.asked);
    let effect = Effect::Preflight(req, question.env.clone(), question.request.clone(), question.continues);
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Preflighting(req, question)));
    vec![effect]
}

/// Asks the question of the dialog again, if it has one.
pub(super) fn again(model: &mut Model) -> Vec<Effect> {
    let (question, anew) = match model.dialog.operation() {
        Some(OperationDialog::Ready(_, confirm)) => (confirm.question.clone(), true),
        Some(OperationDialog::Refused(_, question)) => (question.clone(), false),
        _ => return Vec::new(),
    };
    let Some(mut question) = question else { return Vec::new() };
    // What was said for the plan before is no reason for what only the next one finds in its way.
    question.said = model.dialog.reason.take().or(question.said);
    question.anew = anew;
    ask(model, question)
}
