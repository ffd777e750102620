//! The rollback dialog: pick, plan, steps, and what to do after an operation that was cut short.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Ctx;
use super::text;
use super::widgets::dialog::{WIDTH, dialog};
use crate::app::confirm;
use crate::app::draft;
use crate::app::follow;
use crate::app::live;
use crate::app::note::Note;
use crate::app::readiness;
use crate::app::rollback::{self, Asks, Rollback};
use crate::domain::candidates::{self, Choice};
use crate::domain::consent::Level;
use crate::domain::environment::{Platform, Status};
use crate::domain::ids::Sha;
use crate::domain::manner::Manner;
use crate::domain::operation::{OpKind, Operation, Plan, PlanPart, StepReport, StepState, Wish};
use crate::domain::pace;
use crate::domain::proof::{Found, Observation, Stays, Witness};
use crate::domain::release::Presence;
use crate::sanitize::Text;

/// The dialog.
pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, rollback: &Rollback) {
    let dim = ctx.theme.dim();
    match rollback {
        Rollback::Pick { env, alone, choices, chosen, manner, .. } => {
            let at = choices.iter().position(|one| Some(&one.sha) == chosen.as_ref());
            let machines = choices.iter().any(Choice::has_machines);
            let room = usize::from(body.height.saturating_sub(5)).max(1);
            let first = at.map_or(0, |at| at.saturating_sub(room - 1));
            let shown = choices.iter().skip(first).take(room);
            let mut lines: Vec<Line<'static>> =
                shown.map(|one| choice(ctx, one, chosen.as_ref() == Some(&one.sha))).collect();
            if machines {
                let text = format!(" machines: {}   s changes how, g which region goes first", manner.words());
                lines.push(Line::styled(text, dim));
            }
            if choices.is_empty() {
                lines.push(Line::styled(
                    " no release that every service of it still has; the lists are read again",
                    dim,
                ));
            } else if candidates::proposed(choices).is_none() {
                let text = " nothing of it was verified healthy: j and k choose by hand, enter shows the plan";
                lines.push(Line::styled(text, ctx.theme.status(Status::Warn)));
            }
            let place = alone.as_ref().map_or_else(|| env.to_string(), |alone| format!("{alone} alone"));
            let enter = if chosen.is_some() { "enter shows the plan, " } else { "" };
            let hint = Line::styled(format!(" {enter}j k choose, esc leaves"), dim);
            dialog(ctx, frame, body, Some(env), &format!("Roll back {place}: to which release?"), lines, hint);
        }
        Rollback::Commenting { env, asks, note } => {
            let title = match asks {
                Asks::Wish(wish) => format!("{} {env}: a comment for the record", named(wish.kind())),
                Asks::Lock => format!("Lock {env}: why?"),
                Asks::Mark(sha) => format!("Mark {} bad: why?", sha.short()),
            };
            let next = if matches!(asks, Asks::Wish(_)) { "shows the plan" } else { "does it" };
            let why = match asks {
                Asks::Wish(wish) => rollback::overridden(ctx.model, env, wish, ctx.now).map(|one| one.words()),
                Asks::Lock | Asks::Mark(_) => None,
            };
            let why = why.map(|why| format!(" {} a reason is needed: {why}", ctx.theme.symbol(Status::Warn)));
            let why = why.map(|why| Line::styled(why, ctx.theme.status(Status::Warn)));
            let lines = why.into_iter().chain(written(ctx, note)).collect();
            let hint = format!(" enter {next}, alt-enter begins a line, esc leaves");
            dialog(ctx, frame, body, Some(env), &title, lines, Line::styled(hint, dim));
        }
        Rollback::Entering(entry) => super::entry::draw(ctx, frame, body, entry),
        Rollback::Scaling(scaling) => super::scaling::draw(ctx, frame, body, scaling),
        Rollback::Preflighting(_, env, wish) => {
            let mut lines: Vec<Line<'static>> =
                draft::lines(ctx.model, wish).into_iter().map(|line| Line::styled(line, dim)).collect();
            lines.push(Line::raw(" reading what is live, what is still there and what would go out"));
            let hint = Line::styled(" as it was read last; the plan itself comes in a moment, esc leaves", dim);
            dialog(ctx, frame, body, Some(env), &format!("{} {env}: the plan", named(wish.kind())), lines, hint);
        }
        Rollback::Ready(plan, confirm) => {
            let lines = plan_lines(ctx, plan, false);
            let lines = if lines.len() + 4 > body.height.into() { plan_lines(ctx, plan, true) } else { lines };
            let title = format!("{} {}: the plan", named(plan.kind), place(plan));
            dialog(ctx, frame, body, Some(&plan.env), &title, lines, confirmation(ctx, plan, &confirm.typed));
        }
        Rollback::Refused(why) => {
            let text = format!(" {} {why}", ctx.theme.symbol(Status::Fail));
            let lines = vec![Line::styled(text, ctx.theme.status(Status::Fail))];
            dialog(ctx, frame, body, None, "No plan", lines, Line::raw(" nothing was changed; esc leaves"));
        }
        Rollback::Following(op) => match ctx.model.operations.get(op) {
            Some(operation) => {
                let (lines, end) = operation_lines(ctx, operation);
                let title = format!("{} {}", named(operation.kind), operation.env);
                dialog(ctx, frame, body, Some(&operation.env), &title, lines, end);
            }
            None => {
                let lines = vec![Line::raw(" writing the intent to the journal")];
                dialog(ctx, frame, body, None, "Beginning", lines, Line::default());
            }
        },
    }
}

