//! Deployments of the selected place, newest first.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::widgets::columns::{Cell, Column, column, table};
use super::super::{Ctx, text};
use super::{Drawn, scrolled};
use crate::app::insight::{actor, brought};
use crate::app::model::Place;
use crate::domain::feed::FeedId;
use crate::domain::ids::ServiceId;
use crate::domain::release::{Deployment, Presence};

/// Columns from which on there is room for every word of a row.
const WIDE: usize = 116;
/// The service (its environment stands in the title), its label, the commit, how it ended, what is to be said of it, its age, who, and what the commit is about: an id of thirty
/// letters says less than that.
const COLUMNS: [Column; 8] = [
    column(10, 21, 6),
    column(8, 13, 2),
    column(8, 9, 9),
    column(12, 14, 8),
    column(9, 17, 5),
    column(4, 8, 4),
    column(12, 15, 1),
    column(18, 20, 7),
];

pub(super) struct Releases;

impl Drawn for Releases {
    fn lines(&self, ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
        lines(ctx, area)
    }

    fn title(&self, ctx: &Ctx<'_>) -> String {
        let place = ctx.model.screen().selection().place.as_ref().map(|place| match place {
            Place::Env(env) | Place::Need(env, _) => env.to_string(),
            Place::Service(service) => service.to_string(),
        });
        place.map(|place| format!("  {place}")).unwrap_or_default()
    }
}

fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let all = ctx.model.shown_releases();
    let chosen = ctx.model.screen().selection().deployment.as_ref();
    let is = |one: &Deployment| chosen.is_some_and(|(service, id)| *service == one.service && *id == one.id);
    let selected = all.iter().position(|one| is(one));
    let width = usize::from(area.width);
    let rows: Vec<Vec<Cell>> = all.iter().map(|one| cells(ctx, one, width)).collect();
    let drawn = |(one, line): (&&Deployment, Line<'static>)| if is(one) { ctx.chosen(&line, width) } else { line };
    let mut services: Vec<&ServiceId> = all.iter().map(|one| &one.service).collect();
    services.dedup();
    let older = services.into_iter().filter_map(|id| {
        let extent = ctx.model.facts().extents().get(&FeedId::Releases(id.clone()))?;
        let missing = extent.missing("deployments")?;
        Some(Line::styled(format!(" {id}: older ones: {missing}"), ctx.theme.dim()))
    });
    let lines = table(&COLUMNS, rows, width, ctx.theme.ellipsis());
    let rows = all.iter().zip(lines).map(drawn).chain(older);
    rows.skip(scrolled(selected, area.height)).take(area.height.into()).collect()
}

fn cells(ctx: &Ctx<'_>, one: &Deployment, width: usize) -> Vec<Cell> {
    let mark = ctx.theme.ellipsis();
    let sha = one.sha.as_ref().map_or("-", |sha| sha.short());
    let runs = brought::runs(ctx.model, one);
    let live = match () {
        () if runs && one.bad.is_some() => "LIVE BAD",
        () if runs => "LIVE",
        () if one.current => "was live",
        () if one.bad.is_some() => "BAD",
        () if one.presence == Presence::Gone && one.image.is_some() && width < WIDE => "pruned",
        () if one.presence == Presence::Gone && one.image.is_some() => "image pruned",
        () if one.presence == Presence::Gone => "deleted",
        () if one.verified == Some(true) => "verified healthy",
        () => "",
    };
    // The platform's own word stands in the details.
    let state = one.word();
    vec![
        (format!(" {}", ctx.model.facts().names().part(&one.service.name, 19, mark)), Style::new()),
        (one.label.to_string(), ctx.theme.strong()),
        (sha.to_owned(), Style::new()),
        (format!("{} {state}", ctx.theme.symbol(one.status)), ctx.theme.status(one.status)),
        (live.to_owned(), ctx.theme.strong()),
        (text::since(one.created_at, ctx.now.wall), ctx.theme.dim()),
        (ctx.veiled(actor::of(ctx.model, one).as_str()), Style::new()),
        (ctx.veiled(ctx.model.facts().subject(one).as_str()), Style::new()),
    ]
}
