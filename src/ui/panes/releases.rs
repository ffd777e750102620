//! Deployments of the selected place, newest first.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Ctx, text};
use super::scrolled;
use crate::domain::feed::FeedId;
use crate::domain::ids::ServiceId;
use crate::domain::release::{Deployment, Presence};

/// Columns from which on there is room for every word of a row.
const WIDE: usize = 120;

pub(super) fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let all = ctx.model.shown_releases();
    let chosen = ctx.model.selection.deployment.as_ref();
    let is = |one: &Deployment| chosen.is_some_and(|(service, id)| *service == one.service && *id == one.id);
    let selected = all.iter().position(|one| is(one));
    let row = |one: &&Deployment| {
        let line = line(ctx, one, area.width.into());
        if is(one) { line.patch_style(ctx.theme.selected()) } else { line }
    };
    let mut services: Vec<&ServiceId> = all.iter().map(|one| &one.service).collect();
    services.dedup();
    let older = services.into_iter().filter_map(|id| {
        let extent = ctx.model.extents.get(&FeedId::Releases(id.clone()))?;
        let missing = extent.missing("deployments")?;
        Some(Line::styled(format!(" {id}: older ones: {missing}"), ctx.theme.dim()))
    });
    let rows = all.iter().map(row).chain(older);
    rows.skip(scrolled(selected, area.height)).take(area.height.into()).collect()
}

fn line(ctx: &Ctx<'_>, one: &Deployment, width: usize) -> Line<'static> {
    let mark = ctx.theme.ellipsis();
    let sha = one.sha.as_ref().map_or("-", |sha| sha.short());
    let live = match () {
        () if one.current && one.bad.is_some() => "LIVE BAD",
        () if one.current => "LIVE",
        () if one.bad.is_some() => "BAD",
        () if one.presence == Presence::Gone && one.image.is_some() && width < WIDE => "pruned",
        () if one.presence == Presence::Gone && one.image.is_some() => "image pruned",
        () if one.presence == Presence::Gone => "deleted",
        () if one.verified == Some(true) => "verified healthy",
        () => "",
    };
    let mut spans = vec![
        Span::raw(format!(" {}", text::pad(&ctx.model.names.service(&one.service, 19, mark), 20))),
        Span::styled(format!("{} ", text::fit(one.label.as_str(), 12, mark)), ctx.theme.strong()),
        Span::raw(text::fit(sha, 9, mark)),
        Span::styled(
            text::fit(&format!("{} {}", ctx.theme.symbol(one.status), one.words), 18, mark),
            ctx.theme.status(one.status),
        ),
        Span::styled(text::fit(live, if width < WIDE { 9 } else { 17 }, mark), ctx.theme.strong()),
        Span::styled(text::fit(&text::since(one.created_at, ctx.now.wall), 8, mark), ctx.theme.dim()),
        Span::raw(format!("{} ", text::fit(&ctx.veiled(one.author.as_str()), 14, mark))),
    ];
    let used: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::raw(text::cut(&ctx.veiled(one.message.as_str()), width.saturating_sub(used), mark)));
    Line::from(spans)
}
