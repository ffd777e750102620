//! Turns a failure into an error with the platform's own message: the one place that reads the error formats of all platforms.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::answer::Answer;
use super::{ledger, limits};
use crate::domain::environment::Platform;
use crate::platform::{ErrorKind, PlatformError};
use crate::redact::{CUT, Redactor};
use crate::sanitize::Text;

/// Words of a platform are cut to this many characters.
const WORDS: usize = 300;

/// A failure in our words.
pub(crate) fn fault(platform: Platform, kind: ErrorKind, words: &str) -> PlatformError {
    let message = Text::clean(words);
    PlatformError {
        platform,
        kind,
        status: None,
        code: None,
        message,
        request_id: None,
        retry_after: None,
        until: None,
    }
}

/// The code of an answer that was not read because it is too large.
pub const TOO_LARGE: &str = "too_large";

/// An answer larger than is read.
pub(super) fn too_large(platform: Platform, cap: usize) -> PlatformError {
    let mut error = garbage(platform, &format!("its answer is larger than {} MiB", cap >> 20));
    error.code = Some(Text::from(TOO_LARGE));
    error
}

/// An answer that breaks the contract.
pub(crate) fn garbage(platform: Platform, words: &str) -> PlatformError {
    fault(platform, ErrorKind::Garbage, words)
}

/// No answer at all. The URL is left out of the words: it may carry a token of the product.
pub(super) fn transport(platform: Platform, error: &reqwest::Error) -> PlatformError {
    if error.is_timeout() {
        return fault(platform, ErrorKind::Timeout, "no answer in time");
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let words = if innermost.source().is_none() && std::ptr::addr_eq(innermost, error) {
        "the connection failed".to_owned()
    } else {
        innermost.to_string()
    };
    let kind = if error.is_body() || error.is_decode() { ErrorKind::Garbage } else { ErrorKind::Unreachable };
    fault(platform, kind, &words)
}

/// A status other than 2xx.
pub(super) fn refusal(platform: Platform, answer: &Answer, redactor: &Redactor, now: Timestamp) -> PlatformError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let (code, words) = if body.is_null() { (None, plain(answer)) } else { words(&body) };
    let held = held(&answer.headers);
    let kind = if held.is_some() { ErrorKind::Refused } else { kind(answer, &body) };
    let (code, words) = held.map_or((code, words), |(code, words)| (Some(code.to_owned()), words.to_owned()));
    let retry_after = match kind {
        ErrorKind::RateLimited => ledger::come_back(platform, &answer.headers, now),
        _ => limits::retry_after(&answer.headers),
    };
    let (retry_after, until) = ledger::bounded(kind, retry_after, now);
    let message = if words.is_empty() { format!("HTTP {} without a message", answer.status) } else { words };
    let mut message = short(&message, redactor);
    if let Some(missing) = missing(kind, &answer.headers) {
        message.push_str(&missing);
    }
    PlatformError {
        platform,
        kind,
        status: Some(answer.status),
        code: code.map(|code| Text::clean(&code)),
        message: redactor.mask(Text::clean(&message)),
        request_id: request_id(&answer.headers),
        retry_after,
        until,
    }
}

/// A platform's words, cut where they are long, and marked there: a value that a platform repeats is looked for at that place, too. Masked
/// before: of a token that the cut goes through, the beginning would stay.
fn short(words: &str, redactor: &Redactor) -> String {
    let words = redactor.scrub(words);
    let mut short: String = words.chars().take(WORDS).collect();
    if short.len() < words.len() {
        short.push_str(CUT);
    }
    short
}

/// The code of an answer that a paused project gives.
pub const PAUSED: &str = "deployment_paused";
/// The code of an answer that challenges whoever asks.
pub const CHALLENGED: &str = "attack_mode";

/// What Vercel puts before a page that it does not let through: a challenge that no program solves, or a pause.
fn held(headers: &HeaderMap) -> Option<(&'static str, &'static str)> {
    let named = |name: &str| headers.get(name)?.to_str().ok();
    match (named("x-vercel-mitigated"), named("x-vercel-error")) {
        (Some("challenge"), _) => {
            Some((CHALLENGED, "Vercel challenges every visitor (attack mode), and no program gets past it"))
        }
        (_, Some("DEPLOYMENT_PAUSED")) => Some((PAUSED, "the project is paused on Vercel: every visitor gets this")),
        _ => None,
    }
}

