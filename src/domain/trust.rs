//! A project file and what it asks for beyond describing a product. Whoever wrote the repository wrote it, so that it runs
//! nothing and names no other address until the person at the keyboard has approved it.

use std::path::PathBuf;

use crate::sanitize::Text;

/// One setting of a project file that counts only once the file is approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Its key: `platforms.github.base`.
    pub key: Text,
    /// What it says, literally; characters that are not seen are escaped.
    pub says: Text,
}

/// A project file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    /// Where it lies, without links.
    pub path: PathBuf,
    /// SHA-256 of its content, in hex.
    pub digest: String,
    /// What it asks for.
    pub wants: Vec<Want>,
    /// This content was approved, or needs no approval.
    pub approved: bool,
}

impl ProjectFile {
    /// Whether something in it is not used because nobody has approved it.
    #[must_use]
    pub fn withheld(&self) -> bool {
        !self.approved && !self.wants.is_empty()
    }

    /// What is withheld and what to do about it, in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let keys: Vec<&str> = self.wants.iter().map(|want| want.key.as_str()).collect();
        let path = Text::from(self.path.as_path());
        format!(
            "{path} is not approved, so these of its keys are not used: {}; flightdeck config trust",
            keys.join(", ")
        )
    }
}
