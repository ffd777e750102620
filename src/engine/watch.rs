//! Watches files while the console runs: the project file, whose changed content is reported and used only when the person says so, and
//! one's own configuration and theme, which are used at once.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::lanes::Outbox;
use crate::config::trust::{self, Approvals};
use crate::config::{OwnFile, OwnTheme, files, theme as themes};
use crate::domain::fact::Fact;
use crate::domain::trust::ProjectFile;

/// How often the file's time and size are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long a file that has changed is left alone before it is read: many editors empty it first and write it then.
const SETTLE: Duration = Duration::from_millis(250);
/// Bytes of a configuration that are looked at.
const LONGEST: u64 = 1 << 20;

/// Tells of each content that is not the one before, and of one that was approved meanwhile, elsewhere.
pub(super) async fn watch(mut known: ProjectFile, approvals: Approvals, outbox: Outbox) {
    let mut stamp = Stamp::default();
    loop {
        let path = known.path.clone();
        let (kept, waits) = (approvals.clone(), known.withheld());
        let look = move || {
            let due = stamp.look(&path) || (waits && stamp.at_rest());
            (stamp, due.then(|| trust::look(&path, &kept).ok()).flatten())
        };
        let Ok((seen, found)) = tokio::task::spawn_blocking(look).await else { return };
        stamp = seen;
        if let Some(found) = found
            && (found.digest != known.digest || found.approved != known.approved)
        {
            known = found;
            outbox.tell(Fact::ProjectFile(Box::new(known.clone()))).await;
        }
        tokio::time::sleep(stamp.pause()).await;
    }
}

