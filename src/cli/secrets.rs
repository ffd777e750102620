//! Setting a secret without a screen. Its value comes from standard input or a hidden prompt, never from the command line, where
//! every process and the shell's history could read it.

use std::io::{IsTerminal as _, Read as _};

use super::operation::{self, Confirmation, ServiceArgs};
use super::{Output, place};
use crate::config::Settings;
use crate::domain::environment::Platform;
use crate::domain::operation::{PIPELINE, Request};
use crate::domain::secret_value::{SecretValue, kept_as, unfit};
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
    /// The environment; without it, the one of tier production.
    #[arg(long)]
    pub environment: Option<String>,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// Reads the value.
fn value(name: &str) -> Result<SecretValue, UserError> {
    let stdin = std::io::stdin();
    let wrong = |error: std::io::Error| {
        UserError::new(ExitCode::Usage, format!("the value cannot be read: {error}")).now("nothing was changed")
    };
    if stdin.is_terminal() {
        return rpassword::prompt_password(format!("value of {} (not shown): ", Text::clean(name)))
            .map(SecretValue::new)
            .map_err(wrong);
    }
    let mut bytes = Vec::new();
    stdin.lock().take(LONGEST + 1).read_to_end(&mut bytes).map_err(wrong)?;
    let (value, words) = read(bytes)?;
    super::complain(&words);
    Ok(value)
}

/// The value in what was piped, and what was read in words that reveal nothing.
fn read(bytes: Vec<u8>) -> Result<(SecretValue, String), UserError> {
    let refused =
        |why: &str| UserError::new(ExitCode::Usage, format!("the value {why}")).now("nothing was sent or changed");
    if bytes.len() as u64 > LONGEST {
        return Err(refused("is longer than a megabyte, which no platform takes"));
    }
    if bytes.contains(&0) {
        return Err(refused("holds a NUL byte: it is no text").hint("encode it first, as with base64"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| refused("is not UTF-8: it is no text").hint("encode it first, as with base64"))?;
    // What `echo` adds is not part of it; a file of several lines keeps its end.
    let one = text.strip_suffix('\n').map(|one| one.strip_suffix('\r').unwrap_or(one));
    let one = one.filter(|one| !one.contains('\n')).map(str::to_owned);
    let end = match (&one, text.ends_with('\n')) {
        (Some(_), _) => "final newline left out",
        (None, true) => "final newline kept",
        (None, false) => "no final newline",
    };
    let value = one.unwrap_or(text);
    if value.trim().is_empty() {
        return Err(refused("is empty").hint("nothing came from standard input, or line ends alone"));
    }
    // Neither its length nor the number of its lines: what is said here lands in the logs of a pipeline.
    let lines = if value.lines().nth(1).is_some() { "more than one line" } else { "one line" };
    let words = format!("value read: {lines}, {end}");
    Ok((SecretValue::new(value), words))
}

/// Why no platform of this service would take it: an argument that is wrong, not a gate that refuses.
fn wrong(settings: &Settings, args: &SetArgs, (key, value): (&Text, &SecretValue)) -> Option<UserError> {
    let env = place::environment(settings, args.environment.as_deref()).ok()?;
    let services = settings.environment(&env).map(|info| info.services.as_slice()).unwrap_or_default();
    let platform = match services.iter().find(|one| *one.id.name == *args.service) {
        Some(info) => info.platform,
        None if args.service == PIPELINE => Platform::Github,
        None => return None,
    };
    let key = kept_as(key, platform);
    let why: Vec<String> = unfit(&key, value, platform).iter().map(ToString::to_string).collect();
    let what = why.join("; ");
    (!why.is_empty()).then(|| UserError::new(ExitCode::Usage, what).now("nothing was sent or changed"))
}

pub(super) fn set(settings: Settings, args: SetArgs, output: Output) -> Result<ExitCode, UserError> {
    let value = value(&args.name)?;
    let key = Text::from(args.name.as_str());
    wrong(&settings, &args, (&key, &value)).map_or(Ok(()), Err)?;
    let on = ServiceArgs { service: args.service, environment: args.environment, confirmation: args.confirmation };
    super::block_on(operation::on_service(settings, on, |service| Request::SetSecret { service, key, value }, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_value_that_no_platform_takes_is_an_argument_that_is_wrong() {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n[[environments.services]]\n\
                    name = \"backend\"\nplatform = \"fly\"\nresource = \"shop\"\n";
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
        let asked = |name: &str, service: &str, value: String| {
            let confirmation = Confirmation { confirm: None, reason: None, comment: None };
            let args = SetArgs { name: name.into(), service: service.into(), environment: None, confirmation };
            wrong(&settings, &args, (&Text::from(name), &SecretValue::new(value))).map(|error| (error.code, error.what))
        };
        assert_eq!(asked("SENTRY_DSN", "backend", "x".into()), None);
        let (code, what) = asked("1-DSN", "backend", "x".into()).unwrap();
        assert!(code == ExitCode::Usage && what.starts_with("a name has letters"), "{what}");
        let (code, what) = asked("DSN", PIPELINE, "x".repeat(49 * 1024)).unwrap();
        assert_eq!((code, what.as_str()), (ExitCode::Usage, "the value is longer than 48 KB"));
        let (_, what) = asked("github_token", PIPELINE, "x".into()).unwrap();
        assert!(what.contains("GitHub's own"), "{what}");
    }

    #[test]
    fn a_value_is_what_was_piped_and_is_told_without_revealing_it() {
        let of = |text: &str| {
            let (value, words) = read(text.as_bytes().to_vec()).unwrap();
            (value.expose().to_owned(), words)
        };
        let said = |value: &str, words: &str| (value.to_owned(), format!("value read: {words}"));
        assert_eq!(of("s3cret\n"), said("s3cret", "one line, final newline left out"));
        assert_eq!(of("s3cret\r\n"), said("s3cret", "one line, final newline left out"));
        assert_eq!(of("s"), said("s", "one line, no final newline"));
        assert_eq!(of("a\nb\n"), said("a\nb\n", "more than one line, final newline kept"));
        assert_eq!(of("a\nb\nc").1, of("long\nas\na\nkey").1, "nothing tells one from another");
        let huge = vec![b'q'; usize::try_from(LONGEST).unwrap() + 1];
        for wrong in [b"".to_vec(), b"\n".to_vec(), b"q\0q".to_vec(), vec![0xff, 0xfe], huge] {
            let error = read(wrong).unwrap_err();
            assert_eq!(error.code, ExitCode::Usage, "{error}");
            assert!(!error.to_string().contains('q'), "{error}");
        }
    }
}
