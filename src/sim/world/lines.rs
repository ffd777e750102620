//! The lines that the simulated product writes: access lines, JSON, colours, stack traces, other scripts, and lines that are
//! far too long.

use rand::Rng as _;
use rand::rngs::SmallRng;

use super::traffic::Draft;

const PATHS: [(&str, &str); 7] = [
    ("GET", "/health"),
    ("GET", "/api/conversations"),
    ("POST", "/api/chat"),
    ("GET", "/api/tools"),
    ("POST", "/api/feedback"),
    ("GET", "/api/me"),
    ("GET", "/version"),
];

const WORDS: [&str; 6] = [
    "embedding queue drained: 128 documents",
    "会話を保存しました (42 メッセージ)",
    "模型响应完成,耗时 812 毫秒 ✅",
    "user renamed workspace to “Café Ångström” 🧪🚀",
    "naïve résumé parsed: e\u{301}le\u{300}ve ที่นี่",
    "👩‍👩‍👧‍👦 family plan seats recalculated",
];

fn pick<'a, T>(rng: &mut SmallRng, all: &'a [T]) -> &'a T {
    &all[rng.random_range(0..all.len())]
}

fn address(rng: &mut SmallRng) -> String {
    format!("203.0.113.{}", rng.random_range(1..255))
}

/// One or more lines of the backend; `error` = what it fails with at present.
pub fn backend(rng: &mut SmallRng, error: Option<&str>, slow_ms: u64) -> Vec<Draft> {
    if let Some(error) = error
        && rng.random_bool(0.45)
    {
        return failure(rng, error, slow_ms);
    }
    match rng.random_range(0..1000) {
        0..620 => vec![access(rng, 200, slow_ms)],
        620..820 => vec![json_line(rng, slow_ms)],
        820..900 => vec![coloured(rng)],
        900..970 => vec![Draft::new("info", *pick(rng, &WORDS))],
        970..985 => vec![access(rng, 404, slow_ms)],
        985..994 => warning(rng),
        994..999 => vec![Draft::new("warn", "\u{1b}[33mslow query\u{1b}[0m (212 ms): SELECT … FROM messages WHERE …")],
        _ => vec![long(rng)],
    }
}

fn access(rng: &mut SmallRng, status: u16, slow_ms: u64) -> Draft {
    let (method, path) = *pick(rng, &PATHS);
    let took = rng.random_range(2..60) + slow_ms;
    let size = rng.random_range(14..9_000);
    let address = address(rng);
    let level = if status >= 500 { "error" } else { "info" };
    Draft {
        level,
        message: format!(
            "{address} - - \"{method} {path} HTTP/1.1\" {status} {size} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" {took}ms"
        ),
        request: Some((method, path, status)),
    }
}

fn json_line(rng: &mut SmallRng, slow_ms: u64) -> Draft {
    let (method, path) = *pick(rng, &PATHS);
    let value = serde_json::json!({
        "level": "info",
        "msg": "request done",
        "method": method,
        "path": path,
        "status": 200,
        "duration_ms": rng.random_range(2..90) + slow_ms,
        "request_id": format!("{:016x}", rng.random::<u64>()),
        "user": {"id": rng.random_range(1..4_000), "plan": "team"},
    });
    Draft { level: "info", message: value.to_string(), request: Some((method, path, 200)) }
}

fn coloured(rng: &mut SmallRng) -> Draft {
    let tokens = rng.random_range(100..4_000);
    Draft::new(
        "info",
        format!(
            "\u{1b}[32mINFO\u{1b}[0m:     \u{1b}[1magent\u{1b}[0m answered with \u{1b}[36m{tokens}\u{1b}[0m tokens"
        ),
    )
}

fn warning(rng: &mut SmallRng) -> Vec<Draft> {
    let attempt = rng.random_range(1..4);
    vec![
        Draft::new("warn", format!("openai.RateLimitError: retry {attempt} of 5 in 2.0 s")),
        Draft::new("warn", "  Traceback (most recent call last):"),
        Draft::new("warn", "    File \"/app/app/jobs/embed.py\", line 88, in embed"),
        Draft::new("warn", "  openai.RateLimitError: Error code: 429 - requests per min (RPM)"),
    ]
}

fn long(rng: &mut SmallRng) -> Draft {
    let mut text = String::from("{\"level\":\"debug\",\"msg\":\"prompt\",\"prompt\":\"");
    while text.len() < 30_000 {
        text.push_str(WORDS[rng.random_range(0..WORDS.len())]);
        text.push(' ');
    }
    text.push_str("\"}");
    Draft::new("info", text)
}

fn failure(rng: &mut SmallRng, error: &str, slow_ms: u64) -> Vec<Draft> {
    if rng.random_bool(0.6) {
        let status = if rng.random_bool(0.7) { 503 } else { 500 };
        return vec![access(rng, status, slow_ms)];
    }
    let worker = rng.random_range(7..15);
    vec![
        Draft::new("error", format!("[{worker}] [ERROR] Exception in ASGI application")),
        Draft::new("error", "Traceback (most recent call last):"),
        Draft::new("error", "  File \"/app/app/db.py\", line 41, in connection"),
        Draft::new("error", "    conn = await pool.getconn(timeout=5.0)"),
        Draft::new(
            "error",
            "  File \"/usr/lib/python3.12/site-packages/psycopg_pool/pool_async.py\", line 208, in getconn",
        ),
        Draft::new("error", "    raise PoolTimeout(f\"couldn't get a connection after {timeout:.2f} sec\")"),
        Draft::new("error", error),
    ]
}

/// A line of the frontend's functions; `failing` = the backend behind it is not well.
pub fn frontend(rng: &mut SmallRng, failing: bool) -> Draft {
    let paths = ["/", "/chat", "/api/session", "/settings", "/_next/data/chat.json"];
    let path = *pick(rng, &paths);
    if failing && rng.random_bool(0.3) {
        let message = format!("Error: upstream 503 from backend while rendering {path}");
        return Draft { level: "error", message, request: Some(("GET", path, 502)) };
    }
    let took = rng.random_range(3..120);
    let message = match rng.random_range(0..10) {
        0 => format!("\u{1b}[90m[cache]\u{1b}[39m revalidated {path} in {took}ms"),
        1 => "ユーザー言語: ja-JP, fallback en 🌏".to_owned(),
        _ => format!("GET {path} 200 in {took}ms"),
    };
    Draft { level: "info", message, request: Some(("GET", path, 200)) }
}

/// A line of Postgres.
pub fn database(rng: &mut SmallRng) -> Draft {
    let took = rng.random_range(1..40);
    match rng.random_range(0..20) {
        0 => Draft::new("info", "checkpoint starting: time"),
        1 => Draft::new("warn", format!("duration: {}.412 ms  statement: SELECT count(*) FROM messages", 900 + took)),
        2 => Draft::new("error", "duplicate key value violates unique constraint \"feedback_pkey\""),
        3..9 => Draft::new("info", format!("connection authorized: user=authenticator database=postgres ({took} ms)")),
        _ => Draft::new("info", format!("disconnection: session time: 0:00:{took:02}.214 user=postgres")),
    }
}
