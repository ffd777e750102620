//! Pages and their `Link` header (docs/platforms/github.md section 3).

use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How many rows a page has: asked for nothing, asked for too much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    usual: usize,
    most: usize,
}

/// Every list but one.
pub(super) const COMMON: Sizes = Sizes { usual: 30, most: 100 };
/// Lists of variables.
pub(super) const VARIABLES: Sizes = Sizes { usual: 10, most: 30 };

/// The part of a query that all lists know.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default, deserialize_with = "number")]
    per_page: Option<usize>,
    #[serde(default, deserialize_with = "number")]
    page: Option<usize>,
}

/// What is no number counts as not asked for, as GitHub has it.
fn number<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<usize>, D::Error> {
    Ok(Option::<String>::deserialize(text)?.and_then(|text| text.parse().ok()))
}

impl Page {
    /// An envelope `{total_count, <name>}`.
    pub(super) fn envelope(&self, uri: &Uri, origin: &str, sizes: Sizes, name: &str, all: Vec<Value>) -> Response {
        let total = all.len();
        let mut body = Map::new();
        body.insert("total_count".to_owned(), json!(total));
        body.insert(name.to_owned(), Value::Array(self.cut(sizes, all)));
        self.linked(uri, origin, sizes, total, Value::Object(body))
    }

    /// A bare array.
    pub(super) fn array(&self, uri: &Uri, origin: &str, all: Vec<Value>) -> Response {
        let total = all.len();
        let body = Value::Array(self.cut(COMMON, all));
        self.linked(uri, origin, COMMON, total, body)
    }

    fn size(&self, sizes: Sizes) -> usize {
        self.per_page.unwrap_or(sizes.usual).clamp(1, sizes.most)
    }

    fn number(&self) -> usize {
        self.page.unwrap_or(1).max(1)
    }

    fn cut(&self, sizes: Sizes, all: Vec<Value>) -> Vec<Value> {
        let size = self.size(sizes);
        all.into_iter().skip((self.number() - 1).saturating_mul(size)).take(size).collect()
    }

    fn linked(&self, uri: &Uri, origin: &str, sizes: Sizes, total: usize, body: Value) -> Response {
        let mut response = Json(body).into_response();
        let (number, last) = (self.number(), total.div_ceil(self.size(sizes)).max(1));
        let mut links = Vec::new();
        if number > 1 {
            links.push((number - 1, "prev"));
        }
        if number < last {
            links.extend([(number + 1, "next"), (last, "last")]);
        }
        if number > 1 {
            links.push((1, "first"));
        }
        let text: Vec<String> =
            links.into_iter().map(|(page, rel)| format!("<{origin}{}>; rel=\"{rel}\"", turned(uri, page))).collect();
        // One page has no header at all.
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_str(&text.join(", "))) {
            response.headers_mut().insert(header::LINK, value);
        }
        response
    }
}

/// The same path and query with another page.
fn turned(uri: &Uri, page: usize) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let mut pairs: Vec<&str> = query.filter(|pair| !pair.is_empty() && !pair.starts_with("page=")).collect();
    let number = format!("page={page}");
    pairs.push(&number);
    format!("{}?{}", uri.path(), pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(per_page: usize, page: usize, total: usize) -> Option<String> {
        let uri = Uri::from_static("/repos/a/b/commits?per_page=2&page=9");
        let asked = Page { per_page: Some(per_page), page: Some(page) };
        let response = asked.array(&uri, "http://h", vec![Value::Null; total]);
        response.headers().get(header::LINK).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    #[test]
    fn links_lead_on_and_back_and_one_page_has_none() {
        assert_eq!(link(2, 1, 2), None);
        let first = link(2, 1, 5).expect("a header");
        assert_eq!(
            first,
            "<http://h/repos/a/b/commits?per_page=2&page=2>; rel=\"next\", \
             <http://h/repos/a/b/commits?per_page=2&page=3>; rel=\"last\""
        );
        let last = link(2, 3, 5).expect("a header");
        assert!(last.contains("rel=\"prev\"") && last.contains("rel=\"first\"") && !last.contains("rel=\"next\""));
    }
}
