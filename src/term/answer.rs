//! What a terminal answers to OSC 11, the question for the colour of its ground. The answer comes among the keys: the reader of keys does not
//! know the sequence, and makes of it alt-] with letters behind.

use crate::app::msg::{Key, KeyCode};

/// Letters of an answer at most; what is longer is none.
const LONGEST: usize = 40;

/// What a key was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// A key.
    Key(Key),
    /// A part of an answer.
    Part,
    /// The end of one: whether the ground is light.
    Ground(bool),
}

/// An answer that is coming in.
#[derive(Debug, Default)]
pub(super) struct Answer {
    text: Option<String>,
}

impl Answer {
    /// Takes a key.
    pub(super) fn hear(&mut self, key: Key) -> Heard {
        let KeyCode::Char(letter) = key.code else {
            // No answer has such a key in it.
            self.text = None;
            return Heard::Key(key);
        };
        let Some(text) = &mut self.text else {
            // Nothing is done by this key, whether or not anybody has asked.
            if key.alt && letter == ']' {
                self.text = Some(String::new());
                return Heard::Part;
            }
            return Heard::Key(key);
        };
        // BEL, or ESC and a backslash.
        if key.ctrl && letter == 'g' || key.alt && letter == '\\' {
            let light = light(text);
            self.text = None;
            return light.map_or(Heard::Part, Heard::Ground);
        }
        text.push(letter);
        if text.len() > LONGEST {
            self.text = None;
        }
        Heard::Part
    }
}

/// Whether a colour is light, as terminals write it: `11;rgb:ffff/ffff/ffff`, with one to four digits each, and perhaps an alpha.
fn light(text: &str) -> Option<bool> {
    let colours = text.strip_prefix("11;")?.split_once(':').filter(|(kind, _)| matches!(*kind, "rgb" | "rgba"))?.1;
    let mut parts = colours.split('/').map(|part| {
        let most = 16_u32.pow(u32::try_from(part.len()).ok().filter(|length| (1..=4).contains(length))?) - 1;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / f64::from(most))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    // How bright people see them (ITU-R BT.709).
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char, ctrl: bool, alt: bool) -> Key {
        Key { code: KeyCode::Char(c), ctrl, alt, repeat: false }
    }

    /// What is heard at the end of an answer.
    fn answered(text: &str, end: Key) -> Heard {
        let mut answer = Answer::default();
        assert_eq!(answer.hear(key(']', false, true)), Heard::Part);
        for c in text.chars() {
            assert_eq!(answer.hear(key(c, false, false)), Heard::Part, "{c}");
        }
        let heard = answer.hear(end);
        assert_eq!(answer.hear(key('j', false, false)), Heard::Key(key('j', false, false)), "keys are keys again");
        heard
    }

    #[test]
    fn a_light_ground_is_told_from_a_dark_one() {
        let (bell, string) = (key('g', true, false), key('\\', false, true));
        assert_eq!(answered("11;rgb:ffff/ffff/ffff", string), Heard::Ground(true));
        assert_eq!(answered("11;rgb:1e1e/1e1e/2e2e", bell), Heard::Ground(false));
        assert_eq!(answered("11;rgba:fd/f6/e3/ff", bell), Heard::Ground(true));
        assert_eq!(answered("11;rgb:00/00", bell), Heard::Part, "half of one says nothing");
        assert_eq!(answered("10;rgb:ffff/ffff/ffff", bell), Heard::Part, "the colour of letters was not asked for");
    }

    #[test]
    fn an_answer_without_an_end_does_not_swallow_keys_for_ever() {
        let mut answer = Answer::default();
        answer.hear(key(']', false, true));
        let enter = Key { code: KeyCode::Enter, ctrl: false, alt: false, repeat: false };
        assert_eq!(answer.hear(enter), Heard::Key(enter));
        answer.hear(key(']', false, true));
        for _ in 0..=LONGEST {
            assert_eq!(answer.hear(key('x', false, false)), Heard::Part);
        }
        assert_eq!(answer.hear(key('x', false, false)), Heard::Key(key('x', false, false)));
    }
}
