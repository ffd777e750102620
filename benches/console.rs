//! `cargo bench`: taking lines in, filtering them, drawing them, and what they cost to hold; each as a ratio to a floor that is
//! measured in the same run, so that figures from different machines can be compared. Then the same by `divan`, with allocations.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking and prints its figures")]

use std::hint::black_box;
use std::time::Duration;

use flightdeck::app::logs::buffer::{Filter, LogBuf, typed};
use flightdeck::app::model::Model;
use flightdeck::app::msg::{Msg, Now};
use flightdeck::clock::SystemClock;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::environment::Platform;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::ServiceId;
use flightdeck::domain::log::{LogBatch, LogKind, LogLine};
use flightdeck::logstore::{Block, Chunk, Piece};
use flightdeck::platform::logparse::{Origin, line};
use flightdeck::redact::Redactor;
use flightdeck::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

/// Lines of a run.
const LINES: usize = 200_000;
/// Lines of a batch, as the engine hands them over.
const BATCH: usize = 256;
/// Runs of which the median counts.
const RUNS: usize = 5;

/// Lines as backends write them: access lines, JSON, traces, other scripts.
fn raw(lines: usize) -> Vec<String> {
    let forms = [
        "203.0.113.7 - - \"GET /api/conversations HTTP/1.1\" 200 1532 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" 21ms",
        "{\"level\":\"info\",\"msg\":\"request done\",\"ms\":12,\"path\":\"/api/me\",\"user\":\"u_81\"}",
        "  File \"/app/app/db.py\", line 41, in connection",
        "[ERROR] psycopg.OperationalError: connection failed: FATAL: remaining connection slots are reserved",
        "会話を保存しました (42 メッセージ)",
    ];
    (0..lines).map(|n| format!("{} seq={n}", forms[n % forms.len()])).collect()
}

fn origin(n: usize) -> Origin {
    Origin {
        service: ServiceId::new("production", "backend"),
        platform: Platform::Fly,
        kind: LogKind::App,
        at: jiff::Timestamp::from_millisecond(i64::try_from(n).unwrap()).unwrap(),
        instance: "6921758cddbb55".into(),
        region: "iad".into(),
        level: None,
    }
}

fn batches(raw: &[String]) -> Vec<LogBatch> {
    let redactor = Redactor::default();
    let lines: Vec<LogLine> = raw.iter().enumerate().map(|(n, text)| line(origin(n), text, &redactor)).collect();
    let batch = |lines: &[LogLine]| LogBatch {
        service: ServiceId::new("production", "backend"),
        lines: lines.to_vec(),
        gap: 0,
        gap_why: None,
    };
    lines.chunks(BATCH).map(batch).collect()
}

fn filled(batches: &[LogBatch]) -> LogBuf {
    let mut buf = LogBuf::new(usize::MAX);
    batches.iter().for_each(|batch| buf.push(batch.clone()));
    buf
}

fn model(batches: &[LogBatch]) -> (Model, Now) {
    let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
    let settings = parse(text, None, &Flags::default(), &|_| None).unwrap();
    let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_secs(9) };
    let mut model = Model::new(&settings, now);
    for batch in batches {
        let _ = flightdeck::app::update(&mut model, Msg::Fact(Fact::Logs(batch.clone())), now);
    }
    (model, now)
}

/// Median of the runs, seconds.
fn seconds(mut work: impl FnMut()) -> f64 {
    let clock = SystemClock::shared();
    let mut took: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = clock.mono();
            work();
            (clock.mono() - start).as_secs_f64()
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took[RUNS / 2]
}

/// A regular expression that a fifth of the lines have.
const EXPRESSION: &str = r"connection \w+: fatal";

/// Filters, and shows everything again.
fn look_for(buf: &mut LogBuf, text: &str) {
    buf.set_filter(Filter { term: typed(text), ..Filter::default() });
    while buf.searching() {
        buf.work();
    }
    buf.set_filter(Filter::default());
}

