//! The whole console in memory: the real loop and engine over real HTTP against the simulator, typed at by a test.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::app::msg::{Key, KeyCode, Msg};
use flightdeck::clock::SystemClock;
use flightdeck::config::Settings;
use flightdeck::runtime::Console;
use flightdeck::runtime::surface::MemorySurface;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::{mpsc, watch};

/// Longest wait for anything: generous, because a busy machine is not a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The person at the keyboard.
pub struct Person {
    keys: mpsc::Sender<Msg>,
    frames: watch::Receiver<String>,
    last: watch::Receiver<String>,
}

impl Person {
    /// Types characters, one key each.
    pub async fn types(&self, text: &str) {
        for c in text.chars() {
            self.presses(KeyCode::Char(c)).await;
        }
    }

    /// Presses one key.
    pub async fn presses(&self, code: KeyCode) {
        let key = Key { code, ctrl: false, alt: false, repeat: false };
        let taken = tokio::time::timeout(PATIENCE, self.keys.send(Msg::Key(key))).await;
        taken.expect("the console takes keys").expect("the console runs");
    }

    /// Types the name that confirms a plan, and enter when the screen's clock has moved on, as a person who reads before it does: an
    /// enter right behind the letters counts as a paste. A second may end right behind them too, hence some tries.
    pub async fn confirms(&mut self, name: &str) {
        self.types(name).await;
        let asks = format!("type {name}");
        let mut seen = self.sees(&asks).await;
        for _ in 0..10 {
            let before = clock(&seen);
            seen = self.sees_that("a later second", |frame| clock(frame) != before || !frame.contains(&asks)).await;
            if !seen.contains(&asks) {
                return;
            }
            self.presses(KeyCode::Enter).await;
        }
        panic!("enter was taken for a paste ten times; the screen is:\n{seen}")
    }

    /// Waits until a frame satisfies `done`, and returns it; panics with the last frame when it never does.
    pub async fn sees_that(&mut self, what: &str, done: impl Fn(&str) -> bool) -> String {
        let found = tokio::time::timeout(PATIENCE, self.frames.wait_for(|frame| done(frame))).await;
        if let Ok(Ok(frame)) = found {
            return frame.clone();
        }
        panic!("waited for {what}; the screen is:\n{}", *self.last.borrow())
    }

    /// Waits for text on the screen.
    pub async fn sees(&mut self, text: &str) -> String {
        self.sees_that(text, |frame| frame.contains(text)).await
    }
}

/// The wall clock of the header.
fn clock(frame: &str) -> Option<String> {
    let digits = |word: &&str| word.len() == 9 && word.ends_with('Z') && word.matches(':').count() == 2;
    frame.lines().next()?.split_whitespace().find(digits).map(str::to_owned)
}

/// Runs the console at this size while `script` plays the person; ends when the console does.
pub async fn supervise<F: Future<Output = ()>>(
    settings: Settings,
    (columns, rows): (u16, u16),
    script: impl FnOnce(Person) -> F,
) {
    let (keys, mut typed) = mpsc::channel(64);
    let (frames_in, frames) = watch::channel(String::new());
    let mut surface = MemorySurface::new(columns, rows, move |frame| {
        let _ = frames_in.send(frame.to_owned());
    });
    let input = Box::pin(stream::poll_fn(move |cx| typed.poll_recv(cx)));
    let signals = stream::pending().boxed();
    let mut console = Console::new(Arc::new(settings), SystemClock::shared());
    let run = console.run(&mut surface, input, signals);
    let script = script(Person { keys, last: frames.clone(), frames });
    // Whichever ends first, the other has to as well: a person waits for no frame of a console that is gone, nor a console for keys.
    let (mut run, mut script) = (std::pin::pin!(run), std::pin::pin!(script));
    let result = tokio::select! {
        result = &mut run => {
            tokio::time::timeout(PATIENCE * 2, script).await.expect("the script ends with its console");
            result
        }
        () = &mut script => tokio::time::timeout(PATIENCE, run).await.expect("the console ends with its script"),
    };
    result.expect("the console ends well");
}
