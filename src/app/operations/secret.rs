//! A secret to be set: where, its name, and its value, which is never shown.

use super::dialog::{self, OperationDialog};
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::line;
use crate::app::model::{Model, Pane, Place};
use crate::app::msg::{Key, KeyCode, Now};
use crate::domain::environment::EnvInfo;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::operation::{PIPELINE, Request};
use crate::domain::secret_value::SecretValue;
use crate::sanitize::Text;

/// Longest name.
const LONGEST: usize = 255;

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The name.
    Key,
    /// The value.
    Value,
}

/// A secret as it is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In which environment.
    pub env: EnvId,
    /// Where it may go: services, and the pipeline.
    pub places: Vec<ServiceId>,
    /// Which of them it goes to.
    pub at: usize,
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: SecretValue,
    /// What the next letter belongs to.
    pub field: Field,
}

/// Where a secret of this environment may be set from here.
#[must_use]
pub fn places(env: &EnvInfo) -> Vec<ServiceId> {
    let kept = env.services.iter().filter(|one| one.platform.has_secrets());
    kept.map(|one| one.id.clone()).chain([ServiceId::new(env.id.clone(), PIPELINE)]).collect()
}

/// Opens the entry for what the keys of operations act on; a secret that is selected lends its name.
pub(in crate::app) fn open(model: &mut Model) {
    let Some(env) = model.target_env() else { return };
    let (id, places) = (env.id.clone(), places(env));
    let at = match model.target() {
        Some(Place::Service(service)) => places.iter().position(|one| *one == service).unwrap_or(0),
        _ => 0,
    };
    let key =
        model.screen.selection.secret.as_ref().filter(|_| model.screen.focus == Pane::Secrets).map(ToString::to_string);
    let field = if key.is_some() { Field::Value } else { Field::Key };
    let entry = Entry { env: id, places, at, key: key.unwrap_or_default(), value: SecretValue::default(), field };
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Entering(entry)));
}

impl Entry {
    /// Takes a key; the request once all is there and enter says so.
    pub(in crate::app) fn key(&mut self, key: Key) -> Option<Request> {
        let text = matches!(key.code, KeyCode::Char(_)) && !key.ctrl && !key.alt;
        match (key.code, self.field) {
            (KeyCode::Left, _) => self.at = self.at.saturating_sub(1),
            (KeyCode::Right, _) => self.at = (self.at + 1).min(self.places.len().saturating_sub(1)),
            (KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down, Field::Key) => self.field = Field::Value,
            (KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down, Field::Value) => self.field = Field::Key,
            (KeyCode::Char(_) | KeyCode::Backspace, Field::Key) if self.key.len() < LONGEST || !text => {
                line::at_end(&mut self.key, key);
            }
            (KeyCode::Char(c), Field::Value) if text => self.value.extend(c.encode_utf8(&mut [0; 4])),
            // What cannot be seen is begun anew rather than mended.
            (KeyCode::Char('u' | 'w'), Field::Value) if key.ctrl => self.value = SecretValue::default(),
            (KeyCode::Backspace, Field::Value) => self.value.shorten(),
            (KeyCode::Enter, Field::Key) if !self.key.is_empty() => self.field = Field::Value,
            (KeyCode::Enter, Field::Value) if !key.repeat => return self.request(),
            _ => {}
        }
        None
    }

    /// Takes pasted text: a name without its white space, a value as it is but for the line end that came along with it.
    pub(in crate::app) fn paste(&mut self, text: &str) {
        match self.field {
            Field::Key => {
                let room = LONGEST.saturating_sub(self.key.len());
                self.key.extend(Text::clean(text.trim()).as_str().chars().take(room));
            }
            Field::Value => {
                let one = text.trim_end_matches(['\r', '\n']);
                // Several lines are a file, whose end belongs to it.
                self.value.extend(if one.contains(['\r', '\n']) { text } else { one });
            }
        }
    }

    fn request(&self) -> Option<Request> {
        let service = self.places.get(self.at)?.clone();
        let whole = !self.key.is_empty() && !self.value.is_empty();
        whole.then(|| Request::SetSecret { service, key: Text::from(self.key.as_str()), value: self.value.clone() })
    }
}

/// Keys while a secret is entered.
pub(in crate::app) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    let Some(OperationDialog::Entering(entry)) = model.dialog.operation_mut() else { return Vec::new() };
    let env = entry.env.clone();
    match entry.key(key) {
        Some(request) => dialog::ask_for(model, env, request, now),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let places = vec![ServiceId::new("production", "backend"), ServiceId::new("production", PIPELINE)];
        let value = SecretValue::default();
        Entry { env: "production".into(), places, at: 0, key: String::new(), value, field: Field::Key }
    }

    fn press(entry: &mut Entry, code: KeyCode) -> Option<Request> {
        entry.key(Key { code, ctrl: false, alt: false, repeat: false })
    }

    #[test]
    fn a_secret_is_asked_for_once_its_name_and_value_are_there() {
        let mut entry = entry();
        assert_eq!(press(&mut entry, KeyCode::Enter), None);
        "API_KEY".chars().for_each(|c| assert_eq!(press(&mut entry, KeyCode::Char(c)), None));
        press(&mut entry, KeyCode::Enter);
        assert_eq!(press(&mut entry, KeyCode::Enter), None, "no value yet");
        entry.paste("s3cret value\n");
        press(&mut entry, KeyCode::Right);
        let Some(Request::SetSecret { service, key, value }) = press(&mut entry, KeyCode::Enter) else { panic!() };
        assert_eq!((&*service.name, key.as_str(), value.expose()), (PIPELINE, "API_KEY", "s3cret value"));
        assert!(!format!("{entry:?}").contains("s3cret"));
    }

    #[test]
    fn a_pasted_file_keeps_its_lines() {
        let mut entry = Entry { field: Field::Value, ..entry() };
        entry.paste("-----BEGIN KEY-----\rabc\r-----END KEY-----\r");
        assert_eq!(entry.value.expose(), "-----BEGIN KEY-----\nabc\n-----END KEY-----\n");
    }
}
