//! Tokens: from a command, a file or the configuration, else from the variables that each platform's own tools read. Never
//! from a flag, never printed.

use std::path::Path;

use secrecy::SecretString;

use super::file::Account;
use super::load::Env;
use crate::domain::environment::Platform;
use crate::error::{ExitCode, UserError};

/// Variables in the order in which the platform's own tool prefers them (fly.md section 1, github.md section 9, vercel.md
/// section 13, supabase.md section 1).
#[must_use]
pub fn variables(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Github => &["GH_TOKEN", "GITHUB_TOKEN"],
        Platform::Fly => &["FLY_ACCESS_TOKEN", "FLY_API_TOKEN"],
        Platform::Vercel => &["VERCEL_TOKEN"],
        Platform::Supabase => &["SUPABASE_ACCESS_TOKEN"],
        Platform::Edge => &[],
    }
}

/// Finds a token and says in words where it came from. What was named but could not be read becomes a warning.
pub fn find(
    platform: Platform,
    account: &Account,
    env: Env<'_>,
    warnings: &mut Vec<String>,
) -> (Option<SecretString>, String) {
    if let Some(token) = &account.token {
        return (Some(token.clone()), "the configuration file".to_owned());
    }
    if let Some(path) = &account.token_file {
        match read_token(Path::new(path)) {
            Ok(token) => return (Some(token), format!("file {path}")),
            Err(error) => warnings.push(format!("token of {platform}: {}", error.what)),
        }
    }
    if let Some(command) = &account.token_command {
        match run(command) {
            Ok(token) => return (Some(token), format!("command {}", command.join(" "))),
            Err(why) => warnings.push(format!("token of {platform}: {why}")),
        }
    }
    for name in variables(platform) {
        if let Some(token) = env(name).filter(|token| !token.trim().is_empty()) {
            return (Some(SecretString::from(token.trim().to_owned())), format!("environment variable {name}"));
        }
    }
    (None, format!("nowhere: set {}", variables(platform).join(" or ")))
}

fn read_token(path: &Path) -> Result<SecretString, UserError> {
    check_private(path)?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| UserError::new(ExitCode::Usage, format!("{} cannot be read: {error}", path.display())))?;
    Ok(SecretString::from(text.trim().to_owned()))
}

fn run(command: &[String]) -> Result<SecretString, String> {
    let Some((program, arguments)) = command.split_first() else { return Err("token_command is empty".to_owned()) };
    let output = std::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .output()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || token.is_empty() {
        return Err(format!("{program} gave no token ({})", output.status));
    }
    Ok(SecretString::from(token))
}

/// Refuses a file with a token that others may read.
///
/// # Errors
/// When group or others have any right on it.
pub fn check_private(path: &Path) -> Result<(), UserError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
        if mode & 0o077 != 0 {
            let shown = path.display();
            return Err(UserError::new(ExitCode::Usage, format!("{shown} holds a token and others may read it"))
                .now("nothing was started and the token was not used")
                .hint(format!("chmod 600 {shown}")));
        }
    }
    Ok(())
}
