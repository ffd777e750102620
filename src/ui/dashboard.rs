//! The dashboard: the environments, health and secrets as tall as what they have to say, the log lines in what is left.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Ctx, panes, place};
use crate::app::geometry::{Geometry, TWO_COLUMNS};
use crate::app::model::Pane;

/// From this width on the log lines stand beside the other panes, over the whole height, where those fill it.
const COLUMN: u16 = 140;
/// Columns that the other panes take beside the log lines at most.
const WIDEST: u16 = 100;
/// Rows of a pane that says anything, its frame included.
const LEAST: u16 = 4;

/// The panes beside the log lines with their rows, from the top; `None` where what they say is too little for the height: a fifth of a pane
/// may be empty, no more. What happened last stands below where there is room.
fn column(ctx: &Ctx<'_>, height: u16) -> Option<Vec<(Pane, u16)>> {
    let mut rows = [Pane::Environments, Pane::Health, Pane::Secrets].map(|pane| (pane, tall(ctx, pane))).to_vec();
    let total = |rows: &[(Pane, u16)]| rows.iter().fold(0u16, |sum, (_, rows)| sum.saturating_add(*rows));
    let left = height.saturating_sub(total(&rows));
    if left > LEAST {
        rows.push((Pane::Timeline, tall(ctx, Pane::Timeline).min(left)));
    }
    shared(rows, height)
}

/// The rows of panes of these natural heights in so many: all of them when they fill at least four fifths of it, the spare ones spread; where
/// there are too many, the last pane folds first.
fn shared(mut rows: Vec<(Pane, u16)>, height: u16) -> Option<Vec<(Pane, u16)>> {
    let total = rows.iter().fold(0u32, |sum, (_, rows)| sum + u32::from(*rows));
    let spare = u32::from(height).saturating_sub(total);
    if total * 5 < u32::from(height) * 4 + spare.min(3) {
        return None;
    }
    let mut over = u16::try_from(total.saturating_sub(height.into())).unwrap_or(u16::MAX);
    for (_, rows) in rows.iter_mut().rev() {
        let less = over.min(rows.saturating_sub(LEAST.min(*rows)));
        (*rows, over) = (*rows - less, over - less);
    }
    // One row each in turn, the tallest first, which shows it least.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(rows[*at].1));
    for at in order.into_iter().cycle().take(usize::try_from(spare).unwrap_or(0)) {
        rows[at].1 += 1;
    }
    (over == 0).then_some(rows)
}

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, geometry: &mut Geometry) {
    if body.width < TWO_COLUMNS {
        // One column: the environments stay, the focused pane takes the rest; the view bar says how the others are.
        let rows = [Constraint::Length(tall(ctx, Pane::Environments).clamp(3, body.height / 2)), Constraint::Fill(1)];
        let [upper, lower] = Layout::vertical(rows).areas(body);
        place(ctx, frame, Pane::Environments, upper, geometry);
        let second =
            if ctx.model.screen().focus() == Pane::Environments { Pane::Logs } else { ctx.model.screen().focus() };
        place(ctx, frame, second, lower, geometry);
        return;
    }
    if body.width >= COLUMN
        && let Some(rows) = column(ctx, body.height)
    {
        let left = (body.width * 9 / 20).min(WIDEST);
        let [left, logs] = Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).areas(body);
        let areas = Layout::vertical(rows.iter().map(|(_, rows)| Constraint::Length(*rows))).split(left);
        for ((pane, _), area) in rows.iter().zip(areas.iter()) {
            place(ctx, frame, *pane, *area, geometry);
        }
        place(ctx, frame, Pane::Logs, logs, geometry);
        return;
    }
    // Above, side by side, each as tall as what it has to say; the log lines have the rest, in the whole width.
    let [first, health, secrets] = [Pane::Environments, Pane::Health, Pane::Secrets].map(|pane| tall(ctx, pane));
    let most = body.height.saturating_mul(3) / 5;
    let (beside, upper) = beside((first, health, secrets), most);
    let [upper, lower] = Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(body);
    let [left, right] = Layout::horizontal([Constraint::Percentage(50), Constraint::Fill(1)]).areas(upper);
    let split = |area: Rect, rows: u16| -> [Rect; 2] {
        Layout::vertical([Constraint::Length(rows.min(area.height.saturating_sub(3))), Constraint::Fill(1)]).areas(area)
    };
    let (first, health, secrets) = if beside {
        let [middle, below] = split(right, health);
        (left, middle, below)
    } else {
        let [above, middle] = split(left, first);
        (above, middle, right)
    };
    place(ctx, frame, Pane::Environments, first, geometry);
    place(ctx, frame, Pane::Health, health, geometry);
    place(ctx, frame, Pane::Secrets, secrets, geometry);
    place(ctx, frame, Pane::Logs, lower, geometry);
}

/// Whether health stands beside the environments, above the secrets, or below them; and the rows of both columns. Whatever leaves fewer rows
/// empty, where no environment or probe is cut for it: the secrets fold what agrees.
fn beside((first, health, secrets): (u16, u16, u16), most: u16) -> (bool, u16) {
    let forms = [(first, health.saturating_add(secrets)), (first.saturating_add(health), secrets)];
    let upper = |(left, right): (u16, u16)| left.max(right).clamp(7.min(most), most);
    let cost = |form: (u16, u16)| {
        let (upper, (left, right)) = (upper(form), form);
        let empty = upper.saturating_sub(left) + upper.saturating_sub(right);
        u32::from(empty) + 3 * u32::from(left.saturating_sub(upper))
    };
    let beside = cost(forms[0]) <= cost(forms[1]);
    (beside, upper(forms[usize::from(!beside)]))
}

/// Rows of a pane that shows all it has to say, its frame included.
fn tall(ctx: &Ctx<'_>, pane: Pane) -> u16 {
    u16::try_from(panes::rows(ctx, pane)).unwrap_or(u16::MAX).saturating_add(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_stands_where_fewer_rows_are_left_empty_and_none_is_cut() {
        // Environments, health, secrets; rows there are at most.
        assert_eq!(beside((10, 8, 20), 27), (false, 20), "many secrets have a column of their own");
        assert_eq!(beside((10, 4, 8), 27), (true, 12));
        assert_eq!(beside((10, 8, 20), 15), (true, 15), "nothing of health is cut: the secrets fold");
        assert_eq!(beside((3, 3, 3), 27), (true, 7), "a start says little");
        assert_eq!(beside((60, 9, 9), 27).1, 27);
    }

    #[test]
    fn panes_beside_the_lines_fill_the_height_or_stand_above_them() {
        use Pane::{Environments, Health, Secrets, Timeline};
        let three = |first, health, secrets| vec![(Environments, first), (Health, health), (Secrets, secrets)];
        assert_eq!(shared(three(10, 8, 20), 46).map(|rows| rows.iter().map(|one| one.1).sum::<u16>()), Some(46));
        assert_eq!(shared(three(10, 8, 10), 46), None, "more than a fifth of it would be empty");
        let folded = shared(three(12, 10, 40), 46);
        assert_eq!(folded, Some(three(12, 10, 24)), "what is last folds");
        assert_eq!(shared(three(60, 20, 40), 46), Some(three(38, 4, 4)));
        let mut four = three(10, 8, 20);
        four.push((Timeline, 8));
        assert_eq!(shared(four.clone(), 46), Some(four));
    }
}