/// The permission that GitHub names beside a refusal (docs/platforms/github.md section 2): a comma is an and, a semicolon an or.
fn missing(kind: ErrorKind, headers: &HeaderMap) -> Option<String> {
    if !matches!(kind, ErrorKind::Forbidden | ErrorKind::NotFound) {
        return None;
    }
    let named = |name: &str| headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty());
    if let Some(page) = named("x-github-sso") {
        return Some(format!(" (the organization asks for a single sign-on first: {page})"));
    }
    let permissions = named("x-accepted-github-permissions").or_else(|| named("x-accepted-oauth-scopes"))?;
    Some(format!(" (needs {})", permissions.replace(';', " or")))
}

/// An error that comes with a success: Supabase answers 200 with `error`, GraphQL with `errors` and no data. No contract that is
/// read here has an `error` beside what was asked for.
pub(super) fn inside(platform: Platform, answer: &Answer, redactor: &Redactor) -> Option<PlatformError> {
    #[derive(serde::Deserialize)]
    struct Inside {
        #[serde(default)]
        error: Value,
        #[serde(default)]
        errors: Value,
        #[serde(default)]
        message: Value,
        #[serde(default)]
        data: Option<serde::de::IgnoredAny>,
    }
    if !answer.body.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let found: Inside = serde_json::from_slice(&answer.body).ok()?;
    let told = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    };
    let refused = told(&found.error) || (told(&found.errors) && found.data.is_none());
    if !refused {
        return None;
    }
    let body = serde_json::json!({ "error": found.error, "errors": found.errors, "message": found.message });
    let (code, words) = words(&body);
    let words = short(&words, redactor);
    let words =
        if words.is_empty() { format!("HTTP {} with an error that has no message", answer.status) } else { words };
    let mut error = fault(platform, ErrorKind::Reported, &words);
    error.message = redactor.mask(error.message);
    error.status = Some(answer.status);
    error.code = code.map(|code| Text::clean(&code));
    error.request_id = request_id(&answer.headers);
    Some(error)
}

/// A 2xx whose body is not the JSON of the contract.
pub(super) fn unreadable(platform: Platform, answer: &Answer, error: &serde_json::Error) -> PlatformError {
    let words = if answer.body.iter().all(u8::is_ascii_whitespace) {
        format!("HTTP {} with an empty body where data was expected", answer.status)
    } else if is_html(answer) {
        format!("HTTP {} with a web page where data was expected; is the address an API?", answer.status)
    } else {
        format!("HTTP {} with unexpected data: {error}", answer.status)
    };
    let mut fault = garbage(platform, &words);
    fault.status = Some(answer.status);
    fault.request_id = request_id(&answer.headers);
    fault
}

fn kind(answer: &Answer, body: &Value) -> ErrorKind {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let spent = header("x-ratelimit-remaining") == Some("0") || answer.headers.contains_key("retry-after");
    let inner = inner(body);
    let token = |field: &str| inner.get(field).and_then(Value::as_bool) == Some(true);
    // GitHub's second limit has no headers of its own (docs/platforms/github.md section 3).
    let says = inner.get("message").and_then(Value::as_str).unwrap_or_default();
    let spent = spent || says.contains("rate limit");
    match answer.status {
        401 => ErrorKind::Auth,
        403 if token("invalidToken") || token("missingToken") => ErrorKind::Auth,
        403 if spent => ErrorKind::RateLimited,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Server,
        300..=399 => ErrorKind::Garbage,
        _ => ErrorKind::Refused,
    }
}

/// Vercel and Supabase v2 wrap what they say in `error`, some Vercel endpoints in `err`, and some send it bare.
fn inner(body: &Value) -> &Value {
    ["error", "err"].iter().filter_map(|key| body.get(key)).find(|inner| inner.is_object()).unwrap_or(body)
}

fn words(body: &Value) -> (Option<String>, String) {
    let inner = inner(body);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let code = text(inner.get("code"))
        .or_else(|| text(inner.get("status")).filter(|code| !code.starts_with(char::is_numeric)));
    // Some wrap twice; the innermost message is what a person reads.
    let says = deepest(inner, 3).or_else(|| text(body.get("message"))).or_else(|| text(body.get("error")));
    let mut says = says.or_else(|| text(body.get("msg")));
    let details = details(body.get("errors"));
    if !details.is_empty() {
        says = Some(says.map_or(details.clone(), |says| format!("{says}: {details}")));
    }
    (code, says.unwrap_or_default())
}

