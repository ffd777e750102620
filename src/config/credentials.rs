//! Tokens: from the configuration, a file or a command, else from the variables that each platform's own tools read, else from
//! the place where such a tool keeps its own. Never from a flag, never printed.

mod command;
pub(super) mod source;

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use source::TokenSource;

use super::inputs::Env;
use super::tables::platforms::Account;
use super::token::{self, Asked, Token};
use crate::domain::environment::Platform;
use crate::error::{ExitCode, UserError};

/// Bytes of a token at most; Fly's are the longest, with several joined.
const LONGEST: u64 = 64 << 10;

/// Variables in the order in which the platform's own tool prefers them (docs/platforms/fly.md section 1, docs/platforms/github.md
/// section 9, docs/platforms/vercel.md section 13, docs/platforms/supabase.md section 1).
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

/// Fly's Machines API, and its web API.
pub const FLY_BASES: [&str; 2] = ["https://api.machines.dev", "https://api.fly.io"];

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

/// The addresses of a platform: the key of each, what is written there, and the usual one.
pub(super) fn addresses(platform: Platform, account: &Account) -> Vec<(&'static str, &Option<String>, &'static str)> {
    match platform {
        Platform::Fly => vec![("machines", &account.machines, FLY_BASES[0]), ("api", &account.api, FLY_BASES[1])],
        other => vec![("base", &account.base, default_base(other))],
    }
}

/// Finds a token and says in words where it came from. What was named but gave none becomes a warning. `at_home` = the
/// platform is asked at its own address: only there goes what a tool stored for it. `dry` = no command is run.
pub fn find(
    platform: Platform,
    account: &Account,
    (at_home, dry): (bool, bool),
    env: Env<'_>,
    warnings: &mut Vec<String>,
) -> Token {
    let mut asked = None;
    let token = search(platform, account, (at_home, dry), env, (warnings, &mut asked));
    // Who reads the configuration without running anything comes as far as the first command.
    if token.asked().is_some() { token } else { token.asking(asked) }
}

/// The same; tells which command it reached first.
fn search(
    platform: Platform,
    account: &Account,
    (at_home, dry): (bool, bool),
    env: Env<'_>,
    (warnings, asked): (&mut Vec<String>, &mut Option<Asked>),
) -> Token {
    if account.withheld {
        return Token::fixed(None, token::WITHHELD);
    }
    if let Some(token) = &account.token {
        let token = Token::fixed(Some(token.clone()), "the configuration file");
        if token.get().is_some() {
            return token;
        }
        warnings.push(format!("token of {platform}: it is empty"));
    }
    let named = account.token_file.as_ref().map(|path| TokenSource::File(PathBuf::from(path)));
    let named = named.into_iter().chain(account.token_command.clone().map(TokenSource::Command));
    for source in named {
        if let Some(unread) = source.unread(dry) {
            return unread;
        }
        *asked = asked.take().or_else(|| source.asked(true));
        match source.read() {
            Ok(token) => return Token::from_source(token, source),
            Err(why) => warnings.push(format!("token of {platform}: {why}")),
        }
    }
    for name in variables(platform) {
        if let Some(token) = env(name).filter(|token| !token.trim().is_empty()) {
            let token = SecretString::from(token.trim().to_owned());
            return Token::fixed(Some(token), &format!("environment variable {name}"));
        }
    }
    if at_home && let Some(found) = stored(platform, dry, env, (warnings, asked)) {
        return found;
    }
    Token::fixed(None, &format!("nowhere: {}", remedy(platform)))
}

fn remedy(platform: Platform) -> String {
    let set = format!("set {}", variables(platform).join(" or "));
    match platform {
        Platform::Github => format!("{set}, or log in with gh auth login"),
        Platform::Supabase => format!("{set}, or log in with supabase login"),
        Platform::Fly => format!("{set}, or log in with fly auth login"),
        Platform::Vercel => format!("{set}, or log in with vercel login"),
        Platform::Edge => set,
    }
}

