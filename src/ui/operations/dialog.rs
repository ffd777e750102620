//! The rollback dialog: pick, plan, steps, and what to do after an operation that was cut short.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::action::Action;
use crate::action::dialogs::{Dialog as Keys, Own};
use crate::app::geometry::Laid;
use crate::app::insight::{actor, banner, brought, live};
use crate::app::operations::comment::Comment;
use crate::app::operations::dialog::{Asks, OperationDialog};
use crate::app::operations::follow;
use crate::app::operations::outline;
use crate::app::question::Question;
use crate::domain::candidates::{self, Choice};
use crate::domain::cut_short;
use crate::domain::environment::Status;
use crate::domain::ids::EnvId;
use crate::domain::lock;
use crate::domain::operation::{OpKind, Operation, Request, StepReport, StepState};
use crate::domain::proof::{Found, Observation, Witness};
use crate::domain::release::{Deployment, Presence};
use crate::domain::step_durations;
use crate::ui::Ctx;
use crate::ui::plan;
use crate::ui::text;
use crate::ui::widgets::buttons::Press;
use crate::ui::widgets::dialog::{Dialog, dialog};

/// The dialog.
pub(in crate::ui) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, rollback: &OperationDialog) -> Laid {
    let dim = ctx.theme.dim();
    match rollback {
        OperationDialog::Pick { env, alone, choices, chosen, strategy, .. } => {
            let at = choices.iter().position(|one| Some(&one.sha) == chosen.as_ref());
            let machines = choices.iter().any(Choice::has_machines);
            let mut lines: Vec<Line<'static>> =
                banner::elsewhere(ctx.model, env).iter().map(|why| warned(ctx, why)).collect();
            lines.extend(brought::missing(ctx.model, env, choices, ctx.now).iter().map(|why| warned(ctx, why)));
            if choices.is_empty() {
                lines.push(Line::styled(
                    " no release that every service of it still has; the lists are read again",
                    dim,
                ));
            } else if let Some(why) = candidates::unproposed(choices) {
                let text = format!(" {why}; j and k choose one, enter shows the plan");
                lines.push(Line::styled(text, ctx.theme.status(Status::Warn)));
            }
            let before = lines.len();
            lines.extend(choices.iter().map(|one| choice(ctx, body, one, chosen.as_ref() == Some(&one.sha))));
            let place = alone.as_ref().map_or_else(|| env.to_string(), |alone| format!("{alone} alone"));
            let enter = if chosen.is_some() { "enter shows the plan, " } else { "" };
            let how = if machines {
                format!("   machines: {} (s changes how, g the first region)", strategy.words())
            } else {
                String::new()
            };
            let last = Line::styled(format!(" {enter}j k choose, esc leaves{how}"), dim);
            let (title, at) = (format!("Roll back {place}: to which release?"), at.map(|at| at + before));
            let rows = (0..choices.len()).map(Some);
            let choices = std::iter::repeat_n(None, before).chain(rows).collect();
            Dialog { env: Some(env), title: &title, lines, last, at, choices, presses: picks(), ..Dialog::default() }
                .draw(ctx, frame, body)
        }
        OperationDialog::Commenting { env, asks, told, comment, .. } => {
            let title = match asks {
                Asks::Request(request) => format!("{} {env}: a comment for the record", named(request.kind())),
                Asks::Lock(_) => format!("Lock {env}: why?"),
                Asks::Unlock(held) => format!("Take {}'s lock off {env}: why?", held.who),
                Asks::Mark(sha, _) => format!("Mark {} bad: why?", sha.short()),
            };
            let next = match asks {
                Asks::Request(_) => "shows the plan",
                Asks::Mark(_, runs) if !runs.is_empty() => "asks you to confirm",
                _ => "does it",
            };
            let why = match asks {
                Asks::Request(_) => told.iter().map(|one| format!("a reason is needed: {}", one.words())).collect(),
                Asks::Unlock(held) => vec![format!("a reason is needed: it is {}", held.words())],
                Asks::Mark(_, runs) => runs.clone(),
                Asks::Lock(_) => Vec::new(),
            };
            let elsewhere = matches!(asks, Asks::Request(_)).then(|| banner::elsewhere(ctx.model, env)).flatten();
            let why = elsewhere.into_iter().chain(why).map(|why| warned(ctx, &why));
            let span = match asks {
                Asks::Lock(span) => {
                    Some(format!(" others need a reason to change it {}", lock::lasting(*span, ctx.now.wall)))
                }
                _ => None,
            };
            let how = if span.is_some() { ", tab changes how long" } else { "" };
            let span = span.map(|words| Line::styled(words, ctx.theme.strong()));
            let lines: Vec<Line<'static>> = why.chain(span).chain(written(ctx, comment)).collect();
            let last = Line::styled(format!(" enter {next}{how}, alt-enter begins a line, esc leaves"), dim);
            let at = Some(lines.len() - comment.lines().len() + comment.cursor().0);
            Dialog { env: Some(env), title: &title, lines, last, at, ..Dialog::default() }.draw(ctx, frame, body)
        }
        OperationDialog::Sure(sure) => super::sure::draw(ctx, frame, body, sure),
        OperationDialog::Entering(entry) => super::secret::draw(ctx, frame, body, entry),
        OperationDialog::Scaling(scaling) => super::scale::draw(ctx, frame, body, scaling),
        OperationDialog::Preflighting(_, Question { env, request, .. }) => {
            let mut lines: Vec<Line<'static>> =
                outline::lines(ctx.model, env, request).into_iter().map(|line| Line::styled(line, dim)).collect();
            lines.push(Line::raw(" reading what is live, what is still there and which commits would leave"));
            let hint = Line::styled(
                " as it was read last; the plan comes in a moment: type when it is there; esc leaves",
                dim,
            );
            dialog(
                ctx,
                frame,
                body,
                Some(env),
                &format!("{} {}: the plan", named(request.kind()), place(env, request)),
                lines,
                hint,
            )
        }
        OperationDialog::Ready(plan, confirm) => {
            let (mut lines, rest) = plan::lines(ctx, plan);
            if let Some(why) = banner::elsewhere(ctx.model, &plan.env) {
                lines.insert(0, warned(ctx, &why));
            }
            let must = if plan.refusals.is_empty() { lines.len() } else { 0 };
            lines.extend(rest);
            let title = format!("{}: the plan", capital(plan.title().as_str()));
            let ((last, presses), seen) = (plan::confirmation(ctx, plan, &confirm.typed), confirm.seen());
            Dialog { env: Some(&plan.env), title: &title, lines, last, must, seen, presses, ..Dialog::default() }
                .draw(ctx, frame, body)
        }
        OperationDialog::Refused(why, question) => {
            let text = format!(" {} {why}", ctx.theme.symbol(Status::Fail));
            let lines = vec![Line::styled(text, ctx.theme.status(Status::Fail))];
            let again = if question.is_some() { "r makes the plan anew, " } else { "" };
            let last = Line::raw(format!(" nothing was changed; {again}esc leaves"));
            Dialog { title: "No plan", lines, last, presses: vec![plan::anew()], ..Dialog::default() }
                .draw(ctx, frame, body)
        }
        OperationDialog::Following(op) => match ctx.model.facts().operations().get(op) {
            Some(operation) => {
                let (lines, last) = operation_lines(ctx, operation);
                let asked = operation.request.as_ref().map(|request| place(&operation.env, request));
                let title = format!("{} {}", named(operation.kind), asked.as_deref().unwrap_or(operation.env.as_str()));
                let at = under_way(operation, lines.len());
                let presses = words();
                Dialog { env: Some(&operation.env), title: &title, lines, last, at, presses, ..Dialog::default() }
                    .draw(ctx, frame, body)
            }
            None => {
                let lines = vec![Line::raw(" writing the intent to the journal")];
                dialog(ctx, frame, body, None, "Beginning", lines, Line::raw(" esc hides this, it goes on"))
            }
        },
    }
}

