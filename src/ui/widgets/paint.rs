//! Lines onto cells. What the library does for any text, divided into graphemes, is done a byte a cell where the text is ASCII: a
//! full log is drawn thirty times a second.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// Draws lines from the upper left corner on; what does not fit is left out.
pub(in crate::ui) fn paint(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>]) {
    let area = area.intersection(buffer.area);
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let mut x = area.x;
        for span in &line.spans {
            x = text(buffer, (x, y), area.right(), &span.content, line.style.patch(span.style));
        }
    }
}

/// Draws a text up to a column; the column behind it.
fn text(buffer: &mut Buffer, (x, y): (u16, u16), right: u16, text: &str, style: Style) -> u16 {
    if x >= right {
        return x;
    }
    let room = usize::from(right - x);
    let shown = text.as_bytes().get(..room).unwrap_or(text.as_bytes());
    // Nothing joins a character of ASCII but what follows it.
    let joined = text.as_bytes().get(room).is_some_and(|next| !next.is_ascii());
    if joined || !shown.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return buffer.set_stringn(x, y, text, room, style).0;
    }
    let start = buffer.index_of(x, y);
    let cells = buffer.content.get_mut(start..start + shown.len()).unwrap_or_default();
    for (cell, byte) in cells.iter_mut().zip(shown) {
        cell.set_char(char::from(*byte)).set_style(style);
    }
    x + u16::try_from(shown.len()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Stylize as _;
    use ratatui::text::Span;
    use ratatui::widgets::{Paragraph, Widget as _};

    use super::*;

    proptest! {
        /// The same cells as the library's.
        #[test]
        fn lines_are_drawn_as_the_library_draws_them(
            lines in proptest::collection::vec(proptest::collection::vec("[ -~]{0,12}|[a-zü界e\u{301}]{0,6}", 0..4), 0..6),
            width in 1_u16..24,
        ) {
            let spans = |parts: &Vec<String>| Line::from(parts.iter().map(|part| Span::from(part.clone()).bold()).collect::<Vec<_>>()).red();
            // A wide character that does not fit ends the library's line, and may leave room for what follows here.
            let narrow = lines.iter().flatten().all(|part| !part.contains('界'));
            let lines: Vec<Line<'_>> = lines.iter().map(spans).collect();
            let area = Rect::new(1, 1, width, 4);
            let (mut ours, mut theirs) = (Buffer::empty(Rect::new(0, 0, 26, 6)), Buffer::empty(Rect::new(0, 0, 26, 6)));
            paint(&mut ours, area, &lines);
            Paragraph::new(lines).render(area, &mut theirs);
            prop_assert!(!narrow || ours == theirs);
        }
    }
}
