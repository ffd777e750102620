//! The loop in which everything meets: signals, keys, facts, log batches and frames. The application and the engine
//! meet here, and for commands without a screen in `cli/read.rs`.
//!
//! Order of the select is policy: what a person or the system wants comes before facts, and facts before log lines, so that
//! no rate of log lines delays a key. A frame is drawn at once after input, else at most [`FRAME`] apart, and only when
//! something changed.

pub mod effects;
mod entry;
mod layout;
mod linear;
mod outlet;
pub mod start;
pub mod surface;
mod typed;
mod worn;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::{Msg, Now};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::fact::Fact;
use crate::domain::log::LogBatch;
use crate::domain::notice::Notice;
use crate::domain::operation::Operation;
use crate::domain::trust::ProjectFile;
use crate::engine::local::Viewing;
use crate::engine::{Engine, EngineHandle, Lanes, Scope};
use crate::error::{ExitCode, UserError};
use crate::logstore::{Chunk, Piece};
use crate::sanitize::Text;
use effects::{Flow, Performer};
pub use entry::{linear, run, view};
use surface::Surface;
use worn::Worn;

/// Shortest time between two frames that no key asked for.
pub const FRAME: Duration = Duration::from_millis(28);

/// Longest wait for the calls of operations that are under way when it ends.
const GRACE: Duration = Duration::from_secs(25);

/// A frame that is due so soon is drawn at once: a timer would come later.
const NEARLY: Duration = Duration::from_millis(2);

/// Handfuls of bytes taken before a frame: a flood goes on after it.
const TAPES_PER_FRAME: usize = 32;

/// Messages of the terminal that are taken together: whether one came alone is known by the others.
const TOGETHER: usize = 4096;

/// Two keys that come closer are not two deliberate acts: one was pasted, or waited on its way.
const HASTE: Duration = Duration::from_millis(25);

/// Facts taken in one turn of the loop, so that a burst costs one frame and keys get their turn.
const FACTS_PER_TURN: usize = 64;

/// Log batches taken in one turn of the loop, so that keys get their turn.
const BATCHES_PER_TURN: usize = 16;

/// Reads the settings anew: to begin anew with them, once this project file is approved; or, where none is given, to see what they
/// say, for which no command is run. It blocks.
pub type Reload = Arc<dyn Fn(Option<&ProjectFile>) -> Result<Settings, UserError> + Send + Sync>;

/// Says something on the terminal that was given back; one that has gone hears nothing.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn terminal_error(error: &std::io::Error) -> UserError {
    UserError::new(ExitCode::Usage, format!("the terminal cannot be used: {error}"))
        .now("nothing was started")
        .hint("run it in a terminal, or use a command without a screen: flightdeck status --json")
}

/// A model whose panes are arranged as they were left.
fn arranged(settings: &Settings, now: Now) -> Model {
    let mut model = Model::new(settings, now);
    match layout::Remembered::of(settings).read() {
        Ok(known) => model.arrange(known.unwrap_or_default()),
        Err(why) => {
            let told = format!("how the panes were arranged was not read: {}", Text::clean(&why));
            drop(crate::app::update(&mut model, Msg::Fact(Fact::Notice(Notice::refused(told))), now));
        }
    }
    model
}

/// One console: the model, the engine that feeds it, and what carries effects out.
pub struct Console {
    model: Model,
    worn: Worn,
    clock: SharedClock,
    settings: Arc<Settings>,
    dirty: bool,
    urgent: bool,
    last_frame: Duration,
    code: Option<ExitCode>,
    scope: Scope,
    /// Operations that were under way when it ended, as they were left.
    left: Vec<Operation>,
    /// What is read without a platform.
    viewing: Option<Viewing>,
    /// What was read last was little.
    trickle: bool,
    /// How settings are read anew.
    reload: Option<Reload>,
    /// Another console follows this one.
    again: bool,
    /// Its settings.
    next: Option<Settings>,
    /// When the last key came.
    last_key: Duration,
}

impl Console {
    /// A console that has not drawn and has started nothing.
    #[must_use]
    pub fn new(settings: Arc<Settings>, clock: SharedClock) -> Self {
        let now = Now { wall: clock.now(), mono: clock.mono() };
        Self {
            model: arranged(&settings, now),
            worn: Worn::new(&settings.ui),
            clock,
            settings,
            dirty: true,
            urgent: true,
            last_frame: Duration::ZERO,
            code: None,
            scope: Scope::All,
            left: Vec::new(),
            viewing: None,
            trickle: false,
            reload: None,
            again: false,
            next: None,
            last_key: Duration::ZERO,
        }
    }

