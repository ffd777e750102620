//! A dialog over the panes, with the frame of production where it is about production. What it has no room for is scrolled to.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::super::{Ctx, text};
use super::buttons::{Button, Press, placed};
use crate::app::geometry::{Area, Hit, Laid};
use crate::domain::environment::{Status, Tier};
use crate::domain::ids::EnvId;

/// Columns of a dialog at most, its frame included.
pub(in crate::ui) const WIDTH: usize = 110;

/// The key that leaves it, at the right of its title, where the mouse presses it.
const ESC: &str = " esc ";

/// What a dialog says.
#[derive(Default)]
pub(in crate::ui) struct Dialog<'a> {
    /// What it is about.
    pub env: Option<&'a EnvId>,
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub lines: Vec<Line<'static>>,
    /// Its last line, which always shows: it says what a key would do.
    pub last: Line<'static>,
    /// The line that shows as long as nobody has scrolled.
    pub at: Option<usize>,
    /// Lines from the first one on that have to be read before it is confirmed.
    pub must: usize,
    /// Rows from the first one on that were on the screen before.
    pub seen: usize,
    /// The place in the list of the row that each line is of, for the mouse; a line that is none has none.
    pub choices: Vec<Option<usize>>,
    /// What of its last line the mouse presses.
    pub presses: Vec<Press>,
    /// Lines before and after these that were not made.
    pub hidden: (usize, usize),
}

/// Draws a dialog of a title, a text and a last line.
pub(in crate::ui) fn dialog(
    ctx: &Ctx<'_>,
    frame: &mut Frame<'_>,
    body: Rect,
    env: Option<&EnvId>,
    title: &str,
    lines: Vec<Line<'static>>,
    last: Line<'static>,
) -> Laid {
    Dialog { env, title, lines, last, ..Dialog::default() }.draw(ctx, frame, body)
}

impl Dialog<'_> {
    /// Draws it, and says what of it shows.
    pub(in crate::ui) fn draw(self, ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect) -> Laid {
        let width = body.width.min(u16::try_from(WIDTH).unwrap_or(u16::MAX));
        let columns = usize::from(width.saturating_sub(2)).max(1);
        let (mut rows, mut must, mut at) = (Vec::with_capacity(self.lines.len()), 0, 0);
        let mut choices: Vec<Option<usize>> = Vec::new();
        for (index, line) in self.lines.into_iter().enumerate() {
            rows.extend(wrapped(line, columns));
            choices.resize(rows.len(), self.choices.get(index).copied().flatten());
            if self.at == Some(index) {
                // Its last row: then all of it shows, where there is room.
                at = rows.len().saturating_sub(1);
            }
            if index < self.must {
                must = rows.len();
            }
        }
        let mut last = wrapped(self.last, columns);
        // Its beginning says most; of a text that leaves no room for the dialog, it stays.
        last.truncate(usize::from(body.height).saturating_sub(3).max(1));
        let all = rows.len();
        let room = usize::from(body.height).saturating_sub(2 + last.len()).min(all);
        let laid = Laid { room, all, must, top: 0 };
        let top =
            ctx.model.dialog().scroll().unwrap_or_else(|| (at + 1 + room / 4).saturating_sub(room)).min(laid.last());
        let laid = Laid { top, ..laid };
        let height = u16::try_from(room + 2 + last.len()).unwrap_or(body.height).min(body.height);
        let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
        let production = |id: &EnvId| {
            ctx.model.facts().environments().iter().any(|one| one.id == *id && one.tier == Tier::Production)
        };
        let prod = self.env.is_some_and(production);
        let (word, style) = if prod { (" PROD  ", ctx.theme.prod()) } else { (" ", ctx.theme.focus()) };
        let room_for_title = columns.saturating_sub(ESC.len());
        let title = text::cut(&format!("{word}{} ", self.title), room_for_title, ctx.theme.ellipsis());
        let above = top + self.hidden.0;
        let below = all - top - room + self.hidden.1;
        let block = Block::bordered().border_set(ctx.theme.border(prod)).border_style(style).title_top(title);
        let block = block.title_top(Line::styled(ESC, ctx.theme.dim()).right_aligned());
        let block = match more(ctx, (above, below), must.saturating_sub(self.seen.max(top + room)), columns) {
            Some(more) => block.title_bottom(more.right_aligned()),
            None => block,
        };
        let inner = block.inner(area);
        frame.render_widget(Clear, area);
        frame.render_widget(block, area);
        let ends = u16::try_from(last.len()).unwrap_or(1);
        let [upper, lower] = Layout::vertical([Constraint::Fill(1), Constraint::Length(ends)]).areas(inner);
        let mut hits = ctx.hits.borrow_mut();
        hits.clear();
        let one = |x, y, width| Area { x, y, width, height: 1 };
        let esc = u16::try_from(ESC.len()).unwrap_or(0);
        hits.push((Hit::Close, one(area.right().saturating_sub(esc + 1), area.y, esc)));
        for (y, choice) in (upper.y..upper.bottom()).zip(choices.into_iter().skip(top)) {
            hits.extend(choice.map(|at| (Hit::Row(at), one(upper.x, y, upper.width))));
        }
        for Button { code, row, column, width } in placed(&last, &self.presses) {
            let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
            let area = one(lower.x.saturating_add(cells(column)), lower.y.saturating_add(cells(row)), cells(width));
            hits.push((Hit::Press(code), area));
        }
        drop(hits);
        let shown: Vec<Line<'static>> = rows.into_iter().skip(top).take(room).collect();
        frame.render_widget(Paragraph::new(shown), upper);
        frame.render_widget(Paragraph::new(last), lower);
        laid
    }
}