/// The `message` of an object, or of the `error` in it.
fn deepest(object: &Value, depth: u8) -> Option<String> {
    let within = ["error", "err", "message"].iter().filter_map(|key| object.get(key)).find(|one| one.is_object());
    let deeper = within.filter(|_| depth > 0).and_then(|one| deepest(one, depth - 1));
    deeper.or_else(|| object.get("message").and_then(Value::as_str).map(str::to_owned))
}

/// GitHub's `errors`: objects, strings, or one bare string.
fn details(errors: Option<&Value>) -> String {
    let one = |error: &Value| match error {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => {
            let field = |name: &str| map.get(name).and_then(Value::as_str);
            field("message").map(str::to_owned).or_else(|| Some(format!("{} {}", field("field")?, field("code")?)))
        }
        _ => None,
    };
    match errors {
        Some(Value::Array(list)) => list.iter().filter_map(one).collect::<Vec<_>>().join("; "),
        Some(other) => one(other).unwrap_or_default(),
        None => String::new(),
    }
}

fn plain(answer: &Answer) -> String {
    if let Some(location) = answer.headers.get("location").filter(|_| (300..400).contains(&answer.status)) {
        let host = location.to_str().ok().and_then(|to| reqwest::Url::parse(to).ok()?.host_str().map(str::to_owned));
        return format!("HTTP {} points to {}", answer.status, host.as_deref().unwrap_or("another place"));
    }
    if is_html(answer) {
        return format!("HTTP {} with a web page instead of an error message", answer.status);
    }
    let head = &answer.body[..answer.body.len().min(4 * WORDS)];
    let cut = if head.len() < answer.body.len() { CUT } else { "" };
    format!("{}{cut}", Text::from_bytes(head).as_str().trim())
}

fn is_html(answer: &Answer) -> bool {
    let declared = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    declared.is_some_and(|kind| kind.contains("html")) || answer.body.trim_ascii_start().starts_with(b"<")
}

fn request_id(headers: &HeaderMap) -> Option<Text> {
    let names = ["fly-request-id", "x-vercel-id", "x-github-request-id", "x-request-id"];
    names.iter().find_map(|name| headers.get(*name)?.to_str().ok()).map(Text::clean)
}

#[cfg(test)]
mod mask_tests {
    use super::*;

    #[test]
    fn a_token_that_the_cut_of_a_long_message_goes_through_is_masked_whole() {
        let token = "S3CRET-VALUE-OF-A-TOKEN";
        let redactor = Redactor::new([&secrecy::SecretString::from(token)]);
        let message = format!("{} {token}", "x".repeat(WORDS - 12));
        let answer = |status, body: Value| Answer {
            status,
            headers: HeaderMap::new(),
            body: bytes::Bytes::from(body.to_string()),
        };
        let refused = answer(400, serde_json::json!({"message": message}));
        let refused = refusal(Platform::Fly, &refused, &redactor, Timestamp::UNIX_EPOCH);
        let reported = answer(200, serde_json::json!({"error": message}));
        let reported = inside(Platform::Supabase, &reported, &redactor).unwrap();
        for error in [refused, reported] {
            assert!(error.message.as_str().starts_with("xxx"), "{}", error.message);
            assert!(!error.message.as_str().contains("S3CRET"), "{}", error.message);
        }
    }

    #[test]
    fn a_value_that_a_refusal_repeats_is_in_none_of_its_words() {
        use crate::domain::secret_value::SecretValue;
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}", "MIIEvQIBADANBgkqhkiG9w0B\n".repeat(40));
        let line = "S3CRET-VALUE".repeat(40);
        for value in [pem, line] {
            for (status, end) in [(403, "•••… (needs secrets=write)"), (422, "•••…")] {
                for body in [
                    serde_json::json!({"message": format!("bad value: {value}")}).to_string(),
                    format!("bad value: {value}"),
                ] {
                    let mut headers = HeaderMap::new();
                    headers.insert("x-accepted-github-permissions", "secrets=write".parse().unwrap());
                    let answer = Answer { status, headers, body: bytes::Bytes::from(body) };
                    let error = refusal(Platform::Github, &answer, &Redactor::default(), Timestamp::UNIX_EPOCH);
                    let error = error.veiled(&SecretValue::new(value.clone()));
                    assert_eq!(error.message.as_str(), format!("bad value: {end}"));
                }
            }
        }
    }
}
