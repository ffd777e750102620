//! What a proxy sees, by one that writes down whatever comes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use flightdeck::clock::SystemClock;
use flightdeck::config::proxy::Proxy;
use flightdeck::domain::environment::Platform;
use flightdeck::platform::ErrorKind;
use flightdeck::platform::http::Http;
use flightdeck::redact::Redactor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{flightdeck, said, world};

type Heads = Arc<Mutex<Vec<String>>>;

/// Takes connections, notes the head of each request, and refuses it.
async fn recording() -> (SocketAddr, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heads) = (listener.local_addr().unwrap(), Heads::default());
    let seen = Arc::clone(&heads);
    #[expect(clippy::disallowed_methods, reason = "a test has no supervisor; the task ends with the runtime")]
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            seen.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    (address, heads)
}

fn through(variables: &[(&str, String)]) -> Http {
    let find = |name: &str| variables.iter().find(|(is, _)| *is == name).map(|(_, value)| value.clone());
    Http::through(Proxy::from_env(&find), SystemClock::shared(), Arc::new(Redactor::default()), None)
}

#[tokio::test]
async fn a_proxy_gets_a_tunnel_for_https_and_never_a_token() {
    let (address, heads) = recording().await;
    let http = through(&[("HTTPS_PROXY", format!("http://user:word@{address}"))]);
    let call = http.get(Platform::Github, "https://api.github.invalid/user").header("authorization", "Bearer t0ken");
    assert!(call.once().answer().await.is_err());
    let seen = heads.lock().unwrap().clone();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].starts_with("CONNECT api.github.invalid:443 "), "{seen:?}");
    assert!(seen[0].contains("Basic dXNlcjp3b3Jk") && !seen[0].contains("t0ken"), "{seen:?}");
}

#[tokio::test]
async fn plain_http_loopback_and_what_no_proxy_names_go_around_it() {
    let (address, heads) = recording().await;
    let proxy = format!("http://{address}");
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let mut variables: Vec<_> = names.into_iter().map(|name| (name, proxy.clone())).collect();
    variables.push(("NO_PROXY", "github.invalid".to_owned()));
    let http = through(&variables);
    let server = wiremock::MockServer::start().await;
    let any = wiremock::Mock::given(wiremock::matchers::any()).respond_with(wiremock::ResponseTemplate::new(200));
    any.mount(&server).await;
    assert!(http.get(Platform::Fly, &server.uri()).once().answer().await.is_ok());
    for url in ["http://plain.invalid/", "https://api.github.invalid/", "https://127.0.0.1:9/", "https://localhost:9/"]
    {
        assert!(http.get(Platform::Github, url).once().answer().await.is_err());
    }
    assert!(heads.lock().unwrap().is_empty(), "{heads:?}");
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_not_gone_around() {
    let http = through(&[("ALL_PROXY", "socks5://127.0.0.1:9".to_owned())]);
    let error = http.get(Platform::Github, "https://api.github.invalid/").once().answer().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.message.as_str().contains("ALL_PROXY"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_is_reached_whatever_the_proxy_variables_say() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path(), "sim.toml").await;
    let (address, heads) = recording().await;
    let proxy = format!("http://{address}");
    let variables =
        [("HTTP_PROXY", &*proxy), ("http_proxy", &*proxy), ("ALL_PROXY", &*proxy), ("HTTPS_PROXY", &*proxy)];
    let status = flightdeck(dir.path(), &["--config", "sim.toml", "status"], &variables).await;
    assert_eq!(status.status.code(), Some(0), "{}", said(&status));
    assert!(heads.lock().unwrap().is_empty(), "{heads:?}");
    let check = flightdeck(dir.path(), &["--config", "sim.toml", "config", "check"], &variables).await;
    assert!(said(&check).contains(&format!("https goes through the proxy {address}")), "{}", said(&check));
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_answers_loopback_names_and_no_foreign_page() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path(), "sim.toml").await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let advance = |host: &'static str, origin: &'static str| {
        let url = format!("{}/_sim/advance", sim.control());
        let asked = client.post(url).header("host", host).header("origin", origin).body("{\"seconds\": 3600}");
        async { asked.send().await.unwrap().status().as_u16() }
    };
    let before = sim.shared().now();
    assert_eq!(advance("rebound.evil.example", "http://rebound.evil.example").await, 421);
    assert_eq!(advance("127.0.0.1", "https://evil.example").await, 403);
    assert!(sim.shared().now().duration_since(before).as_secs() < 3000, "nothing was advanced");
    assert_eq!(advance("localhost", "http://localhost").await, 200);
    let api = client.get(format!("{}/user", sim.origins().github)).header("host", "api.github.com");
    assert_eq!(api.send().await.unwrap().status(), 421, "the platforms' origins have the same door");
    sim.stop().await;
    let open = flightdeck(dir.path(), &["sim", "--listen", "0.0.0.0:0"], &[]).await;
    assert_eq!(open.status.code(), Some(2), "{}", said(&open));
    assert!(said(&open).contains("--listen-beyond-loopback"), "{}", said(&open));
}
