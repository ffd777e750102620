//! `lock`, `unlock`, `mark` and `unmark`: what people keep for themselves, without a screen.

use jiff::{SignedDuration, Timestamp};

use super::answers::{self, LockOrMark, Replaced};
use super::operation::Confirmation;
use super::{Output, commit, place};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::ids::EnvId;
use crate::domain::lock::{Lock, Mark};
use crate::domain::names;
use crate::error::{ExitCode, UserError};
use crate::redact::Redactor;
use crate::sanitize::Text;
use crate::store::{Locked, Store, StoreError, Unlocked};

/// A lock on an environment.
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

/// The end of a lock.
#[derive(Debug, Clone, clap::Args)]
pub struct UnlockArgs {
    /// Which environment.
    pub environment: String,
    /// The environment's name again: another person's lock goes only with this and a reason, one's own without.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub confirm: Option<String>,
    /// Why another person's lock goes: they will ask. The journal keeps it.
    #[arg(long)]
    pub reason: Option<String>,
}

/// A mark on a commit.
#[derive(Debug, Clone, clap::Args)]
pub struct MarkArgs {
    /// The commit, or a beginning of it that no other known one has.
    pub commit: String,
    /// Why: others will ask.
    #[arg(long)]
    pub reason: String,
}

fn failed(error: StoreError) -> UserError {
    UserError::new(ExitCode::Refused, error.to_string()).now("nothing was written")
}

async fn open(settings: &Settings) -> Result<Store, UserError> {
    Store::open(settings.keep(), SystemClock::shared()).await.map_err(failed)
}

fn known(settings: &Settings, name: &str) -> Result<EnvId, UserError> {
    place::known(settings, name).map_err(|error| error.now("nothing was written"))
}

