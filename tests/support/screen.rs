//! A model as facts make it, and the screen as plain text.

use std::time::Duration;

use flightdeck::app::geometry::Geometry;
use flightdeck::app::model::Model;
use flightdeck::app::msg::{Key, KeyCode, Msg, Now};
use flightdeck::app::operations::confirm::Confirm;
use flightdeck::app::operations::dialog::OperationDialog;
use flightdeck::app::update;
use flightdeck::config::load::{Flags, parse};
use flightdeck::config::{Settings, UiSettings};
use flightdeck::domain::confirmation;
use flightdeck::domain::environment::{Declared, Observed, Pin, Platform, Rollout, Status, Switches};
use flightdeck::domain::extent::Extent;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::feed::{Budget, FeedId, FeedState, FeedStatus};
use flightdeck::domain::health::{Anatomy, ProbeId, Sample};
use flightdeck::domain::history::{Chain, History, JournalRow};
use flightdeck::domain::ids::ServiceId;
use flightdeck::domain::log::{Level, LogBatch, LogKind, LogLine};
use flightdeck::domain::operation::{Plan, PlanPart, Request, StepKind};
use flightdeck::domain::pipeline::{Run, RunState};
use flightdeck::domain::release::{Commit, Deployment, Presence};
use flightdeck::domain::secret::{Digest, SecretEntry};
use flightdeck::sanitize::Text;
use flightdeck::ui::draw;
use flightdeck::ui::theme::Theme;
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// The commit that is live.
pub const LIVE: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334";
/// The commit that is on its way.
pub const NEXT: &str = "f00dfee4e5f60718293a4b5c6d7e8f9001122334";

const CONFIG: &str = r#"
project = "maria-ai-agent"

[[environments]]
name = "staging"
tier = "staging"
services = [
  { name = "backend", platform = "fly", resource = "maria-api-staging" },
  { name = "frontend", platform = "vercel", resource = "maria-web-staging" },
]

[[environments]]
name = "production"
tier = "production"
services = [
  { name = "backend", platform = "fly", resource = "maria-api" },
  { name = "frontend", platform = "vercel", resource = "maria-web" },
  { name = "database", platform = "supabase", resource = "abcdefghijklmnopqrst" },
]

[secrets]
required = { backend = ["DATABASE_URL"], frontend = ["SENTRY_DSN"] }
"#;

/// The instant at which every screen is drawn.
pub fn now() -> Now {
    Now { wall: "2026-03-04T14:02:11Z".parse().unwrap(), mono: Duration::from_secs(600) }
}

fn ago(seconds: i64) -> Timestamp {
    now().wall - SignedDuration::from_secs(seconds)
}

pub fn settings() -> Settings {
    parse(CONFIG, None, &Flags::default(), &|_| None).unwrap()
}

/// The same of one person on one machine, whoever runs the test.
pub fn settled() -> Model {
    let env = |name: &str| match name {
        "FLIGHTDECK_WHO" => Some("maria".to_owned()),
        "HOME" => Some("/home/maria".to_owned()),
        "FLIGHTDECK_STATE_DIR" => Some("/home/maria/.local/state/flightdeck".to_owned()),
        _ => None,
    };
    let mut settings = parse(CONFIG, None, &Flags::default(), &env).unwrap();
    settings.warnings.clear();
    Model::new(&settings, now())
}

/// A console that was just started.
pub fn empty() -> Model {
    let mut settings = settings();
    settings.warnings.clear();
    Model::new(&settings, now())
}

pub fn tell(model: &mut Model, fact: Fact) {
    update(model, Msg::Fact(fact), now());
}

pub fn press(model: &mut Model, key: char) {
    let key = Key { code: KeyCode::Char(key), ctrl: false, alt: false, repeat: false };
    update(model, Msg::Key(key), now());
}

pub fn feed(model: &mut Model, id: FeedId, state: FeedState) {
    tell(model, Fact::Feed(id, FeedStatus { state, interval: Duration::from_secs(5) }));
}

