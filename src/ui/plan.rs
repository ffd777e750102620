//! The plan of an operation: what has to be read before it is confirmed, then the rest of it, and what confirms it.

use ratatui::text::Line;

use super::widgets::buttons::Press;
use super::{Ctx, text};
use crate::action::dialogs::{Dialog as Keys, Own};
use crate::app::insight::readiness;
use crate::app::msg::KeyCode;
use crate::app::operations::confirm;
use crate::domain::confirmation::Level;
use crate::domain::environment::Status;
use crate::domain::ids::Sha;
use crate::domain::operation::{Plan, PlanPart, Request};
use crate::domain::overrides::Override;
use crate::domain::proof::Stays;
use crate::domain::strategy::Strategy;
use crate::sanitize::Text;

/// What it says: first what has to be read, which is what refuses, what moves and what does not, and what warns; then what ships or goes
/// out, and the steps.
pub(super) fn lines(ctx: &Ctx<'_>, plan: &Plan) -> (Vec<Line<'static>>, Vec<Line<'static>>) {
    let told = |text: &Text, status: Status| {
        Line::styled(format!(" {} {text}", ctx.theme.symbol(status)), ctx.theme.status(status))
    };
    let mut first: Vec<Line<'static>> = plan.refusals.iter().map(|text| told(text, Status::Fail)).collect();
    for part in &plan.parts {
        first.push(Line::styled(head(ctx, part), ctx.theme.strong()));
        let strategy = strategy(plan, part);
        first.extend(strategy.map(|words| Line::styled(format!("    {words}"), ctx.theme.status(Status::Warn))));
    }
    first.extend(plan.rest.iter().map(|one| {
        let text = format!(" {}: {}", one.service.name, one.words);
        match one.state {
            state if state.alarming() => told(&text.trim_start().into(), Status::Warn),
            Stays::Already | Stays::NotMoved | Stays::Alone | Stays::Differs | Stays::Unread => {
                Line::styled(text, ctx.theme.dim())
            }
        }
    }));
    if let Some(why) = &plan.arrived {
        first.push(Line::raw(format!(" nothing is left to do: {why}; its end is written down")));
    }
    if let Some(expected) = plan.expected {
        first.push(Line::raw(format!(" usually takes {}", text::age(expected))));
    }
    let mut rest = Vec::new();
    match &plan.ships {
        Some(ships) => {
            for (status, text) in ships.lines() {
                let fine = status == Status::Ok;
                let style = if fine { ctx.theme.dim() } else { ctx.theme.status(status) };
                let line = Line::styled(format!(" {} {}", ctx.theme.symbol(status), ctx.veiled(&text)), style);
                if fine { rest.push(line) } else { first.push(line) }
            }
        }
        None if plan.kind.ships() => first.extend(against(ctx, plan)),
        None => {}
    }
    if !plan.stays.is_empty() {
        let stays = if plan.kind.goes_back() { " does NOT go back" } else { " stays as it is" };
        first.push(Line::styled(stays, ctx.theme.status(Status::Warn)));
    }
    first.extend(plan.stays.iter().map(|text| Line::styled(format!("    {text}"), ctx.theme.status(Status::Warn))));
    // What ships tells its own points.
    let said = |one: &Override| plan.ships.iter().any(|ships| ships.red().any(|red| red.same(one)));
    first
        .extend(plan.overrides.iter().filter(|one| !said(one)).map(|one| told(&Text::from(one.words()), Status::Warn)));
    if let Some(said) = ctx.model.dialog().reason() {
        let what = if matches!(plan.request, Request::Review { .. }) { "comment" } else { "reason" };
        first.push(Line::raw(format!(" your {what}: {said}")));
    }
    first.extend(plan.warnings.iter().map(|text| told(text, Status::Warn)));
    match &plan.commits_out {
        Some(commits) => {
            first.extend(plan.commits_words().map(|words| Line::styled(format!(" {words}"), ctx.theme.strong())));
            let title = |one: &crate::domain::release::Commit| {
                let (author, title) = (ctx.veiled(one.author.as_str()), ctx.veiled(one.title.as_str()));
                Line::raw(format!("    {} {author} {title}", one.sha.short()))
            };
            // Newest first, as everywhere.
            rest.splice(0..0, commits.iter().rev().map(title));
        }
        None if !plan.kind.ships() && !plan.kind.goes_back() => {}
        None => first.push(Line::raw(" the commits: unknown")),
    }
    for part in plan.parts.iter().filter(|part| !part.steps.is_empty()) {
        let whose = if part.of_pipeline() { part.resource.to_string() } else { part.service.name.to_string() };
        rest.push(Line::styled(format!(" steps of {whose}"), ctx.theme.strong()));
        rest.extend(part.steps.iter().map(|step| Line::raw(format!("    {step}"))));
    }
    if !plan.proof.is_empty() {
        rest.push(Line::styled(" steps of the proof", ctx.theme.strong()));
        let dot = ctx.theme.dot();
        rest.extend(plan.proof.iter().map(|one| Line::raw(format!("    {} {dot} {}", one.service.name, one.step))));
    }
    (first, rest)
}

