//! What can be asked about a service, whichever platform it is on. A platform has one adapter; who asks does not know which.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::PlatformError;
use crate::domain::environment::{Declared, ServiceInfo};
use crate::domain::finding::Looked;
use crate::domain::release::Deployment;
use crate::domain::secret::Names;
use crate::sanitize::Text;

/// A question that is asked once it is awaited.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, PlatformError>>;

/// A list, newest first, with how many its platform lists at most.
#[derive(Debug)]
pub struct Newest {
    /// The deployments.
    pub list: Vec<Deployment>,
    /// A list of so many is the newest part of a longer one.
    pub most: usize,
}

/// A service on its platform. What a platform does not have is `None`: nobody asks for it.
pub trait Adapter: Send + Sync {
    /// A person asks for what is declared: the next reading makes do with nothing that is held from an earlier one. Where the platform's
    /// budget has no room for that: what is to be told.
    fn anew(&self) -> Option<Text> {
        None
    }

    /// What the platform says is live.
    fn declared(&self) -> Option<Asked<'_, Declared>> {
        None
    }

    /// Its deployments, from a reading that is no older than this.
    fn deployments(&self, _: Duration) -> Option<Asked<'_, Newest>> {
        None
    }

    /// Names and digests of its secrets.
    fn secrets(&self) -> Option<Asked<'_, Names>> {
        None
    }

    /// What the platform says of its condition: each thing that is looked at, and why it could not be where it could not.
    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        None
    }
}

/// A service, and the client of its platform.
pub(super) struct On<C> {
    pub(super) client: C,
    pub(super) service: ServiceInfo,
}
