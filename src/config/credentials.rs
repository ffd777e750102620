//! Tokens: from the configuration, a file or a command, else from the variables that each platform's own tools read, else from
//! the place where such a tool keeps its own. Never from a flag, never printed.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use secrecy::SecretString;

use super::file::Account;
use super::load::Env;
use crate::domain::environment::Platform;
use crate::error::{ExitCode, UserError};

/// Longest wait for a command that prints a token: a keyring may ask its owner first.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a token at most; Fly's are the longest, with several joined.
const LONGEST: u64 = 64 << 10;

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

/// The address of a platform with one base; empty for the others.
#[must_use]
pub fn default_base(platform: Platform) -> &'static str {
    match platform {
        Platform::Github => "https://api.github.com",
        Platform::Vercel => "https://api.vercel.com",
        Platform::Supabase => "https://api.supabase.com",
        Platform::Fly | Platform::Edge => "",
    }
}

/// Finds a token and says in words where it came from. What was named but gave none becomes a warning. `at_home` = the
/// platform is asked at its own address: only there goes what a tool stored for it.
pub fn find(
    platform: Platform,
    account: &Account,
    at_home: bool,
    env: Env<'_>,
    warnings: &mut Vec<String>,
) -> (Option<SecretString>, String) {
    if let Some(token) = &account.token {
        if !secrecy::ExposeSecret::expose_secret(token).trim().is_empty() {
            return (Some(token.clone()), "the configuration file".to_owned());
        }
        warnings.push(format!("token of {platform}: it is empty"));
    }
    if let Some(path) = &account.token_file {
        match read_token(Path::new(path)) {
            Ok(token) => return (Some(token), format!("file {path}")),
            Err(error) => warnings.push(format!("token of {platform}: {}{}", error.what, advice(&error))),
        }
    }
    if let Some(command) = &account.token_command {
        // Its arguments may be secret themselves.
        let program = command.first().map_or("", String::as_str).escape_debug();
        match run(command, PATIENCE) {
            Ok(token) => return (Some(token), format!("command {program}")),
            Err(why) => warnings.push(format!("token of {platform}: {why}")),
        }
    }
    for name in variables(platform) {
        if let Some(token) = env(name).filter(|token| !token.trim().is_empty()) {
            return (Some(SecretString::from(token.trim().to_owned())), format!("environment variable {name}"));
        }
    }
    if at_home && let Some(found) = stored(platform, env, warnings) {
        return found;
    }
    (None, format!("nowhere: {}", remedy(platform)))
}

fn remedy(platform: Platform) -> String {
    let set = format!("set {}", variables(platform).join(" or "));
    match platform {
        Platform::Github => format!("{set}, or log in with gh auth login"),
        Platform::Supabase => format!("{set}, or log in with supabase login"),
        _ => set,
    }
}

fn advice(error: &UserError) -> String {
    error.hints.first().map(|hint| format!(" ({hint})")).unwrap_or_default()
}

/// What the platform's own tool keeps (github.md section 9, supabase.md section 1).
fn stored(platform: Platform, env: Env<'_>, warnings: &mut Vec<String>) -> Option<(Option<SecretString>, String)> {
    match platform {
        Platform::Github => {
            let gh = program("gh", env)?;
            let command =
                [gh.to_string_lossy().as_ref(), "auth", "token", "--hostname", "github.com"].map(str::to_owned);
            // Not logged in is no mistake: the remedy says so.
            run(&command, PATIENCE).ok().map(|token| (Some(token), "gh auth token".to_owned()))
        }
        Platform::Supabase => {
            let home = env("HOME").map(PathBuf::from).filter(|home| home.is_absolute())?;
            let path = home.join(".supabase").join("access-token");
            if !path.exists() {
                return None;
            }
            match read_token(&path) {
                Ok(token) => Some((Some(token), format!("file {}", path.display()))),
                Err(error) => {
                    warnings.push(format!("token of {platform}: {}{}", error.what, advice(&error)));
                    None
                }
            }
        }
        _ => None,
    }
}