/// Production calm, staging deploying, a secret missing.
pub fn healthy() -> Model {
    let mut model = empty();
    declared(&mut model, "production", "backend", "v41", LIVE);
    declared(&mut model, "production", "frontend", "dpl_8Qk3xYz1", LIVE);
    declared(&mut model, "production", "database", "0042", LIVE);
    declared(&mut model, "staging", "backend", "v57", NEXT);
    declared(&mut model, "staging", "frontend", "dpl_9Rm4aBc2", NEXT);
    for second in (0..40).rev() {
        probe(&mut model, "backend /health", second * 5, 23 + second % 4, None);
        probe(&mut model, "frontend → api", second * 5, 48 + second % 7, None);
    }
    logs(&mut model);
    secrets(&mut model);
    for platform in [Platform::Github, Platform::Fly, Platform::Vercel, Platform::Supabase] {
        tell(&mut model, Fact::Budget(platform, Budget { remaining: 4_600, limit: 5_000, reset: None }));
    }
    for env in ["staging", "production"] {
        feed(&mut model, FeedId::Secrets(env.into()), FeedState::Fresh(ago(3)));
        feed(&mut model, FeedId::Health(env.into()), FeedState::Fresh(ago(2)));
        for name in ["backend", "frontend"] {
            feed(&mut model, FeedId::Observed(ServiceId::new(env, name)), FeedState::Fresh(ago(6)));
            feed(&mut model, FeedId::Logs(ServiceId::new(env, name)), FeedState::Fresh(ago(1)));
        }
    }
    model
}

/// The same with a production that users cannot reach, a platform that refuses, and an old answer.
pub fn failing() -> Model {
    let mut model = healthy();
    for _ in 0..5 {
        probe(&mut model, "frontend → api", 0, 12, Some("CORS refused: no Access-Control-Allow-Origin"));
    }
    let why = "vercel refuses the token (403); set VERCEL_TOKEN to one that may read the team acme";
    let state = FeedState::Failing { last_ok: None, since: ago(90), why: Text::from(why), denied: false, again: None };
    feed(&mut model, FeedId::Secrets("production".into()), state);
    feed(&mut model, FeedId::Declared(ServiceId::new("production", "database")), FeedState::Fresh(ago(47)));
    model
}

/// A plan of production that is ready to be confirmed, or that `refusals` forbid.
pub fn planned(refusals: &[&str]) -> Model {
    let part = |name: &str, platform, from: &str, to: &str| PlanPart {
        service: ServiceId::new("production", name),
        platform,
        resource: Text::from("maria"),
        from: (Text::from(from), Some(NEXT.into())),
        to: (Text::from(to), Some(LIVE.into())),
        to_id: to.into(),
        from_id: None,
        act: flightdeck::domain::operation::Act::VercelRollback { asked: false },
        revisions: Vec::new(),
        presence: Presence::There,
        steps: (1..=4).map(|step| StepKind::Other.step(format!("{name} step {step}"))).collect(),
    };
    let commit = |number: u32| Commit {
        sha: NEXT.into(),
        author: Text::from("maria"),
        title: Text::from(format!("change {number}")),
    };
    let parts =
        vec![part("backend", Platform::Fly, "v42", "v41"), part("frontend", Platform::Vercel, "dpl_b", "dpl_a")];
    let request = Request::RollBack(Vec::new());
    let plan = Plan {
        level: confirmation::Level::Critical,
        commits_out: Some((1..=7).map(commit).collect()),
        stays: vec![
            Text::from("the database: 1 migration was crossed, reversible unknown"),
            Text::from("secrets and variables changed since"),
        ],
        refusals: refusals.iter().map(|why| Text::from(*why)).collect(),
        warnings: vec![Text::from("automatic production deployments of the frontend will be off until it is unpinned")],
        ..Plan::of(request, "production".into(), parts, now().wall)
    };
    let mut model = failing();
    let mut confirm = Confirm::shown(&model, &plan, now());
    confirm.typed.push_str("prod");
    model.pose_dialog(Some(OperationDialog::Ready(Box::new(plan), confirm)));
    model
}

fn declared(model: &mut Model, env: &str, name: &str, label: &str, sha: &str) {
    deploys(model, ServiceId::new(env, name), (label, label), sha, 3_600);
}