/// A note as it is written, with the place where the next letter goes.
fn written(ctx: &Ctx<'_>, note: &Note) -> Vec<Line<'static>> {
    let (row, column) = note.cursor();
    let line = |(index, text): (usize, &String)| {
        let mut shown = format!(" {text}");
        if index == row {
            let at = shown.char_indices().nth(column + 1).map_or(shown.len(), |(at, _)| at);
            shown.insert_str(at, ctx.theme.cursor());
        }
        Line::raw(shown)
    };
    note.lines().iter().enumerate().map(line).collect()
}

/// What a plan is about: its environment, or one service alone.
fn place(plan: &Plan) -> String {
    match &plan.wish {
        Wish::RollBackTo { alone: Some(alone), .. } => format!("{alone} alone"),
        _ => plan.env.to_string(),
    }
}

/// The kind at the beginning of a title.
fn named(kind: OpKind) -> String {
    let mut name = kind.name().to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// What speaks against bringing more to production now.
fn against(ctx: &Ctx<'_>, kind: OpKind) -> Vec<Line<'static>> {
    let checks = readiness::checks(ctx.model, ctx.now).into_iter().filter(|check| check.status >= Status::Warn);
    // A gate does not speak against its own answer.
    let checks = checks.filter(|check| kind != OpKind::Approve || check.asks != readiness::NO_GATE);
    checks
        .map(|check| {
            let text = format!(" {} NOT: {}: {}", ctx.theme.symbol(check.status), check.asks, check.says);
            Line::styled(text, ctx.theme.status(check.status))
        })
        .collect()
}

fn choice(ctx: &Ctx<'_>, choice: &Choice, chosen: bool) -> Line<'static> {
    let mark = ctx.theme.ellipsis();
    let labels: Vec<String> = choice.deployments.iter().map(|one| text::cut(one.label.as_str(), 12, mark)).collect();
    let Some(first) = choice.deployments.first() else { return Line::default() };
    let verified = match () {
        () if choice.live => "live",
        () if !choice.lacks.is_empty() => "part gone",
        () if choice.deployments.iter().any(|one| one.bad.is_some()) => "BAD",
        () if choice.deployments.iter().any(|one| one.presence == Presence::Gone) => "gone",
        () if choice.verified() => "verified",
        () => "",
    };
    let ran = first.ran_for.map(|span| format!("ran {}", text::age(span))).unwrap_or_default();
    // The frontend's deployment carries the commit's message; Fly's release row carries none.
    let by_commit = choice.deployments.iter().find(|one| one.image.is_none()).unwrap_or(first);
    let line = format!(
        " {} {} {} {} {} {} {}",
        text::fit(choice.sha.short(), 8, mark),
        text::fit(&labels.join(" "), 20, mark),
        text::fit(&text::since(first.created_at, ctx.now.wall), 8, mark),
        text::fit(&ran, 10, mark),
        text::fit(&ctx.veiled(by_commit.author.as_str()), 14, mark),
        text::fit(verified, 9, mark),
        ctx.veiled(by_commit.message.as_str()),
    );
    let width = WIDTH.min(usize::from(ctx.model.size.0).max(40)) - 2;
    let line = Line::raw(text::cut(&line, width, mark));
    if chosen { line.patch_style(ctx.theme.selected()) } else { line }
}

/// What refuses and what stays comes before the detail; `short` leaves the steps and the commits' titles out.
fn plan_lines(ctx: &Ctx<'_>, plan: &Plan, short: bool) -> Vec<Line<'static>> {
    let told = |text: &Text, status: Status| {
        Line::styled(format!(" {} {text}", ctx.theme.symbol(status)), ctx.theme.status(status))
    };
    let mut lines: Vec<Line<'static>> = plan.refusals.iter().map(|text| told(text, Status::Fail)).collect();
    for part in &plan.parts {
        // What moves nothing has no commit to show; where one would move, that it is unknown matters.
        let unknown = if part.act.moves() { " ?" } else { "" };
        let sha =
            |sha: &Option<Sha>| sha.as_ref().map_or_else(|| unknown.to_owned(), |sha| format!(" {}", sha.short()));
        let (from, to, arrow) = (&part.from, &part.to, ctx.theme.arrow());
        let head = if part.platform == Platform::Github {
            format!(" {}: {} {arrow} {}{}", part.resource, from.0, to.0, sha(&to.1))
        } else {
            format!(" {}: {}{} {arrow} {}{}", part.service.name, from.0, sha(&from.1), to.0, sha(&to.1))
        };
        lines.push(Line::styled(head, ctx.theme.strong()));
        lines.extend(
            manner(plan, part).map(|words| Line::styled(format!("    {words}"), ctx.theme.status(Status::Warn))),
        );
        if !short {
            lines.extend(part.steps.iter().map(|step| Line::raw(format!("    {step}"))));
        }
    }
    lines.extend(plan.rest.iter().map(|one| {
        let text = format!(" {}: {}", one.service.name, one.words);
        match one.state {
            state if state.alarming() => told(&text.trim_start().into(), Status::Warn),
            Stays::Already | Stays::NotMoved | Stays::Alone | Stays::Differs | Stays::Unread => {
                Line::styled(text, ctx.theme.dim())
            }
        }
    }));
    if let Some(why) = &plan.arrived {
        lines.push(Line::raw(format!(" nothing is left to do: {why}; its end is written down")));
    }
    if let Some(expected) = plan.expected {
        lines.push(Line::raw(format!(" usually takes {}", text::age(expected))));
    }
    match &plan.ships {
        Some(ships) => lines.extend(ships.lines().into_iter().map(|(status, text)| {
            let style = if status == Status::Ok { ctx.theme.dim() } else { ctx.theme.status(status) };
            Line::styled(format!(" {} {}", ctx.theme.symbol(status), ctx.veiled(&text)), style)
        })),
        None if plan.kind.ships() => lines.extend(against(ctx, plan.kind)),
        None => {}
    }
    if !plan.stays.is_empty() {
        let stays = if plan.kind == OpKind::RollBack { " does NOT go back" } else { " stays as it is" };
        lines.push(Line::styled(stays, ctx.theme.status(Status::Warn)));
    }
    lines.extend(plan.stays.iter().map(|text| Line::styled(format!("    {text}"), ctx.theme.status(Status::Warn))));
    lines.extend(plan.overrides.iter().map(|one| told(&Text::from(one.words()), Status::Warn)));
    lines.extend(plan.warnings.iter().map(|text| told(text, Status::Warn)));
    match &plan.commits_out {
        Some(commits) => {
            let how = if plan.kind.ships() { "ship" } else { "go out" };
            lines.push(Line::styled(format!(" {} commits {how}", commits.len()), ctx.theme.strong()));
            let titles = commits.iter().take(if short { 0 } else { 5 });
            lines.extend(titles.map(|one| Line::raw(format!("    {} {} {}", one.sha.short(), one.author, one.title))));
        }
        None if !plan.kind.ships() && plan.kind != OpKind::RollBack => {}
        None => lines.push(Line::raw(" the commits: unknown")),
    }
    lines
}

/// How its machines are moved, where that is not the usual way: also a plan without its steps has to say so.
fn manner(plan: &Plan, part: &PlanPart) -> Option<String> {
    let manner = match &plan.wish {
        Wish::RollBack(targets) => &targets.iter().find(|target| target.service == part.service)?.manner,
        Wish::RollBackTo { manner, .. } if part.platform == Platform::Fly => manner,
        _ => return None,
    };
    (*manner != Manner::default()).then(|| manner.words())
}

/// What confirms it and what is typed of that, or that nothing can be confirmed.
fn confirmation(ctx: &Ctx<'_>, plan: &Plan, typed: &str) -> Line<'static> {
    if plan.refusals.is_empty() {
        let text = match plan.level {
            Level::Critical => format!(" type {} and enter: {typed}{}   esc leaves", plan.env, ctx.theme.cursor()),
            Level::Severe => format!(" press {} to carry it out   esc leaves", confirm::letter(plan)),
            Level::Moderate => " carry it out? y/N".to_owned(),
        };
        return Line::styled(text, ctx.theme.prod());
    }
    Line::styled(" cannot be done now; esc leaves", ctx.theme.dim())
}

/// The steps, and how it stands.
fn operation_lines(ctx: &Ctx<'_>, operation: &Operation) -> (Vec<Line<'static>>, Line<'static>) {
    let mut lines = vec![Line::styled(format!(" {}", operation.title), ctx.theme.strong())];
    lines.extend(operation.steps.iter().map(|step| step_line(ctx, operation, step)));
    lines.extend(operation.proof.iter().map(|one| proof_line(ctx, one)));
    if operation.interrupted {
        return interrupted(ctx, operation, lines);
    }
    let status = operation.state.status();
    let says = if operation.state.ended() {
        let choices = match (operation.open_question(), operation.moves.is_empty()) {
            (true, false) => "   F finishes it, U undoes it, esc holds it as it is",
            (true, true) => "   F finishes it, esc holds it as it is",
            (false, _) => "",
        };
        format!("{}{choices}", operation.outcome)
    } else if follow::held(operation) {
        "G switches over, X destroys the new machines; esc hides this, it goes on holding".to_owned()
    } else {
        "under way; esc hides this, it goes on".to_owned()
    };
    (lines, Line::styled(format!(" {} {says}", ctx.theme.symbol(status)), ctx.theme.status(status)))
}

/// One observation of the proof, as it came in.
fn proof_line(ctx: &Ctx<'_>, one: &Observation) -> Line<'static> {
    let status = match one.found {
        Found::Seen => Status::Ok,
        Found::Failing | Found::Silent | Found::Differs => Status::Fail,
        Found::NotObserved | Found::Unread => Status::Unknown,
    };
    let whose = match one.witness {
        Witness::Probe(_) => String::new(),
        _ => format!("{} ", one.service.name),
    };
    let word = if one.found == Found::NotObserved { "not observed: " } else { "" };
    let text = format!("   {} {whose}{}: {word}{}", ctx.theme.symbol(status), one.witness, one.words);
    let style = if status == Status::Ok { ctx.theme.dim() } else { ctx.theme.status(status) };
    Line::styled(text, style)
}

/// A step: how it stands, what it says, how long it takes, how long such steps usually take, and whether it has been silent for
/// longer than that.
fn step_line(ctx: &Ctx<'_>, operation: &Operation, step: &StepReport) -> Line<'static> {
    let mut status = step.state.status();
    let word = step.state.word();
    let took = step.started_at.map(|at| text::since(at, step.ended_at.unwrap_or(ctx.now.wall))).unwrap_or_default();
    let running = step.state == StepState::Running && !operation.state.ended() && !operation.interrupted;
    let usual = step.pace.filter(|_| running);
    let mut usual = usual.map(|pace| format!(", usually {}", text::age(pace.usual))).unwrap_or_default();
    if let Some(silent) = pace::stuck(step, ctx.now.wall).filter(|_| running) {
        usual.push_str(&format!("   stuck? silent for {}", text::age(silent)));
        status = Status::Warn;
    }
    let text = format!(
        " {} {word:<8} {} {} {}  {}  {took}{usual}",
        ctx.theme.symbol(status),
        step.service.name,
        ctx.theme.dot(),
        step.title,
        step.detail
    );
    Line::styled(text, ctx.theme.status(status))
}

/// What was in flight when a console ended, what runs now, and the choices.
fn interrupted(
    ctx: &Ctx<'_>,
    operation: &Operation,
    mut lines: Vec<Line<'static>>,
) -> (Vec<Line<'static>>, Line<'static>) {
    let warn = ctx.theme.status(Status::Warn);
    let began = text::since(operation.started_at, ctx.now.wall);
    lines.insert(1, Line::styled(format!(" the console ended during this, begun {began} ago"), warn));
    for call in &operation.unknown_calls {
        lines.push(Line::styled(
            format!(" {} not known whether it was taken: {call}", ctx.theme.symbol(Status::Unknown)),
            warn,
        ));
    }
    for lease in &operation.leases {
        let (symbol, may) = (ctx.theme.symbol(Status::Warn), if lease.certain { "stays" } else { "may stay" });
        let until = lease.until.strftime("%H:%M:%SZ");
        let text = format!(" {symbol} machine {} of {} {may} leased until {until}", lease.machine, lease.app);
        lines.push(Line::styled(text, warn));
    }
    let live = live::of_operation(ctx.model, operation, ctx.now);
    if !live.is_empty() {
        lines.push(Line::styled(" now", ctx.theme.strong()));
    }
    lines.extend(live.into_iter().map(|told| Line::raw(format!("    {told}"))));
    let undo = if operation.moves.is_empty() { "" } else { " U undoes it," };
    let hint = format!(" F finishes it,{undo} L leaves it as it is, esc decides later (! shows it again)");
    (lines, Line::styled(hint, ctx.theme.prod()))
}
