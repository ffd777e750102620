//! The keys in force: those of the table, or others that a person chose in `[ui.keys]`.

use super::dialogs::{self, Dialog, Own};
use super::{Action, Entry, TABLE};

/// Keys of more than one letter.
const NAMED: [&str; 15] = [
    "space",
    "enter",
    "esc",
    "tab",
    "shift-tab",
    "backspace",
    "delete",
    "up",
    "down",
    "left",
    "right",
    "home",
    "end",
    "pgup",
    "pgdn",
];

/// The table with the keys in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys(&'static [Entry]);

impl Default for Keys {
    fn default() -> Self {
        Self(TABLE)
    }
}

/// The keys that a person chose for an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Which.
    pub action: Action,
    /// As they are written.
    pub keys: Vec<String>,
}

/// Why chosen keys cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Whose keys.
    pub action: Action,
    /// The key, as it is written.
    pub key: String,
    /// What is wrong with it.
    pub why: String,
    /// The action that has it already.
    pub other: Option<&'static Entry>,
}

impl Keys {
    /// Every action with its keys.
    #[must_use]
    pub fn entries(self) -> &'static [Entry] {
        self.0
    }

    /// The action that a key, written as in the table, asks for.
    #[must_use]
    pub fn by_key(self, key: &str) -> Option<Action> {
        self.0.iter().find(|entry| entry.keys.contains(&key)).map(|entry| entry.action)
    }

    /// The action that two keys ask for, one pressed after the other.
    #[must_use]
    pub fn by_chord(self, first: &str, second: &str) -> Option<Action> {
        self.after(first).find(|(key, _)| *key == second).map(|(_, entry)| entry.action)
    }

    /// The keys that may follow this one, with what they do then.
    pub fn after(self, first: &str) -> impl Iterator<Item = (&'static str, &'static Entry)> {
        let chords = self.0.iter().flat_map(|entry| entry.keys.iter().map(move |keys| (*keys, entry)));
        chords.filter_map(move |(keys, entry)| {
            let (one, second) = keys.split_once(' ')?;
            // No more than two are pressed one after the other.
            (one == first && !second.contains(' ')).then_some((second, entry))
        })
    }

    /// The key of an action that a hint names: its first one.
    #[must_use]
    pub fn of(self, action: Action) -> &'static str {
        let entry = self.0.iter().find(|entry| entry.action == action);
        entry.and_then(|entry| entry.keys.first()).copied().unwrap_or_default()
    }

    /// Every key: where it works, what the action is called, how people write the key, and what it does there.
    pub fn all(
        self,
    ) -> impl Iterator<Item = (&'static str, Option<&'static str>, &'static [&'static str], &'static str)> {
        let own = self.0.iter().map(|entry| (entry.group.name(), Some(entry.name), entry.keys, entry.title));
        own.chain(dialogs::OWN.iter().map(|one| (one.dialog.name(), None, one.keys, one.title)))
    }

    /// The table with keys that a person chose. It is kept as long as the program: one is made when a configuration is read.
    ///
    /// # Errors
    /// When a key is none, is kept for something else, or would mean two things.
    pub fn with(chosen: &[Chosen]) -> Result<Self, Refused> {
        if chosen.is_empty() {
            return Ok(Self::default());
        }
        let mut strokes = Vec::new();
        for one in chosen {
            let bad = |key: &str, why: String| Refused { action: one.action, key: key.to_owned(), why, other: None };
            if one.keys.is_empty() {
                return Err(bad("", "an action needs a key".to_owned()));
            }
            for key in &one.keys {
                let read = read(key, one.action).map_err(|why| bad(key, why))?;
                strokes.push((one.action, read));
            }
        }
        let of = |action: Action| strokes.iter().filter(move |(of, _)| *of == action).map(|(_, key)| key.clone());
        let entry = |entry: &Entry| {
            let mut keys: Vec<String> = of(entry.action).collect();
            // What is never taken away: the ways out, and the way through a list.
            if let Some((list, letter)) = listed(entry.action) {
                let list = of(list).next().unwrap_or_else(|| Self::default().of(list).to_owned());
                let between = if list.chars().count() == 1 { "" } else { " " };
                keys.push(format!("{list}{between}{letter}"));
            }
            match entry.action {
                _ if keys.is_empty() => return *entry,
                Action::Back => keys.push("ctrl-c".to_owned()),
                Action::Escape => keys.push("esc".to_owned()),
                _ => {}
            }
            let mut seen = Vec::new();
            keys.retain(|key| {
                !seen.contains(key) && {
                    seen.push(key.clone());
                    true
                }
            });
            let keys: Vec<&'static str> = keys.into_iter().map(|key| &*key.leak()).collect();
            Entry { keys: keys.leak(), ..*entry }
        };
        let entries: Vec<Entry> = TABLE.iter().map(entry).collect();
        for (action, key) in &strokes {
            if let Some((other, why)) = clash(&entries, *action, key) {
                return Err(Refused { action: *action, key: key.clone(), why, other: super::named(other.name) });
            }
        }
        Ok(Self(entries.leak()))
    }
}

