//! The dashboard: the environments, health and secrets as tall as what they have to say, the log lines in what is left; as far as the person
//! has not arranged them otherwise.

mod rows;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Ctx, beside, place};
use crate::app::geometry::{Area, Border, Geometry, TWO_COLUMNS};
use crate::app::layout::Edge;
use crate::app::model::Pane;
use rows::{LEAST, column, filled, forms, tall};

/// From this width on the log lines stand beside the other panes, over the whole height, where those fill it.
const COLUMN: u16 = 140;
/// Columns that the other panes take beside the log lines at most, unless a person says otherwise.
const WIDEST: u16 = 100;
/// Columns of anything at least.
const NARROWEST: u16 = 20;
/// From this width on the detail of what is selected stays open at the right.
const DETAIL: u16 = 220;

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, geometry: &mut Geometry) {
    let body = if body.width >= DETAIL { beside::open(ctx, frame, body) } else { body };
    let arranged = ctx.model.screen().arranged();
    if body.width < TWO_COLUMNS {
        return one_column(ctx, frame, body, geometry);
    }
    let shown: Vec<Pane> =
        [Pane::Environments, Pane::Health, Pane::Secrets].into_iter().filter(|pane| arranged.shows(*pane)).collect();
    if !arranged.shows(Pane::Logs) {
        return halves(ctx, frame, body, &shown, geometry);
    }
    if shown.is_empty() {
        return place(ctx, frame, Pane::Logs, body, geometry);
    }
    let rows = (body.width >= COLUMN).then(|| column(ctx, &shown, body.height)).flatten();
    let Some(rows) = rows else { return above(ctx, frame, body, &shown, geometry) };
    let natural = (body.width * 9 / 20).min(WIDEST);
    let [left, logs] = beside_each_other(ctx, body, Edge::Column, natural, geometry);
    stacked(ctx, frame, left, &rows, geometry);
    place(ctx, frame, Pane::Logs, logs, geometry);
}

/// The environments stay, the focused pane takes the rest; the view bar says how the others are.
fn one_column(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, geometry: &mut Geometry) {
    let arranged = ctx.model.screen().arranged();
    let second = arranged.second(ctx.model.screen().focus());
    match (arranged.shows(Pane::Environments), second) {
        (true, None) => place(ctx, frame, Pane::Environments, body, geometry),
        (false, second) => place(ctx, frame, second.unwrap_or(Pane::Logs), body, geometry),
        (true, Some(second)) => {
            let natural = tall(ctx, Pane::Environments).clamp(3, body.height / 2);
            let [upper, lower] = one_above_the_other(ctx, body, Edge::Upper, natural, geometry);
            place(ctx, frame, Pane::Environments, upper, geometry);
            place(ctx, frame, second, lower, geometry);
        }
    }
}

/// Above, side by side, each as tall as what it has to say; the log lines have the rest, in the whole width.
fn above(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, shown: &[Pane], geometry: &mut Geometry) {
    let most = body.height.saturating_mul(3) / 5;
    let (columns, upper) = forms(ctx, shown, most);
    let [upper, lower] = one_above_the_other(ctx, body, Edge::Upper, upper, geometry);
    columned(ctx, frame, upper, &columns, geometry);
    place(ctx, frame, Pane::Logs, lower, geometry);
}

/// Without log lines: what happened last stands below the environments.
fn halves(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, shown: &[Pane], geometry: &mut Geometry) {
    let (mut left, mut right) = (shown.to_vec(), Vec::new());
    if left.len() > 1 {
        right = left.split_off(1);
    }
    left.push(Pane::Timeline);
    columned(ctx, frame, body, &[left, right], geometry);
}

/// Columns side by side, the panes of each one above the other.
fn columned(ctx: &Ctx<'_>, frame: &mut Frame<'_>, area: Rect, columns: &[Vec<Pane>; 2], geometry: &mut Geometry) {
    let [left, right] = columns;
    if right.is_empty() {
        return stacked(ctx, frame, area, &filled(ctx, left, area.height), geometry);
    }
    let [first, second] = beside_each_other(ctx, area, Edge::Middle, area.width / 2, geometry);
    stacked(ctx, frame, first, &filled(ctx, left, area.height), geometry);
    stacked(ctx, frame, second, &filled(ctx, right, area.height), geometry);
}

/// Panes one above the other, of so many rows each.
fn stacked(ctx: &Ctx<'_>, frame: &mut Frame<'_>, area: Rect, rows: &[(Pane, u16)], geometry: &mut Geometry) {
    let areas = Layout::vertical(rows.iter().map(|(_, rows)| Constraint::Length(*rows))).split(area);
    for (at, ((pane, _), own)) in rows.iter().zip(areas.iter()).enumerate() {
        place(ctx, frame, *pane, *own, geometry);
        if at + 1 < rows.len() {
            let line = Area { x: own.x, y: own.bottom().saturating_sub(1), width: own.width, height: 2 };
            let (edge, from, all) = (Edge::Below(*pane), own.y, area.height);
            geometry.borders.push(Border { edge, line, upright: false, from, all });
        }
    }
}

/// Two parts side by side, the left one of so many columns unless a person has moved the border.
fn beside_each_other(ctx: &Ctx<'_>, area: Rect, edge: Edge, natural: u16, geometry: &mut Geometry) -> [Rect; 2] {
    let width = ctx.model.screen().arranged().cells(edge, area.width).unwrap_or(natural);
    let width = width.clamp(NARROWEST.min(area.width), area.width.saturating_sub(NARROWEST).max(NARROWEST));
    let parts: [Rect; 2] = Layout::horizontal([Constraint::Length(width), Constraint::Fill(1)]).areas(area);
    let line = Area { x: parts[1].x.saturating_sub(1), y: area.y, width: 2, height: area.height };
    geometry.borders.push(Border { edge, line, upright: true, from: area.x, all: area.width });
    parts
}

/// Two parts one above the other, the upper one of so many rows unless a person has moved the border.
fn one_above_the_other(ctx: &Ctx<'_>, area: Rect, edge: Edge, natural: u16, geometry: &mut Geometry) -> [Rect; 2] {
    let rows = ctx.model.screen().arranged().cells(edge, area.height).unwrap_or(natural);
    let rows = rows.clamp(LEAST.min(area.height), area.height.saturating_sub(LEAST).max(LEAST));
    let parts: [Rect; 2] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
    let line = Area { x: area.x, y: parts[1].y.saturating_sub(1), width: area.width, height: 2 };
    geometry.borders.push(Border { edge, line, upright: false, from: area.y, all: area.height });
    parts
}
