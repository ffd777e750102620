//! A frame as a page of HTML that needs nothing beside it.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;

use super::{INK, PAPER, escaped, runs};

/// The page.
#[must_use]
pub fn render(buffer: &Buffer) -> String {
    let mut html = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>flightdeck</title>\n\
         <pre style=\"background:{PAPER};color:{INK};font:14px/18px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\">"
    );
    for row in 0..buffer.area.height {
        for run in runs(buffer, row) {
            let text = escaped(&run.text);
            let mut style = String::new();
            if run.look.ink != INK {
                let _ = write!(style, "color:{};", run.look.ink);
            }
            if run.look.back != PAPER {
                let _ = write!(style, "background:{};", run.look.back);
            }
            style.push_str(if run.look.bold { "font-weight:bold;" } else { "" });
            style.push_str(if run.look.dim { "opacity:.6;" } else { "" });
            let plain = style.is_empty() || run.text.trim().is_empty() && run.look.back == PAPER;
            html.push_str(&if plain { text } else { format!("<span style=\"{style}\">{text}</span>") });
        }
        html.push('\n');
    }
    html.push_str("</pre>\n");
    html
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Style};

    use super::*;

    #[test]
    fn text_is_escaped_and_looks_are_spans() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 8, 1));
        buffer.set_string(0, 0, "<a", Style::new().fg(Color::Red));
        let html = render(&buffer);
        assert!(html.contains("<span style=\"color:#e06c75;\">&lt;a</span>      \n"), "{html}");
    }
}
