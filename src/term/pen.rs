//! Cells as the bytes that a terminal shows them by.
//!
//! The drawing library writes every cell through the machinery of formatting, and every part of a style as a sequence of its own.
//! A full frame is ten thousand cells, thirty times a second: here the text of a cell is copied, and a style is one sequence.

use std::io::{self, Write};

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Modifiers and the parameter that switches each on (ECMA-48, SGR).
const MODIFIERS: [(Modifier, u8); 9] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

/// How a cell looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct CellStyle {
    fg: Color,
    bg: Color,
    underline: Color,
    modifier: Modifier,
}

impl CellStyle {
    const PLAIN: Self =
        Self { fg: Color::Reset, bg: Color::Reset, underline: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, underline: cell.underline_color, modifier: cell.modifier }
    }

    /// The whole look at once: what was before is reset.
    fn write(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"\x1b[0")?;
        for (_, number) in MODIFIERS.iter().filter(|(modifier, _)| self.modifier.contains(*modifier)) {
            write!(out, ";{number}")?;
        }
        colour(out, self.fg, 30)?;
        colour(out, self.bg, 40)?;
        if self.underline != Color::Reset {
            colour(out, self.underline, 50)?;
        }
        out.write_all(b"m")
    }
}

/// A colour as parameters; `base` is 30 for what is written, 40 for what is behind it, 50 for the line under it, which knows no
/// names.
fn colour(out: &mut impl Write, colour: Color, base: u8) -> io::Result<()> {
    let named = match colour {
        Color::Reset => return Ok(()),
        Color::Rgb(r, g, b) => return write!(out, ";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => return write!(out, ";{};5;{index}", base + 8),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    match named {
        _ if base == 50 => write!(out, ";58;5;{named}"),
        0..8 => write!(out, ";{}", base + named),
        _ => write!(out, ";{}", base + 60 + named - 8),
    }
}

/// Writes cells at their places and leaves the terminal's look plain.
pub(super) fn write<'c>(out: &mut impl Write, cells: impl Iterator<Item = (u16, u16, &'c Cell)>) -> io::Result<()> {
    let (mut look, mut next) = (CellStyle::PLAIN, None);
    out.write_all(b"\x1b[0m")?;
    for (x, y, cell) in cells {
        if next != Some((x, y)) {
            write!(out, "\x1b[{};{}H", y + 1, x + 1)?;
        }
        // A cell behind a wide one is reached as it always was: the terminal has moved by two, and its place is told.
        next = Some((x + 1, y));
        let wanted = CellStyle::of(cell);
        if wanted != look {
            wanted.write(out)?;
            look = wanted;
        }
        let symbol = cell.symbol();
        match settled(symbol) {
            None => out.write_all(symbol.as_bytes())?,
            Some(form) => {
                out.write_all(form.as_bytes())?;
                next = None;
            }
        }
    }
    if look == CellStyle::PLAIN { Ok(()) } else { out.write_all(b"\x1b[0m") }
}

/// The first letter of a flag: U+1F1E6 stands for A.
const FLAG_A: u32 = 0x1F1E6;

/// Another form of characters that terminals draw in different widths, exactly as wide as we take them for; `None` = they are drawn as
/// they are. Flags, joined people, tones of skin and keycaps take as many columns as the terminal's tables say, and what is
/// drawn wider than it was reckoned covers cells that nobody writes again.
fn settled(symbol: &str) -> Option<String> {
    let mut all = symbol.chars();
    let (first, second) = (all.next()?, all.next());
    let letter = |c: char| {
        let number = u32::from(c).checked_sub(FLAG_A).and_then(|number| u8::try_from(number).ok());
        number.filter(|number| *number < 26).map(|number| char::from(b'A' + number))
    };
    if second.is_none() && letter(first).is_none() {
        return None;
    }
    let width = symbol.width();
    let each: usize = symbol.chars().map(|c| c.width().unwrap_or(0)).sum();
    let letters: String = symbol.chars().filter_map(letter).collect();
    let mut form = match () {
        () if !letters.is_empty() => letters,
        // A letter with its marks is as wide as the letter, everywhere.
        () if each == width => return Some(symbol.to_owned()),
        () => first.to_string(),
    };
    while form.width() > width {
        form.pop();
    }
    form.extend(std::iter::repeat_n(' ', width.saturating_sub(form.width())));
    Some(form)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::backend::{Backend as _, CrosstermBackend};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn shown(bytes: &[u8]) -> String {
        let mut terminal = vt100::Parser::new(4.try_into().unwrap(), 12.try_into().unwrap(), 0);
        terminal.process(bytes);
        terminal.screen().contents_formatted()
    }

    #[test]
    fn what_terminals_draw_in_different_widths_is_drawn_as_wide_as_it_is_reckoned() {
        let forms = [
            ("\u{1F1E9}\u{1F1EA}", "DE"),
            ("\u{1F1E9}", "D"),
            ("\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}", "\u{1F468}"),
            ("\u{1F44D}\u{1F3FD}", "\u{1F44D}"),
            ("1\u{FE0F}\u{20E3}", "1 "),
            ("\u{2764}\u{FE0F}", "\u{2764} "),
            ("e\u{301}", "e\u{301}"),
        ];
        for (symbol, form) in forms {
            assert_eq!(settled(symbol).as_deref(), Some(form), "{symbol}");
        }
        for whole in ["a", "界", "\u{1F600}", "│"] {
            assert_eq!(settled(whole), None, "{whole}");
        }
        let toned = settled("a\u{1F3FD}").unwrap();
        assert!(toned.starts_with('a') && toned.width() == "a\u{1F3FD}".width(), "{toned:?}");
    }

    fn colours() -> impl Strategy<Value = Color> {
        let named =
            vec![Color::Reset, Color::Black, Color::Red, Color::Gray, Color::DarkGray, Color::LightBlue, Color::White];
        prop_oneof![
            proptest::sample::select(named),
            any::<u8>().prop_map(Color::Indexed),
            any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Color::Rgb(r, g, b)),
        ]
    }

    proptest! {
        /// A terminal shows the same as of what the library writes.
        #[test]
        fn a_terminal_shows_what_the_library_would_have_it_show(
            parts in proptest::collection::vec((0_u16..12, 0_u16..4, "[ -~]{1,4}|[ü界]{1,2}", colours(), colours(), any::<u16>()), 0..12),
        ) {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 4));
            for (x, y, text, fg, bg, bits) in parts {
                // The library's numbers for named colours are others for the same colours of the palette.
                let style = Style::new().fg(fg).bg(bg).add_modifier(Modifier::from_bits_truncate(bits & 0b1000_1101));
                buffer.set_string(x, y, text, style);
            }
            let empty = Buffer::empty(buffer.area);
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            write(&mut ours, empty.diff_iter(&buffer)).unwrap();
            CrosstermBackend::new(&mut theirs).draw(empty.diff_iter(&buffer)).unwrap();
            prop_assert_eq!(shown(&ours), shown(&theirs));
        }
    }
}
