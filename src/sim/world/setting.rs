//! States that are set from outside: every documented state of every platform, for drills of what seldom happens.
//! `POST /_sim/state` takes a [`Setting`]; a scenario has it as an event of kind `set`.

mod fly;
mod github;
mod supabase;
mod vercel;

use serde::{Deserialize, Serialize};

use super::World;

/// What is set, and where.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(tag = "platform", rename_all = "lowercase")]
pub enum Setting {
    /// A machine, an app or a release row.
    Fly(fly::Setting),
    /// A run, a job, a workflow, or a security feature.
    Github(github::Setting),
    /// A deployment or the project.
    Vercel(vercel::Setting),
    /// A project.
    Supabase(supabase::Setting),
}

/// A word of a list, as the list has it.
fn word(known: &[&'static str], asked: &str) -> Result<&'static str, String> {
    let found = known.iter().find(|one| **one == asked);
    found.copied().ok_or_else(|| format!("'{asked}' is not one of: {}", known.join(", ")))
}

/// Seconds as they are asked for.
fn span(seconds: f64) -> Result<jiff::SignedDuration, String> {
    jiff::SignedDuration::try_from_secs_f64(seconds).map_err(|error| format!("{seconds} s: {error}"))
}

impl World {
    /// Sets a state now.
    ///
    /// # Errors
    ///
    /// Words that say what is not known.
    pub fn set(&mut self, setting: &Setting) -> Result<(), String> {
        match setting {
            Setting::Fly(setting) => self.set_fly(setting),
            Setting::Github(setting) => self.set_github(setting),
            Setting::Vercel(setting) => self.set_vercel(setting),
            Setting::Supabase(setting) => self.set_supabase(setting),
        }
    }
}
