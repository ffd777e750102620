//! A line of pieces that are shown whole or not at all.

use ratatui::text::{Line, Span};

/// Something that is said in one breath.
pub(in crate::ui) struct Piece {
    spans: Vec<Span<'static>>,
    keep: u8,
}

impl Piece {
    /// A piece; the higher `keep`, the longer it stays.
    pub(in crate::ui) fn new(keep: u8, spans: Vec<Span<'static>>) -> Self {
        Self { spans, keep }
    }

    /// How long it stays.
    pub(in crate::ui) fn keep(&self) -> u8 {
        self.keep
    }

    /// Its columns.
    pub(in crate::ui) fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }
}

/// The pieces that fit in `width`, in their order; among equals the first ones stay.
pub(in crate::ui) fn whole(pieces: Vec<Piece>, width: usize) -> Line<'static> {
    spread(pieces, Vec::new(), width)
}

/// The same, some at the left and some at the right end of the line.
pub(in crate::ui) fn spread(left: Vec<Piece>, right: Vec<Piece>, width: usize) -> Line<'static> {
    let (divide, ends) = (left.len(), !right.is_empty());
    let pieces: Vec<Piece> = left.into_iter().chain(right).collect();
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(pieces[*index].keep));
    let mut shown = vec![false; pieces.len()];
    let mut free = width;
    for index in order {
        let needs = pieces[index].width();
        if needs > free {
            break;
        }
        shown[index] = true;
        free -= needs;
    }
    let mut spans = Vec::new();
    for (index, (piece, shown)) in pieces.into_iter().zip(shown).enumerate() {
        if index == divide && ends && !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(free)));
        }
        if shown {
            spans.extend(piece.spans);
        }
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: usize) -> String {
        let piece = |keep, text: &'static str| Piece::new(keep, vec![Span::raw(text)]);
        whole(vec![piece(1, "first "), piece(1, "second "), piece(9, "help")], width).to_string()
    }

    #[test]
    fn what_does_not_fit_goes_whole() {
        assert_eq!(shown(17), "first second help");
        assert_eq!(shown(16), "first help");
        assert_eq!(shown(4), "help");
        assert_eq!(shown(3), "");
    }
}
