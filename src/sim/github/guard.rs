//! Checks that come before every route of GitHub: mandatory headers, the token, the hourly budget, and conditional requests,
//! whose 304 costs nothing (docs/platforms/github.md sections 1 to 3).

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use jiff::SignedDuration;

use super::error;
use crate::sim::dress::{self, Precision};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::budget::Left;
use crate::sim::world::ids;

/// Requests per hour of a personal token.
const LIMIT: u64 = 5_000;
/// Seconds of a window.
const HOUR: i64 = 3_600;
/// So many wrong tokens lock everybody out for so long (docs/platforms/github.md section 2).
const ATTEMPTS: usize = 8;
const LOCKED_OUT: SignedDuration = SignedDuration::from_secs(60);
/// The budget that all of a user's tokens share.
const CORE: &str = "core";
/// The versions that are served; without a header the first one counts.
pub(super) const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];
/// How addresses of the API begin in answers before they are led back.
const PUBLIC: &str = "https://api.github.com";
/// No answer of the simulator is larger.
const LARGEST: usize = 16 * 1024 * 1024;

/// The budget as it stands.
pub(super) fn budget(world: &mut World) -> Left {
    let now = world.now;
    world.github.budgets.look(CORE, LIMIT, HOUR, now)
}

/// The version that a request asks for, if it is served.
pub(super) fn version(headers: &HeaderMap) -> Option<&'static str> {
    match headers.get("x-github-api-version") {
        None => VERSIONS.first().copied(),
        Some(asked) => VERSIONS.into_iter().find(|known| asked.as_bytes() == known.as_bytes()),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = text(headers, header::AUTHORIZATION)?;
    bearer.strip_prefix("Bearer ").or_else(|| bearer.strip_prefix("token "))
}

/// Why a request may not pass, before it costs anything.
fn refusal(world: &mut World, headers: &HeaderMap) -> Option<Response> {
    let now = world.now;
    world.github.refused.retain(|at| now.duration_since(*at) < LOCKED_OUT);
    if world.github.refused.len() >= ATTEMPTS {
        return Some(error(
            StatusCode::FORBIDDEN,
            "Maximum number of login attempts exceeded. Please try again later.",
        ));
    }
    if text(headers, header::USER_AGENT).is_none_or(|agent| agent.trim().is_empty()) {
        let words = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
        return Some(error(StatusCode::FORBIDDEN, words));
    }
    match token(headers) {
        None => return Some(error(StatusCode::UNAUTHORIZED, "Requires authentication")),
        Some(token) if token != world.github.token => {
            world.github.refused.push(now);
            return Some(error(StatusCode::UNAUTHORIZED, "Bad credentials"));
        }
        Some(_) => {}
    }
    let words = "The API version you've requested is not supported.";
    version(headers).is_none().then(|| error(StatusCode::BAD_REQUEST, words))
}

/// Refuses what may not pass, charges what does, and answers 304 for what the reader holds already.
pub(super) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let free = request.uri().path() == "/rate_limit";
    let (refused, mut left) = {
        let mut world = shared.world();
        let refused = refusal(&mut world, request.headers());
        let now = world.now;
        let left = if free || refused.is_some() {
            world.github.budgets.look(CORE, LIMIT, HOUR, now)
        } else {
            world.github.budgets.charge(CORE, LIMIT, HOUR, now)
        };
        (refused, left)
    };
    let asked = Asked::of(&request);
    let response = match refused {
        Some(refused) => refused,
        None if left.spent => error(StatusCode::FORBIDDEN, "API rate limit exceeded for user ID 4711."),
        None => next.run(request).await,
    };
    // An id that is none names nothing.
    let response = dress::refused(response, |status, text| {
        if status == StatusCode::BAD_REQUEST { super::not_found() } else { error(status, text) }
    });
    let mut response = dress::json(response.await, |text| {
        let text = dress::stamps(&text, Precision::Seconds);
        text.replace(PUBLIC, asked.base.as_deref().unwrap_or(PUBLIC))
    })
    .await;
    relink(&mut response, &shared, &asked);
    if asked.get && response.status() == StatusCode::OK {
        response = conditional(&asked, response).await;
    }
    if response.status() == StatusCode::NOT_MODIFIED && !free {
        let mut world = shared.world();
        world.github.budgets.refund(CORE);
        left = budget(&mut world);
    }
    stamp(&mut response, left, asked.version);
    response
}

/// Pages lead back to where the client came from.
fn relink(response: &mut Response, shared: &Shared, asked: &Asked) {
    let own = shared.origins().map(|origins| origins.github.as_str()).unwrap_or_default();
    let link = response.headers().get(header::LINK).and_then(|link| link.to_str().ok()).map(str::to_owned);
    if let (Some(link), Some(base)) = (link, &asked.base)
        && let Ok(link) = HeaderValue::from_str(&link.replace(own, base))
    {
        response.headers_mut().insert(header::LINK, link);
    }
}

/// What the answer depends on beside the world.
struct Asked {
    /// Where the client believes the API to be: every address in an answer begins there.
    base: Option<String>,
    get: bool,
    /// Token, path, query and media type: the tag of one is no tag of another.
    key: String,
    held: Option<String>,
    version: Option<&'static str>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let accept = text(headers, header::ACCEPT).unwrap_or_default();
        Self {
            base: text(headers, header::HOST).map(|host| format!("http://{host}")),
            get: request.method() == Method::GET,
            key: format!("{} {} {accept}", token(headers).unwrap_or_default(), request.uri()),
            held: text(headers, header::IF_NONE_MATCH).map(str::to_owned),
            version: version(headers),
        }
    }
}

/// Tags an answer, or says that it is unchanged.
async fn conditional(asked: &Asked, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "Server Error");
    };
    let tag = format!("W/\"{}\"", ids::sha256(&format!("{} {}", asked.key, String::from_utf8_lossy(&body))));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    let same = asked.held.as_ref().is_some_and(|held| held.split(',').any(|one| one.trim() == tag));
    if !same {
        return Response::from_parts(parts, Body::from(body));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}

fn stamp(response: &mut Response, left: Left, version: Option<&'static str>) {
    let mut stamps = vec![
        ("x-ratelimit-limit", left.limit.to_string()),
        ("x-ratelimit-remaining", left.remaining.to_string()),
        ("x-ratelimit-used", (left.limit - left.remaining).to_string()),
        ("x-ratelimit-reset", left.reset.to_string()),
        ("x-ratelimit-resource", CORE.to_owned()),
        ("x-github-request-id", uuid::Uuid::now_v7().simple().to_string()),
    ];
    stamps.extend(version.map(|version| ("x-github-api-version-selected", version.to_owned())));
    for (name, value) in stamps {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}
