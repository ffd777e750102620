//! What a folder says of the product in it, by the files of the platforms' own tools. Nothing is run and nothing is asked.

use std::path::Path;

use serde::Deserialize;

use crate::config::files;
use crate::domain::amount::amount;
use crate::sanitize::Text;

/// Bytes of a file that are read.
const MOST: u64 = 256 * 1024;
/// Names of workflows that are told.
const NAMES: usize = 4;

#[derive(Deserialize)]
struct Fly {
    app: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linked {
    project_name: Option<String>,
    project_id: Option<String>,
    org_id: Option<String>,
}

/// What is recognised in a folder.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    /// `owner/name` on GitHub, as git has its origin.
    pub(super) repository: Option<Text>,
    /// There is a `fly.toml`, and the app that it names.
    pub(super) fly: Option<Option<Text>>,
    /// The folder is linked to a project of Vercel: its name, and the team.
    pub(super) vercel: Option<(Option<Text>, Option<Text>)>,
    /// There is a `vercel.json` and no link.
    pub(super) unlinked: bool,
    /// Migrations of a database, where there is one.
    pub(super) supabase: Option<usize>,
    /// File names of workflows, in order.
    pub(super) workflows: Vec<Text>,
    pub(super) dockerfile: bool,
}

impl Found {
    /// Looks into a folder.
    pub(super) fn here(folder: &Path) -> Self {
        let origin = text(&folder.join(".git/config")).and_then(|config| repository(&config));
        let app = |text: String| toml::from_str(&text).ok().and_then(|fly: Fly| fly.app).map(|app| Text::clean(&app));
        let linked = text(&folder.join(".vercel/project.json")).map(|text| {
            let one: Option<Linked> = serde_json::from_str(&text).ok();
            one.map_or((None, None), |one| {
                // A personal account is no team.
                let team = one.org_id.filter(|id| id.starts_with("team_"));
                (one.project_name.or(one.project_id).map(|name| Text::clean(&name)), team.map(|id| Text::clean(&id)))
            })
        });
        let mut workflows = listed(&folder.join(".github/workflows"), "yml");
        workflows.extend(listed(&folder.join(".github/workflows"), "yaml"));
        Self {
            repository: origin.map(|name| Text::clean(&name)),
            fly: text(&folder.join("fly.toml")).map(app),
            unlinked: linked.is_none() && folder.join("vercel.json").is_file(),
            vercel: linked,
            supabase: folder
                .join("supabase")
                .is_dir()
                .then(|| listed(&folder.join("supabase/migrations"), "sql").len()),
            workflows: workflows.iter().map(|name| Text::clean(name)).collect(),
            dockerfile: folder.join("Dockerfile").is_file(),
        }
    }

    /// A row each: the file, and what it says.
    pub(super) fn rows(&self) -> Vec<(&'static str, Text)> {
        let mut rows = Vec::new();
        let mut row = |what, says: String| rows.push((what, Text::from(says)));
        if let Some(name) = &self.repository {
            row(".git/config", format!("the repository {name} on GitHub"));
        }
        if let Some(app) = &self.fly {
            let says = app.as_ref().map(|app| format!("the app {app} on Fly.io"));
            row("fly.toml", says.unwrap_or_else(|| "names no app".to_owned()));
        }
        if let Some((name, _)) = &self.vercel {
            let says = name.as_ref().map(|name| format!("the project {name} on Vercel"));
            row(".vercel/project.json", says.unwrap_or_else(|| "names no project".to_owned()));
        }
        if self.unlinked {
            row("vercel.json", "a frontend on Vercel, not linked to a project here".to_owned());
        }
        if let Some(migrations) = self.supabase {
            row("supabase/", format!("a database, {}", amount(migrations, "migration")));
        }
        if !self.workflows.is_empty() {
            let more = self.workflows.len().saturating_sub(NAMES);
            let shown: Vec<&str> = self.workflows.iter().take(NAMES).map(Text::as_str).collect();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            row(".github/workflows", format!("{}{more}", shown.join(", ")));
        }
        if self.dockerfile {
            row("Dockerfile", "an image".to_owned());
        }
        rows
    }

    /// Whether there is a frontend on Vercel.
    pub(super) fn frontend(&self) -> bool {
        self.unlinked || self.vercel.is_some()
    }
}

/// The repository on GitHub that is the origin, by git's own file: `owner/name` and nothing else of its address.
fn repository(config: &str) -> Option<String> {
    let origin = config.lines().map(str::trim).skip_while(|line| *line != "[remote \"origin\"]").skip(1);
    let mut own = origin.take_while(|line| !line.starts_with('['));
    let url = own.find_map(|line| line.strip_prefix("url")?.trim_start().strip_prefix('='))?.trim();
    let (before, path) = url.split_once("github.com")?;
    let host = before.is_empty() || before.ends_with(['@', '/']);
    let path = path.strip_prefix([':', '/']).filter(|_| host)?.trim_end_matches('/').trim_end_matches(".git");
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    path.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name)).then(|| path.to_owned())
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(files::read(path, MOST).ok()??).ok()
}

/// Names of the files with this ending, in order.
fn listed(folder: &Path, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let ours = entries.filter(|path| path.extension().is_some_and(|its| its == ending));
    let mut names: Vec<String> =
        ours.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_platforms_tools_are_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let here = |folder: &Path| Found::here(folder).rows();
        assert!(here(folder.path()).is_empty());
        write("fly.toml", "app = 'maria-api'\nprimary_region = 'iad'\n");
        write(".vercel/project.json", r#"{"projectId":"prj_1","orgId":"team_1","projectName":"maria-web"}"#);
        write("supabase/migrations/0001_init.sql", "");
        write("supabase/migrations/notes.md", "");
        for name in ["a.yml", "b.yml", "c.yaml", "d.yml", "e.yml"] {
            write(&format!(".github/workflows/{name}"), "");
        }
        write(".git/config", "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:acme/maria.git\n");
        let rows: Vec<String> = here(folder.path()).into_iter().map(|(what, says)| format!("{what}: {says}")).collect();
        assert_eq!(
            rows,
            [
                ".git/config: the repository acme/maria on GitHub",
                "fly.toml: the app maria-api on Fly.io",
                ".vercel/project.json: the project maria-web on Vercel",
                "supabase/: a database, 1 migration",
                ".github/workflows: a.yml, b.yml, d.yml, e.yml and 1 more",
            ]
        );
        write("fly.toml", "app = [");
        assert_eq!(here(folder.path())[1].1.as_str(), "names no app");
    }

    #[test]
    fn the_origin_is_a_repository_on_github_or_none_and_nothing_else_of_its_address_is_told() {
        let of = |url: &str| repository(&format!("[remote \"origin\"]\n url = {url}\n"));
        for url in [
            "git@github.com:acme/web.git",
            "https://github.com/acme/web",
            "https://maria:ghp_secret@github.com/acme/web.git",
            "ssh://git@github.com/acme/web.git/",
        ] {
            assert_eq!(of(url).as_deref(), Some("acme/web"), "{url}");
        }
        for url in ["https://gitlab.com/acme/web", "https://notgithub.com/acme/web", "git@github.com:acme", "../web"] {
            assert_eq!(of(url), None, "{url}");
        }
        let other = "[remote \"fork\"]\nurl = git@github.com:ali/web\n[remote \"origin\"]\nfetch = +refs/heads/*\n";
        assert_eq!(repository(other), None);
    }
}
