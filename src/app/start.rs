//! The screen of a first start: there is no configuration, and these are the ways on.

use crate::action::dialogs::{Dialog, Own};
use crate::action::{Action, Keys};
use crate::app::keys;
use crate::app::line::Line;
use crate::app::msg::{Key, KeyCode};
use crate::sanitize::Text;

/// A way on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The demo, in this scenario.
    Demo(&'static str),
    /// The log reader.
    Open,
    /// A configuration with what this folder says, written into it.
    Write,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub letter: char,
    /// What it does.
    pub title: String,
    /// More about it.
    pub more: String,
    /// What it chooses.
    pub way: Way,
}

/// What a person has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// The demo, in this scenario.
    Demo(&'static str),
    /// This log, as it was typed.
    Open(String),
    /// A configuration is written.
    Write,
    /// Nothing.
    Quit,
}

/// The screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// The ways on.
    pub rows: Vec<Row>,
    /// The chosen one.
    pub at: usize,
    /// What was recognised in this folder: what it is, and what it says.
    pub seen: Vec<(&'static str, Text)>,
    /// Where files lie: what they are, and where.
    pub files: Vec<(&'static str, Text)>,
    /// The path of a log as it is typed.
    pub path: Option<Line>,
    /// What was told last.
    pub told: Option<Text>,
}

impl Start {
    /// The screen with the scenarios of the demo, each a name and a title.
    #[must_use]
    pub fn new(scenarios: impl Iterator<Item = (&'static str, String)>) -> Self {
        let demo = ('a'..='h').zip(scenarios).map(|(letter, (name, more))| Row {
            letter,
            title: format!("demo: {name}"),
            more,
            way: Way::Demo(name),
        });
        let mut rows: Vec<Row> = demo.collect();
        let row = |letter, title: &str, more: &str, way| {
            let (title, more) = (title.to_owned(), more.to_owned());
            Row { letter, title, more, way }
        };
        rows.push(row('o', "open a log", "a file, or an address; no configuration is needed", Way::Open));
        let more = "what this folder says, the rest as comments";
        rows.push(row('w', "write flightdeck.toml", more, Way::Write));
        Self { rows, at: 0, seen: Vec::new(), files: Vec::new(), path: None, told: None }
    }

    /// Takes a key; what was chosen by it, if anything was.
    pub fn key(&mut self, key: Key) -> Option<Chosen> {
        self.told = None;
        if let Some(path) = &mut self.path {
            match key.code {
                KeyCode::Esc => self.path = None,
                KeyCode::Enter => {
                    let typed = path.text().trim().to_owned();
                    return (!typed.is_empty()).then_some(Chosen::Open(typed));
                }
                _ => drop(path.key(key)),
            }
            return None;
        }
        if Keys::default().by_key(&keys::name(key)) == Some(Action::Back) {
            return Some(Chosen::Quit);
        }
        let last = self.rows.len().saturating_sub(1);
        match keys::own(Dialog::List, key) {
            Some(Own::Down) => self.at = (self.at + 1).min(last),
            Some(Own::Up) => self.at = self.at.saturating_sub(1),
            Some(Own::First) => self.at = 0,
            Some(Own::Last) => self.at = last,
            _ if key.code == KeyCode::Enter => return self.choose(self.at),
            _ => {
                let Some(at) = self.rows.iter().position(|row| KeyCode::Char(row.letter) == key.code) else {
                    let name = keys::name(key);
                    self.told =
                        Some(Text::from(format!("{name} does nothing here: j k choose, enter starts it, q leaves")));
                    return None;
                };
                self.at = at;
                return self.choose(at);
            }
        }
        None
    }

    /// Text was pasted: into the path.
    pub fn paste(&mut self, text: &str) {
        if let Some(path) = &mut self.path {
            path.paste(text.trim());
        }
    }

    fn choose(&mut self, at: usize) -> Option<Chosen> {
        match self.rows.get(at)?.way {
            Way::Demo(name) => Some(Chosen::Demo(name)),
            Way::Write => Some(Chosen::Write),
            Way::Open => {
                self.path = Some(Line::default());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start::new([("calm", "A quiet day".to_owned()), ("bad-deploy", "A bad release".to_owned())].into_iter())
    }

    fn press(start: &mut Start, code: KeyCode) -> Option<Chosen> {
        start.key(Key { code, ctrl: false, alt: false, repeat: false })
    }

    #[test]
    fn a_letter_or_enter_chooses_and_q_leaves() {
        let mut start = start();
        assert_eq!(press(&mut start, KeyCode::Char('b')), Some(Chosen::Demo("bad-deploy")));
        assert_eq!(press(&mut start, KeyCode::Up), None);
        assert_eq!(press(&mut start, KeyCode::Enter), Some(Chosen::Demo("calm")));
        assert_eq!(press(&mut start, KeyCode::Char('w')), Some(Chosen::Write));
        assert_eq!(press(&mut start, KeyCode::Char('?')), None);
        assert!(start.told.as_ref().is_some_and(|told| told.as_str().starts_with("? does nothing here")));
        assert_eq!(press(&mut start, KeyCode::Char('q')), Some(Chosen::Quit));
    }

    #[test]
    fn a_path_is_typed_and_its_letters_choose_nothing() {
        let mut start = start();
        assert_eq!(press(&mut start, KeyCode::Char('o')), None);
        for c in "q.log".chars() {
            assert_eq!(press(&mut start, KeyCode::Char(c)), None);
        }
        start.paste(".gz\n");
        assert_eq!(press(&mut start, KeyCode::Enter), Some(Chosen::Open("q.log.gz".into())));
        assert_eq!(press(&mut start, KeyCode::Esc), None);
        assert_eq!(press(&mut start, KeyCode::Char('q')), Some(Chosen::Quit), "esc left the path, not the screen");
    }
}