    /// A console that shows a log and nothing else.
    #[must_use]
    pub fn viewing(settings: Arc<Settings>, clock: SharedClock, viewing: Viewing) -> Self {
        let mut console = Self { scope: Scope::Commands, ..Self::new(settings, clock) };
        console.model.reads_alone();
        console.reads(viewing);
        if !console.model.logs().lines().is_empty() {
            console.model.open_at_the_top();
        }
        console
    }

    /// Takes in what is read without a platform.
    fn reads(&mut self, mut viewing: Viewing) {
        let now = self.now();
        for chunk in std::mem::take(&mut viewing.first) {
            let _ = crate::app::update(&mut self.model, Msg::Chunk(chunk), now);
        }
        self.viewing = Some(viewing);
    }

    /// Draws the first frame, starts the engine, and runs until the person quits or a signal ends it.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub async fn run<S, I, G>(&mut self, surface: &mut S, mut input: I, mut signals: G) -> Result<ExitCode, UserError>
    where
        S: Surface,
        I: Stream<Item = Msg> + Unpin,
        G: Stream<Item = ExitCode> + Unpin,
    {
        self.resize(surface);
        // Before the engine: the first frame waits for nothing.
        self.draw(surface)?;
        if self.settings.ui.asks_ground {
            // Nothing waits for the answer: where it says that the ground is light, the screen is drawn anew.
            surface.ask_ground().map_err(|error| terminal_error(&error))?;
        }
        self.viewing.as_mut().map_or(Ok(()), Viewing::start)?;
        let (engine, lanes) = Engine::start(Arc::clone(&self.settings), Arc::clone(&self.clock), self.scope);
        let mut performer = Performer::new(engine, &self.settings, self.reload.clone());
        let result = self.turn_until_end(surface, &mut input, &mut signals, &mut performer, lanes).await;
        surface.leave();
        if let Err(error) = performer.settle() {
            say(&format!("how the panes are arranged is not remembered: {error}"));
        }
        let (engine, next): (EngineHandle, _) = performer.into_parts();
        self.next = next.filter(|_| self.again);
        self.wind_down(&engine, &mut signals).await;
        engine.shutdown().await;
        // Who quits during an operation leaves it half-done: whatever started the console must not take that for done.
        let end = if self.left.is_empty() { ExitCode::Done } else { ExitCode::Failed };
        result.map(|()| self.code.unwrap_or(end))
    }

    /// Operations of this console end before their next call. A signal that comes meanwhile ends the wait.
    async fn wind_down<G: Stream<Item = ExitCode> + Unpin>(&mut self, engine: &EngineHandle, signals: &mut G) {
        if engine.open().is_empty() {
            return;
        }
        let signal = match self.code {
            Some(ExitCode::Interrupted) => "SIGINT",
            Some(ExitCode::HungUp) => "SIGHUP",
            Some(ExitCode::Terminated) => "SIGTERM",
            _ => "quitting",
        };
        say(
            "an operation is under way: its call in flight comes to its end, nothing more is sent; ctrl-c leaves at once",
        );
        engine.stop(signal);
        tokio::select! {
            () = engine.over(GRACE) => {}
            Some(code) = signals.next() => self.code = Some(code),
        }
        let open = engine.open().into_iter();
        self.left = open.map(|operation| Operation { interrupted: true, ..operation }).collect();
    }

