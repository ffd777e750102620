//! Tests of the buffer.

use proptest::prelude::*;

use super::seek::Seek;
use super::*;
use crate::domain::environment::Platform;
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogKind};
use crate::sanitize::Text;

fn line(second: i64, message: &str) -> LogLine {
    LogLine {
        at: jiff::Timestamp::from_second(second).unwrap(),
        service: ServiceId::new("production", "backend"),
        platform: Platform::Fly,
        kind: LogKind::App,
        instance: "".into(),
        region: "".into(),
        level: Level::Info,
        message: Text::from(message),
        raw: None,
    }
}

fn batch(lines: Vec<LogLine>) -> LogBatch {
    LogBatch { service: ServiceId::new("production", "backend"), lines, gap: 0, gap_why: None }
}

fn seen(buf: &LogBuf, rows: usize) -> Vec<String> {
    let text = |row: &Row| match row {
        Row::Line(line) => line.message.to_string(),
        Row::Gap(_, count, _) => format!("gap {count}"),
    };
    buf.page(rows).iter().map(|(_, row)| text(row)).collect()
}

#[test]
fn late_lines_are_sorted_in_and_a_paused_reader_keeps_their_place() {
    let mut buf = LogBuf::new(1 << 20);
    buf.push(batch(vec![line(1, "a"), line(5, "e")]));
    buf.toggle_pause();
    buf.push(batch(vec![line(3, "c"), line(9, "i")]));
    assert_eq!(seen(&buf, 10), ["a", "c", "e"]);
    assert_eq!(buf.below(10), 1);
    buf.scroll(1, 10);
    assert!(!buf.following(), "the line below is selected, and reading goes on from it");
    buf.scroll(1, 10);
    assert!(buf.following());
    assert_eq!(seen(&buf, 2), ["e", "i"]);
}

#[test]
fn another_filter_fills_the_page_of_a_paused_reader_with_newer_lines() {
    let mut buf = LogBuf::new(1 << 20);
    buf.push(batch(vec![line(1, "fine"), line(2, "fine")]));
    buf.toggle_pause();
    buf.push(batch(vec![line(3, "an error"), line(4, "fine"), line(5, "an error"), line(6, "an error")]));
    assert_eq!((seen(&buf, 2).len(), buf.below(2)), (2, 4), "nothing moves under a paused reader");
    buf.set_filter(Filter { term: typed("error"), ..Filter::default() });
    assert_eq!(seen(&buf, 2), ["an error", "an error"], "rather than that no line passes");
    assert_eq!((buf.below(2), buf.following()), (1, false));
}

#[test]
fn the_filter_works_on_what_is_held_and_on_what_arrives() {
    let mut buf = LogBuf::new(1 << 20);
    buf.push(batch(vec![line(1, "GET /health"), line(2, "boom ERROR")]));
    buf.set_filter(Filter { term: typed("Error"), ..Filter::default() });
    buf.push(batch(vec![line(3, "an error"), line(4, "fine")]));
    assert_eq!(seen(&buf, 10), ["boom ERROR", "an error"]);
    buf.set_filter(Filter { term: typed("!error"), ..Filter::default() });
    assert_eq!(seen(&buf, 10), ["GET /health", "fine"]);
}

#[test]
fn gaps_are_visible() {
    let mut buf = LogBuf::new(1 << 20);
    buf.push(LogBatch { gap: 7, ..batch(vec![line(1, "a")]) });
    assert_eq!(seen(&buf, 10), ["gap 7", "a"]);
}

#[test]
fn a_gap_mark_that_goes_is_not_counted_as_a_dropped_line() {
    let mut buf = LogBuf::new(140);
    for second in 0..20 {
        buf.push(LogBatch { gap: 7, ..batch(vec![line(second, "")]) });
    }
    let held = buf.page(buf.len()).iter().filter(|(_, row)| matches!(row, Row::Line(_))).count() as u64;
    let (arrived, dropped) = buf.counts();
    assert_eq!((arrived, held + dropped), (20, 20));
}

#[test]
fn a_paused_page_stays_whole_while_its_rows_go() {
    let mut buf = LogBuf::new(400);
    buf.push(batch((0..10).map(|second| line(second, "")).collect()));
    buf.toggle_pause();
    for second in 10..40 {
        buf.push(batch(vec![line(second, "")]));
        assert_eq!(buf.page(5).len(), 5, "at {second}");
    }
}

