//! A theme that a person wrote, as a file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::files;

/// A theme file is a page of text.
const LARGEST: u64 = 64 * 1024;

/// What a file of a theme is found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// There is none.
    Absent,
    /// It is there and cannot be used: why.
    Unreadable(String),
    /// Its text.
    Text(Arc<str>),
}

/// Reads the file of a theme.
#[must_use]
pub fn read(path: &Path) -> Read {
    match files::read(path, LARGEST).map(|read| read.and_then(|bytes| String::from_utf8(bytes).ok())) {
        Ok(Some(text)) => Read::Text(text.into()),
        Ok(None) => Read::Unreadable("is no text of at most 64 KiB".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Read::Absent,
        Err(error) => Read::Unreadable(format!("cannot be read: {error}")),
    }
}
