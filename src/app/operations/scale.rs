//! How many machines a service has, region by region, as it is being chosen.

use std::collections::BTreeMap;

use super::dialog::{self, OperationDialog};
use crate::action::dialogs::{Dialog, Own};
use crate::app::dialogs;
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::keys;
use crate::app::model::Model;
use crate::app::msg::{Key, Now};
use crate::domain::ids::ServiceId;
use crate::domain::operation::Request;
use crate::sanitize::Text;

/// Most machines that are chosen for one region.
const MOST: u32 = 50;

/// A region with its machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its code.
    pub region: Text,
    /// How many there are.
    pub there: u32,
    /// How many there shall be.
    pub wanted: u32,
}

/// What is being chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaling {
    /// Which service.
    pub service: ServiceId,
    /// Region by region.
    pub rows: Vec<Row>,
    /// The row that is changed.
    pub at: usize,
}

/// Machines of a service by region, as its platform declares them.
#[must_use]
pub fn spread(model: &Model, service: &ServiceId) -> BTreeMap<Text, u32> {
    let mut counts = BTreeMap::new();
    let declared = model.facts.services.get(service).and_then(|state| state.declared.as_ref());
    for instance in declared.into_iter().flat_map(|declared| &declared.instances) {
        *counts.entry(instance.region.clone()).or_default() += 1;
    }
    counts
}

/// Opens the choice for a service.
pub(in crate::app) fn open(model: &mut Model, service: ServiceId) {
    let row = |(region, there): (Text, u32)| Row { region, there, wanted: there };
    let rows = spread(model, &service).into_iter().map(row).collect();
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Scaling(Scaling { service, rows, at: 0 })));
}

impl Scaling {
    /// Takes a key; the request once something differs and enter says so.
    fn key(&mut self, key: Key) -> Option<Request> {
        match keys::own(Dialog::Machines, key) {
            Some(Own::More) => self.change(1),
            Some(Own::Fewer) => self.change(-1),
            Some(Own::Go) if !key.repeat => return self.request(),
            _ => {
                let last = self.rows.len().saturating_sub(1);
                self.at = self.at.saturating_add_signed(dialogs::step(key).unwrap_or(0)).min(last);
            }
        }
        None
    }

    fn change(&mut self, by: i32) {
        if let Some(row) = self.rows.get_mut(self.at) {
            row.wanted = row.wanted.saturating_add_signed(by).min(MOST);
        }
    }

    fn request(&self) -> Option<Request> {
        let changed = self.rows.iter().filter(|row| row.wanted != row.there);
        let counts: Vec<(Text, u32)> = changed.map(|row| (row.region.clone(), row.wanted)).collect();
        (!counts.is_empty()).then(|| Request::Scale(self.service.clone(), counts))
    }
}

/// Keys while the counts are chosen.
pub(in crate::app) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    let Some(OperationDialog::Scaling(scaling)) = model.dialog.operation_mut() else { return Vec::new() };
    let env = scaling.service.env.clone();
    match scaling.key(key) {
        Some(request) => dialog::ask_for(model, env, request, now),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::KeyCode;

    #[test]
    fn only_what_was_changed_is_asked_for() {
        let row = |region: &str| Row { region: Text::from(region), there: 1, wanted: 1 };
        let service = ServiceId::new("production", "backend");
        let mut scaling = Scaling { service: service.clone(), rows: vec![row("fra"), row("iad")], at: 0 };
        let mut press = |code| scaling.key(Key { code, ctrl: false, alt: false, repeat: false });
        assert_eq!(press(KeyCode::Enter), None, "nothing differs");
        for code in [KeyCode::Down, KeyCode::Down, KeyCode::Char('+'), KeyCode::Char('+'), KeyCode::Char('-')] {
            assert_eq!(press(code), None);
        }
        assert_eq!(press(KeyCode::Enter), Some(Request::Scale(service, vec![(Text::from("iad"), 2)])));
    }
}
