//! Environments and services: declared beside observed.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::Ctx;
use super::super::widgets::columns::{Column, column, row, widths};
use super::scrolled;
use crate::app::model::{Pane, Place};
use crate::domain::environment::{Declared, EnvInfo, ServiceInfo, Status, Tier};

pub(super) fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let places = ctx.model.places();
    let selected = places.iter().position(|place| Some(place) == ctx.model.selection.place.as_ref());
    let first = scrolled(selected, area.height);
    let mut lines = Vec::new();
    for place in places.iter().skip(first).take(area.height.into()) {
        let line = match place {
            Place::Env(id) => ctx
                .model
                .environments
                .iter()
                .find(|env| &env.id == id)
                .map(|env| environment(ctx, env, area.width.into())),
            Place::Service(id) => {
                let services = ctx.model.environments.iter().flat_map(|env| &env.services);
                services.into_iter().find(|info| &info.id == id).map(|info| service(ctx, info, area.width.into()))
            }
        };
        let mut line = line.unwrap_or_default();
        if Some(place) == ctx.model.selection.place.as_ref() && ctx.model.focus == Pane::Environments {
            line = line.patch_style(ctx.theme.selected());
        }
        lines.push(line);
    }
    lines
}

/// Name, platform, label, state, commit, pin.
const COLUMNS: [Column; 6] =
    [column(14, 14, 9), column(10, 10, 2), column(10, 14, 5), column(16, 19, 8), column(8, 8, 4), column(6, 6, 7)];
/// Name, state, commit.
const ENVIRONMENT: [Column; 3] = [column(14, 14, 9), column(16, 26, 8), column(7, 7, 4)];

fn environment(ctx: &Ctx<'_>, env: &EnvInfo, width: usize) -> Line<'static> {
    let judged = ctx.model.judge(env, ctx.now);
    let sha = judged.short();
    let name = if env.tier == Tier::Production { ctx.theme.prod() } else { ctx.theme.strong() };
    let lock = ctx.model.history.locks.get(&env.id);
    let lock = lock.map(|lock| format!("LOCKED {} ", ctx.veiled(lock.who.as_str()))).unwrap_or_default();
    let state = format!("{} {lock}{}", ctx.theme.mark(judged.state), judged.words());
    let cells = vec![(format!(" {}", env.id), name), (state, ctx.theme.state(judged.state)), (sha, Style::new())];
    row(&widths(&ENVIRONMENT, width), cells, ctx.theme.ellipsis())
}

fn service(ctx: &Ctx<'_>, info: &ServiceInfo, width: usize) -> Line<'static> {
    let theme = ctx.theme;
    let judged = ctx.model.judge_service(&info.id, ctx.now);
    let known = ctx.model.services.get(&info.id);
    let declared = known.and_then(|state| state.declared.as_ref());
    let label = declared.map_or_else(|| "-".to_owned(), |declared| declared.label.to_string());
    let held = declared.map(Declared::held).unwrap_or_default();
    let cells = vec![
        (format!("   {}", info.id.name), Style::new()),
        (info.platform.name().to_owned(), theme.dim()),
        (label, Style::new()),
        (format!("{} {}", theme.mark(judged.state), judged.words()), theme.state(judged.state)),
        (judged.short(), Style::new()),
        (held, theme.status(Status::Warn)),
    ];
    row(&widths(&COLUMNS, width), cells, theme.ellipsis())
}
