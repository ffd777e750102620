//! The rollback dialog and the menu that leads to it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use super::Ctx;
use super::text;
use crate::app::rollback::{Choice, Rollback};
use crate::domain::environment::{Status, Tier};
use crate::domain::ids::EnvId;
use crate::domain::operation::{OpState, Operation, Plan};

/// Columns of the dialog at most, its frame included.
const WIDTH: usize = 110;

/// The menu of actions.
pub(super) fn menu(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect) {
    let env = ctx.model.selected_env().map(|env| &env.id);
    let name = env.map(EnvId::to_string).unwrap_or_default();
    let lines = vec![Line::from(vec![Span::styled(" R ", ctx.theme.strong()), Span::raw(format!("roll back {name}"))])];
    dialog(ctx, frame, body, env, "Actions", lines, Line::styled(" esc leaves", ctx.theme.dim()));
}

/// The dialog.
pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, rollback: &Rollback) {
    let dim = ctx.theme.dim();
    match rollback {
        Rollback::Pick { env, choices, chosen } => {
            let at = choices.iter().position(|one| Some(&one.sha) == chosen.as_ref());
            let room = usize::from(body.height.saturating_sub(4)).max(1);
            let first = at.map_or(0, |at| at.saturating_sub(room - 1));
            let shown = choices.iter().skip(first).take(room);
            let lines = shown.map(|one| choice(ctx, one, chosen.as_ref() == Some(&one.sha))).collect();
            let enter = if chosen.is_some() { "enter shows the plan, " } else { "" };
            let hint = Line::styled(format!(" {enter}j k choose, esc leaves"), dim);
            dialog(ctx, frame, body, Some(env), &format!("Roll back {env}: to which release?"), lines, hint);
        }
        Rollback::Preflighting(_, env) => {
            let lines = vec![Line::raw(" reading what is live, what is still there and what would go out")];
            let hint = Line::styled(" esc leaves", dim);
            dialog(ctx, frame, body, Some(env), &format!("Roll back {env}"), lines, hint);
        }
        Rollback::Ready(plan, typed) => {
            let lines = plan_lines(ctx, plan, false);
            let lines = if lines.len() + 4 > body.height.into() { plan_lines(ctx, plan, true) } else { lines };
            let title = format!("Roll back {}: the plan", plan.env);
            dialog(ctx, frame, body, Some(&plan.env), &title, lines, confirmation(ctx, plan, typed));
        }
        Rollback::Refused(why) => {
            let text = format!(" {} {why}", ctx.theme.symbol(Status::Fail));
            let lines = vec![Line::styled(text, ctx.theme.status(Status::Fail))];
            dialog(ctx, frame, body, None, "Roll back", lines, Line::raw(" nothing was changed; esc leaves"));
        }
        Rollback::Following(op) => match ctx.model.operations.get(op) {
            Some(operation) => {
                let (lines, end) = operation_lines(ctx, operation);
                dialog(ctx, frame, body, Some(&operation.env), "Roll back", lines, end);
            }
            None => {
                let lines = vec![Line::raw(" writing the intent to the journal")];
                dialog(ctx, frame, body, None, "Roll back", lines, Line::default());
            }
        },
    }
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
    let width = WIDTH.min(usize::from(ctx.model.size.0).max(40)) - 2;
    let line = Line::raw(text::cut(&line, width, mark));
    if chosen { line.patch_style(ctx.theme.selected()) } else { line }
}

