//! Terminal events as messages of the application.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crossterm::event::{
    Event, EventStream, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use futures_util::Stream;

use super::answer::Answer;
#[cfg(unix)]
use super::told::{Signals, Told};
use crate::app::msg::{Key, KeyCode, Mouse, MouseKind, Msg};

/// What has become of the terminal since it was drawn on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Nothing: it shows what was drawn.
    #[default]
    Kept,
    /// It has been given another size, or several: everything is to be drawn anew.
    Resized,
    /// The process was stopped: the terminal is to be taken anew.
    Stopped,
}

/// What is typed. It can be closed while another program has the terminal; every copy is of the same.
#[derive(Clone)]
pub struct Keys {
    events: Rc<RefCell<Option<EventStream>>>,
    answer: Rc<RefCell<Answer>>,
    /// What has become of the terminal since it was drawn on.
    fate: Rc<Cell<Fate>>,
    #[cfg(unix)]
    signals: Rc<RefCell<Signals>>,
    /// What is asked whether it is still there.
    #[cfg(unix)]
    terminal: Option<Rc<std::os::fd::OwnedFd>>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            events: Rc::new(RefCell::new(Some(EventStream::new()))),
            answer: Rc::default(),
            fate: Rc::default(),
            #[cfg(unix)]
            signals: Rc::new(RefCell::new(Signals::listen())),
            #[cfg(unix)]
            terminal: super::gone::terminal().ok().map(Rc::new),
        }
    }
}

impl Keys {
    /// Stops reading the terminal.
    pub(super) fn close(&self) {
        self.events.take();
    }

    /// The terminal was asked for the colour of its ground.
    pub(super) fn asked(&self) {
        self.answer.borrow_mut().asked();
    }

    /// Reads it again.
    pub(super) fn open(&self) {
        self.events.replace(Some(EventStream::new()));
    }

    /// What has become of the terminal since this was asked last.
    pub(super) fn fate(&self) -> Fate {
        self.fate.take()
    }

    /// What the system tells of the terminal, as a message.
    #[cfg(unix)]
    fn told(&self, cx: &mut Context<'_>) -> Option<Msg> {
        let told = self.signals.borrow_mut().poll(cx)?;
        let fate = if told == Told::GoesOn { Fate::Stopped } else { Fate::Resized };
        if told == Told::Stop {
            return Some(Msg::Suspend);
        }
        self.fate.set(self.fate.get().max(fate));
        let (columns, rows) = crossterm::terminal::size().ok()?;
        Some(Msg::Resize(columns, rows))
    }

    #[cfg(not(unix))]
    fn told(&self, _: &mut Context<'_>) -> Option<Msg> {
        None
    }

    /// Whether the terminal has gone away.
    #[cfg(unix)]
    pub(super) fn gone(&self) -> bool {
        self.terminal.as_ref().is_some_and(|terminal| super::gone::is_gone(terminal))
    }

    /// Whether the terminal has gone away.
    #[cfg(not(unix))]
    pub(super) fn gone(&self) -> bool {
        false
    }
}

impl Stream for Keys {
    type Item = Msg;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Msg>> {
        if let Some(msg) = self.told(cx) {
            return Poll::Ready(Some(msg));
        }
        let mut events = self.events.borrow_mut();
        let Some(events) = events.as_mut() else { return Poll::Pending };
        if self.gone() {
            return Poll::Ready(Some(Msg::Terminate));
        }
        // The terminal is gone: end as if asked to, rather than spin on its errors.
        self.answer.borrow_mut().next(events, cx).map(|msg| msg.or(Some(Msg::Terminate)))
    }
}

/// Translates an event; `None` for events that mean nothing to us (key releases, mouse moves).
#[must_use]
pub fn translate(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => translate_key(key).map(Msg::Key),
        Event::Mouse(mouse) => translate_mouse(mouse).map(Msg::Mouse),
        Event::Paste(text) => Some(Msg::Paste(text)),
        // Where a signal tells of it, that one asks for the size itself.
        Event::Resize(columns, rows) => cfg!(not(unix)).then_some(Msg::Resize(columns, rows)),
        Event::FocusGained => Some(Msg::Focus(true)),
        Event::FocusLost => Some(Msg::Focus(false)),
    }
}

fn translate_key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let shift = event.modifiers.contains(KeyModifiers::SHIFT);
    Some(Key {
        code: translate_code(event.code, shift)?,
        ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        alt: event.modifiers.contains(KeyModifiers::ALT),
        repeat: event.kind == KeyEventKind::Repeat,
    })
}

fn translate_code(code: crossterm::event::KeyCode, shift: bool) -> Option<KeyCode> {
    use crossterm::event::KeyCode as C;
    Some(match code {
        // Some terminals report shift apart from the letter.
        C::Char(c) if shift && c.is_ascii_lowercase() => KeyCode::Char(c.to_ascii_uppercase()),
        C::Char(c) => KeyCode::Char(c),
        C::Enter => KeyCode::Enter,
        C::Esc => KeyCode::Esc,
        C::Tab if shift => KeyCode::BackTab,
        C::Tab => KeyCode::Tab,
        C::BackTab => KeyCode::BackTab,
        C::Backspace => KeyCode::Backspace,
        C::Delete => KeyCode::Delete,
        C::Up => KeyCode::Up,
        C::Down => KeyCode::Down,
        C::Left => KeyCode::Left,
        C::Right => KeyCode::Right,
        C::Home => KeyCode::Home,
        C::End => KeyCode::End,
        C::PageUp => KeyCode::PageUp,
        C::PageDown => KeyCode::PageDown,
        _ => return None,
    })
}

fn translate_mouse(event: MouseEvent) -> Option<Mouse> {
    let kind = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseKind::Click,
        MouseEventKind::Drag(MouseButton::Left) => MouseKind::Drag,
        MouseEventKind::Up(MouseButton::Left) => MouseKind::Release,
        MouseEventKind::ScrollUp => MouseKind::WheelUp,
        MouseEventKind::ScrollDown => MouseKind::WheelDown,
        _ => return None,
    };
    Some(Mouse { kind, column: event.column, row: event.row })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_is_part_of_the_character() {
        let event = KeyEvent::new(crossterm::event::KeyCode::Char('r'), KeyModifiers::SHIFT);
        assert_eq!(translate_key(event).unwrap().code, KeyCode::Char('R'));
    }

    #[test]
    fn releases_and_moves_mean_nothing() {
        let mut event = KeyEvent::new(crossterm::event::KeyCode::Enter, KeyModifiers::NONE);
        event.kind = KeyEventKind::Release;
        assert_eq!(translate(Event::Key(event)), None);
        let moved = MouseEvent { kind: MouseEventKind::Moved, column: 1, row: 1, modifiers: KeyModifiers::NONE };
        assert_eq!(translate(Event::Mouse(moved)), None);
    }

    #[test]
    fn a_held_key_is_marked_as_repeat() {
        let mut event = KeyEvent::new(crossterm::event::KeyCode::Char('y'), KeyModifiers::NONE);
        event.kind = KeyEventKind::Repeat;
        assert!(translate_key(event).unwrap().repeat);
    }
}