/// The list that an action is always reached through, and its letter there.
#[must_use]
pub fn listed(action: Action) -> Option<(Action, char)> {
    match action {
        Action::Start(letter) => Some((Action::Menu, letter)),
        Action::View(10..) => Some((Action::View(0), Keys::default().of(action).chars().last()?)),
        _ => None,
    }
}

/// The entry that has this key already, or one that it begins with or that begins with it, and why that cannot be.
fn clash<'e>(entries: &'e [Entry], action: Action, key: &str) -> Option<(&'e Entry, String)> {
    let begins = |whole: &str, part: &str| whole.strip_prefix(part).is_some_and(|rest| rest.starts_with(' '));
    entries.iter().find_map(|entry| {
        let through = |at: usize| listed(entry.action).is_some() && at + 1 == entry.keys.len();
        let own = entry.keys.iter().enumerate().filter(|(at, _)| !through(*at)).map(|(_, other)| *other);
        let why = own.into_iter().find_map(|other| match () {
            () if other == key && entry.action == action => None,
            () if other == key => Some(format!("that is the key of {}", entry.name)),
            () if begins(key, other) => Some(format!("{other} alone is the key of {}", entry.name)),
            () if begins(other, key) => Some(format!("{other} of {} begins with it", entry.name)),
            () => None,
        })?;
        Some((entry, why))
    })
}

/// A key, or two with a space between them.
fn read(text: &str, action: Action) -> Result<String, String> {
    let keys: Vec<&str> = text.split_whitespace().collect();
    if !(1..=2).contains(&keys.len()) {
        return Err("it is neither a key nor two keys with a space between them".to_owned());
    }
    for key in &keys {
        stroke(key)?;
        let kept = match *key {
            "esc" if action != Action::Escape || keys.len() > 1 => "it always leaves what is open",
            "ctrl-c" if action != Action::Back || keys.len() > 1 => "it always goes back and quits",
            // As in a paste of a terminal: it is pressed before the plan is there.
            key if key == dialogs::key(Dialog::Plan, Own::Carry) => "it carries out a plan, and does nothing elsewhere",
            _ => continue,
        };
        return Err(format!("{key} is kept: {kept}"));
    }
    Ok(keys.join(" "))
}

