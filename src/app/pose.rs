//! Puts a model into a state without the messages that lead there: for tests and pictures alone.

use crate::app::dialogs::Overlay;
use crate::app::logs::buffer::Filter;
use crate::app::model::{Model, Place};
use crate::app::operations::dialog::OperationDialog;
use crate::domain::ids::{DeploymentId, ServiceId, Sha};
use crate::domain::notice::Notice;
use crate::sanitize::Text;

#[doc(hidden)]
impl Model {
    pub fn pose_size(&mut self, size: (u16, u16)) {
        self.screen.size = size;
    }

    pub fn pose_notice(&mut self, notice: Option<Notice>) {
        self.screen.notice = notice;
    }

    pub fn pose_place(&mut self, place: Option<Place>) {
        self.screen.selection.place = place;
    }

    pub fn pose_dialog(&mut self, dialog: Option<OperationDialog>) {
        self.dialog.overlay = dialog.map(Overlay::Operation);
    }

    pub fn posed_dialog(&mut self) -> Option<&mut OperationDialog> {
        self.dialog.operation_mut()
    }

    pub fn pose_reason(&mut self, reason: Option<Text>) {
        self.dialog.reason = reason;
    }

    pub fn pose_filter(&mut self, filter: Filter) {
        self.logs.lines.set_filter(filter);
    }

    pub fn pose_verified(&mut self, seen: (ServiceId, DeploymentId, Sha)) {
        self.facts.history.verified.insert(seen);
    }
}
