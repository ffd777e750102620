//! Carries effects out: hands work to the engine, bytes to the terminal, and the rest to the system in the background.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::Reload;
use super::layout::Remembered;
use super::surface::Surface;
use crate::action::{Action, Keys};
use crate::app::effect::Effect;
use crate::app::msg::Msg;
use crate::config::Settings;
use crate::domain::fact::Fact;
use crate::domain::notice::Notice;
use crate::domain::trust::ProjectFile;
use crate::engine::EngineHandle;
use crate::sanitize::Text;
use crate::term::osc;

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Go,
    /// End.
    End,
}

/// What it came to, where that is to be told.
type Background = Pin<Box<dyn Future<Output = Option<Msg>> + Send>>;

/// Whether the settings are being read. One reading at a time: what is written meanwhile is read after it, so that no older one is
/// taken for the newest because it took longer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    Not,
    /// They are.
    Once,
    /// They are, and something was written meanwhile.
    Again,
}

/// Executes effects. Work that takes time runs in [`Performer::finished`], which the loop polls, so nothing outlives it.
pub struct Performer {
    engine: EngineHandle,
    saves: PathBuf,
    remembered: Remembered,
    background: FuturesUnordered<Background>,
    reload: Option<Reload>,
    /// The settings are being read, to see what they say.
    reading: Reading,
    /// Settings that were read anew.
    next: Arc<Mutex<Option<Settings>>>,
}

impl Performer {
    /// A performer for this engine.
    #[must_use]
    pub fn new(engine: EngineHandle, settings: &Settings, reload: Option<Reload>) -> Self {
        let (saves, background) = (settings.lasting().join("saved"), FuturesUnordered::new());
        let remembered = Remembered::of(settings);
        Self { engine, saves, remembered, background, reload, reading: Reading::Not, next: Arc::default() }
    }

    /// Gives the engine back, to shut it down, and the settings that were read anew.
    #[must_use]
    pub fn into_parts(self) -> (EngineHandle, Option<Settings>) {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        (self.engine, next)
    }

    /// Writes what nobody has come to write: how the panes were arranged just before the end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle(&self) -> io::Result<()> {
        self.remembered.write()
    }

    /// What the next background work came to; pends while there is none.
    pub async fn finished(&mut self) -> Option<Msg> {
        loop {
            match self.background.next().await {
                // What was read before something was written says nothing any more.
                Some(Some(Msg::Settings(_))) if std::mem::take(&mut self.reading) == Reading::Again => self.reread(),
                Some(Some(msg)) => return Some(msg),
                Some(None) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Carries one effect out; what is told of it names the keys in force. `Quit` and `Restart` are the loop's own.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn perform<S: Surface>(&mut self, effect: Effect, surface: &mut S, keys: Keys) -> io::Result<()> {
        match effect {
            Effect::Refresh(feeds) => self.engine.refresh(&feeds),
            Effect::Count(ends) => self.engine.count(ends),
            Effect::Preflight(req, env, request, continues) => self.engine.preflight(req, env, request, continues),
            Effect::Verified(service, deployment, sha) => self.engine.verified(service, deployment, sha),
            Effect::Lock(env, why, until) => self.engine.lock(env, why, until),
            Effect::Unlock(env, over) => self.engine.unlock(env, over),
            Effect::Mark(sha, why) => self.engine.mark(sha, why),
            Effect::Answer(op, go) => self.engine.answer(op, go),
            Effect::Leave(op, why) => self.engine.leave(op, why),
            Effect::Operate(plan, reason) => self.engine.operate(*plan, reason),
            Effect::Copy(text) => return self.copy(&text, surface, keys),
            Effect::Open(url) => self.later(async move { Fact::Notice(open(url, keys).await) }),
            Effect::Title(text) => return surface.write(&osc::title(&text)),
            Effect::Alert(text) => return surface.write(&osc::alert(&text)),
            Effect::Save { name, text, first } => {
                let dir = self.saves.clone();
                self.later(async move { Fact::Saved(save(dir, name, text, first).await) });
            }
            Effect::Pager(path) => return self.page(&path, surface),
            Effect::Arrange(text) => self.arrange(text),
            Effect::Mouse(on) => return surface.set_mouse(on),
            Effect::Suspend => return surface.suspend(),
            Effect::Approve(file) => self.approve(*file),
            Effect::Reread => self.reread(),
            Effect::Poll(poll) => self.engine.pace(poll),
            Effect::AskGround => return surface.write(osc::GROUND),
            Effect::WatchTheme(own) => self.engine.watch_theme(own),
            Effect::Quit | Effect::Restart => {}
        }
        Ok(())
    }

    fn copy<S: Surface>(&mut self, text: &str, surface: &mut S, keys: Keys) -> io::Result<()> {
        let says = match osc::clipboard(text) {
            Some(bytes) => {
                surface.write(&bytes)?;
                Notice::done(format!("copied to the clipboard: {text}"))
            }
            None => {
                let save = keys.of(Action::Save);
                Notice::failed(format!("too long for the terminal's clipboard: nothing was copied; {save} saves lines"))
            }
        };
        self.tell(says);
        Ok(())
    }

    fn approve(&self, file: ProjectFile) {
        let (reload, next) = (self.reload.clone(), Arc::clone(&self.next));
        self.later(async move {
            let Some(reload) = reload else {
                return Fact::Approved(Err(Text::from("not from here: flightdeck config trust")));
            };
            let read = tokio::task::spawn_blocking(move || reload(Some(&file))).await;
            let why = match read {
                Ok(Ok(settings)) => {
                    *next.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
                    return Fact::Approved(Ok(()));
                }
                Ok(Err(error)) => error.what,
                Err(error) => error.to_string(),
            };
            Fact::Approved(Err(Text::from(format!("{why}; the previous settings stay in use"))))
        });
    }

    /// Reads the settings anew, beside the loop: a disk may be slow.
    fn reread(&mut self) {
        let Some(reload) = self.reload.clone() else { return };
        if self.reading != Reading::Not {
            self.reading = Reading::Again;
            return;
        }
        self.reading = Reading::Once;
        self.background.push(Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || reload(None)).await;
            Some(Msg::Settings(match read {
                Ok(Ok(settings)) => Ok(Box::new(settings.into())),
                Ok(Err(error)) => Err(Text::from(error.what)),
                Err(error) => Err(Text::from(error.to_string())),
            }))
        }));
    }

    fn later(&self, work: impl Future<Output = Fact> + Send + 'static) {
        self.background.push(Box::pin(async move { Some(Msg::Fact(work.await)) }));
    }

    /// Remembers how the panes are arranged; only what goes wrong is told.
    fn arrange(&self, text: String) {
        let remembered = self.remembered.clone();
        remembered.put(text);
        self.background.push(Box::pin(async move {
            let why = match tokio::task::spawn_blocking(move || remembered.write()).await {
                Ok(Ok(())) => return None,
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            let says = format!("how the panes are arranged is not remembered: {why}");
            Some(Msg::Fact(Fact::Notice(Notice::failed(says))))
        }));
    }

    fn tell(&self, notice: Notice) {
        self.later(std::future::ready(Fact::Notice(notice)));
    }

    /// Shows a file in the pager, as the person set it, and removes it.
    fn page<S: Surface>(&self, path: &str, surface: &mut S) -> io::Result<()> {
        let pager = std::env::var("PAGER").ok().filter(|words| !words.trim().is_empty());
        let pager = pager.unwrap_or_else(|| "less".to_owned());
        // The shell reads the words of the variable as everywhere; the path is never part of them.
        let ended = surface.outside(&["sh", "-c", &format!("exec {pager} \"$1\""), "sh", path])?;
        let _ = std::fs::remove_file(path);
        match ended {
            Ok(status) if status.success() => {}
            Ok(status) => self.tell(Notice::failed(format!("$PAGER ({pager}) ended: {status}"))),
            Err(error) => self.tell(Notice::failed(format!("$PAGER ({pager}) cannot be run: {error}"))),
        }
        Ok(())
    }
}

