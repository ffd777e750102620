//! What jobs wrote, by job and by step, and the archive of a whole run (docs/platforms/github.md section 4.5).

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use crate::sim::world::World;
use crate::sim::world::github::{Job, Run, Step};

/// An instant as runners write it: seven digits.
fn stamp(at: Timestamp) -> String {
    format!("{}.{:07}Z", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_nanosecond() / 100)
}

/// The log of a job that has ended.
pub fn job_log(world: &World, run: &Run, job: &Job) -> Option<String> {
    job.progress(run.canceled_at, world.now).completed_at?;
    let start = job.starts_at?;
    let mut text = String::from('\u{feff}');
    for step in &job.steps {
        step_log(&mut text, world, run, (job, step), start);
        if step.fails {
            break;
        }
    }
    Some(text)
}

/// The lines of one step.
fn step_log(text: &mut String, world: &World, run: &Run, (job, step): (&Job, &Step), start: Timestamp) {
    let at = start + step.offset;
    let sha = run.head.as_ref().map_or_else(|| world.sha(run.commit), |(_, sha)| sha.as_str());
    let mut line = |after: SignedDuration, words: &str| {
        let _ = writeln!(text, "{} {words}", stamp(at + after));
    };
    line(SignedDuration::ZERO, &format!("##[group]Run {}", step.name));
    line(SignedDuration::ZERO, &format!("\u{1b}[36;1m{} {sha}\u{1b}[0m", step.name));
    line(SignedDuration::ZERO, "##[endgroup]");
    for (n, words) in (1..).zip(said(&job.name, step)) {
        line(step.takes / 8 * n.min(7), words);
    }
    if step.fails {
        line(step.takes, "##[error]Process completed with exit code 1.");
    }
}

/// What the product's own tools print.
fn said(job: &str, step: &Step) -> &'static [&'static str] {
    match (job, step.name.as_str(), step.fails) {
        ("backend", "Test", false) => {
            &["collected 214 items", "======================= 214 passed in 19.42s ======================="]
        }
        ("backend", "Test", true) => &[
            "collected 214 items",
            "tests/test_pool.py::test_a_worker_gives_its_connection_back FAILED",
            ">       assert pool.get_stats()[\"requests_waiting\"] == 0",
            "E       AssertionError: assert 3 == 0",
            "FAILED tests/test_pool.py::test_a_worker_gives_its_connection_back - AssertionError: assert 3 == 0",
            "================== 1 failed, 213 passed in 20.11s ==================",
        ],
        ("frontend", "Type check", true) => &[
            "> tsc --noEmit",
            "src/components/Composer.tsx(41,17): error TS2339: Property 'attachments' does not exist on type 'Draft'.",
            "##[error]src/components/Composer.tsx(41,17): error TS2339: Property 'attachments' does not exist on type 'Draft'.",
        ],
        ("frontend", "Test", false) => &[" Test Files  38 passed (38)", "      Tests  271 passed (271)"],
        _ => &[],
    }
}

/// A name as it stands in the archive: without what paths mean, and cut.
fn plain(name: &str) -> String {
    let kept: String = name.chars().filter(|char| !matches!(char, '/' | ':')).collect();
    let units: Vec<u16> = kept.encode_utf16().take(90).collect();
    String::from_utf16_lossy(&units).trim().to_owned()
}

/// The files of a run that is over: each job whole, and each of its steps.
pub fn run_files(world: &World, run: &Run) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (n, job) in run.jobs.iter().enumerate() {
        let Some(whole) = job_log(world, run, job) else { continue };
        let (name, start) = (plain(&job.name), job.starts_at.unwrap_or(run.started_at));
        files.push((format!("{n}_{name}.txt"), whole.into_bytes()));
        for step in &job.steps {
            let mut text = String::from('\u{feff}');
            step_log(&mut text, world, run, (job, step), start);
            files.push((format!("{name}/{}_{}.txt", step.number, plain(&step.name)), text.into_bytes()));
            if step.fails {
                break;
            }
        }
    }
    files
}