/// What refuses and what stays comes before the detail; `short` leaves the steps and the commits' titles out.
fn plan_lines(ctx: &Ctx<'_>, plan: &Plan, short: bool) -> Vec<Line<'static>> {
    let told = |text: &crate::sanitize::Text, status: Status| {
        Line::styled(format!(" {} {text}", ctx.theme.symbol(status)), ctx.theme.status(status))
    };
    let mut lines: Vec<Line<'static>> = plan.refusals.iter().map(|text| told(text, Status::Fail)).collect();
    for part in &plan.parts {
        let sha = |sha: &Option<crate::domain::ids::Sha>| sha.as_ref().map_or("?", |sha| sha.short()).to_owned();
        let (from, to, arrow) = (&part.from, &part.to, ctx.theme.arrow());
        let head = format!(" {}: {} {} {arrow} {} {}", part.service.name, from.0, sha(&from.1), to.0, sha(&to.1));
        lines.push(Line::styled(head, ctx.theme.strong()));
        if !short {
            lines.extend(part.steps.iter().map(|step| Line::raw(format!("    {step}"))));
        }
    }
    lines.push(Line::styled(" does NOT go back", ctx.theme.status(Status::Warn)));
    lines.extend(plan.stays.iter().map(|text| Line::styled(format!("    {text}"), ctx.theme.status(Status::Warn))));
    lines.extend(plan.warnings.iter().map(|text| told(text, Status::Warn)));
    match &plan.commits_out {
        Some(commits) => {
            lines.push(Line::styled(format!(" {} commits go out", commits.len()), ctx.theme.strong()));
            let titles = commits.iter().take(if short { 0 } else { 5 });
            lines.extend(titles.map(|one| Line::raw(format!("    {} {} {}", one.sha.short(), one.author, one.title))));
        }
        None => lines.push(Line::raw(" commits that go out: unknown")),
    }
    lines
}

/// The expected word and what is typed of it, or that nothing can be confirmed.
fn confirmation(ctx: &Ctx<'_>, plan: &Plan, typed: &str) -> Line<'static> {
    if plan.refusals.is_empty() {
        let text = format!(" type {} and enter: {typed}{}   esc leaves", plan.env, ctx.theme.cursor());
        return Line::styled(text, ctx.theme.prod());
    }
    Line::styled(" cannot be done now; esc leaves", ctx.theme.dim())
}

/// The steps, and how it stands.
fn operation_lines(ctx: &Ctx<'_>, operation: &Operation) -> (Vec<Line<'static>>, Line<'static>) {
    let mut lines = vec![Line::styled(format!(" {}", operation.title), ctx.theme.strong())];
    for step in &operation.steps {
        let status = step.state.status();
        let word = format!("{:?}", step.state).to_lowercase();
        let took = step.started_at.map(|at| text::since(at, step.ended_at.unwrap_or(ctx.now.wall))).unwrap_or_default();
        let text = format!(
            " {} {word:<8} {} {} {}  {}  {took}",
            ctx.theme.symbol(status),
            step.service.name,
            ctx.theme.dot(),
            step.title,
            step.detail
        );
        lines.push(Line::styled(text, ctx.theme.status(status)));
    }
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
    (lines, Line::styled(format!(" {} {says}", ctx.theme.symbol(status)), ctx.theme.status(status)))
}

/// Draws a dialog. Its last line always shows, whatever gives way above it: it says what a key would do.
fn dialog(
    ctx: &Ctx<'_>,
    frame: &mut Frame<'_>,
    body: Rect,
    env: Option<&EnvId>,
    title: &str,
    mut lines: Vec<Line<'static>>,
    last: Line<'static>,
) {
    let width = body.width.min(u16::try_from(WIDTH).unwrap_or(u16::MAX));
    let columns = usize::from(width.saturating_sub(2)).max(1);
    let rows = |line: &Line<'_>| line.width().div_ceil(columns).max(1);
    let room = usize::from(body.height).saturating_sub(2 + rows(&last));
    let mut used: usize = lines.iter().map(rows).sum();
    if used > room {
        let all = lines.len();
        while used + 1 > room {
            let Some(gone) = lines.pop() else { break };
            used -= rows(&gone);
        }
        let left_out =
            format!(" {} {} more lines; a taller terminal shows them", ctx.theme.ellipsis(), all - lines.len());
        lines.push(Line::styled(left_out, ctx.theme.status(Status::Warn)));
        used += 1;
    }
    let end = u16::try_from(rows(&last)).unwrap_or(1);
    let height = u16::try_from(used + 2).unwrap_or(body.height).saturating_add(end).min(body.height);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    let production =
        |id: &EnvId| ctx.model.environments.iter().any(|one| one.id == *id && one.tier == Tier::Production);
    let prod = env.is_some_and(production);
    let (word, style) = if prod { (" PROD  ", ctx.theme.prod()) } else { (" ", ctx.theme.focus()) };
    let block =
        Block::bordered().border_set(ctx.theme.border(prod)).border_style(style).title_top(format!("{word}{title} "));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    // Words wrap to more rows than their columns need: the last line has an area of its own, so that none of them hides it.
    let [upper, lower] = Layout::vertical([Constraint::Fill(1), Constraint::Length(end)]).areas(inner);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), upper);
    frame.render_widget(Paragraph::new(last).wrap(Wrap { trim: false }), lower);
}
