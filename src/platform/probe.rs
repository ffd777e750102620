//! Sends one HTTP probe, measures its parts, and judges it by its conditions. A probe is never repeated, because a failure is
//! what it looks for.

use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;

use super::http::{Answer, Http};
use super::{PlatformError, observe};
use crate::config::ProbeSettings;
use crate::config::proxy::Route;
use crate::domain::environment::Platform;
use crate::domain::health::{Anatomy, Sample};
use crate::sanitize::Text;

/// How much of a body a failed probe keeps.
const SNIPPET: usize = 200;

/// What a probe asks, as text: `GET https://…/health`.
#[must_use]
pub fn target(settings: &ProbeSettings) -> Text {
    Text::clean(&format!("GET {}", crate::redact::SafeUrl::new(&settings.url)))
}

/// Makes the probe. It always answers, within its time-out.
pub async fn probe(http: &Http, settings: &ProbeSettings) -> Sample {
    let start = http.clock().mono();
    let mut anatomy = Anatomy::default();
    let whole = tokio::time::timeout(settings.timeout, attempt(http, settings, &mut anatomy));
    let failure = match whole.await {
        Ok(Ok(())) => None,
        Ok(Err(words)) => Some(words),
        Err(_) => Some(format!("no answer within {}", human(settings.timeout))),
    };
    anatomy.total = http.clock().mono().saturating_sub(start);
    if failure.is_none() {
        anatomy.snippet = None;
    }
    Sample { at: http.clock().now(), anatomy, failure: failure.map(|words| http.redactor().mask(Text::clean(&words))) }
}

async fn attempt(http: &Http, settings: &ProbeSettings, anatomy: &mut Anatomy) -> Result<(), String> {
    let url = reqwest::Url::parse(&settings.url).map_err(|error| format!("not a URL: {error}"))?;
    // Behind a proxy neither the name nor the connection is ours to look at.
    if matches!(http.route(&url), Route::Direct) {
        reach(http, &url, anatomy).await?;
    }
    let asked = http.clock().mono();
    let mut call = http.get(Platform::Edge, &settings.url).once().follow().timeout(settings.timeout);
    if let Some(origin) = &settings.cors_origin {
        call = call.header("origin", origin);
    }
    let result = call.header("cache-control", "no-cache").any_status().await;
    let latency = http.clock().mono().saturating_sub(asked);
    let answer = result.map_err(|error: PlatformError| error.message.to_string())?;
    anatomy.first_byte = Some(latency);
    anatomy.status = Some(answer.status);
    let head = &answer.body[..answer.body.len().min(SNIPPET)];
    anatomy.snippet = Some(http.redactor().mask(Text::from_bytes(head)));
    anatomy.release = release(&answer);
    judge(settings, &answer)?;
    match settings.max_latency {
        Some(limit) if latency > limit => {
            anatomy.late = true;
            Err(format!("slow: {} > {}", human(latency), human(limit)))
        }
        _ => Ok(()),
    }
}

/// Looks the name up and connects, for the figures: the request itself may reuse a connection that is open.
async fn reach(http: &Http, url: &reqwest::Url, anatomy: &mut Anatomy) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    let start = http.clock().mono();
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    let addresses: Vec<_> = found.map_err(|error| format!("{host} is not known: {error}"))?.collect();
    let known = http.clock().mono();
    anatomy.dns = Some(known.saturating_sub(start));
    let mut last = format!("{host} has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(_) => {
                anatomy.connect = Some(http.clock().mono().saturating_sub(known));
                return Ok(());
            }
            Err(error) => last = format!("connect to {address}: {error}"),
        }
    }
    Err(last)
}

/// Whether an answer is as it should be, whenever it came.
fn judge(settings: &ProbeSettings, answer: &Answer) -> Result<(), String> {
    let accepted = if settings.status.is_empty() {
        (200..300).contains(&answer.status)
    } else {
        settings.status.contains(&answer.status)
    };
    if !accepted {
        return Err(format!("HTTP {}", answer.status));
    }
    if let Some(text) = &settings.contains
        && memchr::memmem::find(&answer.body, text.as_bytes()).is_none()
    {
        return Err(format!("the body does not contain {text:?}"));
    }
    if let Some((pointer, wanted)) = &settings.json {
        let body: Value = serde_json::from_slice(&answer.body).map_err(|_| "the body is not JSON".to_owned())?;
        match body.pointer(pointer) {
            Some(found) if found == wanted => {}
            Some(found) => return Err(format!("{pointer} is {found}, not {wanted}")),
            None => return Err(format!("nothing at {pointer} in the body")),
        }
    }
    if let Some(origin) = &settings.cors_origin {
        let allowed = answer.headers.get("access-control-allow-origin").and_then(|value| value.to_str().ok());
        match allowed {
            Some(allowed) if allowed == "*" || allowed == origin => {}
            Some(other) => return Err(format!("CORS allows {other}, not {origin}")),
            None => return Err(format!("CORS refuses {origin}")),
        }
    }
    Ok(())
}

/// The release that an answer names by the common header or field names.
fn release(answer: &Answer) -> Option<crate::domain::ids::Sha> {
    let header = answer.headers.get("x-release").and_then(|value| value.to_str().ok()).and_then(observe::commit);
    header.or_else(|| {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        ["sha", "commit", "release", "version"].iter().find_map(|name| observe::commit(body.get(*name)?.as_str()?))
    })
}

fn human(duration: Duration) -> String {
    if duration.as_secs() >= 1 {
        format!("{:.1}s", duration.as_secs_f64())
    } else {
        format!("{}ms", duration.as_millis())
    }
}
