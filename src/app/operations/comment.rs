//! The text area for a comment or a reason. The only place that knows the library's text area.

use tui_textarea::{Input, Key as Code, TextArea};

use crate::app::msg::{Key, KeyCode};
use crate::app::paste::ONE_LINE;
use crate::sanitize::Text;

/// A text under way.
#[derive(Debug, Clone, Default)]
pub struct Comment {
    area: TextArea<'static>,
}

impl PartialEq for Comment {
    fn eq(&self, other: &Self) -> bool {
        self.area.lines() == other.area.lines() && self.area.cursor() == other.area.cursor()
    }
}

impl Comment {
    /// One that begins with what was said before.
    pub(in crate::app) fn of(said: Option<&Text>) -> Self {
        let mut comment = Self::default();
        if let Some(said) = said {
            comment.paste(said.as_str());
        }
        comment
    }

    /// Takes a key, as every editor does.
    pub(in crate::app) fn key(&mut self, key: Key) {
        if key.ctrl && key.code == KeyCode::Char('u') {
            self.area.delete_line_by_head();
            return;
        }
        let code = match key.code {
            // What platforms take without cutting.
            KeyCode::Char(_) if self.text().as_str().chars().count() >= ONE_LINE => return,
            KeyCode::Char(c) => Code::Char(c),
            KeyCode::Enter => Code::Enter,
            KeyCode::Backspace => Code::Backspace,
            KeyCode::Delete => Code::Delete,
            KeyCode::Left => Code::Left,
            KeyCode::Right => Code::Right,
            KeyCode::Up => Code::Up,
            KeyCode::Down => Code::Down,
            KeyCode::Home => Code::Home,
            KeyCode::End => Code::End,
            KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab | KeyCode::PageUp | KeyCode::PageDown => return,
        };
        self.area.input(Input { key: code, ctrl: key.ctrl, alt: key.alt, shift: false });
    }

    /// Takes pasted text.
    pub(in crate::app) fn paste(&mut self, text: &str) {
        self.area.insert_str(Text::clean(text).as_str());
    }

    /// What is written, in one line.
    #[must_use]
    pub fn text(&self) -> Text {
        Text::clean(self.area.lines().join(" ").trim())
    }

    /// Its lines as they are written.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and character that the next letter goes to.
    #[must_use]
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.area.cursor();
        (at.0, at.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_written_and_corrected() {
        let mut comment = Comment::default();
        let press = |comment: &mut Comment, code| comment.key(Key { code, ctrl: false, alt: false, repeat: false });
        "fine!".chars().for_each(|c| press(&mut comment, KeyCode::Char(c)));
        press(&mut comment, KeyCode::Backspace);
        comment.paste(" by\u{1b}[31m me");
        assert_eq!(comment.text().as_str(), "fine by me");
    }
}
