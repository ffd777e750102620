//! Byte sequences for title, bell, notification and clipboard. Their text is cleaned of controls first, so that nothing from
//! outside can end a sequence early.

use base64::Engine as _;

use crate::sanitize::Text;

/// Longest clipboard payload that terminals take, encoded, in bytes.
pub const CLIPBOARD_LIMIT: usize = 74_994;

fn clean(text: &str) -> String {
    Text::clean(text).to_string()
}

/// Asks for the colour of the terminal's ground (OSC 11). The answer comes among the keys, if it comes.
pub const GROUND: &[u8] = b"\x1b]11;?\x1b\\";

/// Sets the terminal's title (OSC 2).
#[must_use]
pub fn title(text: &str) -> Vec<u8> {
    format!("\x1b]2;{}\x1b\\", clean(text)).into_bytes()
}

/// Rings once and raises a desktop notification where the terminal knows OSC 9.
#[must_use]
pub fn alert(text: &str) -> Vec<u8> {
    format!("\x07\x1b]9;{}\x1b\\", clean(text)).into_bytes()
}

/// Puts text on the clipboard (OSC 52); `None` when it is too long for a terminal to take.
#[must_use]
pub fn clipboard(text: &str) -> Option<Vec<u8>> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    (encoded.len() <= CLIPBOARD_LIMIT).then(|| format!("\x1b]52;c;{encoded}\x1b\\").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_the_sequence() {
        assert_eq!(title("a\x07b\u{202e}c\x1b\\d"), b"\x1b]2;abcd\x1b\\");
    }

    #[test]
    fn a_long_text_is_not_put_on_the_clipboard() {
        assert!(clipboard(&"x".repeat(100_000)).is_none());
        assert_eq!(clipboard("hi").unwrap(), b"\x1b]52;c;aGk=\x1b\\");
    }
}
