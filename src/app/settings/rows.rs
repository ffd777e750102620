//! The settings as rows: what is in force, and what is written meanwhile.

use std::collections::BTreeMap;

use crate::config::effective::{Applies, Effective, Origin, THEME};
use crate::sanitize::Text;

/// A setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What is in force.
    pub now: Effective,
    /// What is written meanwhile, and used after a restart.
    pub next: Option<Text>,
    /// Nothing said so when the console began: what is in force is that there is none.
    added: bool,
}

impl Setting {
    /// One that is in force as it was read.
    pub(super) fn read(now: Effective) -> Self {
        Self { now, next: None, added: false }
    }

    /// The same after another value was read for it.
    fn reread(self, new: Effective) -> Self {
        if self.stays(&new) {
            // A secret that was not looked at is where it was.
            let now = if self.added || new.asked.is_some() { self.now } else { new };
            return Self { now, next: None, ..self };
        }
        Self { next: Some(new.value), ..self }
    }

    /// Whether a restart would change nothing.
    fn stays(&self, new: &Effective) -> bool {
        match (&self.now.asked, &new.asked) {
            // What a command gives is not known before it is run, so that it counts whether the command is another one.
            (known, Some(asked)) if !asked.run => known.as_ref().is_some_and(|known| known.command == asked.command),
            _ => self.now.value == new.value,
        }
    }
}

/// What is in force after other settings were read.
pub(super) fn merged(old: Vec<Setting>, new: Vec<Effective>) -> Vec<Setting> {
    let mut before: BTreeMap<Text, Setting> = old.into_iter().map(|row| (row.now.key.clone(), row)).collect();
    let mut rows: Vec<Setting> = Vec::with_capacity(new.len());
    for new in new {
        rows.push(match (new.applies, before.remove(&new.key)) {
            (Applies::AtOnce, _) => Setting::read(new),
            (Applies::Restarted, Some(old)) => old.reread(new),
            (Applies::Restarted, None) => {
                let none = Effective { value: none(), asked: None, ..new.clone() };
                Setting { added: true, ..Setting::read(none) }.reread(new)
            }
        });
    }
    // What was written and taken back again since the console began was never in force.
    let gone = before.into_values().filter(|row| row.now.applies == Applies::Restarted && !row.added);
    rows.extend(gone.map(|row| Setting { next: Some(none()).filter(|none| *none != row.now.value), ..row }));
    rows
}

/// The value of what nobody said.
fn none() -> Text {
    Text::clean("none")
}

/// Has the row of the theme tell which is worn because of the terminal's ground.
pub(super) fn theme(rows: &mut [Setting], worn: &str) {
    if let Some(row) = rows.iter_mut().find(|row| row.now.key.as_str() == THEME) {
        row.now.value = Text::clean(worn);
        row.now.origin = Origin::Elsewhere(Text::clean("the terminal's ground"));
    }
}