    async fn turn_until_end<S, I, G>(
        &mut self,
        surface: &mut S,
        input: &mut I,
        signals: &mut G,
        performer: &mut Performer,
        mut lanes: Lanes,
    ) -> Result<(), UserError>
    where
        S: Surface,
        I: Stream<Item = Msg> + Unpin,
        G: Stream<Item = ExitCode> + Unpin,
    {
        let mut batches = Vec::with_capacity(BATCHES_PER_TURN);
        loop {
            if self.dirty && self.frame_wait().is_zero() {
                // A key is answered with what is there; a frame that nobody asked for shows what has come.
                let most = if self.urgent { 0 } else { TAPES_PER_FRAME };
                for _ in 0..most {
                    let Some(chunks) = self.viewing.as_mut().and_then(|one| one.lane.try_recv().ok()) else { break };
                    if let Flow::End = self.take(surface, performer, Event::Chunks(chunks), &mut batches)? {
                        return Ok(());
                    }
                }
                self.draw(surface)?;
            }
            let (wait, second) = (self.frame_wait(), self.until_next_second());
            let event = tokio::select! {
                biased;
                Some(code) = signals.next() => {
                    self.code = Some(code);
                    Event::Msg(Msg::Terminate)
                }
                message = input.next() => Event::Input(message.unwrap_or(Msg::Terminate)),
                Some(fact) = lanes.control.recv() => Event::Fact(fact),
                Some(msg) = performer.finished() => Event::Msg(msg),
                () = tokio::time::sleep(wait), if self.dirty => Event::Frame,
                taken = lanes.data.recv_many(&mut batches, BATCHES_PER_TURN), if !lanes.data.is_closed() || !lanes.data.is_empty() => {
                    if taken == 0 { continue; }
                    Event::Logs
                }
                // A trickle is taken when it is drawn: each wake costs more than what it brings. A flood is taken at once.
                Some(chunks) = next(&mut self.viewing), if !(self.dirty && self.trickle) => Event::Chunks(chunks),
                // Last of all, slice by slice: a key that comes meanwhile is taken before the next one.
                () = std::future::ready(()), if self.model.logs().lines().working() => Event::Msg(Msg::Work),
                () = tokio::time::sleep(second), if self.model.needs_tick() => Event::Msg(Msg::Tick),
            };
            let first = match event {
                Event::Input(msg) => Some(msg),
                other => match self.take(surface, performer, other, &mut batches)? {
                    Flow::End => return Ok(()),
                    Flow::Go => None,
                },
            };
            if let Flow::End = self.drain(surface, performer, (first, input), &mut lanes.control).await? {
                return Ok(());
            }
        }
    }

    fn take<S: Surface>(
        &mut self,
        surface: &mut S,
        performer: &mut Performer,
        event: Event,
        batches: &mut Vec<LogBatch>,
    ) -> Result<Flow, UserError> {
        match event {
            Event::Frame => Ok(Flow::Go),
            Event::Fact(fact) => self.step(surface, performer, Msg::Fact(fact)),
            Event::Msg(msg) | Event::Input(msg) => self.step(surface, performer, msg),
            Event::Chunks(chunks) => {
                self.trickle = chunks.iter().all(|chunk| matches!(chunk.piece, Piece::Text(_) | Piece::Sealed(_)));
                for chunk in chunks {
                    if let Flow::End = self.step(surface, performer, Msg::Chunk(chunk))? {
                        return Ok(Flow::End);
                    }
                }
                Ok(Flow::Go)
            }
            Event::Logs => {
                for batch in batches.drain(..) {
                    if let Flow::End = self.step(surface, performer, Msg::Fact(Fact::Logs(batch)))? {
                        return Ok(Flow::End);
                    }
                }
                Ok(Flow::Go)
            }
        }
    }

    /// Takes what else has come already, so that a burst costs one frame.
    async fn drain<S: Surface, I: Stream<Item = Msg> + Unpin>(
        &mut self,
        surface: &mut S,
        performer: &mut Performer,
        (first, input): (Option<Msg>, &mut I),
        control: &mut mpsc::Receiver<Fact>,
    ) -> Result<Flow, UserError> {
        let mut typed: Vec<Msg> = first.into_iter().collect();
        // Polled with this task's own waker: the input keeps the first waker that it is given, and one that wakes nobody would leave the
        // next key lying until something else happens.
        while typed.len() < TOGETHER && !matches!(typed.last(), Some(Msg::Terminate)) {
            let Poll::Ready(Some(msg)) = poll_fn(|cx| Poll::Ready(input.poll_next_unpin(cx))).await else { break };
            typed.push(msg);
        }
        let alone = typed.iter().filter(|msg| matches!(msg, Msg::Key(_))).count() <= 1;
        typed::together(&mut typed);
        for msg in typed {
            let msg = self.paced(msg, alone);
            if let Flow::End = self.step(surface, performer, msg)? {
                return Ok(Flow::End);
            }
        }
        // Only so many: what keeps coming must not keep the next key waiting.
        for _ in 0..FACTS_PER_TURN {
            let Ok(fact) = control.try_recv() else { break };
            if let Flow::End = self.step(surface, performer, Msg::Fact(fact))? {
                return Ok(Flow::End);
            }
        }
        Ok(Flow::Go)
    }