proptest! {
    #[test]
    fn the_bound_holds_and_every_line_is_held_or_counted(
        steps in proptest::collection::vec((0i64..50, 0usize..200, any::<bool>(), -5isize..5), 1..200),
    ) {
        let mut buf = LogBuf::new(8 * 1024);
        for (second, length, pause, scroll) in steps {
            buf.push(batch(vec![line(second, &"x".repeat(length))]));
            if pause { buf.toggle_pause(); } else { buf.scroll(scroll, 10); }
            prop_assert!(buf.held() <= 8 * 1024);
            prop_assert_eq!(buf.len() as u64 + buf.counts().1, buf.counts().0);
            prop_assert!(buf.page(10).len() <= 10);
            prop_assert_eq!(buf.shown_len(), buf.len());
        }
    }
}

fn worked(buf: &mut LogBuf) {
    while buf.searching() {
        buf.work();
    }
}

#[test]
fn what_does_not_fit_into_a_slice_is_filtered_in_more_and_the_nearest_is_there_first() {
    let mut buf = LogBuf::new(256 << 20);
    let text: String =
        (0..120_000).map(|n| format!("line {n} of many that are long enough to fill blocks\n")).collect();
    let service = ServiceId::new("file", "app.log");
    for block in text.as_bytes().split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>().chunks(1200) {
        let block = crate::logstore::Block::plain(0, block.concat()).packed();
        buf.chunk(Chunk { service: service.clone(), piece: Piece::Block(block) });
    }
    buf.set_filter(Filter { term: typed("~line \\d+7 of"), ..Filter::default() });
    assert_eq!(seen(&buf, 1), ["line 119997 of many that are long enough to fill blocks"]);
    assert!(buf.progress().is_some_and(|percent| percent < 100));
    worked(&mut buf);
    assert_eq!((buf.shown_len(), buf.progress()), (12_000 - 1, None));
    let chips = vec![typed("!117"), typed("11")];
    buf.set_filter(Filter { chips, term: typed("7 of"), ..Filter::default() });
    worked(&mut buf);
    let wanted = |n: &u32| n % 10 == 7 && n.to_string().contains("11") && !n.to_string().contains("117");
    assert_eq!(buf.shown_len(), (0..120_000).filter(wanted).count());
}

#[test]
fn a_search_that_takes_long_goes_on_and_a_key_ends_it() {
    let mut buf = LogBuf::new(256 << 20);
    let service = ServiceId::new("file", "app.log");
    let first = crate::logstore::Block::plain(0, b"the needle\n".to_vec());
    buf.chunk(Chunk { service: service.clone(), piece: Piece::Block(first) });
    for n in 0..300 {
        let text = format!("{n} hay hay hay hay hay hay hay hay\n").repeat(2000);
        let block = crate::logstore::Block::plain(0, text.into_bytes()).packed();
        buf.chunk(Chunk { service: service.clone(), piece: Piece::Block(block) });
    }
    buf.set_filter(Filter { term: typed("needle"), ..Filter::default() });
    buf.clear_filter_text();
    assert_eq!(buf.seek(Seek::Match, false, 10), None);
    let mut sought = None;
    while buf.searching() {
        sought = buf.work();
    }
    assert_eq!((sought.map(|sought| sought.found), buf.cursor()), (Some(true), Some(0)));
    assert_eq!(buf.seek(Seek::Match, true, 10), None);
    buf.scroll(1, 10);
    assert!(!buf.searching());
}