/// What the platform's own tool keeps (docs/platforms/github.md section 9, docs/platforms/supabase.md section 1,
/// docs/platforms/fly.md section 1, docs/platforms/vercel.md section 13).
fn stored(
    platform: Platform,
    dry: bool,
    env: Env<'_>,
    (warnings, asked): (&mut Vec<String>, &mut Option<Asked>),
) -> Option<Token> {
    let source = match platform {
        Platform::Github => {
            let source = TokenSource::Gh(program("gh", env)?);
            if let Some(unread) = source.unread(dry) {
                return Some(unread);
            }
            *asked = asked.take().or_else(|| source.asked(true));
            // Not logged in is no mistake: the remedy says so.
            return source.read().ok().map(|token| Token::from_source(token, source));
        }
        Platform::Supabase => TokenSource::File(folder(env, &[], &[".supabase", "access-token"])?),
        Platform::Fly => TokenSource::Flyctl(folder(env, &["FLY_CONFIG_DIR"], &[".fly", "config.yml"])?),
        Platform::Vercel => TokenSource::VercelCli(vercel_cli(env)?),
        Platform::Edge => return None,
    };
    match source.read() {
        Ok(token) => Some(Token::from_source(token, source)),
        Err(why) => {
            warnings.push(format!("token of {platform}: {why}"));
            None
        }
    }
}

/// A file in a tool's folder: the folder that a variable names, else one in the home folder; `None` when it is not there.
fn folder(env: Env<'_>, variables: &[&str], parts: &[&str]) -> Option<PathBuf> {
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    let named = variables.iter().find_map(|name| absolute(PathBuf::from(env(name)?)));
    let (base, parts) = match named {
        Some(base) => (base, parts.get(1..)?),
        None => (absolute(PathBuf::from(env("HOME")?))?, parts),
    };
    Some(parts.iter().fold(base, |path, part| path.join(part))).filter(|path| path.exists())
}

fn vercel_cli(env: Env<'_>) -> Option<PathBuf> {
    let file = ["com.vercel.cli", "auth.json"];
    let linux = [&[".local/share"], &file[..]].concat();
    let mac = [&["Library/Application Support"], &file[..]].concat();
    folder(env, &["XDG_DATA_HOME"], &linux).or_else(|| folder(env, &[], &mac))
}

/// A program on the search path. Relative folders of it do not count: they would run what lies in the project.
fn program(name: &str, env: Env<'_>) -> Option<PathBuf> {
    let path = env("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|at| at.is_file())
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
        let ask = |at_home: bool, env: Env<'_>| {
            find(Platform::Github, &Account::default(), (at_home, false), env, &mut Vec::new())
        };
        let token = ask(true, &env);
        assert_eq!(token.get().unwrap().expose_secret(), "auth_token_--hostname_github.com");
        assert_eq!(token.origin(), "gh auth token");
        assert!(ask(false, &env).get().is_none(), "a login of github.com is for github.com");
        let both = |name: &str| if name == "GITHUB_TOKEN" { Some("var".to_owned()) } else { env(name) };
        assert_eq!(ask(true, &both).origin(), "environment variable GITHUB_TOKEN");
        let none = ask(true, &|_| None);
        let origin = none.origin();
        assert!(none.get().is_none() && origin.contains("GH_TOKEN") && origin.contains("gh auth login"), "{origin}");
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
        let mut ask = || find(Platform::Supabase, &Account::default(), (true, false), &env, &mut warnings).get();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(ask().is_none());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(ask().unwrap().expose_secret(), "sbp_abc");
        assert!(warnings.len() == 1 && warnings[0].contains("chmod 600"), "{warnings:?}");
    }

    #[test]
    fn the_logins_of_flyctl_and_of_vercel_are_found_where_they_keep_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        write(".fly/config.yml", "access_token: fm2_home\n");
        write("other/config.yml", "access_token: fm2_other\n");
        write(".local/share/com.vercel.cli/auth.json", "{\"token\": \"vtoken\"}");
        let at = |path: &str| home.path().join(path).display().to_string();
        let env = |name: &str| (name == "HOME").then(|| at(""));
        let ask = |platform, env: Env<'_>| {
            let token = find(platform, &Account::default(), (true, false), env, &mut Vec::new());
            token.get().map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(ask(Platform::Fly, &env).as_deref(), Some("fm2_home"));
        assert_eq!(ask(Platform::Vercel, &env).as_deref(), Some("vtoken"));
        let other = |name: &str| if name == "FLY_CONFIG_DIR" { Some(at("other")) } else { env(name) };
        assert_eq!(ask(Platform::Fly, &other).as_deref(), Some("fm2_other"));
    }
}
