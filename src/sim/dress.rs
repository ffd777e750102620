//! Finishes JSON answers: time stamps in the platform's own precision, and addresses that lead back to where the client came
//! from.

use axum::body::{Body, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;

/// No answer of the simulator that is touched is larger.
const LARGEST: usize = 64 << 20;

/// How a platform writes an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// `2026-11-20T09:00:00Z`.
    Seconds,
    /// `2026-11-20T09:00:00.000Z`, always.
    Millis,
}

/// A request that the framework refused in plain text is refused in the platform's own form.
pub(super) async fn refused(response: Response, own: impl FnOnce(StatusCode, &str) -> Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !response.status().is_client_error() || !kind.is_some_and(|kind| kind.starts_with("text/plain")) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, LARGEST).await.unwrap_or_default();
    own(parts.status, &String::from_utf8_lossy(&text))
}

/// Rewrites a whole JSON answer; streams and everything else go through as they are.
pub(super) async fn json(response: Response, edit: impl FnOnce(String) -> String) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = to_bytes(body, LARGEST).await else { return Response::from_parts(parts, Body::empty()) };
    match String::from_utf8(whole.to_vec()) {
        Ok(text) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(edit(text)))
        }
        Err(_) => Response::from_parts(parts, Body::from(whole)),
    }
}

/// Writes every instant at the end of a text in the given precision.
pub(super) fn stamps(text: &str, precision: Precision) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (end, _) in text.match_indices("Z\"") {
        let Some(start) = fraction(text.as_bytes(), end) else { continue };
        out.push_str(text.get(done..start).unwrap_or_default());
        if precision == Precision::Millis {
            let digits = text.get(start..end).unwrap_or_default().trim_start_matches('.');
            out.push('.');
            out.extend(digits.chars().chain("000".chars()).take(3));
        }
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Where the fraction of a second begins in an instant that ends at `end`; `end` where it has none.
fn fraction(bytes: &[u8], end: usize) -> Option<usize> {
    let digits = bytes.get(..end)?.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let start = match end.checked_sub(digits + 1).and_then(|at| Some((at, bytes.get(at)?))) {
        Some((at, b'.')) => at,
        _ => end,
    };
    let shape = b"0000-00-00T00:00:00";
    let whole = bytes.get(start.checked_sub(shape.len())?..start)?;
    let same = |(byte, like): (&u8, &u8)| if *like == b'0' { byte.is_ascii_digit() } else { byte == like };
    whole.iter().zip(shape).all(same).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_the_platforms_precision_and_nothing_else_is_touched() {
        let text = r#"{"a":"2026-11-20T09:00:00.123456789Z","b":"2026-11-20T09:00:00Z","c":"1.5Z","d":"held until 2026-11-20T09:00:00.5Z"}"#;
        assert_eq!(
            stamps(text, Precision::Seconds),
            r#"{"a":"2026-11-20T09:00:00Z","b":"2026-11-20T09:00:00Z","c":"1.5Z","d":"held until 2026-11-20T09:00:00Z"}"#
        );
        assert_eq!(
            stamps(text, Precision::Millis),
            r#"{"a":"2026-11-20T09:00:00.123Z","b":"2026-11-20T09:00:00.000Z","c":"1.5Z","d":"held until 2026-11-20T09:00:00.500Z"}"#
        );
    }
}
