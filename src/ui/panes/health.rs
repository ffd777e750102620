//! Probes with their latency and history.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Ctx, text};
use super::scrolled;
use crate::app::model::Pane;
use crate::domain::environment::Status;
use crate::domain::health::ProbeState;

/// Samples in the sparkline.
const SPARK: usize = 20;

pub(super) fn lines(ctx: &Ctx<'_>, area: Rect) -> Vec<Line<'static>> {
    let probes = &ctx.model.probes;
    let selected = probes.iter().position(|probe| Some(&probe.id) == ctx.model.selection.probe.as_ref());
    let first = scrolled(selected, area.height);
    let shown = probes.iter().enumerate().skip(first).take(area.height.into());
    shown
        .map(|(index, probe)| {
            let line = line(ctx, probe, area.width.into());
            let here = Some(index) == selected && ctx.model.focus == Pane::Health;
            if here { line.patch_style(ctx.theme.selected()) } else { line }
        })
        .collect()
}

fn line(ctx: &Ctx<'_>, probe: &ProbeState, width: usize) -> Line<'static> {
    let style = ctx.theme.status(probe.status);
    let mark = ctx.theme.ellipsis();
    let name = format!(" {} {}  {}", ctx.theme.symbol(probe.status), probe.id.env, probe.id.name);
    let mut spans = vec![Span::styled(text::fit(&name, 32.min(width), mark), style)];
    let last = probe.samples.back();
    match last.and_then(|sample| sample.failure.as_ref()).filter(|_| probe.status != Status::Ok) {
        Some(failure) => {
            let since = text::since(probe.since, ctx.now.wall);
            spans.push(Span::styled(text::cut(&format!("{failure} · {since}"), width.saturating_sub(33), mark), style));
        }
        None => {
            let latency = last.map_or_else(String::new, |sample| format!("{}ms", sample.anatomy.total.as_millis()));
            spans.push(Span::raw(text::fit(&latency, 7, mark)));
            spans.push(Span::styled(sparkline(ctx, probe), style));
            let (passed, all) = probe.passed;
            let percent = 100.0 * passed as f64 / all.max(1) as f64;
            spans.push(Span::styled(format!(" {percent:.1}% of {all}"), ctx.theme.dim()));
        }
    }
    Line::from(spans)
}

/// Latency of the last samples; a failed one is a cross.
fn sparkline(ctx: &Ctx<'_>, probe: &ProbeState) -> String {
    let bars = ctx.theme.bars();
    let recent = probe.samples.len().saturating_sub(SPARK);
    let samples = || probe.samples.iter().skip(recent);
    let most = samples().map(|sample| sample.anatomy.total.as_micros()).max().unwrap_or(1).max(1);
    samples()
        .map(|sample| {
            let share =
                usize::try_from(sample.anatomy.total.as_micros() * (bars.len() as u128 - 1) / most).unwrap_or(0);
            if sample.failure.is_some() { ctx.theme.symbol(Status::Fail) } else { bars[share.min(bars.len() - 1)] }
        })
        .collect()
}
