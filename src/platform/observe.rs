//! Asks the edge which commit it runs: by a header, a JSON pointer or a meta tag. The edge is the truth (ARCHITECTURE.md,
//! Decisions).

use std::time::Duration;

use serde_json::Value;

use super::http::{Answer, Http, garbage};
use super::{PlatformError, lenient};
use crate::config::{ObserveAt, ObserveSettings};
use crate::domain::environment::{Observed, Platform};
use crate::domain::ids::Sha;
use crate::sanitize::Text;

/// Asks the edge of one service which release it runs.
///
/// # Errors
/// [`PlatformError`] when it does not answer, or when no commit stands where it should: then nothing was observed.
pub async fn observe(http: &Http, settings: &ObserveSettings) -> Result<Observed, PlatformError> {
    // A cache between us and the edge would tell of yesterday.
    let call = http.get(Platform::Edge, &settings.url).header("cache-control", "no-cache").follow();
    let answer = call.answer().await?;
    let at = http.clock().now();
    let found = find(&settings.at, &answer);
    let (text, source) = found.map_err(|words| garbage(Platform::Edge, &words))?;
    let version = Text::clean(text.trim());
    let Some(sha) = commit(version.as_str()) else { return Err(garbage(Platform::Edge, nameless(&version).as_str())) };
    Ok(Observed { sha: Some(sha), version: Some(version), at, source: Text::clean(&source), edges: Vec::new() })
}

/// What a domain answered when it was asked once, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// HTTP status.
    pub status: u16,
    /// The commit that the answer names.
    pub sha: Option<Sha>,
    /// Why it names none.
    pub why_not: Option<Text>,
    /// The region that answered, where the platform tells (`x-vercel-id`).
    pub region: Option<Text>,
    /// The platform put a challenge before the page, which no program solves: attack mode.
    pub challenged: bool,
    /// The platform answers for a project that is paused (docs/platforms/vercel.md section 11): every visitor gets this.
    pub paused: bool,
}

/// How long a domain may take to answer.
const ASK: Duration = Duration::from_secs(5);

/// Asks a domain once which release it runs. A failing page that names its commit names it all the same.
///
/// # Errors
/// [`PlatformError`] when no whole answer came.
pub async fn ask(http: &Http, url: &str, at: &ObserveAt) -> Result<Asked, PlatformError> {
    let call = http.get(Platform::Edge, url).header("cache-control", "no-cache").once().follow().timeout(ASK);
    let answer = call.any_status().await?;
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    // `iad1::sfo1::…`: where the request arrived; the last piece is the request's own id.
    let region = header("x-vercel-id").and_then(|id| id.split_once("::")).map(|(region, _)| Text::clean(region));
    let (sha, why_not) = match find(at, &answer) {
        Ok((text, _)) => match commit(Text::clean(text.trim()).as_str()) {
            Some(sha) => (Some(sha), None),
            None => (None, Some(nameless(&Text::clean(text.trim())))),
        },
        Err(words) => (None, Some(Text::clean(&words))),
    };
    let challenged = header("x-vercel-mitigated") == Some("challenge");
    let paused = header("x-vercel-error") == Some("DEPLOYMENT_PAUSED");
    Ok(Asked { status: answer.status, sha, why_not, region, challenged, paused })
}

/// Why an answer of the edge names no commit.
fn nameless(version: &Text) -> Text {
    // A page that stands in the place of a version is told by its beginning.
    let said: String = version.as_str().chars().take(SAID).collect();
    Text::from(match said.is_empty() {
        true => "it names no commit: its version is empty".to_owned(),
        false => format!("it names no commit but {said}"),
    })
}

/// So much of an answer is told.
const SAID: usize = 60;

/// A commit, bare or at the end of a version such as `1.4.2+a1b2c3d`.
pub(super) fn commit(version: &str) -> Option<Sha> {
    lenient::sha(version).or_else(|| version.rsplit(['+', '-', '_', ' ', '@', ':']).find_map(lenient::sha))
}

fn find(at: &ObserveAt, answer: &Answer) -> Result<(String, String), String> {
    match at {
        ObserveAt::Header(name) => {
            let value = answer.headers.get(name.as_str()).and_then(|value| value.to_str().ok());
            value
                .map(|value| (value.to_owned(), format!("header {name}")))
                .ok_or_else(|| format!("no header {name} in the answer"))
        }
        ObserveAt::Json(pointer) => {
            let body: Value = serde_json::from_slice(&answer.body).map_err(|_| "the answer is not JSON".to_owned())?;
            match body.pointer(pointer) {
                Some(Value::String(text)) => Ok((text.clone(), format!("json {pointer}"))),
                Some(Value::Number(number)) => Ok((number.to_string(), format!("json {pointer}"))),
                _ => Err(format!("nothing at {pointer} in the answer")),
            }
        }
        ObserveAt::Meta(name) => {
            let page = String::from_utf8_lossy(&answer.body);
            meta(&page, name)
                .map(|content| (content, format!("meta {name}")))
                .ok_or_else(|| format!("no <meta name=\"{name}\"> in the page"))
        }
    }
}

/// The content of the first `<meta name="…">`, attributes in either order and any quotes.
fn meta(page: &str, name: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    lower.match_indices("<meta").find_map(|(start, _)| {
        let end = start + lower[start..].find('>')?;
        let tag = &page[start..end];
        (attribute(tag, "name")? == name).then(|| attribute(tag, "content"))?
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let starts = lower.match_indices(name).map(|(at, _)| at);
    let at = starts.filter(|at| lower[..*at].ends_with(char::is_whitespace)).find_map(|at| {
        let rest = &tag[at + name.len()..];
        rest.trim_start().starts_with('=').then_some(at + name.len())
    })?;
    let value = tag[at..].trim_start().strip_prefix('=')?.trim_start();
    match value.chars().next()? {
        quote @ ('"' | '\'') => Some(value[1..].split(quote).next().unwrap_or_default().to_owned()),
        _ => Some(value.split([' ', '/', '\t', '\n']).next().unwrap_or_default().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meta_tag_is_found_in_any_writing() {
        for page in [
            r#"<head><meta charset="utf-8"><meta name="release" content="a1b2c3d"></head>"#,
            "<META content='a1b2c3d' name='release'/>",
            "<meta name=release content=a1b2c3d >",
        ] {
            assert_eq!(meta(page, "release").as_deref(), Some("a1b2c3d"), "{page}");
        }
        assert_eq!(meta("<meta name=\"other\" content=\"x\">", "release"), None);
    }

    #[test]
    fn a_commit_hides_in_a_version() {
        assert_eq!(commit("1.4.2+a1b2c3d4").unwrap().as_str(), "a1b2c3d4");
        assert_eq!(commit("v41"), None);
    }
}
