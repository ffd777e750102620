//! Keys that the last rows of a dialog name, with what they do, as buttons for the mouse.

use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use crate::action::dialogs::{self, Dialog, Own};
use crate::app::keys;
use crate::app::msg::KeyCode;

/// A key, and the words that stand for it in the last rows of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Press {
    /// The key; `None` = there is none to press.
    pub code: Option<KeyCode>,
    /// The words, as they stand there.
    pub words: String,
}

impl Press {
    /// The key of a dialog's table before what it does.
    pub(in crate::ui) fn own(dialog: Dialog, own: Own, does: &str) -> Self {
        let key = dialogs::key(dialog, own);
        Self { code: keys::code(key), words: format!("{key} {does}") }
    }

    /// The key of a dialog's table, which these words name.
    pub(in crate::ui) fn said(dialog: Dialog, own: Own, words: impl Into<String>) -> Self {
        Self { code: keys::code(dialogs::key(dialog, own)), words: words.into() }
    }
}

/// Where one stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Button {
    /// The key.
    pub code: KeyCode,
    /// The row that it stands in.
    pub row: usize,
    /// Its first column there.
    pub column: usize,
    /// Its columns.
    pub width: usize,
}

/// The buttons in these rows. Words that a row breaks are pressed in the row that they begin in.
pub(super) fn placed(rows: &[Line<'_>], presses: &[Press]) -> Vec<Button> {
    let texts: Vec<String> =
        rows.iter().map(|line| line.spans.iter().map(|span| &*span.content).collect::<String>()).collect();
    let place = |press: &Press| {
        let code = press.code?;
        let (row, at, wide) = texts.iter().enumerate().find_map(|(row, text)| {
            let (at, wide) = within(text.trim_end(), &press.words)?;
            Some((row, text[..at].width(), wide))
        })?;
        Some(Button { code, row, column: at, width: wide })
    };
    presses.iter().filter_map(place).collect()
}

/// Where words begin in a row, and how many columns of it they take: all of them, or at its end as many whole ones as it has, two at least.
fn within(row: &str, words: &str) -> Option<(usize, usize)> {
    if let Some(at) = row.find(words) {
        return Some((at, words.width()));
    }
    let ends = words.match_indices(' ').map(|(at, _)| &words[..at]).skip(1);
    let part = ends.filter(|part| row.ends_with(part)).last()?;
    Some((row.len() - part.len(), part.width()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_pressed_with_what_it_does() {
        let presses = [
            Press::own(Dialog::Question, Own::Yes, "gives it back: others may change it again"),
            Press::said(Dialog::Question, Own::No, "n or esc changes nothing"),
            Press::own(Dialog::Operation, Own::Undo, "undoes it"),
        ];
        let text = " y gives it back: others may change it again; n or esc changes nothing";
        let one = placed(&[Line::raw(text)], &presses);
        let said: Vec<(KeyCode, &str)> =
            one.iter().map(|one| (one.code, &text[one.column..one.column + one.width])).collect();
        assert_eq!(
            said,
            [
                (KeyCode::Char('y'), "y gives it back: others may change it again"),
                (KeyCode::Char('n'), "n or esc changes nothing")
            ]
        );
        let broken = ["   y gives it back: others", "   may change it again; n or", "   esc changes nothing"];
        let all = placed(&broken.map(Line::raw), &presses);
        let said: Vec<(usize, &str)> =
            all.iter().map(|one| (one.row, &broken[one.row][one.column..one.column + one.width])).collect();
        assert_eq!(said, [(0, "y gives it back: others"), (1, "n or")]);
    }
}
