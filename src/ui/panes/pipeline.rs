//! Runs, with the jobs, steps and gates of the selected one (the newest when none is).

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::widgets::columns::{Cell, Column, column, table};
use super::super::{Ctx, text};
use super::Drawn;
use crate::domain::environment::Status;
use crate::domain::pipeline::{Job, Run};

/// State, workflow, number, commit, who, how long ago, what it is about.
const COLUMNS: [Column; 7] = [
    column(12, 16, 9),
    column(12, 20, 7),
    column(6, 7, 6),
    column(8, 9, 5),
    column(10, 14, 1),
    column(4, 8, 4),
    column(20, 20, 8),
];

/// Jobs of a run that are listed.
const SHOWN: usize = 24;

pub(super) struct Pipeline;

impl Drawn for Pipeline {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn trouble(&self, ctx: &Ctx<'_>) -> Option<(Status, usize)> {
        // A gate waits for a person; a run that failed is told where it is looked at.
        let waiting = ctx.model.facts().runs().iter().filter(|run| !run.gates.is_empty()).count();
        (waiting > 0).then_some((Status::Paused, waiting))
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let runs = ctx.model.facts().runs();
    let selected = runs.iter().position(|run| Some(run.id) == ctx.model.screen().selection().run);
    let open = selected.unwrap_or(0);
    let mut lines = Vec::new();
    let rows: Vec<Vec<Cell>> = runs.iter().map(|run| cells(ctx, run)).collect();
    let rows = table(&COLUMNS, rows, area.width.into(), ctx.theme.ellipsis());
    for (index, (run, line)) in runs.iter().zip(rows).enumerate() {
        lines.push(if Some(index) == selected { ctx.chosen(&line, area.width.into()) } else { line });
        held(ctx, run, &mut lines);
        if index == open {
            jobs(ctx, run, &mut lines);
        }
    }
    let first = (open + 1).saturating_sub(usize::from(area.height) / 2);
    lines.into_iter().skip(first).take(area.height.into()).collect()
}

fn cells(ctx: &Ctx<'_>, run: &Run) -> Vec<Cell> {
    let since = run.started_at.map(|at| text::since(at, ctx.now.wall)).unwrap_or_default();
    let status = format!(" {} {}", ctx.theme.symbol(run.status), run.words);
    vec![
        (status, ctx.theme.status(run.status)),
        (run.workflow.to_string(), Style::new()),
        (format!("#{}", run.number.0), ctx.theme.dim()),
        (run.sha.short().to_owned(), Style::new()),
        (ctx.veiled(run.actor.as_str()), Style::new()),
        (since, ctx.theme.dim()),
        (ctx.veiled(run.title.as_str()), Style::new()),
    ]
}

/// What holds a run, whichever one is open: it may hold others.
fn held(ctx: &Ctx<'_>, run: &Run, lines: &mut Vec<Line<'static>>) {
    for gate in &run.gates {
        let now = ctx.now.wall;
        let blocks = if gate.blocks(run, now) { " BLOCKING" } else { "" };
        let text =
            format!("     gate {} {} {} {}{blocks}", gate.env, gate.words(run, now), ctx.theme.dot(), gate.may());
        lines.push(Line::styled(text, ctx.theme.status(Status::Warn)));
    }
    for words in run.lane_words() {
        lines.push(Line::styled(format!("     {words}"), ctx.theme.status(Status::Warn)));
    }
}

fn jobs(ctx: &Ctx<'_>, run: &Run, lines: &mut Vec<Line<'static>>) {
    // Of many, those that failed and those that run are what people look for.
    let many = run.jobs.len() > SHOWN;
    let rank = |job: &&Job| match job.status {
        _ if !many => 0,
        Status::Fail => 0,
        Status::Running | Status::Warn | Status::Unknown => 1,
        _ => 2,
    };
    let mut jobs: Vec<&Job> = run.jobs.iter().collect();
    jobs.sort_by_key(rank);
    for job in jobs.iter().take(SHOWN) {
        let style = ctx.theme.status(job.status);
        lines.push(Line::styled(format!("     {} {} {}", ctx.theme.symbol(job.status), job.name, job.words), style));
        for step in job.steps.iter().filter(|step| step.status != Status::Ok) {
            let text = format!("         {} {}", ctx.theme.symbol(step.status), step.name);
            lines.push(Line::styled(text, ctx.theme.status(step.status)));
        }
    }
    if let Some(more) = jobs.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(Line::styled(format!("     +{more} more jobs"), ctx.theme.dim()));
    }
    if let Some(missing) = run.jobs_read.missing("jobs").filter(|_| !run.jobs.is_empty()) {
        lines.push(Line::styled(format!("     {missing}"), ctx.theme.status(Status::Unknown)));
    }
}
