//! The rollback dialog and the menu that leads to it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph, Wrap};

use super::Ctx;
use super::text;
use crate::app::rollback::{Choice, Rollback};
use crate::domain::environment::Status;
use crate::domain::operation::{OpState, Operation, Plan};

/// Columns of the dialog at most, its frame included.
const WIDTH: usize = 110;

/// The menu of actions.
pub(super) fn menu(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect) {
    let env = ctx.model.selected_env().map(|env| env.id.to_string()).unwrap_or_default();
    let lines = vec![
        Line::from(vec![Span::styled(" R ", ctx.theme.strong()), Span::raw(format!("roll back {env}"))]),
        Line::styled(" esc leaves", ctx.theme.dim()),
    ];
    dialog(ctx, frame, body, " Actions ", lines);
}

/// The dialog.
pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, rollback: &Rollback) {
    let (title, lines) = match rollback {
        Rollback::Pick { env, choices, chosen } => {
            let mut lines: Vec<Line<'static>> = choices
                .iter()
                .take(body.height.saturating_sub(5).into())
                .map(|one| choice(ctx, one, chosen.as_ref() == Some(&one.sha)))
                .collect();
            let hint = if chosen.is_some() {
                " enter shows the plan · j k choose · esc leaves"
            } else {
                " j k choose · esc leaves"
            };
            lines.push(Line::default());
            lines.push(Line::styled(hint, ctx.theme.dim()));
            (format!(" Roll back {env}: to which release? "), lines)
        }
        Rollback::Preflighting(_, env) => (
            format!(" Roll back {env} "),
            vec![Line::raw(" reading what is live, what is still there and what would go out")],
        ),
        Rollback::Ready(plan, typed) => (format!(" Roll back {}: the plan ", plan.env), plan_lines(ctx, plan, typed)),
        Rollback::Refused(why) => {
            let lines = vec![
                Line::styled(format!(" {why}"), ctx.theme.status(Status::Fail)),
                Line::raw(" nothing was changed · esc leaves"),
            ];
            (" Roll back ".to_owned(), lines)
        }
        Rollback::Following(op) => match ctx.model.operations.get(op) {
            Some(operation) => (" Roll back ".to_owned(), operation_lines(ctx, operation)),
            None => (" Roll back ".to_owned(), vec![Line::raw(" writing the intent to the journal")]),
        },
    };
    dialog(ctx, frame, body, &title, lines);
}

fn choice(ctx: &Ctx<'_>, choice: &Choice, chosen: bool) -> Line<'static> {
    let mark = ctx.theme.ellipsis();
    let labels: Vec<String> = choice.deployments.iter().map(|one| text::cut(one.label.as_str(), 12, mark)).collect();
    let Some(first) = choice.deployments.first() else { return Line::default() };
    let verified = if choice.deployments.iter().all(|one| one.verified == Some(true)) { "verified" } else { "" };
    // The frontend's deployment carries the commit's message; Fly's release row carries none.
    let by_commit = choice.deployments.iter().find(|one| one.image.is_none()).unwrap_or(first);
    let line = format!(
        " {} {} {} {} {} {}",
        text::fit(choice.sha.short(), 8, mark),
        text::fit(&labels.join(" "), 20, mark),
        text::fit(&text::since(first.created_at, ctx.now.wall), 8, mark),
        text::fit(by_commit.author.as_str(), 14, mark),
        text::fit(verified, 9, mark),
        by_commit.message,
    );
    let line = Line::raw(text::cut(&line, WIDTH - 2, mark));
    if chosen { line.patch_style(ctx.theme.selected()) } else { line }
}

fn plan_lines(ctx: &Ctx<'_>, plan: &Plan, typed: &str) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for part in &plan.parts {
        let sha = |sha: &Option<crate::domain::ids::Sha>| sha.as_ref().map_or("?", |sha| sha.short()).to_owned();
        let head = format!(
            " {}: {} {} → {} {}",
            part.service.name,
            part.from.0,
            sha(&part.from.1),
            part.to.0,
            sha(&part.to.1)
        );
        lines.push(Line::styled(head, ctx.theme.strong()));
        lines.extend(part.steps.iter().map(|step| Line::raw(format!("    {step}"))));
    }
    match &plan.commits_out {
        Some(commits) => {
            lines.push(Line::styled(format!(" {} commits go out", commits.len()), ctx.theme.strong()));
            lines.extend(
                commits
                    .iter()
                    .take(5)
                    .map(|one| Line::raw(format!("    {} {} {}", one.sha.short(), one.author, one.title))),
            );
        }
        None => lines.push(Line::raw(" commits that go out: unknown")),
    }
    lines.push(Line::styled(" does NOT go back", ctx.theme.status(Status::Warn)));
    lines.extend(plan.stays.iter().map(|text| Line::raw(format!("    {text}"))));
    let warn = |text: &crate::sanitize::Text| {
        Line::styled(format!(" {} {text}", ctx.theme.symbol(Status::Warn)), ctx.theme.status(Status::Warn))
    };
    lines.extend(plan.warnings.iter().map(warn));
    let refuse = |text: &crate::sanitize::Text| {
        Line::styled(format!(" {} {text}", ctx.theme.symbol(Status::Fail)), ctx.theme.status(Status::Fail))
    };
    lines.extend(plan.refusals.iter().map(refuse));
    lines.push(Line::default());
    if plan.refusals.is_empty() {
        lines.push(Line::styled(format!(" type {} and enter: {typed}▏   esc leaves", plan.env), ctx.theme.prod()));
    } else {
        lines.push(Line::styled(" cannot be done now · esc leaves", ctx.theme.dim()));
    }
    lines
}

fn operation_lines(ctx: &Ctx<'_>, operation: &Operation) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(format!(" {}", operation.title), ctx.theme.strong())];
    for step in &operation.steps {
        let status = step.state.status();
        let word = format!("{:?}", step.state).to_lowercase();
        let took = step.started_at.map(|at| text::since(at, step.ended_at.unwrap_or(ctx.now.wall))).unwrap_or_default();
        let text = format!(
            " {} {word:<8} {} · {}  {}  {took}",
            ctx.theme.symbol(status),
            step.service.name,
            step.title,
            step.detail
        );
        lines.push(Line::styled(text, ctx.theme.status(status)));
    }
    lines.push(Line::default());
    let status = match operation.state {
        OpState::Done => Status::Ok,
        OpState::Running | OpState::Proving => Status::Running,
        OpState::Unknown => Status::Warn,
        OpState::Refused | OpState::Failed | OpState::HalfDone => Status::Fail,
    };
    let says = if operation.state.ended() {
        operation.outcome.to_string()
    } else {
        "under way; esc hides this, it goes on".to_owned()
    };
    lines.push(Line::styled(format!(" {} {says}", ctx.theme.symbol(status)), ctx.theme.status(status)));
    lines
}

fn dialog(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, title: &str, lines: Vec<Line<'static>>) {
    let width = body.width.min(u16::try_from(WIDTH).unwrap_or(u16::MAX));
    let wrapped: usize =
        lines.iter().map(|line| line.width().div_ceil(usize::from(width.saturating_sub(2)).max(1)).max(1)).sum();
    let height = u16::try_from(wrapped + 2).unwrap_or(body.height).min(body.height);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    let block =
        Block::bordered().border_type(BorderType::Thick).border_style(ctx.theme.prod()).title_top(title.to_owned());
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block).wrap(Wrap { trim: false }), area);
}
