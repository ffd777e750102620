//! Tables as text: columns as wide as what stands in them, under their headers. Nothing is cut: whoever reads a pipe gets it all.

use unicode_width::UnicodeWidthStr as _;

/// A row: its cells, and the lines that belong to it, indented below.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// One for each column; empty where there is nothing.
    pub(super) cells: Vec<String>,
    /// Each on a line of its own.
    pub(super) below: Vec<String>,
}

impl Row {
    /// A row with nothing below it.
    pub(super) fn of(cells: impl Into<Vec<String>>) -> Self {
        Self { cells: cells.into(), below: Vec::new() }
    }
}

/// The lines of a table. A column without a text in any row is left out.
pub(super) fn text(headers: &[&str], rows: &[Row]) -> String {
    let cell = |row: &Row, column: usize| row.cells.get(column).map_or(0, |text| text.width());
    let widths: Vec<usize> = (0..headers.len())
        .map(|column| {
            let widest = rows.iter().map(|row| cell(row, column)).max().filter(|width| *width > 0);
            widest.map_or(0, |width| width.max(headers[column].width()))
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (text, width) in cells.zip(&widths).filter(|(_, width)| **width > 0) {
            line.push_str(text);
            line.push_str(&" ".repeat(width.saturating_sub(text.width()) + 2));
        }
        format!("{}\n", line.trim_end())
    };
    let mut all = line(&mut headers.iter().copied());
    for row in rows {
        all.push_str(&line(&mut row.cells.iter().map(String::as_str)));
        row.below.iter().for_each(|text| all.push_str(&format!("    {text}\n")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them_and_empty_ones_are_left_out() {
        let row = |texts: [&str; 3]| Row::of(texts.map(str::to_owned));
        let mut rows = vec![row(["漢字", "", "healthy"]), row(["a", "", "x"])];
        rows[1].below.push("why".to_owned());
        assert_eq!(text(&["name", "held", "state"], &rows), "name  state\n漢字  healthy\na     x\n    why\n");
    }
}