/// A service runs this release (its id and its label), which was deployed so many seconds ago.
fn deploys(model: &mut Model, id: ServiceId, (release, label): (&str, &str), sha: &str, age: i64) {
    let (env, name) = (id.env.as_str(), &*id.name);
    let deploying = env == "staging" && name == "backend";
    let declared = Declared {
        deployment: release.into(),
        label: Text::from(label),
        sha: Some(sha.into()),
        status: if deploying { Status::Running } else { Status::Ok },
        words: Text::from("complete"),
        created_at: Some(ago(age)),
        rollout: deploying.then_some(Rollout { done: 3, total: 4, fleet: Status::Ok }),
        pin: (label == "dpl_8Qk3xYz1").then(|| Pin {
            why: Text::from("bad latency"),
            at: Some(ago(3_000)),
            by: Some(Text::from("maria")),
        }),
        switches: Switches::default(),
        instances: Vec::new(),
        pointed: Vec::new(),
        routed: false,
        claimed: None,
        coming: None,
    };
    let observed = Observed {
        sha: Some(sha.into()),
        version: None,
        at: ago(6),
        source: Text::from("GET /version"),
        edges: Vec::new(),
    };
    tell(model, Fact::Declared(id.clone(), Box::new(declared)));
    tell(model, Fact::Observed(id, observed));
}

fn probe(model: &mut Model, name: &str, age: i64, milliseconds: i64, failure: Option<&str>) {
    let total = Duration::from_millis(u64::try_from(milliseconds).unwrap());
    let anatomy = Anatomy { total, status: Some(200), ..Anatomy::default() };
    let sample = Sample { at: ago(age), anatomy, failure: failure.map(Text::from) };
    let id = ProbeId { env: "production".into(), name: name.into() };
    tell(model, Fact::Probe(id, Text::from("GET https://api.example.com/health"), sample));
}

fn logs(model: &mut Model) {
    let long =
        "psycopg.OperationalError: connection to server at 10.0.0.7 failed: FATAL: too many connections for role";
    for (name, platform, level, message) in [
        ("backend", Platform::Fly, Level::Info, "GET /health 200 3ms"),
        ("frontend", Platform::Vercel, Level::Info, "Compiled successfully"),
        ("backend", Platform::Fly, Level::Warn, "slow query 812ms"),
        ("backend", Platform::Fly, Level::Error, long),
        ("frontend", Platform::Vercel, Level::Debug, "日本語のログ行 with wide letters"),
    ] {
        let service = ServiceId::new("staging", name);
        let line = LogLine {
            at: ago(2),
            service: service.clone(),
            platform,
            kind: LogKind::App,
            instance: "d8917eb0".into(),
            region: "iad".into(),
            level,
            message: Text::from(message),
            raw: None,
        };
        tell(model, Fact::Logs(LogBatch { service, lines: vec![line], gap: 0, gap_why: None }));
    }
}

/// A production whose new backend writes what the one before never wrote, beside a source that cannot be read.
pub fn deployed() -> Model {
    let mut model = healthy();
    let service = ServiceId::new("production", "backend");
    let deployment = Deployment {
        service: service.clone(),
        id: "rel_42".into(),
        label: Text::from("v42"),
        sha: Some(LIVE.into()),
        image: None,
        status: Status::Ok,
        words: Text::from("complete"),
        stage: None,
        created_at: ago(60),
        ran_for: None,
        author: Text::from("ines"),
        message: Text::from("Pool connections"),
        current: true,
        verified: None,
        presence: Presence::Unknown,
        bad: None,
    };
    deploys(&mut model, service.clone(), ("rel_42", "v42"), LIVE, 60);
    tell(&mut model, Fact::Releases(service.clone(), vec![deployment]));
    for second in (1..120).rev() {
        let bad = second < 60 && second % 3 == 0;
        let line = LogLine {
            at: ago(second),
            service: service.clone(),
            platform: Platform::Fly,
            kind: LogKind::App,
            instance: "d8917eb0".into(),
            region: "iad".into(),
            level: if bad { Level::Error } else { Level::Info },
            message: Text::from(if bad {
                format!("no connection after {second}ms")
            } else {
                format!("GET /x {second}ms")
            }),
            raw: None,
        };
        tell(&mut model, Fact::Logs(LogBatch { service: service.clone(), lines: vec![line], gap: 0, gap_why: None }));
    }
    let why = Text::from("fly answers 503; it is asked again in 20 s");
    let broken = FeedState::Failing { last_ok: Some(ago(40)), since: ago(40), why, denied: false, again: None };
    feed(&mut model, FeedId::Logs(ServiceId::new("staging", "backend")), broken);
    model
}

