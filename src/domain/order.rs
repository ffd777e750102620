//! Tells by whose order an operation was carried out.

use serde::{Deserialize, Serialize};

use crate::sanitize::Text;

/// Who had an operation carried out, what was said to it, and what that overrode. A row of an older console says nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Order {
    /// The person, as locks name people; empty = not kept.
    pub by: Text,
    /// The reason that was given; empty = none.
    pub reason: Text,
    /// What stood against it and was overridden by that reason.
    pub overridden: Vec<Text>,
}

impl Order {
    /// In one line, to follow a title: `by maria: pool exhausted (overrides: it is locked by ali)`; empty = nothing is known.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = String::new();
        if !self.by.as_str().is_empty() {
            words.push_str(&format!("by {}", self.by));
        }
        if !self.reason.as_str().is_empty() {
            words.push_str(&format!(": {}", self.reason));
        }
        if !self.overridden.is_empty() {
            let over: Vec<&str> = self.overridden.iter().map(Text::as_str).collect();
            words.push_str(&format!(" (overrides: {})", over.join("; ")));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_one_line_and_what_is_not_kept_is_not_told() {
        assert_eq!(Order::default().words(), "");
        let by = Order { by: "maria".into(), ..Order::default() };
        assert_eq!(by.words(), "by maria");
        let over = Order { reason: "pool exhausted".into(), overridden: vec!["locked by ali".into()], ..by };
        assert_eq!(over.words(), "by maria: pool exhausted (overrides: locked by ali)");
    }
}
