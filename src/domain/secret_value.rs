//! The value of a secret on its way from a person to a platform.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::environment::Platform;
use crate::sanitize::Text;

/// Longest value, bytes: GitHub's limit (docs/platforms/github.md section 7); Supabase's is half of it (docs/platforms/supabase.md
/// section 3.4).
const LONGEST: usize = 48 * 1024;

/// A value that is in no `Debug`, no file and no answer: what serializes around it leaves it out.
#[derive(Clone, Default)]
pub struct SecretValue(Option<SecretString>);

impl SecretValue {
    /// Takes a value as it was given.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Some(value).filter(|value| !value.is_empty()).map(SecretString::from))
    }

    /// The value, for the call that brings it to its platform and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_ref().map_or("", |value| value.expose_secret())
    }

    /// Nothing was given, or it was not kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// How many characters it has.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.expose().chars().count()
    }

    /// The same with more at its end. Line ends are those of files, whatever a terminal makes of them.
    pub fn extend(&mut self, more: &str) {
        *self = Self::new(format!("{}{}", self.expose(), more.replace("\r\n", "\n").replace('\r', "\n")));
    }

    /// The same without its last character.
    pub fn shorten(&mut self) {
        let mut value = self.expose().to_owned();
        value.pop();
        *self = Self::new(value);
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "SecretValue(nothing)" } else { "SecretValue(hidden)" })
    }
}

impl PartialEq for SecretValue {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SecretValue {}

/// The name that a platform keeps a secret by: GitHub's are in capitals.
#[must_use]
pub fn kept_as(key: &Text, platform: Platform) -> Text {
    if platform == Platform::Github { Text::from(key.as_str().to_uppercase()) } else { key.clone() }
}

/// Why this cannot be a secret there.
#[must_use]
pub fn unfit(key: &Text, value: &SecretValue, platform: Platform) -> Vec<Text> {
    let plain = key.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let digit = key.as_str().starts_with(|first: char| first.is_ascii_digit());
    let mut why = Vec::new();
    if key.as_str().is_empty() || !plain || digit {
        why.push(Text::from("a name has letters, digits and underscores, and does not begin with a digit"));
    }
    if platform == Platform::Supabase && key.as_str().starts_with("SUPABASE_") {
        why.push(Text::from("names that begin with SUPABASE_ are Supabase's own"));
    }
    if platform == Platform::Github && key.as_str().starts_with("GITHUB_") {
        why.push(Text::from("names that begin with GITHUB_ are GitHub's own"));
    }
    if value.is_empty() {
        why.push(Text::from("there is no value; values are not kept, so it must be given again"));
    }
    let longest = if platform == Platform::Supabase { LONGEST / 2 } else { LONGEST };
    if value.expose().len() > longest {
        why.push(Text::from(format!("the value is longer than {} KB", longest / 1024)));
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_corrected_and_never_shown() {
        let mut held = SecretValue::new(String::new());
        assert!(held.is_empty());
        held.extend("one\r\ntwo!");
        held.shorten();
        assert_eq!((held.expose(), held.chars()), ("one\ntwo", 7));
        assert_eq!(format!("{held:?}"), "SecretValue(hidden)");
    }
}
