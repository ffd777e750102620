//! A frame as SVG.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;

use super::{INK, PAPER, Run, escaped, runs};

/// Cell size in SVG units, and where the letters stand in it.
const CELL: (f64, f64) = (8.4, 18.0);
const BASELINE: f64 = 13.5;

/// The picture.
#[must_use]
pub fn render(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (f64::from(columns) * CELL.0, f64::from(rows) * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" fill=\"{INK}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>\n"
    );
    for row in 0..rows {
        runs(buffer, row).iter().for_each(|run| write(run, row, &mut svg));
    }
    svg.push_str("</svg>\n");
    svg
}

fn write(run: &Run, row: u16, svg: &mut String) {
    let (x, y) = (f64::from(run.from) * CELL.0, f64::from(row) * CELL.1);
    let width = f64::from(run.to - run.from) * CELL.0;
    if run.look.back != PAPER {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
            CELL.1, run.look.back
        );
    }
    if !run.text.trim().is_empty() {
        let weight = if run.look.bold { " font-weight=\"bold\"" } else { "" };
        let fade = if run.look.dim { " opacity=\"0.6\"" } else { "" };
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{width:.1}\" xml:space=\"preserve\"{weight}{fade}>{}</text>",
            y + BASELINE,
            run.look.ink,
            escaped(&run.text)
        );
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    #[test]
    fn what_is_drawn_is_in_the_picture_and_nothing_else_is_markup() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "a<b&会", Style::new().fg(Color::Red));
        let svg = render(&buffer);
        assert!(svg.contains("a&lt;b&amp;会") && svg.contains("#e06c75"), "{svg}");
        assert!(!svg.contains("a<b"));
    }
}
