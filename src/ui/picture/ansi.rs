//! A frame as text with the control sequences of its looks, a line per row.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;

use super::{INK, PAPER, runs};

/// The lines; a look ends with its line, so that what is printed after them is plain.
#[must_use]
pub fn render(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in 0..buffer.area.height {
        let mut line = String::new();
        for run in runs(buffer, row) {
            let mut codes = String::new();
            codes.push_str(if run.look.bold { ";1" } else { "" });
            codes.push_str(if run.look.dim { ";2" } else { "" });
            if run.look.ink != INK {
                codes.push_str(&channels(&run.look.ink, 38));
            }
            if run.look.back != PAPER {
                codes.push_str(&channels(&run.look.back, 48));
            }
            let plain = codes.is_empty() || run.text.trim().is_empty() && run.look.back == PAPER;
            let _ =
                if plain { write!(line, "{}", run.text) } else { write!(line, "\x1b[0{codes}m{}\x1b[0m", run.text) };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `#rrggbb` as parameters of SGR; nothing of what is no such colour.
fn channels(colour: &str, base: u8) -> String {
    let channel = |at: usize| colour.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match (channel(1), channel(3), channel(5)) {
        (Some(r), Some(g), Some(b)) => format!(";{base};2;{r};{g};{b}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    #[test]
    fn a_look_begins_and_ends_in_its_line() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 8, 2));
        buffer.set_string(0, 0, "red", Style::new().fg(Color::Rgb(200, 0, 1)));
        buffer.set_string(0, 1, "plain", Style::new());
        assert_eq!(render(&buffer), "\x1b[0;38;2;200;0;1mred\x1b[0m\nplain\n");
    }
}
