//! Text by its width on the screen.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

pub use crate::domain::span::{age, since};

/// Cuts to `width` columns with a mark at the cut; pads nothing.
#[must_use]
pub fn cut(text: &str, width: usize, mark: &str) -> String {
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
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > width && at > 0 {
            return text.split_at(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_fitted_text_is_exactly_as_wide_as_asked(text in "\\PC{0,40}", width in 0usize..60) {
            prop_assert!(cut(&text, width, "…").width() <= width);
            prop_assert_eq!(fit(&text, width, "…").width(), width);
            let (row, rest) = split(&text, width.max(2));
            prop_assert_eq!(format!("{row}{rest}"), text.clone());
            prop_assert!(rest.len() < text.len() || text.is_empty());
        }
    }
}
