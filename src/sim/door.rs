//! Decides which requests are answered. A web page in a browser on this machine can send requests to loopback, also under a
//! name that it made point there. So every origin answers requests to loopback names only, and none that come from a foreign
//! page.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::{Json, Router, middleware};
use serde_json::json;

/// Whom an origin answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Door {
    /// It listens beyond loopback, as somebody asked for in so many words: it is called by names that are not known here.
    pub exposed: bool,
    /// Pages of other origins ask it too, as they ask any product's edge.
    pub public: bool,
}

/// Puts the door before an origin.
pub(super) fn layer(router: Router, door: Door) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| async move {
        match door.refuses(request.uri().authority().map(|authority| authority.as_str()), request.headers()) {
            Some((status, why)) => (status, Json(json!({ "error": why }))).into_response(),
            None => next.run(request).await,
        }
    }))
}

impl Door {
    fn refuses(self, authority: Option<&str>, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let asked = text(header::HOST).or(authority).unwrap_or_default();
        if !self.exposed && !loopback(host(asked)) {
            return Some((StatusCode::MISDIRECTED_REQUEST, "the simulator answers loopback names only"));
        }
        let origin = text(header::ORIGIN).filter(|_| !self.public)?;
        // `null` is a page without an origin, such as a file or a sandboxed frame: foreign too.
        let from = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let own = from.is_some_and(|from| from == asked || loopback(host(from)));
        (!own).then_some((StatusCode::FORBIDDEN, "the simulator does not answer pages of other origins"))
    }
}

/// The host of `host:port`, IPv6 with brackets.
fn host(authority: &str) -> &str {
    if let Some(inner) = authority.strip_prefix('[') {
        return inner.split_once(']').map_or("", |(host, _)| host);
    }
    authority.split_once(':').map_or(authority, |(host, _)| host)
}

fn loopback(host: &str) -> bool {
    host.parse::<IpAddr>().map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |number| number.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn answer(door: Door, host: &'static str, origin: Option<&'static str>) -> u16 {
        let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
        headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
        door.refuses(None, &headers).map_or(200, |(status, _)| status.as_u16())
    }

    #[test]
    fn loopback_names_are_answered_and_foreign_pages_are_not() {
        let door = Door { exposed: false, public: false };
        for host in ["127.0.0.1:4600", "localhost:4600", "[::1]:4600", "LOCALHOST", "127.0.0.2"] {
            assert_eq!(answer(door, host, None), 200, "{host}");
        }
        for host in
            ["rebound.evil.example:4600", "127.0.0.1.evil.example", "10.0.0.7:4600", "localhost.evil.example", ""]
        {
            assert_eq!(answer(door, host, None), 421, "{host}");
        }
        assert_eq!(answer(door, "127.0.0.1:4600", Some("http://127.0.0.1:4600")), 200);
        for origin in ["https://evil.example", "null", "http://localhost.evil.example", "file://"] {
            assert_eq!(answer(door, "127.0.0.1:4600", Some(origin)), 403, "{origin}");
        }
        assert_eq!(answer(Door { public: true, ..door }, "127.0.0.1:1", Some("https://shop.example")), 200);
    }

    #[test]
    fn beyond_loopback_any_name_is_answered_and_its_own_pages_alone() {
        let door = Door { exposed: true, public: false };
        assert_eq!(answer(door, "sim.lan:4600", None), 200);
        assert_eq!(answer(door, "sim.lan:4600", Some("http://sim.lan:4600")), 200);
        assert_eq!(answer(door, "sim.lan:4600", Some("https://evil.example")), 403);
    }
}