#[test]
fn a_time_window_leaves_the_rest_out() {
    let mut buf = LogBuf::new(1 << 20);
    buf.push(batch((0..100).map(|second| line(second * 60, &format!("minute {second}"))).collect()));
    let newest = buf.newest().unwrap();
    buf.set_filter(Filter { window: window("@00:10..00:12", newest), ..Filter::default() });
    assert_eq!(seen(&buf, 10), ["minute 10", "minute 11", "minute 12"]);
    buf.set_filter(Filter { window: window("@2m", newest), ..Filter::default() });
    assert_eq!(seen(&buf, 10), ["minute 97", "minute 98", "minute 99"]);
    assert_eq!((window("@", newest), window("@x..", newest), window("15m", newest)), (None, None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever bytes come, in whatever pieces: nothing panics, the order of the source stays, every line is held or counted.
    #[test]
    fn any_bytes_keep_their_order_and_no_line_is_lost_without_being_counted(
        pieces in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..120), 0usize..5, 1usize..20), 1..40),
        limit in 600usize..40_000,
    ) {
        let mut buf = LogBuf::new(limit);
        let service = ServiceId::new("file", "app.log");
        let mut all: Vec<Vec<u8>> = Vec::new();
        for (bytes, way, times) in pieces {
            let mut text = bytes.repeat(times);
            text.push(b'\n');
            all.extend(crate::logstore::find::lines(&text).map(<[u8]>::to_vec));
            let piece = match way {
                0 => Piece::Block(crate::logstore::Block::plain(0, text)),
                1 => Piece::Block(crate::logstore::Block::plain(0, text).packed()),
                _ => Piece::Text(text),
            };
            buf.chunk(Chunk { service: service.clone(), piece });
            if way == 4 {
                buf.set_filter(Filter { term: typed("a"), level: Level::Warn, ..Filter::default() });
                buf.toggle_pause();
                buf.seek(Seek::Error, false, 5);
                buf.set_filter(Filter::default());
                while buf.working() { buf.work(); }
            }
            prop_assert!(buf.page(10).len() <= 10);
            let (arrived, dropped) = buf.counts();
            prop_assert_eq!(arrived, all.len() as u64);
            prop_assert_eq!(buf.len() as u64 + dropped, arrived);
            prop_assert!(buf.held() <= limit);
        }
        let kept = &all[all.len() - buf.len()..];
        let mut held = Vec::new();
        let mut at = buf.store.base();
        while at < buf.store.end() {
            buf.store.each(at, |_, _, text| held.push(text.to_vec()));
            at = buf.store.segment(at).end;
        }
        prop_assert_eq!(held, kept);
    }

    /// Lines of a feed: sorted by time as far as the window reaches, and what is shown is what passes, however it came to be.
    #[test]
    fn what_is_shown_is_what_passes(
        steps in proptest::collection::vec((0i64..2000, 0usize..6, any::<bool>()), 1..400),
    ) {
        let words = ["alpha", "beta", "gamma error", "ALPHA beta", "", "delta"];
        let mut buf = LogBuf::new(12 * 1024);
        for (second, word, again) in steps {
            buf.push(batch(vec![line(second, words[word])]));
            if again {
                buf.set_filter(Filter { term: typed(["alpha", "!beta", "~a$", ""][word % 4]), ..Filter::default() });
            }
            let wanted: Vec<u64> = (buf.store.base()..buf.store.end()).filter(|at| buf.store.passes(*at, &buf.line_filter)).collect();
            let shown: Vec<u64> = (0..buf.shown_len()).filter_map(|index| buf.shown_at(index)).collect();
            prop_assert_eq!(shown, wanted);
        }
        let times: Vec<i64> = (buf.store.base()..buf.store.end()).filter_map(|at| Some(buf.store.meta(at)?.at)).collect();
        prop_assert!(buf.len() > crate::logstore::WINDOW || times.is_sorted());
    }
}

#[test]
fn traces_fold_into_the_line_that_names_the_exception() {
    let mut buf = LogBuf::new(1 << 20);
    let trace = [
        "GET /x 500",
        "Traceback (most recent call last):",
        "  File \"a.py\", line 3",
        "    go()",
        "ValueError: no",
        "next",
    ];
    buf.push(batch(trace.iter().map(|text| line(1, text)).collect()));
    buf.set_filter(Filter { fold: true, ..Filter::default() });
    assert_eq!(seen(&buf, 10), ["GET /x 500", "ValueError: no", "next"]);
    assert_eq!(buf.trace(4).iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), trace[1..5]);
    buf.push(batch(vec![line(2, "Error: late"), line(2, "    at go (a.js:3)")]));
    assert_eq!(seen(&buf, 10), ["GET /x 500", "ValueError: no", "next", "Error: late"]);
}

