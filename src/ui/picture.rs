//! A frame as a picture for documents: it shows what a terminal would, in one fixed palette.

pub mod ansi;
pub mod html;
pub mod svg;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Colours of a terminal that names none.
const PAPER: &str = "#15171c";
const INK: &str = "#d8dee9";
/// The sixteen colours of a terminal.
const NAMED: [&str; 16] = [
    "#15171c", "#e06c75", "#98c379", "#d19a66", "#61afef", "#c678dd", "#56b6c2", "#abb2bf", "#5c6370", "#ff7a85",
    "#a9d68a", "#e5c07b", "#7cc0ff", "#d68ff0", "#6fd0dc", "#ffffff",
];

/// Cells of one look that follow each other in a row.
struct Run {
    /// The column of the first one.
    from: u16,
    /// The column behind the last one.
    to: u16,
    text: String,
    look: CellStyle,
}

/// A row as runs of one look.
fn runs(buffer: &Buffer, row: u16) -> Vec<Run> {
    let (mut runs, mut column) = (Vec::new(), 0);
    while column < buffer.area.width {
        let (from, look) = (column, CellStyle::of(&buffer[(column, row)]));
        let mut text = String::new();
        while column < buffer.area.width && CellStyle::of(&buffer[(column, row)]) == look {
            let symbol = buffer[(column, row)].symbol();
            text.push_str(symbol);
            // A wide character covers the cell behind it.
            column += u16::try_from(symbol.width().max(1)).unwrap_or(1);
        }
        runs.push(Run { from, to: column, text, look });
    }
    runs
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
    use super::*;

    #[test]
    fn the_256_colours_are_those_of_terminals() {
        assert_eq!(
            [indexed(16), indexed(196), indexed(231), indexed(244)],
            ["#000000", "#ff0000", "#ffffff", "#808080"]
        );
    }
}
