//! A token that can be found anew. Tools renew what they keep in their files, so a console that has run all night may hold a
//! token that has ended (docs/platforms/fly.md section 1): what came from a file or a command is read again when it is refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::credentials::source::TokenSource;
use crate::sanitize::Text;

/// Shortest time between two looks at the source: a command may ask its owner something.
const AGAIN: Duration = Duration::from_secs(60);

/// The origin of a token that is not sent.
pub(super) const WITHHELD: &str = "withheld, because the project file is not approved: flightdeck config trust";

/// A token, or why there is none. Copies share what is found.
#[derive(Clone)]
pub struct Token(Arc<Inner>);

/// A command that gives a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which, without what may be secret in it.
    pub command: Text,
    /// Whether it was run: where the configuration is only looked at, none is.
    pub run: bool,
}

struct Inner {
    origin: String,
    /// The command that was reached first where the token was looked for.
    asked: Option<Asked>,
    source: Option<TokenSource>,
    held: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    token: Option<SecretString>,
    looked: Option<Duration>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({})", self.0.origin)
    }
}

impl Token {
    /// A token that stays as it is; `origin` says in words where it came from, or where it was looked for in vain.
    #[must_use]
    pub fn fixed(token: Option<SecretString>, origin: &str) -> Self {
        Self::held(token, origin.to_owned(), None)
    }

    /// A token with the place that it was read from.
    #[must_use]
    pub(super) fn from_source(token: SecretString, source: TokenSource) -> Self {
        Self::held(Some(token), source.to_string(), Some(source))
    }

    fn held(token: Option<SecretString>, origin: String, source: Option<TokenSource>) -> Self {
        let token = token.filter(|token| !token.expose_secret().trim().is_empty());
        Self(Arc::new(Inner { origin, asked: None, source, held: Mutex::new(Cached { token, looked: None }) }))
    }

    /// The same, with the command that was reached first where it was looked for. For a token that nobody has a copy of yet.
    #[must_use]
    pub(super) fn asking(mut self, asked: Option<Asked>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.asked = asked;
        }
        self
    }

    /// The command that was reached first where it was looked for.
    #[must_use]
    pub fn asked(&self) -> Option<&Asked> {
        self.0.asked.as_ref()
    }

    /// Where it came from, in words: `environment variable GH_TOKEN`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// What is held now.
    #[must_use]
    pub fn get(&self) -> Option<SecretString> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).token.clone()
    }

    /// Reads the source again after `refused` was not accepted; `now` is monotonic. True when another token is held
    /// afterwards, whoever read it. Blocks while a file is read or a command runs.
    #[must_use]
    pub fn renew(&self, refused: &SecretString, now: Duration) -> bool {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let differs = |token: &Option<SecretString>| {
            token.as_ref().is_some_and(|token| token.expose_secret() != refused.expose_secret())
        };
        if differs(&held.token) {
            return true;
        }
        let Some(source) = &self.0.source else { return false };
        if held.looked.is_some_and(|looked| now.saturating_sub(looked) < AGAIN) {
            return false;
        }
        held.looked = Some(now);
        let Ok(found) = source.read() else { return false };
        held.token = Some(found);
        differs(&held.token)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_read_again_once_a_minute_and_copies_see_what_was_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let write = |text: &str| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        write("first");
        let source = TokenSource::File(path.clone());
        let token = Token::from_source(source.read().unwrap(), source);
        let copy = token.clone();
        let first = token.get().unwrap();
        assert!(!token.renew(&first, Duration::from_secs(1)), "the file still says the same");
        write("second");
        assert!(!token.renew(&first, Duration::from_secs(30)), "it was looked at a moment ago");
        assert!(token.renew(&first, Duration::from_secs(61)));
        assert_eq!(copy.get().unwrap().expose_secret(), "second");
        assert!(copy.renew(&first, Duration::from_secs(62)), "somebody else has renewed it");
    }

    #[test]
    fn what_has_no_source_stays() {
        let token = Token::fixed(Some(SecretString::from("abc")), "test");
        assert!(!token.renew(&token.get().unwrap(), Duration::from_secs(999)));
        assert!(!format!("{token:?}").contains("abc"));
        assert!(Token::fixed(Some(SecretString::from(" ")), "test").get().is_none());
    }
}