/// A program on the search path. Relative folders of it do not count: they would run what lies in the project.
fn program(name: &str, env: Env<'_>) -> Option<PathBuf> {
    let path = env("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|at| at.is_file())
}

fn read_token(path: &Path) -> Result<SecretString, UserError> {
    check_private(path)?;
    let shown = path.display();
    let failed = |why: String| UserError::new(ExitCode::Usage, format!("{shown} {why}"));
    let file = std::fs::File::open(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| failed(format!("cannot be read: {error}")))?;
    if text.trim().is_empty() {
        return Err(failed("is empty".to_owned()));
    }
    Ok(SecretString::from(text.trim().to_owned()))
}

/// Runs a command that prints a token. One that hangs is ended: nobody sees its question, and the console must open.
fn run(command: &[String], patience: Duration) -> Result<SecretString, String> {
    let (program, arguments) = command.split_first().ok_or("token_command is empty")?;
    let shown = program.escape_debug();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{shown} cannot be run: {error}"))?;
    let (done, finished) = mpsc::sync_channel(1);
    let output = child.stdout.take();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(LONGEST).read_to_end(&mut bytes));
        // Nobody listens any more when patience has ended.
        let _ = done.send(read.is_some_and(|read| read.is_ok()).then_some(bytes));
    });
    let bytes = finished.recv_timeout(patience).ok().flatten();
    let Some(bytes) = bytes else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{shown} gave no answer in {} s", patience.as_secs()));
    };
    let status = leave(&mut child, patience).ok_or_else(|| format!("{shown} did not end"))?;
    let token = String::from_utf8(bytes).unwrap_or_default().trim().to_owned();
    if !status.success() || token.is_empty() {
        return Err(format!("{shown} gave no token ({status})"));
    }
    Ok(SecretString::from(token))
}

/// Waits for a child that has closed its output; ends it when it stays.
fn leave(child: &mut std::process::Child, patience: Duration) -> Option<std::process::ExitStatus> {
    // A channel that nobody writes to: a pause that is bounded by its own time-out.
    let (_open, pause) = mpsc::sync_channel::<()>(1);
    let step = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    while waited < patience {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        let _ = pause.recv_timeout(step);
        waited += step;
    }
    let _ = child.kill();
    let _ = child.wait();
    None
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

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_command_gives_its_first_words_as_token() {
        assert_eq!(run(&shell("echo '  abc  '"), PATIENCE).unwrap().expose_secret(), "abc");
        assert!(run(&shell("echo abc; exit 3"), PATIENCE).unwrap_err().contains("gave no token"));
        assert!(run(&shell("true"), PATIENCE).unwrap_err().contains("gave no token"));
        assert!(run(&["/no/such/program".to_owned()], PATIENCE).unwrap_err().contains("cannot be run"));
        assert_eq!(run(&[], PATIENCE).unwrap_err(), "token_command is empty");
    }

    #[test]
    fn a_command_that_hangs_does_not_hold_the_console() {
        let short = Duration::from_millis(50);
        assert!(run(&shell("exec sleep 600"), short).unwrap_err().contains("gave no answer"));
        assert!(run(&shell("echo abc; exec sleep 600 >&-"), short).unwrap_err().contains("did not end"));
    }

    #[test]
    fn a_command_that_never_stops_talking_is_cut_short() {
        assert!(run(&shell("exec yes"), PATIENCE).is_err());
    }

    /// A program called gh in a folder, which prints what it was asked.
    fn with_gh() -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let gh = folder.path().join("gh");
        std::fs::write(&gh, "#!/bin/sh\nprintf %s \"$*\" | tr ' ' _\n").unwrap();
        std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn gh_is_asked_last_and_only_for_its_own_host() {
        let folder = with_gh();
        let path = folder.path().display().to_string();
        let env = |name: &str| (name == "PATH").then(|| path.clone());
        let ask =
            |at_home: bool, env: Env<'_>| find(Platform::Github, &Account::default(), at_home, env, &mut Vec::new());
        let (token, origin) = ask(true, &env);
        assert_eq!((token.unwrap().expose_secret(), &*origin), ("auth_token_--hostname_github.com", "gh auth token"));
        assert!(ask(false, &env).0.is_none(), "a login of github.com is for github.com");
        let both = |name: &str| if name == "GITHUB_TOKEN" { Some("var".to_owned()) } else { env(name) };
        assert_eq!(ask(true, &both).1, "environment variable GITHUB_TOKEN");
        let (none, origin) = ask(true, &|_| None);
        assert!(none.is_none() && origin.contains("GH_TOKEN") && origin.contains("gh auth login"), "{origin}");
    }

    #[test]
    fn a_program_in_the_project_is_not_taken_for_a_tool() {
        assert!(program("sh", &|_| Some("/bin:/usr/bin".to_owned())).is_some());
        assert!(program("Cargo.toml", &|_| Some(".::".to_owned())).is_none());
    }

    #[test]
    fn the_token_of_the_supabase_tool_must_be_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".supabase").join("access-token");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "sbp_abc\n").unwrap();
        let env = |name: &str| (name == "HOME").then(|| home.path().display().to_string());
        let mut warnings = Vec::new();
        let mut ask = || find(Platform::Supabase, &Account::default(), true, &env, &mut warnings).0;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(ask().is_none());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(ask().unwrap().expose_secret(), "sbp_abc");
        assert!(warnings.len() == 1 && warnings[0].contains("chmod 600"), "{warnings:?}");
    }
}
