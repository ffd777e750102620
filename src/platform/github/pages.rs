//! Reads lists that may be longer than a page (docs/platforms/github.md section 3), as far as is needed. A list that was not
//! read to its end says so.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use super::Github;
use crate::domain::extent::{Extent, Listed};
use crate::platform::PlatformError;
use crate::platform::http::Call;

/// What says where a list goes on. The address itself is not followed: it may name another host, and our token stays at home.
const CURSORS: [&str; 4] = ["page", "after", "before", "cursor"];

impl Github {
    /// An envelope with `total_count`, page by page until all is read, at most `most` pages of `size`.
    pub(super) async fn numbered<W: DeserializeOwned, I>(
        &self,
        call: impl Fn() -> Call,
        (size, most): (usize, u32),
        open: impl Fn(W) -> (Vec<I>, Option<u32>),
    ) -> Result<Listed<I>, PlatformError> {
        let (mut items, mut extent) = (Vec::new(), Extent::Whole);
        for page in 1..=most {
            let call = call().query("per_page", &size.to_string());
            let call = if page > 1 { call.query("page", &page.to_string()) } else { call };
            let (got, total) = open(call.read().await?);
            let count = got.len();
            items.extend(got);
            extent = Extent::of(items.len(), total, count >= size);
            if extent.whole() || count == 0 {
                break;
            }
        }
        Ok(Listed { items, extent })
    }

    /// A bare list, which only its `Link` header says the length of, at most `most` pages.
    pub(super) async fn linked<I: DeserializeOwned>(
        &self,
        call: impl Fn() -> Call,
        most: u32,
    ) -> Result<Listed<I>, PlatformError> {
        let (mut items, mut next) = (Vec::new(), Vec::new());
        for _ in 0..most {
            let call = next.iter().fold(call(), |call, (name, value): &(String, String)| call.query(name, value));
            let (got, headers): (Vec<I>, HeaderMap) = call.page().await?;
            items.extend(got);
            next = next_page(&headers);
            if next.is_empty() {
                break;
            }
        }
        let extent = Extent::of(items.len(), None, !next.is_empty());
        Ok(Listed { items, extent })
    }
}

/// What `Link` says of the next page; empty on the last one.
fn next_page(headers: &HeaderMap) -> Vec<(String, String)> {
    let link = headers.get("link").and_then(|link| link.to_str().ok()).unwrap_or_default();
    let next = link.split(',').find(|part| part.contains("rel=\"next\""));
    let address = next.and_then(|part| part.split('<').nth(1)?.split('>').next());
    // A relative address is as good.
    let base = reqwest::Url::parse("http://api.invalid/").ok();
    let Some(url) = address.zip(base).and_then(|(address, base)| base.join(address).ok()) else { return Vec::new() };
    let pairs = url.query_pairs().filter(|(name, _)| CURSORS.contains(&name.as_ref()));
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_next_page_is_where_link_says_and_on_the_same_host() {
        let mut headers = HeaderMap::new();
        assert!(next_page(&headers).is_empty());
        let link =
            "<https://evil.example/x?per_page=100&after=Y3Vyc29y>; rel=\"next\", <https://h/x?page=1>; rel=\"prev\"";
        headers.insert("link", HeaderValue::from_static(link));
        assert_eq!(next_page(&headers), [("after".to_owned(), "Y3Vyc29y".to_owned())]);
        headers.insert("link", HeaderValue::from_static("<https://h/x?page=1>; rel=\"prev\""));
        assert!(next_page(&headers).is_empty());
    }
}
