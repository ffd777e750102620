//! Reads the files of a configuration as text.

use std::path::Path;

use super::files;
use crate::error::{ExitCode, UserError};

/// Bytes of a configuration file at most: beyond it something else was named by mistake.
const LONGEST: u64 = 1 << 20;

/// Reads a file as text.
///
/// # Errors
/// When it cannot be read, is too long, or is not UTF-8.
pub(super) fn read(path: &Path) -> Result<String, UserError> {
    text(path, bytes(path)?)
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read or is too long.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, UserError> {
    let shown = path.display();
    let unreadable = |why: String| {
        UserError::new(ExitCode::Usage, format!("{shown} cannot be read: {why}"))
            .now("nothing was started")
            .hint("name another file with --config FILE")
    };
    let bytes = files::read(path, LONGEST).map_err(|error| unreadable(error.to_string()))?;
    bytes.ok_or_else(|| unreadable("it is longer than 1 MiB, the limit for a configuration or a template".to_owned()))
}

/// The content of a file as text.
///
/// # Errors
/// When it is not UTF-8.
pub(super) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, UserError> {
    let shown = path.display();
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
        UserError::new(ExitCode::Usage, format!("{shown}:{line}: the file is not UTF-8 text"))
            .now("nothing was started")
            .hint("save it as UTF-8")
    })?;
    // Editors of Windows put it there; it is no part of the first key.
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}
