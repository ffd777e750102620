//! How many rows the panes of the dashboard have: by what they have to say, and by what a person has said.

use crate::app::layout::Edge;
use crate::app::model::Pane;
use crate::ui::{Ctx, panes};

/// Rows of a pane that says anything, its frame included.
pub(super) const LEAST: u16 = 4;

/// A pane, its rows, and whether a person has said so.
type Wanted = (Pane, u16, bool);

/// The panes beside the log lines with their rows, from the top; `None` where what they say is too little for the height: a fifth of a pane
/// may be empty, no more. What happened last stands below where there is room. A person moves their borders, and not where they stand.
pub(super) fn column(ctx: &Ctx<'_>, shown: &[Pane], height: u16) -> Option<Vec<(Pane, u16)>> {
    let mut rows: Vec<Wanted> = shown.iter().map(|pane| (*pane, tall(ctx, *pane), false)).collect();
    let left = height.saturating_sub(total(&rows));
    let last = (left > LEAST).then(|| (Pane::Timeline, tall(ctx, Pane::Timeline).min(left), false));
    rows.extend(last);
    let natural = shared(rows, height)?;
    let mut rows = wanted(ctx, shown, height, last.is_some());
    if rows.iter().all(|(.., said)| !said) {
        return Some(natural);
    }
    rows.extend(last);
    Some(fill(rows, height, true))
}

/// The same panes over the whole of so many rows, however little they say.
pub(super) fn filled(ctx: &Ctx<'_>, shown: &[Pane], height: u16) -> Vec<(Pane, u16)> {
    fill(wanted(ctx, shown, height, false), height, false)
}

/// The panes above the log lines in two columns, and their rows: whatever leaves fewer rows empty, where no environment or probe is cut for
/// it; the secrets fold what agrees.
pub(super) fn forms(ctx: &Ctx<'_>, shown: &[Pane], most: u16) -> ([Vec<Pane>; 2], u16) {
    let rows: Vec<u16> = shown.iter().map(|pane| tall(ctx, *pane)).collect();
    let upper = |rows: u16| rows.clamp(7.min(most), most);
    match (shown, rows.as_slice()) {
        ([one], [rows]) => ([vec![*one], Vec::new()], upper(*rows)),
        ([first, second], [a, b]) => ([vec![*first], vec![*second]], upper(*a.max(b))),
        ([first, second, third], [a, b, c]) => {
            let (beside, upper) = beside((*a, *b, *c), most);
            if beside {
                ([vec![*first], vec![*second, *third]], upper)
            } else {
                ([vec![*first, *second], vec![*third]], upper)
            }
        }
        _ => ([shown.to_vec(), Vec::new()], most),
    }
}

/// Rows of a pane that shows all it has to say, its frame included.
pub(super) fn tall(ctx: &Ctx<'_>, pane: Pane) -> u16 {
    u16::try_from(panes::rows(ctx, pane)).unwrap_or(u16::MAX).saturating_add(2)
}

/// What each pane asks for; `more`: another one stands below them.
fn wanted(ctx: &Ctx<'_>, shown: &[Pane], height: u16, more: bool) -> Vec<Wanted> {
    let arranged = ctx.model.screen().arranged();
    let last = shown.len().saturating_sub(1);
    let one = |(at, pane): (usize, &Pane)| {
        // Below the last of all there is no border to move.
        let said = arranged.cells(Edge::Below(*pane), height).filter(|_| more || at < last);
        (*pane, said.map_or_else(|| tall(ctx, *pane), |rows| rows.max(LEAST)), said.is_some())
    };
    shown.iter().enumerate().map(one).collect()
}

fn total(rows: &[Wanted]) -> u16 {
    rows.iter().fold(0, |sum, (_, rows, _)| sum.saturating_add(*rows))
}

