//! A row of columns. Where room is short, the least important column goes whole, so that no word is cut for nothing.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::text;

/// A column, its gap to the next one included.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct Column {
    /// Narrower than this it is left out.
    pub min: usize,
    /// Wider than this it need not be.
    pub want: usize,
    /// The higher, the longer it stays and the sooner it grows.
    pub keep: u8,
}

/// Makes a column.
pub(in crate::ui) const fn column(min: usize, want: usize, keep: u8) -> Column {
    Column { min, want, keep }
}

/// Widths of the columns in `room`; 0 = left out. What is over goes to the last one shown.
pub(in crate::ui) fn widths(columns: &[Column], room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(columns[*index].keep));
    let mut widths = vec![0; columns.len()];
    let mut left = room;
    for index in &order {
        let min = columns[*index].min;
        if min > left {
            break;
        }
        widths[*index] = min;
        left -= min;
    }
    for index in &order {
        if widths[*index] > 0 {
            let more = columns[*index].want.saturating_sub(widths[*index]).min(left);
            widths[*index] += more;
            left -= more;
        }
    }
    if let Some(last) = widths.iter_mut().rev().find(|width| **width > 0) {
        *last += left;
    }
    widths
}

/// One row: each text in its column, cut with `mark`, one blank between two columns.
pub(in crate::ui) fn row(widths: &[usize], cells: Vec<(String, Style)>, mark: &str) -> Line<'static> {
    let last = widths.iter().rposition(|width| *width > 0);
    let shown = widths.iter().zip(cells).enumerate().filter(|(_, (width, _))| **width > 0);
    let spans = shown.map(|(index, (width, (cell, style)))| {
        if Some(index) == last {
            return Span::styled(text::cut(&cell, *width, mark), style);
        }
        Span::styled(format!("{} ", text::fit(&cell, width - 1, mark)), style)
    });
    Line::from_iter(spans)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: [Column; 3] = [column(8, 12, 9), column(6, 6, 1), column(10, 20, 5)];

    #[test]
    fn the_least_important_column_goes_first_and_the_most_important_grows_first() {
        assert_eq!(widths(&COLUMNS, 60), [12, 6, 42]);
        assert_eq!(widths(&COLUMNS, 26), [10, 6, 10]);
        assert_eq!(widths(&COLUMNS, 20), [10, 0, 10]);
        assert_eq!(widths(&COLUMNS, 9), [9, 0, 0]);
        assert_eq!(widths(&COLUMNS, 5), [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn a_row_never_leaves_its_room(room in 0usize..120, cell in "\\PC{0,30}") {
            let cells = vec![(cell.clone(), Style::new()), (cell.clone(), Style::new()), (cell, Style::new())];
            prop_assert!(row(&widths(&COLUMNS, room), cells, "…").width() <= room);
        }
    }
}
