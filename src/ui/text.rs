//! Text by its width on the screen.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

pub use crate::domain::span::{age, brief, since};

/// Cuts to `width` columns with a mark at the cut; pads nothing.
#[must_use]
pub fn cut(text: &str, width: usize, mark: &str) -> String {
    if text.len() > width && plain(text, width) {
        // Nearly every line of a log is ASCII, where a byte is a column.
        let room = width.saturating_sub(mark.width());
        return text[..room].to_owned() + if width >= mark.width() { mark } else { "" };
    }
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(mark.width());
    let mut used = 0;
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    if width >= mark.width() {
        kept.push_str(mark);
    }
    kept
}

/// The end of a text in `width` columns, with a mark where it was cut.
#[must_use]
pub fn tail(text: &str, width: usize, mark: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (room, mut used) = (width.saturating_sub(mark.width()), 0);
    let fits = |(at, grapheme): (usize, &str)| {
        used += grapheme.width();
        (used <= room).then_some(at)
    };
    let from = text.grapheme_indices(true).rev().map_while(fits).last().unwrap_or(text.len());
    format!("{}{}", if width >= mark.width() { mark } else { "" }, &text[from..])
}

/// Whether the beginning of a text is ASCII, one column a byte, and the next byte is too: nothing joins what is cut there.
fn plain(text: &str, width: usize) -> bool {
    text.as_bytes().iter().take(width + 1).all(|byte| (0x20..0x7f).contains(byte))
}

/// Pads to at least `width` columns and cuts nothing.
#[must_use]
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Cuts or pads to exactly `width` columns.
#[must_use]
pub fn fit(text: &str, width: usize, mark: &str) -> String {
    let mut text = cut(text, width, mark);
    let missing = width.saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// The first `width` columns and the rest, divided between two graphemes; at least one grapheme is taken.
#[must_use]
pub fn split(text: &str, width: usize) -> (&str, &str) {
    if width > 0 && text.len() > width && plain(text, width) {
        return text.split_at(width);
    }
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > width && at > 0 {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// As [`split`], at the last space where there is one in the second half of the row.
#[must_use]
pub fn words(text: &str, width: usize) -> (&str, &str) {
    let (row, rest) = split(text, width);
    let space = row.rfind(' ').filter(|at| *at >= row.len() / 2 && !rest.is_empty() && !rest.starts_with(' '));
    space.map_or((row, rest), |at| text.split_at(at + 1))
}

/// Lines of at most `width` columns, broken at spaces where there are any; what follows the first is indented by two more than it.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let lead = text.len() - text.trim_start_matches(' ').len();
    let indent = " ".repeat((lead + 2).min(width / 2));
    let mut lines = Vec::new();
    let (mut rest, mut before) = (text.to_owned(), lead);
    while rest.width() > width {
        let (head, tail) = split(&rest, width);
        let full = tail.starts_with(' ');
        let at =
            if full { head.len() } else { head.rfind(' ').filter(|at| *at > before).map_or(head.len(), |at| at + 1) };
        let (head, tail) = rest.split_at(at);
        lines.push(head.trim_end().to_owned());
        rest = format!("{indent}{}", tail.trim_start());
        before = indent.len();
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_its_own_beginning() {
        assert_eq!(wrap(" ✔ done  a step that is long", 16), [" ✔ done  a step", "   that is long"]);
        assert_eq!(wrap(" short", 16), [" short"]);
        assert_eq!(wrap("aaaaaaaaaaaaaaaaaaaa", 8), ["aaaaaaaa", "  aaaaaa", "  aaaaaa"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_by_wrapping(text in "[ a-zü界]{0,80}", width in 6_usize..40) {
            let lines = wrap(&text, width);
            prop_assert!(lines.iter().all(|line| line.width() <= width));
            let solid = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
        }
    }

    #[test]
    fn rows_end_at_a_space_where_one_is_near() {
        assert_eq!(words("connection failed", 12), ("connection ", "failed"));
        assert_eq!(words("a connectionfailed", 12), ("a connection", "failed"));
        assert_eq!(words("connection failed", 10), ("connection", " failed"));
        assert_eq!(words("short", 12), ("short", ""));
    }

    proptest! {
        #[test]
        fn a_fitted_text_is_exactly_as_wide_as_asked(text in "\\PC{0,40}", width in 0usize..60) {
            prop_assert!(cut(&text, width, "…").width() <= width);
            prop_assert_eq!(fit(&text, width, "…").width(), width);
            let end = tail(&text, width, "…");
            prop_assert!(end.width() <= width);
            prop_assert!(text.ends_with(end.trim_start_matches('…')));
            let (row, rest) = split(&text, width.max(2));
            prop_assert_eq!(format!("{row}{rest}"), text.clone());
            prop_assert!(rest.len() < text.len() || text.is_empty());
        }
    }
}
