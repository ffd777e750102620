//! What a terminal answers to OSC 11, the question for the colour of its ground. The answer comes among the keys: the reader of keys does not
//! know the sequence, and makes of it alt-] with letters behind. Keys are kept back only as long as they can be such an answer.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt as _};
use tokio::time::Sleep;

use super::input::translate;
use crate::app::msg::{Key, KeyCode, Msg};

/// Letters of an answer at most; what is longer is none.
const LONGEST: usize = 40;
/// An answer comes at once; who types alt-] and nothing behind it waits no longer than this for its key.
const LIMIT: Duration = Duration::from_millis(300);

/// Takes what is typed, and the answer out of it.
#[derive(Default)]
pub(super) struct Answer {
    /// The question was sent, and not answered yet.
    awaited: bool,
    /// Keys that may be an answer, the first of them alt-].
    kept: Vec<Key>,
    /// When they are keys after all.
    limit: Option<Pin<Box<Sleep>>>,
    /// What was heard, and nobody has taken yet.
    heard: VecDeque<Msg>,
}

impl Answer {
    /// The question was sent.
    pub(super) fn asked(&mut self) {
        self.awaited = true;
    }

    /// The next message: what is typed, or what the terminal answers; `None` once the terminal can no longer be read.
    pub(super) fn next<S>(&mut self, events: &mut S, cx: &mut Context<'_>) -> Poll<Option<Msg>>
    where
        S: Stream<Item = io::Result<Event>> + Unpin,
    {
        loop {
            if let Some(msg) = self.heard.pop_front() {
                return Poll::Ready(Some(msg));
            }
            match events.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(event))) => match translate(event) {
                    Some(Msg::Key(key)) => self.hear(key),
                    Some(msg) => {
                        // A size may change at any time; what else comes was done behind the answer.
                        if !matches!(msg, Msg::Resize(..)) {
                            self.end();
                        }
                        self.heard.push_back(msg);
                    }
                    None => {}
                },
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(None),
                Poll::Pending => {
                    let over = self.limit.as_mut().is_some_and(|limit| limit.as_mut().poll(cx).is_ready());
                    if !over {
                        return Poll::Pending;
                    }
                    self.end();
                }
            }
        }
    }

    /// Takes a key.
    fn hear(&mut self, key: Key) {
        let plain = !key.ctrl && !key.alt;
        match key.code {
            KeyCode::Char(']') if key.alt && !key.ctrl && self.awaited && self.kept.is_empty() => {
                self.kept.push(key);
                self.limit = Some(Box::pin(tokio::time::sleep(LIMIT)));
            }
            KeyCode::Char(letter) if plain && !self.kept.is_empty() && fits(&self.text(), letter) => {
                self.kept.push(key);
            }
            // BEL, or ESC and a backslash.
            KeyCode::Char('g') if key.ctrl && begun(&self.text()) => self.answered(),
            KeyCode::Char('\\') if key.alt && begun(&self.text()) => self.answered(),
            _ => {
                self.end();
                self.heard.push_back(Msg::Key(key));
            }
        }
    }

    /// What is kept, behind alt-].
    fn text(&self) -> String {
        let letter = |key: &Key| if let KeyCode::Char(letter) = key.code { Some(letter) } else { None };
        self.kept.iter().skip(1).filter_map(letter).collect()
    }

    /// The answer is whole.
    fn answered(&mut self) {
        self.heard.extend(light(&self.text()).map(Msg::Ground));
        (self.awaited, self.limit) = (false, None);
        self.kept.clear();
    }

    /// What was kept is no answer: it was typed. A colour that was cut off was not, and its letters do nothing.
    fn end(&mut self) {
        if begun(&self.text()) {
            self.kept.clear();
        }
        self.heard.extend(self.kept.drain(..).map(Msg::Key));
        self.limit = None;
    }
}

/// Whether an answer goes on with this letter: `11;rgb:` or `11;rgba:`, then digits and strokes.
fn fits(text: &str, letter: char) -> bool {
    if begun(text) {
        return text.len() < LONGEST && (letter.is_ascii_hexdigit() || letter == '/');
    }
    let next = format!("{text}{letter}");
    ["11;rgb:", "11;rgba:"].iter().any(|form| form.starts_with(&next))
}

/// Whether it names a colour, or begins to.
fn begun(text: &str) -> bool {
    colours(text).is_some()
}

fn colours(text: &str) -> Option<&str> {
    text.strip_prefix("11;rgb:").or_else(|| text.strip_prefix("11;rgba:"))
}

