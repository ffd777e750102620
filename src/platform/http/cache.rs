//! Answers held for conditional requests. A tag belongs to what was asked, by whom and in which form (docs/platforms/github.md
//! section 3).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};

use super::answer::Answer;

/// Answers held; when full the cache starts anew.
const HELD: usize = 256;

/// Whose answer it is: address, token and form. The token is in it as a hash of this process only.
pub(super) type Key = (String, u64);

/// An answer as it is given again.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) etag: String,
    pub(super) body: Bytes,
    /// Where the list goes on.
    pub(super) link: Option<HeaderValue>,
}

#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<Key, Kept>>);

impl Cache {
    pub(super) fn key(url: &Url, headers: &HeaderMap) -> Key {
        let mut hasher = DefaultHasher::new();
        for name in ["authorization", "accept"] {
            headers.get(name).map(|value| value.as_bytes()).hash(&mut hasher);
        }
        (url.as_str().to_owned(), hasher.finish())
    }

    pub(super) fn get(&self, key: &Key) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(super) fn put(&self, key: Key, etag: &str, answer: &Answer) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= HELD {
            held.clear();
        }
        let link = answer.headers.get("link").cloned();
        held.insert(key, Kept { etag: etag.to_owned(), body: answer.body.clone(), link });
    }

    /// Drops every answer of an address: one that cannot be read must not come back as unchanged.
    pub(super) fn forget(&self, url: &Url) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(held, _), _| held != url.as_str());
    }
}
