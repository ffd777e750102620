//! What reaches into the configuration beside its files: flags and environment variables.

use std::path::PathBuf;

/// Flags that reach into the configuration.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--write`: every environment may be changed.
    pub write: bool,
    /// `--readonly`: none may, whatever the file says.
    pub readonly: bool,
    /// `--ascii`.
    pub ascii: bool,
    /// `--no-color`.
    pub no_color: bool,
    /// A log is read alone: no environment is needed.
    pub alone: bool,
    /// The configuration is looked at and nothing is run.
    pub dry: bool,
}

/// Environment variables by name; tests hand in their own.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A folder of the XDG base directories; a relative one does not count, as the specification says.
pub(super) fn folder(env: Env<'_>, variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}
