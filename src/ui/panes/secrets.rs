//! The matrix of secrets: names, places and what is to be said. Never a value.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Ctx, text};
use super::scrolled;
use crate::app::model::Pane;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::secret::{Contract, SecretRow};

pub(super) fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let rows = &ctx.model.secrets;
    if rows.is_empty() {
        return Vec::new();
    }
    let mark = ctx.theme.ellipsis();
    let mut heading = format!(" {}{}", text::fit("KEY", 22, mark), text::fit("contract", 10, mark));
    for env in &ctx.model.environments {
        heading.push_str(&text::fit(env.id.as_str(), 13, mark));
    }
    heading.push_str("says");
    let mut lines = vec![Line::styled(heading, ctx.theme.dim())];
    let selected = rows.iter().position(|row| Some(&row.key) == ctx.model.selection.secret.as_ref());
    let room = area.height.saturating_sub(1);
    for (index, row) in rows.iter().enumerate().skip(scrolled(selected, room)).take(room.into()) {
        let line = line(ctx, row);
        let here = Some(index) == selected && ctx.model.focus == Pane::Secrets;
        lines.push(if here { line.patch_style(ctx.theme.selected()) } else { line });
    }
    lines
}

fn line(ctx: &Ctx<'_>, row: &SecretRow) -> Line<'static> {
    let mark = ctx.theme.ellipsis();
    let contract = match row.contract {
        Contract::Required => "required",
        Contract::Optional => "optional",
        Contract::Unlisted => "",
    };
    let mut spans = vec![
        Span::raw(format!(" {}", text::fit(row.key.as_str(), 21, mark))),
        Span::styled(format!(" {}", text::fit(contract, 10, mark)), ctx.theme.dim()),
    ];
    for env in &ctx.model.environments {
        spans.push(Span::raw(text::fit(&places(ctx, row, env), 13, mark)));
    }
    match row.findings.first() {
        Some(finding) => {
            let text = format!("{} {}", ctx.theme.symbol(finding.status), finding.says);
            spans.push(Span::styled(text, ctx.theme.status(finding.status)));
        }
        None => spans.push(Span::styled(ctx.theme.symbol(Status::Ok), ctx.theme.status(Status::Ok))),
    }
    Line::from(spans)
}

/// Where a key lives in one environment; `?` while its list was not read.
fn places(ctx: &Ctx<'_>, row: &SecretRow, env: &EnvInfo) -> String {
    if !ctx.model.secret_entries.contains_key(&env.id) {
        return "?".to_owned();
    }
    let mut places: Vec<&str> =
        row.entries.iter().filter(|entry| entry.env == env.id).map(|entry| entry.platform.short()).collect();
    places.dedup();
    if places.is_empty() { "-".to_owned() } else { places.join(" ") }
}