    /// A key as a person pressed it, or one that came with others.
    fn paced(&mut self, msg: Msg, alone: bool) -> Msg {
        let Msg::Key(key) = msg else { return msg };
        let now = self.clock.mono();
        let close = now.saturating_sub(self.last_key) < HASTE;
        self.last_key = now;
        if alone && !close { Msg::Key(key) } else { Msg::Hurried(key) }
    }

    /// One message: update, then its effects.
    fn step<S: Surface>(&mut self, surface: &mut S, performer: &mut Performer, msg: Msg) -> Result<Flow, UserError> {
        if matches!(msg, Msg::Terminate) {
            // Nobody quits like that: the terminal has gone, if no signal said so before.
            self.code.get_or_insert(ExitCode::HungUp);
        }
        let now = self.now();
        let searching = matches!(msg, Msg::Work) && self.model.logs().lines().searching();
        self.dirty |= crate::app::redraw::stirs(&self.model, &msg);
        self.urgent |= matches!(
            msg,
            Msg::Key(_) | Msg::Hurried(_) | Msg::Mouse(_) | Msg::Paste(_) | Msg::Resize(..) | Msg::Suspend
        );
        let effects = crate::app::update(&mut self.model, msg, now);
        // What was looked for is there.
        self.urgent |= searching && !self.model.logs().lines().searching();
        for effect in effects {
            if matches!(effect, Effect::Quit | Effect::Restart) {
                self.again = effect == Effect::Restart;
                return Ok(Flow::End);
            }
            // The terminal may have another size when it comes back.
            let away = matches!(effect, Effect::Pager(_) | Effect::Suspend);
            performer.perform(effect, surface, self.model.screen().keys()).map_err(|error| terminal_error(&error))?;
            if away {
                self.resize(surface);
            }
        }
        Ok(Flow::Go)
    }

    fn now(&self) -> Now {
        Now { wall: self.clock.now(), mono: self.clock.mono() }
    }

    /// How long a frame must still wait; zero after input.
    fn frame_wait(&self) -> Duration {
        if self.urgent {
            return Duration::ZERO;
        }
        let left = (self.last_frame + FRAME).saturating_sub(self.clock.mono());
        if left <= NEARLY { Duration::ZERO } else { left }
    }

    /// The clock on the screen changes on the second, not a second after the last frame.
    fn until_next_second(&self) -> Duration {
        let past = u32::try_from(self.clock.now().subsec_nanosecond()).unwrap_or(0);
        Duration::from_nanos(1_000_000_000 - u64::from(past.min(999_999_999)))
    }

    fn resize<S: Surface>(&mut self, surface: &mut S) {
        if let Ok(size) = surface.size() {
            let now = self.now();
            let _ = crate::app::update(&mut self.model, Msg::Resize(size.0, size.1), now);
        }
    }

    /// Wears the theme that is in force now.
    fn dress(&mut self, now: Now) {
        if let Err(why) = self.worn.dress(self.model.facts().in_force().look()) {
            let notice = Fact::Notice(Notice::failed(Text::clean(&why)));
            drop(crate::app::update(&mut self.model, Msg::Fact(notice), now));
        }
    }

    fn draw<S: Surface>(&mut self, surface: &mut S) -> Result<(), UserError> {
        let now = self.now();
        self.dress(now);
        // What the filter that was typed last lets pass nearby is part of the answer to its key.
        self.model.prime();
        if let Some(viewing) = &self.viewing {
            viewing.beat.set(now.mono + FRAME);
        }
        let geometry = surface.draw(&self.model, self.worn.theme(), now).map_err(|error| terminal_error(&error))?;
        self.model.set_geometry(geometry);
        self.last_frame = now.mono;
        self.dirty = false;
        self.urgent = false;
        Ok(())
    }
}

/// What comes next of a log that is read; pends where none is.
async fn next(viewing: &mut Option<Viewing>) -> Option<Vec<Chunk>> {
    match viewing {
        Some(viewing) => viewing.lane.recv().await,
        None => std::future::pending().await,
    }
}

enum Event {
    Input(Msg),
    Msg(Msg),
    Fact(Fact),
    Logs,
    Chunks(Vec<Chunk>),
    Frame,
}
