//! Text by its width on the screen, and durations as people say them.

use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

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

/// `6s`, `1m42s`, `3h05m`, `2d4h`.
#[must_use]
pub fn age(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// The age of an instant; nothing for the future.
#[must_use]
pub fn since(then: jiff::Timestamp, now: jiff::Timestamp) -> String {
    age(Duration::try_from(now.duration_since(then)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ages_read_as_people_say_them() {
        let ages: Vec<_> = [6, 102, 11_100, 187_200].into_iter().map(|s| age(Duration::from_secs(s))).collect();
        assert_eq!(ages, ["6s", "1m42s", "3h05m", "2d4h"]);
    }

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
