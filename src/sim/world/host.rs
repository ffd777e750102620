//! What the Machines API still tells of a machine whose host does not answer (docs/platforms/fly.md section 3.1). The machine
//! itself goes on: only what is told of it changes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fly::Machine;

/// How the Machines API sees a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    /// Its host answers.
    #[default]
    Ok,
    /// The host cannot be reached: `incomplete_config` stands in for the configuration.
    Unreachable,
    /// Nobody knows of the host: `incomplete_config` stands in for the configuration.
    Unknown,
    /// The host cannot be reached, and neither configuration nor image is told.
    Silent,
    /// It is destroyed by its state, and listed all the same.
    Destroyed,
}

/// What a configuration that was put together from other sources still has.
const KEPT: [&str; 3] = ["image", "guest", "metadata"];

impl Host {
    /// What is left of a configuration that was put together from other sources.
    pub(crate) fn part(config: &Value) -> Value {
        let whole = config.as_object().into_iter().flatten();
        let part = whole.filter(|(key, _)| KEPT.contains(&key.as_str()));
        part.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Changes what is told of a machine.
    pub fn veil(self, machine: &Machine, told: &mut Value) {
        let Some(fields) = told.as_object_mut() else { return };
        match self {
            Self::Ok => return,
            Self::Destroyed => {
                fields.insert("state".to_owned(), json!("destroyed"));
                return;
            }
            Self::Unreachable | Self::Unknown => {
                fields.remove("config");
                fields.insert("incomplete_config".to_owned(), Self::part(&machine.config));
            }
            Self::Silent => {
                fields.insert("config".to_owned(), Value::Null);
                fields.insert("image_ref".to_owned(), json!({}));
            }
        }
        let word = if self == Self::Unknown { "unknown" } else { "unreachable" };
        fields.insert("host_status".to_owned(), json!(word));
        fields.insert("checks".to_owned(), json!([]));
    }
}