#[test]
fn errors_are_told_over_time_and_a_time_can_be_gone_to() {
    let mut buf = LogBuf::new(256 << 20);
    let service = ServiceId::new("", "app.log");
    let text = |n: i64| {
        let at = jiff::Timestamp::from_second(n).unwrap();
        format!("{at} [{}] line {n} of a file\n", if n / 100 == 77 { "error" } else { "info" })
    };
    for block in 0..20 {
        let text: String = (block * 500..block * 500 + 500).map(text).collect();
        let block = crate::logstore::Block::plain(0, text.into_bytes()).packed();
        buf.chunk(Chunk { service: service.clone(), piece: Piece::Block(block) });
    }
    assert_eq!(buf.chart(10), None, "nobody has asked for times yet");
    buf.sum();
    while buf.working() {
        buf.work();
    }
    let chart = buf.chart(10).unwrap();
    let told: Vec<(u64, u64)> = chart.buckets.iter().map(|bucket| (bucket.lines, bucket.errors)).collect();
    assert_eq!((told[0], told[7], told[9], chart.unread), ((1000, 0), (1000, 100), (1000, 0), 0));
    assert!(buf.go_to(jiff::Timestamp::from_second(7700).unwrap(), 10));
    assert!(buf.line(buf.cursor().unwrap()).unwrap().message.as_str().contains("line 7700 "));
    assert!(!buf.go_to(jiff::Timestamp::from_second(20_000).unwrap(), 10));
    buf.mine();
    while buf.working() {
        buf.work();
    }
    let patterns: Vec<_> = buf.patterns().all().iter().map(|one| (one.text(), one.count)).collect();
    assert_eq!(
        patterns,
        [("[info] line <*> of a file".to_owned(), 9900), ("[error] line <*> of a file".to_owned(), 100)]
    );
}

#[test]
fn what_is_typed_may_name_what_is_looked_at() {
    let mut buf = LogBuf::new(1 << 20);
    let from = |second: i64, service: &str, region: &str, level: Level| LogLine {
        service: ServiceId::new("production", service),
        region: region.into(),
        instance: format!("{region}-1").into(),
        level,
        ..line(second, &format!("{service} {region} {}", level.word()))
    };
    buf.push(batch(vec![
        from(1, "backend", "iad", Level::Info),
        from(2, "backend", "fra", Level::Error),
        from(3, "frontend", "", Level::Warn),
    ]));
    buf.push(LogBatch { gap: 1, ..batch(vec![from(4, "backend", "fra", Level::Debug)]) });
    let mut shown = |text: &str| {
        buf.set_filter(Filter { term: typed(text), ..Filter::default() });
        (0..buf.shown_len())
            .filter_map(|index| Some(buf.line(buf.shown_at(index)?)?.at.as_second()))
            .collect::<Vec<_>>()
    };
    for (text, wanted) in [
        ("region:fra", &[2, 4][..]),
        ("!region:fra", &[1, 3]),
        ("source:front", &[3]),
        ("source:~^production/b", &[1, 2, 4]),
        ("instance:iad", &[1]),
        ("level:warn", &[2, 3]),
        ("!level:err", &[1, 3, 4]),
        ("level:", &[1, 2, 3, 4]),
        ("~level:", &[]),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
        assert_eq!(typing(&typed(text)), text);
    }
    buf.set_filter(Filter { chips: vec![typed("source:backend")], term: typed("region:fra"), ..Filter::default() });
    assert_eq!(buf.shown_len(), 3, "two lines, and the mark of the gap");
    let sought = buf.seek(Seek::Match, false, 10).unwrap();
    assert!(sought.found);
}

#[test]
fn the_errors_around_a_moment_are_told_by_service() {
    let mut buf = LogBuf::new(64 << 20);
    let backend = ServiceId::new("production", "backend");
    let text = "padding ".repeat(20);
    for second in 0..4000 {
        let level = if second >= 2000 && second % 2 == 0 { Level::Error } else { Level::Info };
        let other = LogLine { service: ServiceId::new("production", "frontend"), ..line(second, &text) };
        buf.push(batch(vec![LogLine { level, ..line(second, &text) }, other]));
    }
    while buf.working() {
        buf.work();
    }
    let (before, after) = buf.around(&backend, 2_000_000_000, 1_000_000_000);
    assert_eq!((before.lines, before.errors, after.lines, after.errors), (1000, 0, 1000, 500));
    let (before, after) = buf.around(&ServiceId::new("production", "frontend"), 2_000_000_000, 1_000_000_000);
    assert_eq!((before.lines, before.errors, after.lines, after.errors), (1000, 0, 1000, 0));
}