/// Opens a page in the browser. The helper's own output is discarded: it would land on the screen.
async fn open(url: String, keys: Keys) -> Notice {
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return Notice::failed(format!("not opened, it is not a web address: {url}"));
    }
    let helper = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let child = tokio::process::Command::new(helper)
        .arg(&url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(_) => Notice::done(format!("opened {url}")),
        Err(_) => {
            let copies = keys.of(Action::CopyAddress);
            Notice::failed(format!("no browser here ({helper} not found): {copies} copies {url}"))
        }
    }
}

/// Writes to a file that only its owner may read; where it is, or why it was not written.
async fn save(dir: PathBuf, name: String, text: String, first: bool) -> Result<Text, Text> {
    let path = dir.join(name.replace(['/', '\\'], "-"));
    let written = async {
        tokio::fs::create_dir_all(&dir).await?;
        let mut options = tokio::fs::OpenOptions::new();
        options.create(first).write(first).truncate(first).append(!first);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&path).await?;
        tokio::io::AsyncWriteExt::write_all(&mut file, text.as_bytes()).await?;
        tokio::io::AsyncWriteExt::flush(&mut file).await
    };
    match written.await {
        Ok(()) => Ok(Text::from(path.display().to_string())),
        Err(error) => Err(Text::from(format!("{}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::load::{Flags, parse};
    use crate::engine::{Engine, Scope};
    use crate::runtime::linear::LinearSurface;

    fn settings(theme: &str) -> Settings {
        let text = format!("[ui]\ntheme = \"{theme}\"\n[[environments]]\nname = \"production\"\n");
        parse(&text, None, &Flags::default(), &|_| None).unwrap()
    }

    fn performer(reload: Option<Reload>) -> Performer {
        let begun = Arc::new(settings("dark"));
        let (engine, _) = Engine::start(Arc::clone(&begun), SystemClock::shared(), Scope::Commands);
        Performer::new(engine, &begun, reload)
    }

    #[tokio::test]
    async fn what_is_written_while_the_settings_are_read_is_read_after_it_and_counts() {
        let (disk, reads) = mpsc::channel::<&str>();
        let reads = Mutex::new(reads);
        let reload: Reload = Arc::new(move |_| Ok(settings(reads.lock().unwrap().recv().unwrap())));
        let mut performer = performer(Some(reload));
        let mut surface = LinearSurface::new(Vec::new());
        for _ in 0..3 {
            performer.perform(Effect::Reread, &mut surface, Keys::default()).unwrap();
        }
        disk.send("light").unwrap();
        disk.send("high-contrast").unwrap();
        let Some(Msg::Settings(Ok(read))) = performer.finished().await else { panic!("they are told") };
        assert_eq!(&*read.ui.theme, "high-contrast");
        assert!(performer.finished().now_or_never().is_none(), "they are read twice for three edits");
        performer.perform(Effect::Reread, &mut surface, Keys::default()).unwrap();
        disk.send("mono").unwrap();
        let Some(Msg::Settings(Ok(read))) = performer.finished().await else { panic!("they are told") };
        assert_eq!(&*read.ui.theme, "mono");
    }
}
