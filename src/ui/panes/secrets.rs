//! The matrix of secrets: names, places and what is to be said. Never a value.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::Ctx;
use super::super::widgets::columns::{Cell, Column, column, table};
use super::Drawn;
use crate::action::Action;
use crate::app::model::{Pane, View};
use crate::domain::amount::amount_does;
use crate::domain::environment::{EnvInfo, Status, Tier};
use crate::domain::secret::{Contract, SecretFinding, SecretRow};

pub(super) struct Secrets;

impl Drawn for Secrets {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn title(&self, ctx: &Ctx<'_>) -> String {
        match blocking(ctx).count() {
            0 => String::new(),
            1 => format!("  1 key blocks promotion{}", blocked(ctx)),
            many => format!("  {many} keys block promotion{}", blocked(ctx)),
        }
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.model.facts().secrets().len() + 1
    }

    fn trouble(&self, ctx: &Ctx<'_>) -> Option<(Status, usize)> {
        let blocking = blocking(ctx).count();
        (blocking > 0).then_some((Status::Fail, blocking))
    }
}

/// Findings that hold a promotion.
fn blocking<'a>(ctx: &'a Ctx<'_>) -> impl Iterator<Item = &'a SecretFinding> {
    ctx.model.facts().secrets().iter().flat_map(|row| &row.findings).filter(|finding| finding.blocks)
}

/// Environments that a title has room for.
const NAMED: usize = 3;

/// To where, where there is more than one production: ` to prod-eu`.
fn blocked(ctx: &Ctx<'_>) -> String {
    let productions = || ctx.model.facts().environments().iter().filter(|env| env.tier == Tier::Production);
    if productions().count() < 2 {
        return String::new();
    }
    let about = |env: &&EnvInfo| blocking(ctx).any(|finding| finding.envs.contains(&env.id));
    let names: Vec<&str> = productions().filter(about).map(|env| env.id.as_str()).collect();
    match names.len() {
        0 => String::new(),
        few if few <= NAMED => format!(" to {}", names.join(", ")),
        many => format!(" to {many} environments"),
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let rows = ctx.model.facts().secrets();
    if rows.is_empty() {
        return Vec::new();
    }
    let dim = ctx.theme.dim();
    let mut heading = vec![(" KEY".to_owned(), dim), ("contract".to_owned(), dim)];
    heading.extend(ctx.model.facts().environments().iter().map(|env| (heading_of(ctx, env), dim)));
    heading.push(("finding".to_owned(), dim));
    let selected = rows.iter().position(|row| Some(&row.key) == ctx.model.screen().selection().secret.as_ref());
    let room = usize::from(area.height.saturating_sub(1));
    // What has no room is announced, unless the chosen one is among it.
    let dashboard = ctx.model.screen().view() == View::Dashboard;
    let folds = dashboard && rows.len() > room && selected.is_none_or(|at| at + 1 < room);
    let shown = if folds { room.saturating_sub(1) } else { room };
    let first = if folds { 0 } else { crate::app::geometry::scrolled(selected, room) };
    let mut cells = vec![heading];
    cells.extend(rows.iter().skip(first).take(shown).map(|secret| self::cells(ctx, secret)));
    let mut table = table(&columns(ctx), cells, area.width.into(), ctx.theme.ellipsis()).into_iter();
    let mut lines: Vec<Line<'static>> = table.next().into_iter().collect();
    for (index, line) in (first..).zip(table) {
        let here = Some(index) == selected && ctx.model.screen().focus() == Pane::Secrets;
        lines.push(if here { ctx.chosen(&line, area.width.into()) } else { line });
    }
    if folds && room > 0 {
        let rest = &rows[shown.min(rows.len())..];
        let agree = rest.iter().all(|row| row.findings.is_empty());
        let does = if agree { ("agrees", "agree") } else { ("is below", "are below") };
        let says = amount_does(rest.len(), if shown == 0 { "key" } else { "more key" }, does);
        let key = ctx.model.screen().keys().of(Action::View(Pane::Secrets.number()));
        lines.push(Line::styled(format!(" {says} {} {key} lists all", ctx.theme.down()), dim));
    }
    lines
}

/// Key, contract, one per environment, what is to be said. Names that begin alike are told apart by their ends: they are whole before anything
/// but the finding, which asks for no more than leaves them their room. Production is left out after the other environments.
fn columns(ctx: &Ctx<'_>) -> Vec<Column> {
    let mut columns = vec![column(16, 40, 8), column(9, 9, 1)];
    columns.extend(
        ctx.model
            .facts()
            .environments()
            .iter()
            .map(|env| column(8, 13, if env.tier == Tier::Production { 6 } else { 5 })),
    );
    columns.push(column(20, 24, 9));
    columns
}

/// The name of an environment above its column.
fn heading_of(ctx: &Ctx<'_>, env: &EnvInfo) -> String {
    ctx.model.facts().names().environment(&env.id, 10, ctx.theme.ellipsis())
}

fn cells(ctx: &Ctx<'_>, secret: &SecretRow) -> Vec<Cell> {
    let contract = match secret.contract {
        Contract::Required => "required",
        Contract::Optional => "optional",
        Contract::Unlisted => "",
    };
    let mut cells =
        vec![(format!(" {}", ctx.veiled(secret.key.as_str())), Style::new()), (contract.to_owned(), ctx.theme.dim())];
    cells.extend(ctx.model.facts().environments().iter().map(|env| (places(secret, env), Style::new())));
    // What was not read everywhere may be missing or the same there.
    let (status, says) = match (secret.findings.first(), secret.unread.first()) {
        (Some(finding), _) => (finding.status, finding.says.to_string()),
        (None, Some(env)) => (Status::Unknown, format!("{env} not read")),
        (None, None) => (Status::Ok, "ok".to_owned()),
    };
    cells.push((format!("{} {says}", ctx.theme.symbol(status)), ctx.theme.status(status)));
    cells
}

/// Where a key lives in one environment; `?` where that is not known.
fn places(row: &SecretRow, env: &EnvInfo) -> String {
    if row.unread.contains(&env.id) {
        return "?".to_owned();
    }
    let mut places: Vec<&str> =
        row.entries.iter().filter(|entry| entry.env == env.id).map(|entry| entry.platform.short()).collect();
    places.dedup();
    if places.is_empty() { "-".to_owned() } else { places.join(" ") }
}