/// What stood there before.
enum Before<'a> {
    /// A lock that is gone.
    Lock(&'a Lock),
    /// A mark that is gone.
    Mark(&'a Mark),
    /// What stands there no more because something else does.
    Replaced(Replaced<'a>),
}

/// Says what was done; programs get what is gone, or was replaced, beside it.
fn say(output: Output, what: &str, of: &str, says: &str, before: Option<Before<'_>>) -> Result<ExitCode, UserError> {
    if output.json {
        let (mut lock, mut mark, mut replaced) = (None, None, None);
        match before {
            Some(Before::Lock(gone)) => lock = Some(gone),
            Some(Before::Mark(gone)) => mark = Some(gone),
            Some(Before::Replaced(one)) => replaced = Some(one),
            None => {}
        }
        return super::print(&answers::line(what, LockOrMark { of, says, lock, mark, replaced }));
    }
    super::print(&format!("{says}\n"))
}

pub(super) async fn lock(settings: Settings, args: LockArgs, output: Output) -> Result<ExitCode, UserError> {
    super::open::warn(&settings, false).await?;
    let env = known(&settings, &args.environment)?;
    let at = SystemClock::shared().now();
    let until = args.r#for.map(|span| end(at, span)).transpose()?;
    let lock = Lock { who: Text::from(&*settings.who), why: reason(&args.reason)?, at, until };
    match open(&settings).await?.lock(&env, &lock).await.map_err(failed)? {
        Locked::Taken => {
            say(output, "lock", env.as_str(), &format!("{env} is {}{}", lock.words(), open_end(&lock)), None)
        }
        Locked::Renewed(before) => {
            let (words, end) = (lock.words(), open_end(&lock));
            let words = format!("{env} is {words}{end}; this replaces your lock before: {}", before.words());
            say(output, "lock", env.as_str(), &words, Some(Before::Replaced(Replaced::Lock(&before))))
        }
        Locked::Held(held) => Err(UserError::new(ExitCode::Refused, format!("{env} is {}", held.words()))
            .now("the lock was not changed")
            .hint(taking_away(&env))),
    }
}

/// What it means that a lock has no end, and how it gets one.
fn open_end(lock: &Lock) -> String {
    if lock.until.is_some() { String::new() } else { format!(", {}; --for=2h ends one by itself", lock.lasts()) }
}

/// When a lock ends that holds for so long.
fn end(at: Timestamp, span: SignedDuration) -> Result<Timestamp, UserError> {
    let wrong = |what: &str| UserError::new(ExitCode::Usage, format!("--for {what}")).now("nothing was locked");
    if !span.is_positive() {
        return Err(wrong("has to be longer than nothing, such as 30m or 2h"));
    }
    at.checked_add(span).map_err(|_| wrong("reaches beyond the calendar"))
}

fn reason(text: &str) -> Result<Text, UserError> {
    // It is kept for good: a token that was pasted into it is not.
    let why = Redactor::default().mask(Text::clean(text.trim()));
    if why.is_empty() {
        return Err(
            UserError::new(ExitCode::Usage, "--reason says nothing: others will ask").now("nothing was written")
        );
    }
    Ok(why)
}

fn taking_away(env: &EnvId) -> String {
    let (name, confirm) = (names::shell(env.as_str()), place::confirmed(env));
    format!(
        "flightdeck unlock {name} {confirm} --reason='…' takes it away; the journal keeps whose it was, who did and why"
    )
}

pub(super) async fn unlock(settings: Settings, args: UnlockArgs, output: Output) -> Result<ExitCode, UserError> {
    super::open::warn(&settings, false).await?;
    let env = known(&settings, &args.environment)?;
    let confirmation = Confirmation { confirm: args.confirm, reason: args.reason, comment: None };
    confirmation.check(&env)?;
    let store = open(&settings).await?;
    let why = confirmation.reason.as_deref().map(reason).transpose()?;
    let held = store.locks().await.map_err(failed)?.remove(&env);
    let confirmed = why.as_ref().filter(|_| confirmation.confirm.is_some());
    // Exactly the lock that is read here: one that comes meanwhile is another person's word again.
    let over = held.as_ref().zip(confirmed.map(Text::as_str));
    match store.unlock(&env, &settings.who, over).await.map_err(failed)? {
        Unlocked::Nothing => say(output, "unlock", env.as_str(), &format!("{env} was not locked"), None),
        Unlocked::Gone(lock) => {
            let other = lock.who.as_str() != &*settings.who;
            let was = if other { format!("; it was {}", lock.words()) } else { String::new() };
            say(output, "unlock", env.as_str(), &format!("{env} is unlocked{was}"), Some(Before::Lock(&lock)))
        }
        Unlocked::Held(held) => Err(UserError::new(ExitCode::Refused, format!("{env} is {}", held.words()))
            .now("it stays locked")
            .hint(taking_away(&env))),
    }
}

pub(super) async fn mark(settings: Settings, args: MarkArgs, output: Output) -> Result<ExitCode, UserError> {
    super::open::warn(&settings, false).await?;
    let (why, store) = (reason(&args.reason)?, open(&settings).await?);
    let who = settings.who.clone();
    let sha = match commit::whole(&args.commit) {
        Some(sha) => sha,
        // Whose beginning it is, is told by what is known of releases and runs.
        None => commit::known(settings, &args.commit, output).await?,
    };
    let mark = Mark { who: Text::from(&*who), why, at: SystemClock::shared().now() };
    let before = store.mark(&sha, Some(&mark), &who).await.map_err(failed)?;
    let name = if args.commit.len() < sha.as_str().len() { sha.as_str() } else { sha.short() };
    let replaced = before.as_ref().map(|before| format!("; this replaces the mark before: {}", before.words()));
    let words = format!("{name} is marked bad: {}{}", mark.words(), replaced.unwrap_or_default());
    say(output, "mark", sha.as_str(), &words, before.as_ref().map(|before| Before::Replaced(Replaced::Mark(before))))
}

pub(super) async fn unmark(settings: Settings, text: &str, output: Output) -> Result<ExitCode, UserError> {
    super::open::warn(&settings, false).await?;
    let store = open(&settings).await?;
    let sha = match commit::whole(text) {
        Some(sha) => sha,
        None => commit::among(text, store.marks().await.map_err(failed)?.into_keys(), "marked commit")?,
    };
    let before = store.mark(&sha, None, &settings.who).await.map_err(failed)?;
    let words = match &before {
        Some(before) => format!("{} is no longer marked bad; it was: {}", sha.short(), before.words()),
        None => format!("{} was not marked bad", sha.short()),
    };
    say(output, "unmark", sha.as_str(), &words, before.as_ref().map(Before::Mark))
}