fn raw(buf: &mut LogBuf, name: &str, text: &str) {
    buf.chunk(Chunk { service: ServiceId::new("", name), piece: Piece::Text(text.as_bytes().to_vec()) });
}

#[test]
fn lines_of_several_streams_stand_in_the_order_of_their_times_and_what_belongs_together_stays_together() {
    let mut buf = LogBuf::new(1 << 20);
    buf.mine();
    raw(&mut buf, "one", "2026-01-31T12:00:01Z a\n");
    raw(&mut buf, "two", "2026-01-31T12:00:02Z ERROR c\n  trace of c\n2026-01-31T12:00:05Z f\n");
    raw(
        &mut buf,
        "one",
        "2026-01-31T12:00:01Z b\n  trace of b\n2026-01-31T12:00:04Z e\n2026-01-31T12:00:03Z back in time\n",
    );
    raw(&mut buf, "three", "no time at all\n");
    assert_eq!(
        seen(&buf, 20),
        ["a", "b", "  trace of b", "ERROR c", "  trace of c", "e", "back in time", "f", "no time at all"]
    );
    while buf.working() {
        buf.work();
    }
    assert_eq!(buf.patterns().all().iter().map(|one| one.count).sum::<u64>(), 9);
    let errors = |name: &str| buf.errors(&ServiceId::new("", name));
    assert_eq!((errors("one"), errors("two"), errors("three"), errors("none")), (Some(0), Some(1), Some(0), None));
    let newest = buf.newest_error(&ServiceId::new("", "two"));
    assert_eq!(newest.map(|line| line.message.to_string()), Some("ERROR c".to_owned()));
}

#[test]
fn errors_of_bytes_are_told_once_they_have_been_read() {
    let mut buf = LogBuf::new(1 << 20);
    let service = ServiceId::new("", "file");
    let text = b"INFO fine\nERROR bad\nFATAL worse\n".repeat(50);
    buf.chunk(Chunk { service: service.clone(), piece: Piece::Block(crate::logstore::Block::packed_plain(0, &text)) });
    assert_eq!(buf.errors(&service), None);
    buf.sum();
    while buf.working() {
        buf.work();
    }
    assert_eq!(buf.errors(&service), Some(100));
    assert_eq!(buf.newest_error(&service).map(|line| line.level), Some(Level::Fatal));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Several streams in whatever pieces, with patterns and a filter on: every line once, each stream in its own order.
    #[test]
    fn lines_of_streams_keep_the_order_of_their_stream(
        pieces in proptest::collection::vec((0usize..3, proptest::collection::vec((0i64..60, any::<bool>()), 1..6), 0usize..6), 1..60),
    ) {
        let mut buf = LogBuf::new(1 << 20);
        let mut wanted = vec![Vec::new(); 3];
        for (number, (stream, lines, what)) in pieces.iter().enumerate() {
            match what {
                0 => buf.mine(),
                1 => buf.set_filter(Filter { term: typed("x"), ..Filter::default() }),
                2 => buf.set_filter(Filter::default()),
                _ => { buf.work(); }
            }
            let mut text = String::new();
            for (index, (second, timed)) in lines.iter().enumerate() {
                let name = format!("x{number}.{index}");
                let time = if *timed { format!("2026-01-31T12:00:{second:02}Z ") } else { String::new() };
                text.push_str(&format!("{time}{name}\n"));
                wanted[*stream].push(name);
            }
            raw(&mut buf, &format!("s{stream}"), &text);
        }
        while buf.working() {
            buf.work();
        }
        let shown = buf.page(usize::MAX / 8);
        for (stream, wanted) in wanted.iter().enumerate() {
            let own = shown.iter().filter_map(|(_, row)| match row {
                Row::Line(line) if *line.service.name == *format!("s{stream}") => Some(line.message.to_string()),
                _ => None,
            });
            prop_assert!(own.eq(wanted.iter().cloned()));
        }
        if pieces.iter().any(|(.., what)| *what == 0) {
            let counted = buf.patterns().all().iter().map(|one| one.count).sum::<u64>();
            prop_assert_eq!(counted + buf.patterns().beyond, shown.len() as u64);
        }
    }
}
