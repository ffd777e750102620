//! A row of columns. Where room is short, the least important column goes whole, so that no word is cut for nothing.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use unicode_width::UnicodeWidthStr as _;

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
    let mut widths = shared(columns, room);
    let left = room.saturating_sub(widths.iter().sum());
    if let Some(last) = widths.iter_mut().rev().find(|width| **width > 0) {
        *last += left;
    }
    widths
}

/// The same without what is over.
fn shared(columns: &[Column], room: usize) -> Vec<usize> {
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
    widths
}

/// A text and how it is drawn.
pub(in crate::ui) type Cell = (String, Style);

/// Widths of the columns by what stands in them: none is wider than its longest text while another one is cut, one without any text is left
/// out, and so is the least important one where a more important one would be cut below what it wants.
pub(in crate::ui) fn fitted(columns: &[Column], rows: &[Vec<Cell>], room: usize) -> Vec<usize> {
    let longest = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index));
        cells.map(|(text, _)| text.width()).max().filter(|width| *width > 0).map_or(0, |width| width + 1)
    };
    let natural: Vec<usize> = (0..columns.len()).map(longest).collect();
    let mut shown: Vec<usize> = (0..columns.len()).filter(|index| natural[*index] > 0).collect();
    loop {
        let own: Vec<Column> = shown
            .iter()
            .map(|index| {
                let (column, natural) = (columns[*index], natural[*index]);
                Column { min: column.min.min(natural), want: column.want.min(natural), keep: column.keep }
            })
            .collect();
        let mut given = shared(&own, room);
        let cut = |at: &usize| given[*at] < own[*at].want;
        let least = (0..own.len()).min_by_key(|at| own[*at].keep);
        let worth = (0..own.len()).filter(cut).map(|at| own[at].keep).max();
        if let (Some(least), Some(worth)) = (least, worth)
            && own[least].keep < worth
        {
            shown.remove(least);
            continue;
        }
        // What is over goes to what is still cut, the most important first, then to the last one.
        let mut left = room.saturating_sub(given.iter().sum());
        let mut order: Vec<usize> = (0..own.len()).filter(|at| given[*at] > 0).collect();
        order.sort_by_key(|at| std::cmp::Reverse(own[*at].keep));
        for at in order {
            let more = natural[shown[at]].saturating_sub(given[at]).min(left);
            (given[at], left) = (given[at] + more, left - more);
        }
        if let Some(last) = given.iter_mut().rev().find(|width| **width > 0) {
            *last += left;
        }
        let mut widths = vec![0; columns.len()];
        for (index, width) in shown.iter().zip(given) {
            widths[*index] = width;
        }
        return widths;
    }
}

/// The rows of a table whose columns are as wide as what stands in them.
pub(in crate::ui) fn table(columns: &[Column], rows: Vec<Vec<Cell>>, room: usize, mark: &str) -> Vec<Line<'static>> {
    let widths = fitted(columns, &rows, room);
    rows.into_iter().map(|cells| row(&widths, cells, mark)).collect()
}

/// One row: each text in its column, cut with `mark`, one blank between two columns. What would be cut begins where the empty cells before it do.
pub(in crate::ui) fn row(widths: &[usize], cells: Vec<Cell>, mark: &str) -> Line<'static> {
    // What stands behind the last text of a row is its own.
    let last = widths.iter().zip(&cells).rposition(|(width, (cell, _))| *width > 0 && !cell.is_empty());
    let mut spans = Vec::with_capacity(cells.len());
    let mut free = 0;
    for (index, (width, (cell, style))) in widths.iter().zip(cells).enumerate() {
        let ends = Some(index) == last;
        let width = if ends { &widths[index..].iter().sum() } else { width };
        if cell.is_empty() || *width == 0 {
            free += width;
            continue;
        }
        let wide = cell.width() + usize::from(!ends);
        let before = free.min(free + width - wide.min(free + width));
        if before > 0 {
            spans.push(Span::raw(" ".repeat(before)));
        }
        let room = width + free - before;
        spans.push(match ends {
            true => Span::styled(text::cut(&cell, room, mark), style),
            false => Span::styled(format!("{} ", text::fit(&cell, room - 1, mark)), style),
        });
        free = 0;
    }
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

    fn cells(texts: [&str; 3]) -> Vec<Cell> {
        texts.map(|text| (text.to_owned(), Style::new())).to_vec()
    }

    #[test]
    fn what_would_be_cut_begins_where_the_empty_cells_before_it_do() {
        let told = |texts| row(&[6, 5, 8], cells(texts), "…").to_string();
        assert_eq!(told(["ab", "cd", "efg"]), "ab    cd   efg");
        assert_eq!(told(["ab", "", "efg"]), "ab         efg", "there is room for it in its own");
        assert_eq!(told(["ab", "", "efghijklmn"]), "ab       efghijklmn");
        assert_eq!(told(["ab", "", "efghijklmnopqrst"]), "ab    efghijklmnop…");
        assert_eq!(told(["ab", "efghijklmnop", ""]), "ab    efghijklmnop", "nothing stands behind it");
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them_and_none_is_cut_beside_a_free_one() {
        let rows = [cells(["ab", "", "a reason that is longer than any request"]), cells(["abcd", "", "short"])];
        assert_eq!(fitted(&COLUMNS, &rows, 60), [5, 0, 55], "an empty column takes no room");
        let rows = [cells(["a name of sixteen", "x", "short"])];
        assert_eq!(fitted(&COLUMNS, &rows, 40), [18, 2, 20], "what is free is given to what is cut");
        let rows = [cells(["abcdefghijklmnop", "abcde", "a reason of twenty-three"])];
        assert_eq!(
            fitted(&COLUMNS, &rows, 32),
            [12, 0, 20],
            "the least important goes before a more important one is cut"
        );
        assert_eq!(fitted(&COLUMNS, &[], 32), [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn a_fitted_row_never_leaves_its_room(room in 0usize..120, texts in proptest::array::uniform3("\\PC{0,40}")) {
            let cells: Vec<Cell> = texts.into_iter().map(|text| (text, Style::new())).collect();
            for line in table(&COLUMNS, vec![cells], room, "…") {
                prop_assert!(line.width() <= room);
            }
        }

        #[test]
        fn a_row_never_leaves_its_room(room in 0usize..120, cell in "\\PC{0,30}") {
            let cells = vec![(cell.clone(), Style::new()), (cell.clone(), Style::new()), (cell, Style::new())];
            prop_assert!(row(&widths(&COLUMNS, room), cells, "…").width() <= room);
        }
    }
}
