//! Placeholder of the origin; its routes follow.

use axum::Router;

use super::shared::Shared;

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new().with_state(shared)
}
