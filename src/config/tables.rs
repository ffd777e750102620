//! The tables of a configuration file, a file for each: its keys as they are written, what is refused, the defaults, and the values as the rest
//! of the program reads them.

pub(super) mod environments;
pub(super) mod freezes;
pub(super) mod keys;
pub(super) mod logs;
pub(super) mod platforms;
pub(super) mod poll;
pub(super) mod postgres;
pub(super) mod probes;
pub(super) mod secrets;
pub(super) mod services;
pub(super) mod state;
pub(super) mod ui;
pub(super) mod workflows;

use std::collections::BTreeMap;

/// What two files say of one thing. The stronger file comes first.
pub(super) trait Over {
    /// Lays one over another.
    #[must_use]
    fn over(self, below: Self) -> Self;
}

impl<T> Over for Option<T> {
    fn over(self, below: Self) -> Self {
        self.or(below)
    }
}

/// Half a list of each file is no list.
impl<T> Over for Vec<T> {
    fn over(self, below: Self) -> Self {
        if self.is_empty() { below } else { self }
    }
}

impl<V> Over for BTreeMap<String, V> {
    fn over(self, mut below: Self) -> Self {
        below.extend(self);
        below
    }
}

/// What was decided about a file stays with what stands in it.
impl Over for bool {
    fn over(self, _below: Self) -> Self {
        self
    }
}

/// A table of which each key may stand in one's own file and in the project's: the type, with no key required, and [`Over`] key by key.
macro_rules! layered {
    ($(#[$meta:meta])* pub struct $table:ident { $($(#[$of:meta])* pub $key:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Default, serde::Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(default)]
        pub struct $table { $($(#[$of])* pub $key: $kind,)* }

        impl $crate::config::tables::Over for $table {
            fn over(self, below: Self) -> Self {
                Self { $($key: $crate::config::tables::Over::over(self.$key, below.$key),)* }
            }
        }
    };
}
pub(super) use layered;