fn ratios() {
    let raw = raw(LINES);
    let bytes = raw.join("\n").into_bytes();
    let made = batches(&raw);
    let newlines = seconds(|| {
        black_box(memchr::memchr_iter(b'\n', black_box(&bytes)).count());
    });
    let found = seconds(|| {
        black_box(memchr::memmem::find_iter(black_box(&bytes), b"OperationalError").count());
    });
    let regex = regex::bytes::Regex::new(&format!("(?i){EXPRESSION}")).unwrap();
    let expressed = seconds(|| {
        black_box(regex.find_iter(black_box(&bytes)).count());
    });
    let redactor = Redactor::default();
    let parse = seconds(|| {
        for (n, text) in raw.iter().enumerate() {
            black_box(line(origin(n), text, &redactor));
        }
    });
    let ingest = {
        let mut copies: Vec<Vec<LogBatch>> = (0..RUNS).map(|_| made.clone()).collect();
        seconds(|| {
            let mut buf = LogBuf::new(64 << 20);
            copies.pop().unwrap().into_iter().for_each(|batch| buf.push(batch));
            black_box(buf.len());
        })
    };
    let blocks = || bytes.chunks(256 * 1024).map(|chunk| Piece::Block(Block::packed_plain(0, chunk)));
    let service = ServiceId::new("", "bench");
    let pack = seconds(|| {
        let mut buf = LogBuf::new(64 << 20);
        blocks().for_each(|piece| buf.chunk(Chunk { service: service.clone(), piece }));
        black_box(buf.len());
    });
    let mut clustered = (0, 1);
    let cluster = seconds(|| {
        let mut buf = LogBuf::new(64 << 20);
        buf.mine();
        blocks().for_each(|piece| buf.chunk(Chunk { service: service.clone(), piece }));
        while buf.working() {
            buf.work();
        }
        clustered = (buf.patterns().all().iter().map(|one| one.count).sum(), buf.len() as u64);
    });
    // A blank line has no words, and belongs to none.
    assert!((LINES as u64..=clustered.1).contains(&clustered.0), "every line belongs to a pattern");
    let mut plain = LogBuf::new(usize::MAX);
    blocks().for_each(|piece| plain.chunk(Chunk { service: service.clone(), piece }));
    let packed = plain.held();
    let search = seconds(|| look_for(&mut plain, "operationalerror"));
    let expression = seconds(|| look_for(&mut plain, &format!("~{EXPRESSION}")));
    let mut buf = filled(&made);
    let filter = seconds(|| look_for(&mut buf, "operationalerror"));
    let line = |seconds: f64| seconds / LINES as f64 * 1e9;
    println!("{LINES} lines, {} bytes; medians of {RUNS} runs", bytes.len());
    let row = |name: &str, value: f64, floor: f64| {
        println!(
            "{name:<34} {:>9.1} ns/line   floor {:>6.1} ns/line   ratio {:>7.1}",
            line(value),
            line(floor),
            value / floor
        );
    };
    row("parse, clean, redact / newlines", parse, newlines);
    row("take in, order, evict / newlines", ingest, newlines);
    row("filter on and off / memmem", filter, found);
    row("bytes in, packed / newlines", pack, newlines);
    row("the same, every line clustered", cluster, newlines);
    println!("patterns on                        {:>9.0} lines/s on one core", LINES as f64 / cluster);
    row("search packed bytes / memmem", search, found);
    row("regex in packed bytes / in the raw", expression, expressed);
    let held = buf.held();
    println!(
        "plain bytes held / raw bytes       {packed:>9} B   floor {:>9} B   ratio {:>7.2}",
        bytes.len(),
        packed as f64 / bytes.len() as f64
    );
    println!(
        "held / raw bytes                   {held:>9} B   floor {:>9} B   ratio {:>7.2}",
        bytes.len(),
        held as f64 / bytes.len() as f64
    );
}

#[divan::bench]
fn draw_a_frame_of_200x50(bencher: divan::Bencher<'_, '_>) {
    let (model, now) = model(&batches(&raw(5_000)));
    let settings = parse("[[environments]]\nname = \"p\"\n", None, &Flags::default(), &|_| None).unwrap();
    let theme = Theme::load(&settings.ui);
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).unwrap();
    bencher.bench_local(|| {
        terminal.draw(|frame| drop(black_box(flightdeck::ui::draw(&model, &theme, frame, now)))).unwrap();
    });
}

#[divan::bench]
fn parse_an_access_line(bencher: divan::Bencher<'_, '_>) {
    let (redactor, raw) = (Redactor::default(), raw(1));
    bencher.bench_local(|| black_box(line(origin(1), black_box(&raw[0]), &redactor)));
}

fn main() {
    ratios();
    divan::main();
}
