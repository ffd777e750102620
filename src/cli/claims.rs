//! `lock`, `unlock`, `mark` and `unmark`: what people claim, without a screen.

use jiff::SignedDuration;
use serde_json::json;

use super::Output;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::claim::{Lock, Mark};
use crate::domain::ids::{EnvId, Sha};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::store::{Store, StoreError};

/// A claim on an environment.
#[derive(Debug, Clone, clap::Args)]
pub struct LockArgs {
    /// Which environment.
    pub environment: String,
    /// Why: others will ask.
    #[arg(long)]
    pub reason: String,
    /// For how long: `30m`, `2h`; without it until it is given back.
    #[arg(long, value_name = "DURATION")]
    pub r#for: Option<SignedDuration>,
}

/// A mark on a commit.
#[derive(Debug, Clone, clap::Args)]
pub struct MarkArgs {
    /// The whole commit.
    pub commit: String,
    /// Why: others will ask.
    #[arg(long)]
    pub reason: String,
}

fn failed(error: StoreError) -> UserError {
    UserError::new(ExitCode::Refused, error.to_string()).now("nothing was written")
}

async fn open(settings: &Settings) -> Result<Store, UserError> {
    Store::open(&settings.state_dir, SystemClock::shared()).await.map_err(failed)
}

fn known(settings: &Settings, name: &str) -> Result<EnvId, UserError> {
    let env = EnvId::from(name);
    let unknown = || UserError::new(ExitCode::Usage, format!("no environment {env} is configured"));
    settings.environment(&env).map(|env| env.id.clone()).ok_or_else(unknown)
}

fn commit(text: &str) -> Result<Sha, UserError> {
    if text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(Sha::from(text.to_lowercase()));
    }
    Err(UserError::new(ExitCode::Usage, "a commit is marked by its 40 hexadecimal digits")
        .now("nothing was marked")
        .hint("git rev-parse COMMIT prints them"))
}

fn say(output: Output, what: &str, of: &str, words: &str) -> Result<ExitCode, UserError> {
    if output.json {
        let value = json!({"schema": format!("flightdeck/{what}"), "version": 1, "of": of, "says": words});
        return super::print(&format!("{value}\n"));
    }
    super::print(&format!("{words}\n"))
}

pub(super) async fn lock(settings: Settings, args: LockArgs, output: Output) -> Result<ExitCode, UserError> {
    let env = known(&settings, &args.environment)?;
    let at = SystemClock::shared().now();
    let until = args.r#for.and_then(|span| at.checked_add(span.abs()).ok());
    let lock = Lock { who: Text::from(&*settings.who), why: Text::clean(&args.reason), at, until };
    match open(&settings).await?.lock(&env, &lock).await.map_err(failed)? {
        None => say(output, "lock", env.as_str(), &format!("{env} is {}", lock.words())),
        Some(held) => Err(UserError::new(ExitCode::Refused, format!("{env} is {}", held.words()))
            .now("it was not locked anew")
            .hint(format!("flightdeck unlock {env} gives it back, and the journal keeps who did"))),
    }
}

pub(super) async fn unlock(settings: Settings, environment: &str, output: Output) -> Result<ExitCode, UserError> {
    let env = known(&settings, environment)?;
    let gone = open(&settings).await?.unlock(&env, &settings.who).await.map_err(failed)?;
    let words = if gone { format!("{env} is unlocked") } else { format!("{env} was not locked") };
    say(output, "unlock", env.as_str(), &words)
}

pub(super) async fn mark(settings: Settings, args: MarkArgs, output: Output) -> Result<ExitCode, UserError> {
    let sha = commit(&args.commit)?;
    let mark =
        Mark { who: Text::from(&*settings.who), why: Text::clean(&args.reason), at: SystemClock::shared().now() };
    open(&settings).await?.mark(&sha, Some(&mark), &settings.who).await.map_err(failed)?;
    say(output, "mark", sha.as_str(), &format!("{} is marked bad: {}", sha.short(), mark.words()))
}

pub(super) async fn unmark(settings: Settings, text: &str, output: Output) -> Result<ExitCode, UserError> {
    let sha = commit(text)?;
    open(&settings).await?.mark(&sha, None, &settings.who).await.map_err(failed)?;
    say(output, "unmark", sha.as_str(), &format!("{} is not marked bad", sha.short()))
}
