//! What each setting comes to, and where that came from: for whoever wonders why. No value of a secret is in it.

use std::fmt;

use super::places::{Place, Places};
use super::token::{Asked, Token};
use crate::sanitize::Text;

/// The key of the theme, of which the terminal's ground may decide.
pub const THEME: &str = "ui.theme";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// It is written.
    File(Place),
    /// An environment variable.
    Variable(&'static str),
    /// A flag of the command line.
    Flag(&'static str),
    /// Elsewhere, in words: a tool, a file with a token.
    Elsewhere(Text),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => write!(f, "{}", Text::from(place.to_string())),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Elsewhere(words) => write!(f, "{words}"),
        }
    }
}

/// When another value is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// As soon as it is written.
    AtOnce,
    /// When the console is started again.
    Restarted,
}

/// A setting as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Its key: `ui.theme`, `environments.production.access`.
    pub key: Text,
    /// Its value; of a secret, whether there is one.
    pub value: Text,
    /// Where it came from.
    pub origin: Origin,
    /// When another one is used.
    pub applies: Applies,
    /// Of a secret that a command gives: which, and whether it was run.
    pub asked: Option<Asked>,
}

/// Settings as they are put together.
pub(super) struct Sheet<'a> {
    places: &'a Places,
    rows: Vec<Effective>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(places: &'a Places) -> Self {
        Self { places, rows: Vec::new() }
    }

    pub(super) fn rows(self) -> Vec<Effective> {
        self.rows
    }

    /// Where a key is written, else the default.
    pub(super) fn written(&self, key: &str) -> Origin {
        self.places.get(key).map_or(Origin::Default, |place| Origin::File(place.clone()))
    }

    /// A setting that a file says, or that has its default.
    pub(super) fn add(&mut self, key: impl Into<String>, value: impl fmt::Display) {
        let key = key.into();
        let origin = self.written(&key);
        self.put(key, value, origin);
    }

    /// A setting whose value came from there.
    pub(super) fn put(&mut self, key: impl Into<String>, value: impl fmt::Display, origin: Origin) {
        let (key, value) = (Text::from(key.into()), Text::from(value.to_string()));
        self.rows.push(Effective { key, value, origin, applies: Applies::Restarted, asked: None });
    }

    /// What was added last is used as soon as it is written.
    pub(super) fn at_once(&mut self) {
        if let Some(last) = self.rows.last_mut() {
            last.applies = Applies::AtOnce;
        }
    }

    /// Whether there is a token or an address that holds one, and where it was found.
    pub(super) fn secret(&mut self, key: impl Into<String>, token: &Token) {
        let value = match token.asked() {
            Some(Asked { run: false, .. }) => "not looked at",
            _ if token.get().is_some() => "there, not shown",
            _ => "none",
        };
        self.put(key, value, Origin::Elsewhere(Text::clean(token.origin())));
        if let Some(last) = self.rows.last_mut() {
            last.asked = token.asked().cloned();
        }
    }
}

/// An address without what may hold a secret.
pub(super) fn shown(url: &str) -> String {
    match url.split_once('?') {
        Some((before, _)) => format!("{before}?…"),
        None => url.to_owned(),
    }
}

/// Names, one after the other.
pub(super) fn list<T: fmt::Display>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