/// How much there is above and below, and how much of it has to be read.
fn more(ctx: &Ctx<'_>, (above, below): (usize, usize), unread: usize, columns: usize) -> Option<Line<'static>> {
    let part = |count: usize, glyph: &str| (count > 0).then(|| format!(" {glyph} {count} more "));
    let (up, down) = (part(above, ctx.theme.up()), part(below, ctx.theme.down()));
    if up.is_none() && down.is_none() {
        return None;
    }
    let says: String = [up, down].into_iter().flatten().collect();
    // What shows the rest is said where there is a rest.
    let keys = format!("{}: the arrows, pgdn ", says.trim_end());
    let says = if below > 0 && unread == 0 && keys.chars().count() <= columns { keys } else { says };
    if unread == 0 {
        return Some(Line::styled(says, ctx.theme.strong()));
    }
    let asks = format!("{}, {unread} of them to read before it can be confirmed ", says.trim_end());
    let asks = if asks.chars().count() > columns { format!("{}, read first ", says.trim_end()) } else { asks };
    Some(Line::styled(asks, ctx.theme.status(Status::Warn)))
}

/// Rows of so many columns. What does not fit of a line of one piece goes on below its beginning, at a space.
fn wrapped(line: Line<'static>, columns: usize) -> Vec<Line<'static>> {
    if line.width() <= columns {
        return vec![line];
    }
    if let [one] = &line.spans[..] {
        let style = line.style.patch(one.style);
        return text::wrap(&one.content, columns).into_iter().map(|part| Line::styled(part, style)).collect();
    }
    let (style, mut rows, mut left) = (line.style, vec![Vec::new()], columns);
    for span in line.spans {
        let mut rest = &*span.content;
        while !rest.is_empty() {
            let (part, after) = text::split(rest, left);
            let wide = Span::raw(part).width();
            if wide > left && left < columns {
                rows.push(Vec::new());
                left = columns;
                continue;
            }
            if let Some(row) = rows.last_mut() {
                row.push(Span::styled(part.to_owned(), span.style));
            }
            (rest, left) = (after, left.saturating_sub(wide));
            if left == 0 && !rest.is_empty() {
                rows.push(Vec::new());
                left = columns;
            }
        }
    }
    rows.into_iter().map(|row| Line::from(row).style(style)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_several_pieces_goes_on_in_the_next_row() {
        let line = Line::from(vec![Span::raw("abc"), Span::raw("defg"), Span::raw("界界")]);
        let rows: Vec<String> = wrapped(line, 4).iter().map(ToString::to_string).collect();
        assert_eq!(rows, ["abcd", "efg", "界界"]);
        assert_eq!(wrapped(Line::raw("a b"), 4).len(), 1);
    }
}