/// As a failing production is met: releases, six probes, seventeen secrets, and log lines that never end.
#[allow(dead_code, reason = "not every test binary that has this module measures the screen")]
pub fn burning() -> Model {
    let mut model = deployed();
    for second in 0..5 {
        probe(&mut model, "backend /health", second, 1_420, Some("HTTP 503"));
    }
    for name in ["frontend /", "database", "login", "checkout"] {
        (0..40).rev().for_each(|second| probe(&mut model, name, second * 5, 20 + second % 5, None));
    }
    let entry = |env: &str, number: usize| SecretEntry {
        key: Text::from(format!("NEXT_PUBLIC_SETTING_{number}")),
        env: env.into(),
        platform: Platform::Vercel,
        place: Text::from("place"),
        digest: Digest::Keyed(Text::from(format!("{env}{number}"))),
        updated_at: None,
        note: None,
    };
    for env in ["staging", "production"] {
        tell(
            &mut model,
            Fact::Secrets(env.into(), (1..=17).map(|number| entry(env, number)).collect::<Vec<_>>().into()),
        );
    }
    for (name, second) in [("backend", 0), ("frontend", 1)] {
        let service = ServiceId::new("production", name);
        let release = |number: i64| Deployment {
            service: service.clone(),
            id: format!("rel_{number}").into(),
            label: Text::from(format!("v{number}")),
            sha: Some(if number == 42 { LIVE.into() } else { NEXT.into() }),
            image: None,
            status: Status::Ok,
            words: Text::from("complete"),
            stage: None,
            created_at: ago(60 + second + 36_000 * (42 - number)),
            ran_for: None,
            author: Text::from("leafontaine"),
            message: Text::from("Pool connections per worker instead of per request"),
            current: number == 42,
            verified: None,
            presence: Presence::There,
            bad: None,
        };
        tell(&mut model, Fact::Releases(service.clone(), (36..=42).rev().map(release).collect()));
    }
    let service = ServiceId::new("production", "backend");
    for (second, message) in (1..60).rev().zip(
        [
            "GET /chat 200 in 73ms",
            "203.0.113.105 - - \"GET /api/conversations HTTP/1.1\" 200 6608 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" 15ms",
            "request done",
            "INFO:     agent answered with 2933 tokens",
            "psycopg.OperationalError: connection failed: FATAL: remaining connection slots are reserved for roles",
            "  File \"/usr/lib/python3.12/site-packages/psycopg_pool/pool_async.py\", line 212, in getconn",
            "disconnection: session time: 0:00:11.214 user=postgres database=postgres host=10.0.0.7",
        ]
        .into_iter()
        .cycle(),
    ) {
        line(&mut model, &service, Level::Info, message, second);
    }
    model
}

/// So many lines of one kind, now.
#[allow(dead_code, reason = "not every test binary that has this module looks at patterns")]
pub fn lines(model: &mut Model, service: &ServiceId, level: Level, message: &str, count: i64) {
    for second in 1..=count {
        line(model, service, level, message, second);
    }
}

/// Errors as often before the last deploy as since.
#[allow(dead_code, reason = "not every test binary that has this module looks at evidence")]
pub fn spread(model: &mut Model, service: &ServiceId, message: &str) {
    for second in (0..12).rev().map(|one| 10 * one + 1) {
        line(model, service, Level::Error, message, second);
    }
}

