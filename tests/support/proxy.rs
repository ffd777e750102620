//! A reverse proxy that writes down what passes, for tests that judge requests and answers by the official descriptions.

use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request with its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub origin: &'static str,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    pub status: u16,
    /// Not of a stream, and not of an empty answer.
    pub answer: Option<Value>,
}

pub type Exchanges = Arc<Mutex<Vec<Exchange>>>;

#[derive(Clone)]
struct Proxy {
    origin: &'static str,
    upstream: String,
    client: reqwest::Client,
    seen: Exchanges,
}

/// Serves `upstream` at another address, which it returns. The task ends with the runtime of its test.
pub async fn before(origin: &'static str, upstream: &str, seen: &Exchanges) -> String {
    let client = reqwest::Client::builder().no_gzip().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let state = Proxy { origin, upstream: upstream.to_owned(), client, seen: Arc::clone(seen) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(any(pass)).with_state(state);
    let serve = async move { axum::serve(listener, router).await };
    #[expect(clippy::disallowed_methods, reason = "a test has no supervisor; the task ends with the runtime")]
    tokio::spawn(serve);
    format!("http://{address}")
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let uri = parts.uri.path_and_query().map_or("/", |all| all.as_str());
    let mut headers = parts.headers.clone();
    headers.remove("host");
    let sent = proxy.client.request(parts.method.clone(), format!("{}{uri}", proxy.upstream)).headers(headers);
    let answer = sent.body(body.clone()).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let streamed = !headers.contains_key("content-length");
    let mut seen = Exchange {
        origin: proxy.origin,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        body: serde_json::from_slice(&body).ok(),
        status: status.as_u16(),
        answer: None,
    };
    let body = if streamed {
        Body::from_stream(answer.bytes_stream().map(|chunk| chunk.map_err(std::io::Error::other)))
    } else {
        let whole: Bytes = answer.bytes().await.unwrap_or_default();
        seen.answer = serde_json::from_slice(&whole).ok();
        Body::from(whole)
    };
    proxy.seen.lock().unwrap().push(seen);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://h/?{query}")).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
