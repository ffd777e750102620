//! `[poll]`: how often what can only be asked is asked.

use std::time::Duration;

use super::layered;
use crate::config::check::Check;
use crate::config::effective::Sheet;
use crate::error::UserError;

layered! {
    /// The table as it is written.
    #[derive(Debug)]
    pub struct Poll {
        /// While something changes.
        pub fast: Option<String>,
        /// When calm.
        pub calm: Option<String>,
    }
}

/// Rhythm of polling feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSettings {
    /// While something changes; default 2 s.
    pub fast: Duration,
    /// When calm; default 10 s.
    pub calm: Duration,
}

impl PollSettings {
    pub(in crate::config) fn told(&self, sheet: &mut Sheet<'_>) {
        for (key, every) in [("poll.fast", self.fast), ("poll.calm", self.calm)] {
            sheet.add(key, format!("{every:?}"));
            sheet.at_once();
        }
    }
}

impl Poll {
    pub(in crate::config) fn settings(
        &self,
        check: &Check<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<PollSettings, UserError> {
        let fast = check.interval("poll.fast", self.fast.as_deref(), 2)?;
        let calm = check.interval("poll.calm", self.calm.as_deref(), 10)?;
        if fast > calm {
            warnings.push(format!("{}: poll.fast is slower than poll.calm", check.name));
        }
        Ok(PollSettings { fast, calm })
    }
}