/// Whether a colour is light, as terminals write it: `11;rgb:ffff/ffff/ffff`, with one to four digits each, and perhaps an alpha.
fn light(text: &str) -> Option<bool> {
    let mut parts = colours(text)?.split('/').map(|part| {
        let most = 16_u32.pow(u32::try_from(part.len()).ok().filter(|length| (1..=4).contains(length))?) - 1;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / f64::from(most))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    // How bright people see them (ITU-R BT.709).
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use crossterm::event::{KeyCode as Code, KeyEvent, KeyModifiers};

    use super::*;

    const BELL: (char, KeyModifiers) = ('g', KeyModifiers::CONTROL);
    const STRING: (char, KeyModifiers) = ('\\', KeyModifiers::ALT);
    const START: (char, KeyModifiers) = (']', KeyModifiers::ALT);

    fn typed(text: &str) -> Vec<(char, KeyModifiers)> {
        text.chars().map(|c| (c, KeyModifiers::NONE)).collect()
    }

    fn key((c, modifiers): (char, KeyModifiers)) -> Msg {
        translate(Event::Key(KeyEvent::new(Code::Char(c), modifiers))).unwrap()
    }

    /// What is heard of these keys, and of the time after them, where nothing else comes.
    async fn heard(answer: &mut Answer, keys: &[(char, KeyModifiers)], wait: Duration) -> Vec<Msg> {
        let event = |(c, modifiers): &(char, KeyModifiers)| Ok(Event::Key(KeyEvent::new(Code::Char(*c), *modifiers)));
        let events: Vec<io::Result<Event>> = keys.iter().map(event).collect();
        let mut events = futures_util::stream::iter(events).chain(futures_util::stream::pending());
        let mut heard = Vec::new();
        while let Ok(Some(msg)) = tokio::time::timeout(wait, poll_fn(|cx| answer.next(&mut events, cx))).await {
            heard.push(msg);
        }
        heard
    }

    async fn of(text: &str, end: (char, KeyModifiers)) -> Vec<Msg> {
        let mut answer = Answer::default();
        answer.asked();
        let keys = [vec![START], typed(text), vec![end], typed("j")].concat();
        heard(&mut answer, &keys, Duration::ZERO).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_light_ground_is_told_from_a_dark_one_and_keys_are_keys_again() {
        let j = || key(('j', KeyModifiers::NONE));
        assert_eq!(of("11;rgb:ffff/ffff/ffff", STRING).await, [Msg::Ground(true), j()]);
        assert_eq!(of("11;rgb:1e1e/1e1e/2e2e", BELL).await, [Msg::Ground(false), j()]);
        assert_eq!(of("11;rgba:fd/f6/e3/ff", BELL).await, [Msg::Ground(true), j()]);
        assert_eq!(of("11;rgb:00/00", BELL).await, [j()], "half of one says nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn every_key_that_is_no_part_of_an_answer_is_a_key() {
        let control = ('c', KeyModifiers::CONTROL);
        for keys in [
            [vec![START], typed("qq"), vec![control, control], typed("vH?")].concat(),
            // It begins as one.
            [vec![START], typed("11;q")].concat(),
            [vec![START, control]].concat(),
            [vec![START, START, BELL]].concat(),
        ] {
            let mut answer = Answer::default();
            answer.asked();
            let all: Vec<Msg> = keys.iter().copied().map(key).collect();
            assert_eq!(heard(&mut answer, &keys, LIMIT * 2).await, all);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_back_where_nothing_was_asked_or_it_was_answered() {
        let keys = [vec![START], typed("1")].concat();
        let all: Vec<Msg> = keys.iter().copied().map(key).collect();
        let mut answer = Answer::default();
        assert_eq!(heard(&mut answer, &keys, Duration::ZERO).await, all);
        answer.asked();
        let whole = [vec![START], typed("11;rgb:0/0/0"), vec![BELL]].concat();
        assert_eq!(heard(&mut answer, &whole, Duration::ZERO).await, [Msg::Ground(false)]);
        assert_eq!(heard(&mut answer, &keys, Duration::ZERO).await, all);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_answer_in_time_is_keys_and_a_colour_that_was_cut_off_is_none() {
        let mut answer = Answer::default();
        answer.asked();
        let keys = [vec![START], typed("11")].concat();
        let all: Vec<Msg> = keys.iter().copied().map(key).collect();
        assert_eq!(heard(&mut answer, &keys, LIMIT / 2).await, []);
        assert_eq!(heard(&mut answer, &[], LIMIT).await, all);
        let cut = [vec![START], typed("11;rgb:ffff/ff")].concat();
        assert_eq!(heard(&mut answer, &cut, LIMIT * 2).await, []);
        assert_eq!(heard(&mut answer, &typed("q"), Duration::ZERO).await, [key(('q', KeyModifiers::NONE))]);
        // The key that comes at once behind it is typed.
        let cut = [cut, vec![('c', KeyModifiers::CONTROL)]].concat();
        assert_eq!(heard(&mut answer, &cut, Duration::ZERO).await, [key(('c', KeyModifiers::CONTROL))]);
    }
}