fn line(model: &mut Model, service: &ServiceId, level: Level, message: &str, second: i64) {
    let line = LogLine {
        at: ago(second),
        service: service.clone(),
        platform: Platform::Fly,
        kind: LogKind::App,
        instance: "d8917eb0".into(),
        region: "iad".into(),
        level,
        message: Text::from(message),
        raw: None,
    };
    tell(model, Fact::Logs(LogBatch { service: service.clone(), lines: vec![line], gap: 0, gap_why: None }));
}

/// All of that with runs, one of which failed, a journal, and a release on its way.
#[allow(dead_code, reason = "not every test binary that has this module needs a world")]
pub fn world() -> Model {
    let mut model = deployed();
    let run = |id: u64, state, status, words: &str| Run {
        id,
        workflow: Text::from("CI"),
        title: Text::from(format!("change {id}")),
        number: (400 + id, 1),
        sha: NEXT.into(),
        branch: Text::from("main"),
        actor: Text::from("ines"),
        state,
        status,
        words: Text::from(words),
        event: Text::from("push"),
        file: Text::from(".github/workflows/ci.yml"),
        created_at: Some(ago(900)),
        started_at: Some(ago(900)),
        updated_at: Some(ago(600)),
        url: Text::from("https://github.example/run"),
        jobs: Vec::new(),
        jobs_read: Extent::Whole,
        gates: Vec::new(),
        lanes: Vec::new(),
    };
    let runs = vec![
        run(3, RunState::Succeeded, Status::Ok, "success"),
        run(2, RunState::Failed, Status::Fail, "failure"),
        run(1, RunState::Succeeded, Status::Ok, "success"),
    ];
    tell(&mut model, Fact::Pipeline(runs));
    let row = |id: i64, event: &str, says: &str| JournalRow {
        id,
        at: Some(ago(300 - id)),
        op: Text::from("0198"),
        event: Text::from(event),
        says: Text::from(says),
    };
    let rows = vec![row(2, "end", "restored in 8 s"), row(1, "begin", "production: backend v42 to v41")];
    let chain = Chain::Holds { row: 2, at: ago(5) };
    tell(&mut model, Fact::History(Box::new(History { rows, height: 2, chain, ..History::default() })));
    model
}

fn secrets(model: &mut Model) {
    let entry = |env: &str, key: &str, platform, digest: &str| SecretEntry {
        key: Text::from(key),
        env: env.into(),
        platform,
        place: Text::from("place"),
        digest: Digest::Keyed(Text::from(digest)),
        updated_at: None,
        note: None,
    };
    let staging = vec![
        entry("staging", "DATABASE_URL", Platform::Fly, "a3"),
        entry("staging", "SENTRY_DSN", Platform::Vercel, "b1"),
        entry("staging", "NEXT_PUBLIC_A_VERY_LONG_FEATURE_FLAG_NAME", Platform::Vercel, "c1"),
    ];
    tell(model, Fact::Secrets("staging".into(), staging.into()));
    let production = vec![entry("production", "DATABASE_URL", Platform::Fly, "7c")];
    tell(model, Fact::Secrets("production".into(), production.into()));
}

/// A theme by its name.
pub fn theme(name: &str, ascii: bool) -> Theme {
    let ui = settings().ui;
    Theme::load(&UiSettings { theme: name.into(), ascii, ..ui })
}

/// Draws once.
pub fn drawn(model: &Model, theme: &Theme, (width, height): (u16, u16)) -> (Buffer, Geometry) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut geometry = Geometry::default();
    terminal.draw(|frame| geometry = draw(model, theme, frame, now())).unwrap();
    (terminal.backend().buffer().clone(), geometry)
}

/// The screen as lines of text, blanks at their ends left out.
pub fn text(model: &Model, theme: &Theme, size: (u16, u16)) -> String {
    let (buffer, _) = drawn(model, theme, size);
    let mut rows = Vec::new();
    for y in 0..size.1 {
        let mut row = String::new();
        let mut skip = 0;
        for x in 0..size.0 {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                row.push_str(symbol);
            }
            let width = unicode_width::UnicodeWidthStr::width(symbol);
            skip = if skip == 0 { width.saturating_sub(1) } else { skip - 1 };
        }
        rows.push(row.trim_end().to_owned());
    }
    rows.join("\n")
}
