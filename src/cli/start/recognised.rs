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
}

/// What is recognised, a row each: the file, and what it says.
pub(super) fn here(folder: &Path) -> Vec<(&'static str, Text)> {
    let mut rows = Vec::new();
    let mut row = |what, says: String| rows.push((what, Text::clean(&says)));
    if let Some(text) = text(&folder.join("fly.toml")) {
        let app = toml::from_str(&text).ok().and_then(|fly: Fly| fly.app);
        row("fly.toml", app.map_or_else(|| "names no app".to_owned(), |app| format!("the app {app} on Fly.io")));
    }
    if let Some(text) = text(&folder.join(".vercel/project.json")) {
        let linked: Option<Linked> = serde_json::from_str(&text).ok();
        let name = linked.and_then(|one| one.project_name.or(one.project_id));
        row(
            ".vercel/project.json",
            name.map_or_else(|| "names no project".to_owned(), |name| format!("the project {name} on Vercel")),
        );
    } else if folder.join("vercel.json").is_file() {
        row("vercel.json", "a frontend on Vercel, not linked to a project here".to_owned());
    }
    if folder.join("supabase").is_dir() {
        let migrations = listed(&folder.join("supabase/migrations"), "sql").len();
        row("supabase/", format!("a database, {}", amount(migrations, "migration")));
    }
    let mut workflows = listed(&folder.join(".github/workflows"), "yml");
    workflows.extend(listed(&folder.join(".github/workflows"), "yaml"));
    if !workflows.is_empty() {
        let more = workflows.len().saturating_sub(NAMES);
        workflows.truncate(NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        row(".github/workflows", format!("{}{more}", workflows.join(", ")));
    }
    if folder.join("Dockerfile").is_file() {
        row("Dockerfile", "an image".to_owned());
    }
    rows
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
        assert!(here(folder.path()).is_empty());
        write("fly.toml", "app = 'maria-api'\nprimary_region = 'iad'\n");
        write(".vercel/project.json", r#"{"projectId":"prj_1","orgId":"team_1","projectName":"maria-web"}"#);
        write("supabase/migrations/0001_init.sql", "");
        write("supabase/migrations/notes.md", "");
        for name in ["a.yml", "b.yml", "c.yaml", "d.yml", "e.yml"] {
            write(&format!(".github/workflows/{name}"), "");
        }
        let rows: Vec<String> = here(folder.path()).into_iter().map(|(what, says)| format!("{what}: {says}")).collect();
        assert_eq!(
            rows,
            [
                "fly.toml: the app maria-api on Fly.io",
                ".vercel/project.json: the project maria-web on Vercel",
                "supabase/: a database, 1 migration",
                ".github/workflows: a.yml, b.yml, d.yml, e.yml and 1 more",
            ]
        );
        write("fly.toml", "app = [");
        assert_eq!(here(folder.path())[0].1.as_str(), "names no app");
    }
}
