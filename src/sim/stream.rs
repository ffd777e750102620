//! Answers that stay open: one JSON object per line, as the world produces them.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;

use super::shared::Shared;
use super::world::World;

fn text(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

/// What is there, one object per line, and the end.
pub fn all(values: &[Value]) -> Response {
    ([(header::CONTENT_TYPE, "application/stream+json")], text(values)).into_response()
}

/// Streams what `read` finds each time the world may have changed, until it says that it is over or the simulator ends.
pub fn lines<F>(shared: Shared, read: F) -> Response
where
    F: FnMut(&World) -> (Vec<Value>, bool) + Send + 'static,
{
    let chunks = stream::unfold((shared, read, false), |(shared, mut read, over)| async move {
        if over {
            return None;
        }
        loop {
            let (values, over) = read(&shared.world());
            if !values.is_empty() || over {
                return Some((Ok::<_, std::io::Error>(Bytes::from(text(&values))), (shared, read, over)));
            }
            if !shared.changed().await {
                return None;
            }
        }
    });
    ([(header::CONTENT_TYPE, "application/stream+json")], Body::from_stream(chunks)).into_response()
}
