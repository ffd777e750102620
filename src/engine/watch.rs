//! Watches files while the console runs: the project file, whose changed content is reported and used only when the person says so, and
//! one's own configuration and theme, which are used at once.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::lanes::Outbox;
use crate::config::trust::{self, Approvals};
use crate::config::{OwnTheme, files, theme as themes};
use crate::domain::fact::Fact;
use crate::domain::trust::ProjectFile;

/// How often the file's time and size are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Bytes of a configuration that are looked at.
const LONGEST: u64 = 1 << 20;

/// Tells of each content that is not the one before, and of one that was approved meanwhile, elsewhere.
pub(super) async fn watch(mut known: ProjectFile, approvals: Approvals, outbox: Outbox) {
    let mut stamp = None;
    loop {
        let (path, last) = (known.path.clone(), stamp);
        let (kept, waits) = (approvals.clone(), known.withheld());
        let look = move || {
            let now = stamp_of(&path);
            // A file that is gone may come back: editors and checkouts put another one in its place.
            let due = now.is_some() && (now != last || waits);
            (now, due.then(|| trust::look(&path, &kept).ok()).flatten())
        };
        let Ok((now, found)) = tokio::task::spawn_blocking(look).await else { return };
        stamp = now;
        if let Some(found) = found
            && (found.digest != known.digest || found.approved != known.approved)
        {
            known = found;
            outbox.tell(Fact::ProjectFile(Box::new(known.clone()))).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells each text of a theme that is not the one before. One that cannot be read is no change.
pub(super) async fn theme(mut known: OwnTheme, outbox: Outbox) {
    let mut stamp = None;
    loop {
        let (path, last) = (known.path.clone(), stamp);
        let look = move || {
            let now = stamp_of(&path);
            (now, (now.is_some() && now != last).then(|| themes::read(&path)))
        };
        let Ok((now, found)) = tokio::task::spawn_blocking(look).await else { return };
        stamp = now;
        if let Some(themes::Read::Text(text)) = found
            && text != known.text
        {
            known.text = text;
            outbox.tell(Fact::Theme(known.text.clone())).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells when one's own files hold another content than was read last.
pub(super) async fn own(mut known: Vec<(PathBuf, String)>, outbox: Outbox) {
    let mut stamps = vec![None; known.len()];
    loop {
        let (files, last) = (known.clone(), stamps.clone());
        let look = move || {
            files
                .into_iter()
                .zip(last)
                .map(|((path, digest), last)| {
                    let now = stamp_of(&path);
                    let read = (now.is_some() && now != last).then(|| files::read(&path, LONGEST).ok().flatten());
                    let found = read.flatten().map_or(digest, |bytes| trust::digest(&bytes));
                    (now, (path, found))
                })
                .unzip()
        };
        let Ok((now, found)) = tokio::task::spawn_blocking(look).await else { return };
        stamps = now;
        if found != known {
            known = found;
            outbox.tell(Fact::Configuration).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn stamp_of(path: &Path) -> Option<(SystemTime, u64)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::lanes;

    #[tokio::test(start_paused = true)]
    async fn a_theme_is_told_when_it_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.toml");
        std::fs::write(&path, "ok = { fg = \"green\" }\n").unwrap();
        let known = OwnTheme { path: path.clone(), text: "ok = { fg = \"green\" }\n".into() };
        let (outbox, mut lanes) = lanes::open();
        let judge = async {
            std::fs::write(&path, "ok = { fg = \"lightgreen\" }\n").unwrap();
            lanes.control.recv().await
        };
        tokio::select! {
            () = theme(known, outbox) => panic!("it goes on"),
            told = judge => assert!(matches!(told, Some(Fact::Theme(text)) if text.contains("lightgreen"))),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_content_of_ones_own_file_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "[ui]\n").unwrap();
        let known = vec![(path.clone(), trust::digest(b"[ui]\n"))];
        let (outbox, mut lanes) = lanes::open();
        let judge = async {
            tokio::time::sleep(LOOK * 3).await;
            assert!(lanes.control.try_recv().is_err(), "nothing has changed");
            std::fs::write(&path, "[ui]\nmouse = false\n").unwrap();
            let told = lanes.control.recv().await;
            tokio::time::sleep(LOOK * 3).await;
            (told, lanes.control.try_recv().is_err())
        };
        tokio::select! {
            () = own(known, outbox) => panic!("it goes on"),
            (told, once) = judge => assert!(matches!(told, Some(Fact::Configuration)) && once),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_content_is_told_once_and_so_is_its_approval() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("flightdeck.toml");
        std::fs::write(&path, "project = \"a\"\n").unwrap();
        let state = dir.path().display().to_string();
        let approvals = Approvals::of(&|name| (name == "FLIGHTDECK_STATE_DIR").then(|| state.clone()));
        let known = trust::look(&path, &approvals).unwrap();
        let (outbox, mut lanes) = lanes::open();
        let watching = watch(known, approvals.clone(), outbox);
        let judge = async {
            std::fs::write(&path, "project = \"another\"\n[state]\ndir = \"elsewhere\"\n").unwrap();
            let Some(Fact::ProjectFile(changed)) = lanes.control.recv().await else { return None };
            assert!(changed.withheld(), "{changed:?}");
            approvals.approve(&changed, jiff::Timestamp::UNIX_EPOCH).unwrap();
            let Some(Fact::ProjectFile(approved)) = lanes.control.recv().await else { return None };
            Some((approved.digest == changed.digest, approved.approved))
        };
        tokio::select! {
            () = watching => panic!("it goes on"),
            seen = judge => assert_eq!(seen, Some((true, true))),
        }
    }
}
