//! A frame as an SVG picture, for documents. It draws what a terminal would, in one fixed palette.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Cell size in SVG units, and where the letters stand in it.
const CELL: (f64, f64) = (8.4, 18.0);
const BASELINE: f64 = 13.5;
/// Colours of a terminal that names none.
const PAPER: &str = "#15171c";
const INK: &str = "#d8dee9";
/// The sixteen colours of a terminal.
const NAMED: [&str; 16] = [
    "#15171c", "#e06c75", "#98c379", "#d19a66", "#61afef", "#c678dd", "#56b6c2", "#abb2bf", "#5c6370", "#ff7a85",
    "#a9d68a", "#e5c07b", "#7cc0ff", "#d68ff0", "#6fd0dc", "#ffffff",
];

/// The picture.
#[must_use]
pub fn render(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (f64::from(columns) * CELL.0, f64::from(rows) * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            column = run(buffer, row, column, &mut svg);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Writes the cells of one look that follow each other, and returns the column behind them.
fn run(buffer: &Buffer, row: u16, from: u16, svg: &mut String) -> u16 {
    let look = CellStyle::of(&buffer[(from, row)]);
    let mut text = String::new();
    let mut column = from;
    while column < buffer.area.width && CellStyle::of(&buffer[(column, row)]) == look {
        let symbol = buffer[(column, row)].symbol();
        text.push_str(symbol);
        // A wide character covers the cell behind it.
        column += u16::try_from(symbol.width().max(1)).unwrap_or(1);
    }
    let (x, y) = (f64::from(from) * CELL.0, f64::from(row) * CELL.1);
    let width = f64::from(column - from) * CELL.0;
    if look.back != PAPER {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
            CELL.1, look.back
        );
    }
    if !text.trim().is_empty() {
        let weight = if look.bold { " font-weight=\"bold\"" } else { "" };
        let fade = if look.dim { " opacity=\"0.6\"" } else { "" };
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{width:.1}\" xml:space=\"preserve\"{weight}{fade}>{}</text>",
            y + BASELINE,
            look.ink,
            escaped(&text)
        );
    }
    column
}

#[derive(PartialEq)]
struct CellStyle {
    ink: String,
    back: String,
    bold: bool,
    dim: bool,
}

impl CellStyle {
    fn of(cell: &Cell) -> Self {
        let (mut ink, mut back) = (colour(cell.fg, INK), colour(cell.bg, PAPER));
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut ink, &mut back);
        }
        Self { ink, back, bold: cell.modifier.contains(Modifier::BOLD), dim: cell.modifier.contains(Modifier::DIM) }
    }
}

fn colour(colour: Color, default: &str) -> String {
    let named = |index: usize| NAMED[index].to_owned();
    match colour {
        Color::Reset => default.to_owned(),
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => named(8),
        Color::LightRed => named(9),
        Color::LightGreen => named(10),
        Color::LightYellow => named(11),
        Color::LightBlue => named(12),
        Color::LightMagenta => named(13),
        Color::LightCyan => named(14),
        Color::White => named(15),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(index) => indexed(index),
    }
}

/// The 256 colours: sixteen named ones, a cube, and greys.
fn indexed(index: u8) -> String {
    match index {
        0..16 => NAMED[usize::from(index)].to_owned(),
        16..232 => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let cube = index - 16;
            format!("#{:02x}{:02x}{:02x}", step(cube / 36), step(cube / 6 % 6), step(cube % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn what_is_drawn_is_in_the_picture_and_nothing_else_is_markup() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "a<b&会", Style::new().fg(Color::Red));
        let svg = render(&buffer);
        assert!(svg.contains("a&lt;b&amp;会") && svg.contains("#e06c75"), "{svg}");
        assert!(!svg.contains("a<b"));
    }

    #[test]
    fn the_256_colours_are_those_of_terminals() {
        assert_eq!(
            [indexed(16), indexed(196), indexed(231), indexed(244)],
            ["#000000", "#ff0000", "#ffffff", "#808080"]
        );
    }
}
