//! Setting a secret without a screen. Its value comes from standard input or a hidden prompt, never from the command line, where
//! every process and the shell's history could read it.

use std::io::{IsTerminal as _, Read as _};

use super::Output;
use super::operation::{self, Consent, ServiceArgs};
use crate::config::Settings;
use crate::domain::held::Held;
use crate::domain::operation::{PIPELINE, Wish};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// Longest value that is read, bytes.
const LONGEST: u64 = 1024 * 1024;

/// A secret to be set.
#[derive(Debug, Clone, clap::Args)]
pub struct SetArgs {
    /// Its name. The value is read from standard input, or asked for without showing it.
    pub name: String,
    /// The service that reads it; without it, the environment's own secrets on GitHub, which the pipeline reads.
    #[arg(long, default_value = PIPELINE)]
    pub service: String,
    /// Where; without it, the one environment of tier production.
    #[arg(long)]
    pub environment: Option<String>,
    #[command(flatten)]
    pub consent: Consent,
}

/// Reads the value.
fn value(name: &str) -> Result<Held, UserError> {
    let stdin = std::io::stdin();
    let wrong = |error: std::io::Error| {
        UserError::new(ExitCode::Usage, format!("the value cannot be read: {error}")).now("nothing was changed")
    };
    if stdin.is_terminal() {
        return rpassword::prompt_password(format!("value of {} (not shown): ", Text::clean(name)))
            .map(Held::new)
            .map_err(wrong);
    }
    let mut text = String::new();
    stdin.lock().take(LONGEST).read_to_string(&mut text).map_err(wrong)?;
    // What `echo` adds is not part of it; a file of several lines keeps its end.
    let one = text.strip_suffix('\n').map(|one| one.strip_suffix('\r').unwrap_or(one));
    let one = one.filter(|one| !one.contains('\n')).map(str::to_owned);
    Ok(Held::new(one.unwrap_or(text)))
}

pub(super) fn set(settings: Settings, args: SetArgs, output: Output) -> Result<ExitCode, UserError> {
    let value = value(&args.name)?;
    let key = Text::from(args.name.as_str());
    let on = ServiceArgs { service: args.service, environment: args.environment, consent: args.consent };
    super::block_on(operation::on_service(settings, on, |service| Wish::SetSecret { service, key, value }, output))
}
