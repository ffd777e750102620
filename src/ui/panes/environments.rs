//! Environments and services: declared beside observed.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Ctx, text};
use super::scrolled;
use crate::app::model::{Pane, Place};
use crate::domain::environment::{EnvInfo, ServiceInfo, Tier};

pub(super) fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let places = ctx.model.places();
    let selected = places.iter().position(|place| Some(place) == ctx.model.selection.place.as_ref());
    let first = scrolled(selected, area.height);
    let mut lines = Vec::new();
    for place in places.iter().skip(first).take(area.height.into()) {
        let line = match place {
            Place::Env(id) => ctx.model.environments.iter().find(|env| &env.id == id).map(|env| environment(ctx, env)),
            Place::Service(id) => {
                let services = ctx.model.environments.iter().flat_map(|env| &env.services);
                services.into_iter().find(|info| &info.id == id).map(|info| service(ctx, info))
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

fn environment(ctx: &Ctx<'_>, env: &EnvInfo) -> Line<'static> {
    let judged = ctx.model.judge(env);
    let sha = judged.sha.map(|sha| sha.short().to_owned()).unwrap_or_default();
    let name = if env.tier == Tier::Production { ctx.theme.prod() } else { ctx.theme.strong() };
    Line::from(vec![
        Span::styled(text::fit(&format!(" {}", env.id), 14, ctx.theme.ellipsis()), name),
        Span::styled(
            text::fit(&format!("{} {}", ctx.theme.symbol(judged.status), judged.words), 26, ctx.theme.ellipsis()),
            ctx.theme.status(judged.status),
        ),
        Span::raw(format!(" {sha}")),
    ])
}

fn service(ctx: &Ctx<'_>, info: &ServiceInfo) -> Line<'static> {
    let judged = ctx.model.judge_service(&info.id);
    let state = ctx.model.services.get(&info.id);
    let declared = state.and_then(|state| state.declared.as_ref());
    let label = declared.map_or_else(|| "-".to_owned(), |declared| declared.label.to_string());
    let sha = judged.sha.as_ref().map_or("", |sha| sha.short()).to_owned();
    let mut spans = vec![
        Span::raw(text::fit(&format!("   {}", info.id.name), 14, ctx.theme.ellipsis())),
        Span::styled(text::fit(info.platform.name(), 9, ctx.theme.ellipsis()), ctx.theme.dim()),
        Span::raw(text::fit(&label, 9, ctx.theme.ellipsis())),
        Span::styled(
            text::fit(&format!(" {} {}", ctx.theme.symbol(judged.status), judged.words), 17, ctx.theme.ellipsis()),
            ctx.theme.status(judged.status),
        ),
        Span::raw(format!(" {sha}")),
    ];
    if state.and_then(crate::domain::status::ServiceState::agrees) == Some(false) {
        let declared = declared.and_then(|declared| declared.sha.clone());
        let shown = declared.map(|sha| format!(" ≠ {}", sha.short())).unwrap_or_default();
        spans.push(Span::styled(shown, ctx.theme.status(crate::domain::environment::Status::Warn)));
    }
    if declared.is_some_and(|declared| declared.pin.is_some()) {
        spans.push(Span::styled(" PINNED", ctx.theme.status(crate::domain::environment::Status::Warn)));
    }
    Line::from(spans)
}
