//! Finds out who uses the console, for locks, marks and the journal, which other people read.

use std::path::{Path, PathBuf};

use super::effective::Origin;
use super::inputs::folder;
use crate::sanitize::Text;

/// Bytes of a file of git that are read at most.
const MOST: u64 = 1 << 20;
/// Characters of a name.
const LONG: usize = 80;

/// The name that was given, else git's identity, else the system's name of the user; without a given name always with the user's
/// number and the machine, for one name may be many people.
pub(super) fn who(env: &dyn Fn(&str) -> Option<String>) -> String {
    if let Some(name) = env("FLIGHTDECK_WHO").and_then(|name| clean(&name)) {
        return name;
    }
    let place = format!("{} on {}", user(), host(env));
    let system = || ["USER", "LOGNAME"].iter().find_map(|name| clean(&env(name)?));
    match git(env).or_else(system) {
        Some(name) => format!("{name} ({place})"),
        None => place,
    }
}

/// Where that name came from.
pub(super) fn origin(env: &dyn Fn(&str) -> Option<String>) -> Origin {
    let words = match () {
        () if env("FLIGHTDECK_WHO").is_some_and(|name| clean(&name).is_some()) => {
            return Origin::Variable("FLIGHTDECK_WHO");
        }
        () if git(env).is_some() => "git's identity",
        () => "the system's name of the user",
    };
    Origin::Elsewhere(Text::clean(words))
}

/// Git's identity, as its commits carry it.
fn git(env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let home = env("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    // The later one wins, as git reads them. A repository's own file is not asked: it may be anybody's.
    let files = match env("GIT_CONFIG_GLOBAL") {
        Some(path) => vec![PathBuf::from(path)],
        None => {
            let wide = folder(env, "XDG_CONFIG_HOME", ".config").map(|folder| folder.join("git").join("config"));
            wide.into_iter().chain(home.map(|home| home.join(".gitconfig"))).collect()
        }
    };
    let (mut name, mut email) = (None, None);
    for text in files.iter().filter_map(|path| read(path)) {
        let (named, mailed) = identity(&text);
        (name, email) = (named.or(name), mailed.or(email));
    }
    let given = |variable: &str, found: Option<String>| env(variable).or(found).and_then(|text| clean(&text));
    match (given("GIT_AUTHOR_NAME", name), given("GIT_AUTHOR_EMAIL", email)) {
        (Some(name), Some(email)) => Some(format!("{name} <{email}>")),
        (name, email) => name.or(email),
    }
}

/// `user.name` and `user.email` of a file of git.
fn identity(text: &str) -> (Option<String>, Option<String>) {
    let (mut name, mut email) = (None, None);
    let mut here = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            here = section.split(']').next().is_some_and(|section| section.trim().eq_ignore_ascii_case("user"));
        }
        let Some((key, value)) = line.split_once('=').filter(|_| here) else { continue };
        let value = value.trim();
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => value.split(['#', ';']).next().unwrap_or_default().trim_end(),
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "name" => name = Some(value.to_owned()),
            "email" => email = Some(value.to_owned()),
            _ => {}
        }
    }
    (name, email)
}

/// A small file; a pipe would be waited for.
fn read(path: &Path) -> Option<String> {
    let found = path.metadata().ok()?;
    if !found.is_file() || found.len() > MOST {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

fn clean(name: &str) -> Option<String> {
    let name: String = Text::clean(name).as_str().trim().chars().take(LONG).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(unix)]
fn user() -> String {
    format!("uid {}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn user() -> String {
    "user".to_owned()
}

#[cfg(unix)]
fn host(_env: &dyn Fn(&str) -> Option<String>) -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    clean(&name).unwrap_or_else(|| "an unnamed machine".to_owned())
}

#[cfg(not(unix))]
fn host(env: &dyn Fn(&str) -> Option<String>) -> String {
    env("COMPUTERNAME").and_then(|name| clean(&name)).unwrap_or_else(|| "an unnamed machine".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_never_somebody() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().display().to_string();
        let named = |given: &'static [(&'static str, &'static str)]| {
            let home = home.clone();
            who(&move |name: &str| {
                let found = given.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
                found.or_else(|| (name == "HOME").then(|| home.clone()))
            })
        };
        let place = format!("{} on {}", user(), host(&|_| None));
        assert!(place.starts_with("uid ") && !place.ends_with("on "), "{place}");
        assert_eq!(named(&[]), place);
        assert_eq!(named(&[("USER", "maria")]), format!("maria ({place})"));
        let text = "# mine\n[core]\n\tname = wrong\n[user]\n\tname = \"Maria Q\" ; me\n\temail = maria@example.com # work\n[alias]\n\temail = x\n";
        std::fs::write(dir.path().join(".gitconfig"), text).unwrap();
        assert_eq!(named(&[("USER", "maria")]), format!("Maria Q <maria@example.com> ({place})"));
        assert_eq!(named(&[("GIT_AUTHOR_NAME", "Ali")]), format!("Ali <maria@example.com> ({place})"));
        assert_eq!(named(&[("FLIGHTDECK_WHO", "release bot\u{1b}[31m")]), "release bot");
    }
}