/// Tells each text of the theme that is worn which is not the one before, whichever theme that is meanwhile.
pub(super) async fn theme(mut worn: tokio::sync::watch::Receiver<Option<OwnTheme>>, outbox: Outbox) {
    loop {
        let now = worn.borrow_and_update().clone();
        let follow = async {
            match now {
                Some(own) => follow(own, &outbox).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = worn.changed() => if changed.is_err() { return },
            () = follow => return,
        }
    }
}

/// The same of one file. One that cannot be read is no change.
async fn follow(mut known: OwnTheme, outbox: &Outbox) {
    let mut stamp = Stamp::default();
    loop {
        let path = known.path.clone();
        let look = move || {
            let due = stamp.look(&path);
            (stamp, due.then(|| themes::read(&path)))
        };
        let Ok((seen, found)) = tokio::task::spawn_blocking(look).await else { return };
        stamp = seen;
        if let Some(themes::Read::Text(text)) = found
            && text != known.text
        {
            known.text = text;
            outbox.tell(Fact::Theme(known.path.clone(), known.text.clone())).await;
        }
        tokio::time::sleep(stamp.pause()).await;
    }
}

/// Tells when one's own file holds another content than was read last, comes, or goes. One that cannot be read is no change.
pub(super) async fn own(mut known: OwnFile, outbox: Outbox) {
    let mut stamp = Stamp::default();
    loop {
        let path = known.path.clone();
        let look = move || {
            let before = stamp;
            if stamp.look(&path) {
                let read = files::read(&path, LONGEST).ok().flatten();
                return (stamp, read.map(|bytes| Some(trust::digest(&bytes))));
            }
            // What an editor puts in its place is not there for a moment.
            let gone = before.seen.is_none() && stamp.seen.is_none() && path.try_exists().is_ok_and(|there| !there);
            (stamp, gone.then_some(None))
        };
        let Ok((seen, found)) = tokio::task::spawn_blocking(look).await else { return };
        stamp = seen;
        if let Some(digest) = found.filter(|digest| *digest != known.digest) {
            known.digest = digest;
            outbox.tell(Fact::Configuration).await;
        }
        tokio::time::sleep(stamp.pause()).await;
    }
}

/// A file's time and size as they were last seen, and as they were when it was last read.
#[derive(Debug, Clone, Copy, Default)]
struct Stamp {
    seen: Option<(SystemTime, u64)>,
    read: Option<(SystemTime, u64)>,
}

impl Stamp {
    /// Looks at the file. Whether it is to be read: it is another one than was read, and the same as at the look before. One that is gone
    /// may come back, since editors and checkouts put another one in its place.
    fn look(&mut self, path: &Path) -> bool {
        let meta = std::fs::metadata(path).ok();
        let now = meta.and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        let due = now.is_some() && now == self.seen && now != self.read;
        self.seen = now;
        if due || now.is_none() {
            self.read = now;
        }
        due
    }

    /// Whether the file is there and is the one that was read.
    fn at_rest(&self) -> bool {
        self.seen.is_some() && self.seen == self.read
    }

    /// How long to wait before the next look.
    fn pause(&self) -> Duration {
        if self.seen.is_some() && self.seen != self.read { SETTLE } else { LOOK }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::engine::lanes;

    #[test]
    fn a_file_is_read_once_it_has_been_left_alone_between_two_looks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let mut stamp = Stamp::default();
        assert!(!stamp.look(&path) && stamp.pause() == LOOK, "there is none");
        std::fs::write(&path, "").unwrap();
        assert!(!stamp.look(&path) && stamp.pause() == SETTLE, "an editor has emptied it");
        std::fs::write(&path, "[ui]\n").unwrap();
        assert!(!stamp.look(&path) && stamp.pause() == SETTLE, "it has just been written");
        assert!(stamp.look(&path) && stamp.pause() == LOOK && stamp.at_rest());
        assert!(!stamp.look(&path), "it was read");
    }

    #[tokio::test(start_paused = true)]
    async fn a_theme_is_told_when_it_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.toml");
        std::fs::write(&path, "ok = { fg = \"green\" }\n").unwrap();
        let known = OwnTheme { path: path.clone(), text: "ok = { fg = \"green\" }\n".into() };
        let worn = tokio::sync::watch::Sender::new(Some(known));
        let (outbox, mut lanes) = lanes::open();
        let judge = async {
            std::fs::write(&path, "ok = { fg = \"lightgreen\" }\n").unwrap();
            lanes.control.recv().await
        };
        tokio::select! {
            () = theme(worn.subscribe(), outbox) => panic!("it goes on"),
            told = judge => assert!(matches!(told, Some(Fact::Theme(of, text)) if of == path && text.contains("lightgreen"))),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_theme_that_is_chosen_meanwhile_is_watched_in_place_of_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["first.toml", "second.toml"].map(|name| dir.path().join(name));
        let write = |path: &PathBuf, text: &str| std::fs::write(path, text).unwrap();
        let own = |path: &PathBuf| OwnTheme { path: path.clone(), text: "#\n".into() };
        write(&first, "#\n");
        write(&second, "#\n");
        let worn = tokio::sync::watch::Sender::new(None);
        let (outbox, mut lanes) = lanes::open();
        let judge = async {
            worn.send_replace(Some(own(&first)));
            tokio::time::sleep(LOOK * 2).await;
            worn.send_replace(Some(own(&second)));
            tokio::time::sleep(LOOK * 2).await;
            write(&first, "# nobody wears it\n");
            write(&second, "# written anew\n");
            lanes.control.recv().await
        };
        tokio::select! {
            () = theme(worn.subscribe(), outbox) => panic!("it goes on"),
            told = judge => assert!(matches!(told, Some(Fact::Theme(of, _)) if of == second)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn ones_own_file_is_noticed_when_it_comes_when_it_goes_and_when_it_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (dir.path().join("config.toml"), dir.path().join("aside.toml"));
        let (outbox, mut lanes) = lanes::open();
        let judge = async {
            tokio::time::sleep(LOOK * 3).await;
            assert!(lanes.control.try_recv().is_err(), "there is none, as before");
            let mut told = Vec::new();
            std::fs::write(&path, "[ui]\n").unwrap();
            told.push(lanes.control.recv().await);
            std::fs::rename(&path, &aside).unwrap();
            told.push(lanes.control.recv().await);
            std::fs::rename(&aside, &path).unwrap();
            told.push(lanes.control.recv().await);
            tokio::time::sleep(LOOK * 3).await;
            (told, lanes.control.try_recv().is_err())
        };
        tokio::select! {
            () = own(OwnFile { path: path.clone(), digest: None }, outbox) => panic!("it goes on"),
            (told, once) = judge => {
                assert!(told.iter().all(|fact| matches!(fact, Some(Fact::Configuration))) && once, "{told:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_content_of_ones_own_file_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "[ui]\n").unwrap();
        let known = OwnFile { path: path.clone(), digest: Some(trust::digest(b"[ui]\n")) };
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