/// What the list of releases asks.
fn picks() -> Vec<Press> {
    let own = |own, does| Press::own(Keys::Releases, own, does);
    vec![own(Own::Go, "shows the plan"), own(Own::Strategy, "changes how"), own(Own::Region, "the first region")]
}

/// What an operation waits for, of a person: one that was cut short, and one that is held.
fn words() -> Vec<Press> {
    let (asks, held) =
        (|own, does| Press::own(Keys::Operation, own, does), |own, does| Press::own(Keys::Held, own, does));
    vec![
        asks(Own::Finish, "finishes it"),
        asks(Own::Undo, "undoes it"),
        asks(Own::Leave, "leaves it"),
        held(Own::Switch, "switches over"),
        held(Own::Destroy, "destroys the new machines"),
    ]
}

/// What has to be known before it goes on.
fn warned(ctx: &Ctx<'_>, why: &str) -> Line<'static> {
    Line::styled(format!(" {} {why}", ctx.theme.symbol(Status::Warn)), ctx.theme.status(Status::Warn))
}

/// A comment as it is written, with the place where the next letter goes.
fn written(ctx: &Ctx<'_>, comment: &Comment) -> Vec<Line<'static>> {
    let (row, column) = comment.cursor();
    let line = |(index, text): (usize, &String)| {
        let mut shown = format!(" {text}");
        if index == row {
            let at = shown.char_indices().nth(column + 1).map_or(shown.len(), |(at, _)| at);
            shown.insert_str(at, ctx.theme.cursor());
        }
        Line::raw(shown)
    };
    comment.lines().iter().enumerate().map(line).collect()
}

/// What a plan is about: its environment, or one service alone.
fn place(env: &EnvId, request: &Request) -> String {
    match request {
        Request::RollBackTo { alone: Some(alone), .. } => format!("{alone} alone"),
        _ => env.to_string(),
    }
}

/// The kind at the beginning of a title.
fn named(kind: OpKind) -> String {
    capital(kind.name())
}

fn capital(text: &str) -> String {
    let mut name = text.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// One release to go back to. Where room is short the names of its parts go first, then its author.
fn choice(ctx: &Ctx<'_>, body: Rect, choice: &Choice, chosen: bool) -> Line<'static> {
    let mark = ctx.theme.ellipsis();
    let Some(first) = choice.deployments.first() else { return Line::default() };
    let gone = |which: fn(&Deployment) -> bool| {
        choice.deployments.iter().any(|one| one.presence == Presence::Gone && which(one))
    };
    // Where several commits run, who runs this one is named.
    let runs = choice.deployments.iter().filter(|one| brought::runs(ctx.model, one));
    let runs: Vec<&str> = runs.map(|one| &*one.service.name).collect();
    let verified = match () {
        () if choice.live => "live",
        () if !choice.lacks.is_empty() => "a part is gone",
        () if choice.deployments.iter().any(|one| one.bad.is_some()) => "BAD",
        () if gone(|one| one.image.is_some()) => "image pruned",
        () if gone(|_| true) => "deleted",
        () if choice.verified() => "verified healthy",
        () => "",
    };
    let ran = first.ran_for.map(|span| format!("ran {}", text::age(span))).unwrap_or_default();
    // The frontend's deployment carries the commit's message; Fly's release row carries none.
    let by_commit = choice.deployments.iter().find(|one| one.image.is_none()).unwrap_or(first);
    let columns = crate::ui::dialogs::columns(body);
    let mut line = format!(
        " {} {} {} {} ",
        text::fit(choice.sha.short(), 8, mark),
        text::fit(&text::since(first.created_at, ctx.now.wall), 8, mark),
        text::fit(&ran, 10, mark),
        text::fit(verified, 16, mark),
    );
    if columns >= 106 {
        let labels: Vec<String> =
            choice.deployments.iter().map(|one| text::cut(one.label.as_str(), 12, mark)).collect();
        line.push_str(&text::fit(&labels.join(" "), 20, mark));
        line.push(' ');
    }
    if columns >= 90 {
        line.push_str(&text::fit(&ctx.veiled(actor::of(ctx.model, by_commit).as_str()), 12, mark));
        line.push(' ');
    }
    if !choice.live && !runs.is_empty() {
        line.push_str(&format!("({} {} it) ", runs.join(", "), if runs.len() == 1 { "runs" } else { "run" }));
    }
    line.push_str(&ctx.veiled(ctx.model.facts().subject(by_commit).as_str()));
    let line = Line::raw(text::fit(&line, columns, mark));
    if chosen { line.patch_style(ctx.theme.selected()) } else { line }
}

/// The steps, and how it stands.
fn operation_lines(ctx: &Ctx<'_>, operation: &Operation) -> (Vec<Line<'static>>, Line<'static>) {
    let mut lines = vec![Line::styled(format!(" {}", operation.title), ctx.theme.strong())];
    let status = operation.state.status();
    if operation.state.ended() && !operation.interrupted {
        // The answer first, however long the steps are.
        let outcome = format!(" {} {}", ctx.theme.symbol(status), operation.outcome);
        lines.push(Line::styled(outcome, ctx.theme.status(status)));
    }
    lines.extend(operation.steps.iter().map(|step| step_line(ctx, operation, step)));
    lines.extend(operation.proof.iter().map(|one| proof_line(ctx, one)));
    if operation.interrupted {
        return interrupted(ctx, operation, lines);
    }
    if operation.state.ended() {
        let choices = match (operation.open_question(), cut_short::undone(operation).is_some()) {
            (true, true) => " F finishes it, U undoes it, L leaves it; esc holds it as it is",
            (true, false) => " F finishes it, L leaves it; esc holds it as it is",
            (false, _) => " esc leaves",
        };
        return (lines, Line::styled(choices, ctx.theme.strong()));
    }
    let says = if follow::held(operation) {
        "G switches over, X destroys the new machines; esc hides this, it goes on holding"
    } else {
        "under way; esc hides this, it goes on"
    };
    (lines, Line::styled(format!(" {} {says}", ctx.theme.symbol(status)), ctx.theme.status(status)))
}

/// The line that shows while nobody scrolls: of an operation under way what is done now, of an ended one its outcome.
fn under_way(operation: &Operation, lines: usize) -> Option<usize> {
    if operation.state.ended() || operation.interrupted {
        return None;
    }
    let open = |step: &StepReport| matches!(step.state, StepState::Running | StepState::Waiting(_));
    // Below the title. What comes after the steps is the proof, which grows at its end.
    let at = operation.steps.iter().position(open).filter(|_| operation.proof.is_empty());
    Some(at.map_or(lines.saturating_sub(1), |at| at + 1))
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
    if let Some(silent) = step_durations::stuck(step, ctx.now.wall).filter(|_| running) {
        usual.push_str(&format!("   stuck? silent for {}", text::age(silent)));
        status = Status::Warn;
    }
    let mark = if status == step.state.status() { ctx.theme.step(&step.state) } else { ctx.theme.symbol(status) };
    let what = format!(" {mark} {word:<8} {} {} {}", step.service.name, ctx.theme.dot(), step.title);
    let took = format!("{took}{usual}");
    // Where a part is missing there is no room for it: blanks would be wrapped into a row of their own.
    let parts = [what.as_str(), step.detail.as_str(), took.trim_start_matches(", ")];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
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
    lines.insert(1, Line::styled(format!(" the console ended during this step, which began {began} ago"), warn));
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
    let undo = cut_short::undone(operation).map_or("", |_| " U undoes it,");
    let menu = ctx.model.screen().keys().of(Action::Menu);
    let hint = format!(" F finishes it,{undo} L leaves it as it is, esc decides later ({menu} shows it again)");
    (lines, Line::styled(hint, ctx.theme.prod()))
}