/// The rows of panes of these natural heights in so many: all of them when they fill at least four fifths of it, the spare ones spread; where
/// there are too many, the last pane folds first.
fn shared(rows: Vec<Wanted>, height: u16) -> Option<Vec<(Pane, u16)>> {
    let sum = rows.iter().fold(0u32, |sum, (_, rows, _)| sum + u32::from(*rows));
    let spare = u32::from(height).saturating_sub(sum);
    if sum * 5 < u32::from(height) * 4 + spare.min(3) {
        return None;
    }
    let filled = fill(rows, height, true);
    (filled.iter().map(|(_, rows)| u32::from(*rows)).sum::<u32>() <= height.into()).then_some(filled)
}

/// Every row given to somebody: the spare ones spread, or all to the last pane.
fn fill(mut rows: Vec<Wanted>, height: u16, spread: bool) -> Vec<(Pane, u16)> {
    let sum = rows.iter().fold(0u32, |sum, (_, rows, _)| sum + u32::from(*rows));
    let spare = u32::from(height).saturating_sub(sum);
    let mut over = u16::try_from(sum.saturating_sub(height.into())).unwrap_or(u16::MAX);
    // What a person has said gives way last.
    for of in [false, true] {
        for (_, rows, _) in rows.iter_mut().rev().filter(|(.., said)| *said == of) {
            let less = over.min(rows.saturating_sub(LEAST.min(*rows)));
            (*rows, over) = (*rows - less, over - less);
        }
    }
    let free = (0..rows.len()).filter(|at| !rows[*at].2);
    let mut order: Vec<usize> = if spread { free.collect() } else { free.rev().take(1).collect() };
    if order.is_empty() {
        order.extend(rows.len().checked_sub(1));
    }
    // One row each in turn, the tallest first, which shows it least.
    order.sort_by_key(|at| std::cmp::Reverse(rows[*at].1));
    for at in order.into_iter().cycle().take(usize::try_from(spare).unwrap_or(0)) {
        rows[at].1 += 1;
    }
    rows.into_iter().map(|(pane, rows, _)| (pane, rows)).collect()
}

/// Whether the second of three stands beside the first, above the third, or below the first; and the rows of both columns.
fn beside((first, second, third): (u16, u16, u16), most: u16) -> (bool, u16) {
    let forms = [(first, second.saturating_add(third)), (first.saturating_add(second), third)];
    let upper = |(left, right): (u16, u16)| left.max(right).clamp(7.min(most), most);
    let cost = |form: (u16, u16)| {
        let (upper, (left, right)) = (upper(form), form);
        let empty = upper.saturating_sub(left) + upper.saturating_sub(right);
        u32::from(empty) + 3 * u32::from(left.saturating_sub(upper))
    };
    let beside = cost(forms[0]) <= cost(forms[1]);
    (beside, upper(forms[usize::from(!beside)]))
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
        let three = |first, health, secrets| {
            vec![(Environments, first, false), (Health, health, false), (Secrets, secrets, false)]
        };
        let rows = |wanted: Vec<Wanted>| {
            let shared = shared(wanted, 46)?;
            Some(shared.into_iter().map(|(_, rows)| rows).collect::<Vec<_>>())
        };
        assert_eq!(rows(three(10, 8, 20)).map(|rows| rows.iter().sum::<u16>()), Some(46));
        assert_eq!(rows(three(10, 8, 10)), None, "more than a fifth of it would be empty");
        assert_eq!(rows(three(12, 10, 40)), Some(vec![12, 10, 24]), "what is last folds");
        assert_eq!(rows(three(60, 20, 40)), Some(vec![38, 4, 4]));
        let mut four = three(10, 8, 20);
        four.push((Timeline, 8, false));
        assert_eq!(rows(four), Some(vec![10, 8, 20, 8]));
        let mut said = three(10, 8, 10);
        said[0].2 = true;
        let filled = |wanted: Vec<Wanted>| fill(wanted, 46, true).into_iter().map(|(_, rows)| rows).collect::<Vec<_>>();
        assert_eq!(filled(said.clone()), [10, 17, 19], "what a person has said stays");
        said[2].1 = 60;
        assert_eq!(filled(said), [10, 8, 28]);
    }
}
