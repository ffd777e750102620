//! Remembers for each project how its panes are arranged: a small file in the state folder, written anew as a whole.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::app::layout::Arranged;
use crate::config::Settings;

/// An arrangement takes a few lines; what is longer is none.
const LONGEST: u64 = 4096;
/// Letters of a project's name in that of its file.
const NAME: usize = 40;
/// Bytes of the digest of its name that stand behind them.
const DIGEST: usize = 6;

/// Where it is kept, and what is to be written there.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    path: PathBuf,
    next: Arc<Mutex<Option<String>>>,
}

impl Remembered {
    /// That of the project of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        let path = settings.lasting().join("layouts").join(file(&settings.project));
        Self { path, next: Arc::default() }
    }

    /// The arrangement as it was left; `None` where none was.
    ///
    /// # Errors
    /// Why what lies there is no arrangement.
    pub(super) fn read(&self) -> Result<Option<Arranged>, String> {
        match text(&self.path) {
            Ok(text) => Arranged::read(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What is to be written next, in place of what was not written yet.
    pub(super) fn put(&self, text: String) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    /// Writes what was put last, if nobody has written it. It blocks.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn write(&self) -> io::Result<()> {
        // Held while it is written, so that what came last is written last.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(text) = next.take() else { return Ok(()) };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        // Whole or not at all: another console may read it meanwhile.
        let new = self.path.with_extension(format!("{}.new", std::process::id()));
        std::fs::write(&new, text)?;
        std::fs::rename(&new, &self.path)
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    match text.len() as u64 > LONGEST {
        true => Err(io::Error::other(format!("it is longer than {LONGEST} bytes"))),
        false => Ok(text),
    }
}

/// A file name that no other project has, also where names are cut, or upper and lower case are one: the beginning of the project's name for
/// people, and a digest of all of it.
fn file(project: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = project.chars().take(NAME).map(plain).collect();
    let digest = Sha256::digest(project.as_bytes());
    let digest: String = digest.iter().take(DIGEST).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}-{digest}.toml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::layout::Named;

    #[test]
    fn what_was_put_last_is_read_again_and_what_is_no_arrangement_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("layouts").join(file("shop/../eu"));
        let one = Remembered { path: path.clone(), next: Arc::default() };
        assert_eq!(one.read(), Ok(None));
        one.put(Arranged::of(Named::Calm).text());
        one.put(Arranged::of(Named::Logs).text());
        one.write().unwrap();
        one.write().unwrap();
        assert_eq!(one.read(), Ok(Some(Arranged::of(Named::Logs))));
        for wrong in ["hidden = 7", &"#".repeat(5000)] {
            std::fs::write(&path, wrong).unwrap();
            assert!(one.read().is_err(), "{wrong}");
        }
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(one.read().is_err());
    }

    #[test]
    fn no_project_has_the_file_of_another_or_one_elsewhere() {
        let long = "maria-ai-agent".repeat(20);
        let names = [
            "shop",
            "Shop",
            "shop/eu",
            "shop_eu",
            "shop.eu",
            "../shop",
            ".",
            "",
            "日本語の店東京支店開発部門二課甲",
            "日本語の店東京支店開発部門二課乙",
        ];
        let all = names.map(str::to_owned).into_iter().chain([format!("{long}-a"), format!("{long}-b")]);
        let all: Vec<String> = all.map(|name| file(&name)).collect();
        assert!(all.iter().all(|name| !name.contains('/') && !name.starts_with('.') && name.len() < 80), "{all:?}");
        // Where upper and lower case are one.
        let apart: std::collections::BTreeSet<String> = all.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(apart.len(), all.len(), "{all:?}");
        assert!(all[0].starts_with("shop-"), "{all:?}");
    }
}