/// From where to where a part moves.
fn head(ctx: &Ctx<'_>, part: &PlanPart) -> String {
    // What moves nothing has no commit to show; where one would move, that it is unknown matters.
    let unknown = if part.act.moves() { " ?" } else { "" };
    let sha = |sha: &Option<Sha>| sha.as_ref().map_or_else(|| unknown.to_owned(), |sha| format!(" {}", sha.short()));
    let (from, to, arrow) = (&part.from, &part.to, ctx.theme.arrow());
    if part.of_pipeline() {
        format!(" {}", part.run_words(arrow))
    } else {
        // An id of thirty letters tells nobody more than its beginning; the steps name it whole.
        let label = |label: &Text| text::cut(label.as_str(), 12, ctx.theme.ellipsis());
        let (old, new) = (label(&from.0), label(&to.0));
        format!(" {}: {old}{} {arrow} {new}{}", part.service.name, sha(&from.1), sha(&to.1))
    }
}

/// What speaks against bringing more to production now.
fn against(ctx: &Ctx<'_>, plan: &Plan) -> Vec<Line<'static>> {
    let checks = readiness::near(ctx.model, Some(&plan.env), ctx.now);
    let checks = checks.into_iter().filter(|check| check.status >= Status::Warn);
    // A gate does not speak against its own answer.
    let checks = checks.filter(|check| !plan.kind.opens_gate() || check.asks != readiness::Criterion::Gates);
    // What a reason overrides is told as that.
    let told = |asks| plan.overrides.iter().any(|one| matches!(one, Override::RedGate { asks: of, .. } if *of == asks));
    let checks = checks.filter(|check| !told(check.asks));
    checks
        .map(|check| {
            let text = format!(" {} not met: {}: {}", ctx.theme.symbol(check.status), check.asks, check.says);
            Line::styled(text, ctx.theme.status(check.status))
        })
        .collect()
}

/// How its machines are moved, where that is not the usual way.
fn strategy(plan: &Plan, part: &PlanPart) -> Option<String> {
    let strategy = match &plan.request {
        Request::RollBack(targets) => &targets.iter().find(|target| target.service == part.service)?.strategy,
        Request::RollBackTo { strategy, .. } if part.platform.has_machines() => strategy,
        _ => return None,
    };
    (*strategy != Strategy::default()).then(|| strategy.words())
}

/// The key that makes a plan anew.
pub(super) fn anew() -> Press {
    Press::own(Keys::Plan, Own::Again, "makes")
}

/// What confirms it, what is typed of that and for how long, or that nothing can be confirmed; with what of that the mouse presses.
pub(super) fn confirmation(ctx: &Ctx<'_>, plan: &Plan, typed: &str) -> (Line<'static>, Vec<Press>) {
    if !plan.refusals.is_empty() {
        let text = " cannot be done now; r makes the plan anew, esc leaves";
        return (Line::styled(text, ctx.theme.dim()), vec![anew()]);
    }
    let Some(left) = plan.left(ctx.now.wall) else {
        let text = " the plan is older than a minute: r makes it anew, esc leaves";
        return (Line::styled(text, ctx.theme.status(Status::Warn)), vec![anew()]);
    };
    // The last second is one.
    let left = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let (text, presses) = match plan.level {
        Level::Critical => {
            // The name is typed; what is typed is confirmed by enter.
            let enter = Press { code: Some(KeyCode::Enter), words: format!("type {} and enter", plan.env) };
            (format!(" {}: {typed}{}", enter.words, ctx.theme.cursor()), vec![enter])
        }
        Level::Severe => {
            // The one letter that opens nothing: no habit presses it.
            let carry = Press::said(Keys::Plan, Own::Carry, format!("press {} to carry it out", confirm::letter()));
            (format!(" {}", carry.words), vec![carry])
        }
        Level::Moderate => {
            let yes = Press::own(Keys::Plan, Own::Yes, "carries it out");
            let no = Press::said(Keys::Plan, Own::No, "n or enter does not");
            (format!(" {}, {}", yes.words, no.words), vec![yes, no])
        }
    };
    (Line::styled(format!("{text}   {left} s left   esc leaves"), ctx.theme.prod()), presses)
}
