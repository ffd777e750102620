//! A folder that goes with this run.

use std::path::{Path, PathBuf};

use crate::error::{ExitCode, UserError};

/// A folder among temporary files that nobody else can read; it is removed when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A new one, named after what it is for.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn new(of: &str) -> Result<Self, UserError> {
        let path = std::env::temp_dir().join(format!("flightdeck-{of}-{}", uuid::Uuid::now_v7()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| {
            UserError::new(ExitCode::Failed, format!("{} cannot be made: {error}", path.display()))
                .now("nothing was started")
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