/// Whether a terminal can send it.
fn stroke(key: &str) -> Result<(), String> {
    // What has no width of its own would be a key that nobody sees.
    let seen =
        |text: &str| crate::sanitize::is_clean(text) && !text.chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c));
    let one = |text: &str| text.chars().count() == 1 && seen(text);
    let same = |as_what: &str| Err(format!("terminals send {key} as {as_what}"));
    match key.strip_prefix("ctrl-") {
        _ if NAMED.contains(&key) || one(key) => Ok(()),
        Some("i") => same("tab"),
        Some("j" | "m") => same("enter"),
        Some("h") => same("backspace"),
        Some(letter) if one(letter) && letter.chars().all(|c| c.is_ascii_lowercase()) => Ok(()),
        _ => Err(format!(
            "{} is not a key; write a letter, ctrl- and a small letter, or one of {}",
            key.escape_debug(),
            NAMED.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Choice;

    fn chosen(action: Action, keys: &[&str]) -> Chosen {
        Chosen { action, keys: keys.iter().map(|key| (*key).to_owned()).collect() }
    }

    fn refused(all: &[Chosen]) -> String {
        let refused = Keys::with(all).unwrap_err();
        format!("{}: {}", refused.key, refused.why)
    }

    #[test]
    fn chosen_keys_take_the_place_of_those_of_the_table() {
        let all = [chosen(Action::NextError, &["g e", "ctrl-n"]), chosen(Action::First, &["home"])];
        let keys = Keys::with(&all).unwrap();
        assert_eq!((keys.by_key("e"), keys.by_key("g")), (None, None));
        assert_eq!(
            (keys.by_key("ctrl-n"), keys.by_chord("g", "e")),
            (Some(Action::NextError), Some(Action::NextError))
        );
        assert_eq!(keys.of(Action::NextError), "g e");
        assert_eq!(
            keys.after("g").map(|(key, entry)| (key, entry.action)).collect::<Vec<_>>(),
            [("e", Action::NextError)]
        );
        assert_eq!(keys.by_key("j"), Some(Action::Down), "the others keep theirs");
    }

    #[test]
    fn a_list_that_two_keys_open_makes_no_three_keys_and_a_key_is_listed_once() {
        let keys = Keys::with(&[chosen(Action::Menu, &["b r"]), chosen(Action::Escape, &["esc", "Q"])]).unwrap();
        let after: Vec<_> = keys.after("b").map(|(key, entry)| (key, entry.action)).collect();
        assert_eq!(after, [("r", Action::Menu)]);
        let escape = keys.entries().iter().find(|entry| entry.action == Action::Escape).unwrap();
        assert_eq!(escape.keys, ["esc", "Q"]);
    }

    #[test]
    fn no_key_means_two_things() {
        let errors = |key: &str| refused(&[chosen(Action::NextError, &[key])]);
        assert_eq!(errors("X"), "X: that is the key of why");
        assert_eq!(errors("g e"), "g e: g alone is the key of first");
        let same = [chosen(Action::First, &["g", "g g"])];
        assert_eq!(refused(&same), "g: g g of first begins with it");
        assert_eq!(errors("! e"), "! e: ! alone is the key of menu");
        let two = [chosen(Action::NextError, &["b e"]), chosen(Action::Wrap, &["b"])];
        assert_eq!(refused(&two), "b e: b alone is the key of wrap");
        let swapped = [chosen(Action::NextError, &["n"]), chosen(Action::NextMatch, &["e"])];
        assert!(Keys::with(&swapped).is_ok(), "two may change their keys");
    }

    #[test]
    fn what_no_terminal_sends_and_what_always_leads_out_is_refused() {
        let errors = |key: &str| refused(&[chosen(Action::NextError, &[key])]);
        for (key, why) in [
            ("", "neither a key nor two keys"),
            ("a b c", "neither a key nor two keys"),
            ("f13", "f13 is not a key"),
            ("ctrl-E", "is not a key"),
            ("ctrl-i", "terminals send ctrl-i as tab"),
            ("esc", "always leaves what is open"),
            ("ctrl-c", "always goes back"),
            ("K", "it carries out a plan"),
            ("\u{202e}", "is not a key"),
            ("\u{301}", "is not a key"),
            ("g K", "it carries out a plan"),
        ] {
            assert!(errors(key).contains(why), "{key}: {}", errors(key));
        }
        assert_eq!(refused(&[chosen(Action::NextError, &[])]), ": an action needs a key");
        let out = Keys::with(&[chosen(Action::Back, &["Q"])]).unwrap();
        assert_eq!(
            (out.by_key("Q"), out.by_key("ctrl-c"), out.by_key("q")),
            (Some(Action::Back), Some(Action::Back), None)
        );
    }

    #[test]
    fn an_operation_is_always_reached_through_the_menu_too() {
        let own = Keys::with(&[chosen(Choice::RollBack.start(), &["b r"])]).unwrap();
        assert_eq!(own.entries().iter().find(|one| one.name == "roll_back").unwrap().keys, ["b r", "!R"]);
        let menu = Keys::with(&[chosen(Action::Menu, &["&"])]).unwrap();
        assert_eq!((menu.of(Choice::RollBack.start()), menu.of(Choice::Alarm.start())), ("&R", "&!"));
    }
}
