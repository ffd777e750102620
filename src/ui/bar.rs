//! The view bar: every view with its number, the one that shows, and which of them has trouble.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Ctx, panes};
use crate::action::Action;
use crate::app::geometry::Area;
use crate::app::model::{Pane, View};
use crate::domain::environment::Status;

/// How much is said of each.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    Names,
    Short,
    /// Numbers alone, but for the one that shows, those with trouble, and so many of the others.
    Few(usize),
    /// Numbers and marks.
    Bare,
}

/// The bar in so many columns, and where on it each view stands.
pub(super) fn draw(ctx: &Ctx<'_>, area: Rect) -> (Line<'static>, Vec<(u8, Area)>) {
    let troubles: Vec<_> = Pane::numbered().iter().map(|pane| panes::trouble(ctx, *pane)).collect();
    let width = |entries: &Vec<Vec<Span<'static>>>| entries.iter().flatten().map(Span::width).sum::<usize>();
    let room = usize::from(area.width);
    // Every number stays; the names go one by one, those of the last views first.
    let named = (0..Pane::numbered().len()).rev().map(Words::Few);
    let forms = [Words::Names, Words::Short]
        .into_iter()
        .chain(named)
        .chain([Words::Bare])
        .map(|words| entries(ctx, words, &troubles));
    let mut form = Vec::new();
    for next in forms {
        form = next;
        if width(&form) <= room {
            break;
        }
    }
    let mut places = Vec::new();
    let (mut spans, mut used) = (Vec::new(), 0);
    let numbers = Pane::numbered().iter().map(|pane| pane.number()).chain(std::iter::once(0));
    for (number, entry) in numbers.zip(form) {
        let wide = entry.iter().map(Span::width).sum::<usize>();
        if used + wide > room {
            break;
        }
        let x = area.x + u16::try_from(used).unwrap_or_default();
        let width = u16::try_from(wide).unwrap_or_default();
        places.push((number, Area { x, y: area.y, width, height: area.height }));
        used += wide;
        spans.extend(entry);
    }
    (Line::from(spans), places)
}

fn entries(ctx: &Ctx<'_>, words: Words, troubles: &[Option<(Status, Option<usize>)>]) -> Vec<Vec<Span<'static>>> {
    let (model, theme) = (ctx.model, ctx.theme);
    let mut others = 0;
    let mut entry = |(pane, trouble): (&Pane, &Option<(Status, Option<usize>)>)| {
        let view = Pane::view(pane.number());
        // A pane alone stands for its view, as tab leaves it.
        let here = match model.screen().view() {
            View::Only(only) => Pane::view(only.number()) == view,
            View::Dashboard => view == View::Dashboard,
        };
        let name = match words {
            Words::Names if view == View::Dashboard => "dashboard".to_owned(),
            Words::Names => pane.listed().name().to_lowercase(),
            Words::Short => pane.listed().short().to_owned(),
            Words::Bare => String::new(),
            Words::Few(_) if here || trouble.is_some() => pane.listed().short().to_owned(),
            Words::Few(most) => {
                others += 1;
                if others <= most { pane.listed().short().to_owned() } else { String::new() }
            }
        };
        let name = if name.is_empty() { name } else { format!(" {name}") };
        let (style, mark) = if here { (theme.focus(), theme.here()) } else { (theme.dim(), " ") };
        let mut spans =
            vec![Span::styled(format!("{mark}{}{name}", model.screen().keys().of(Action::View(pane.number()))), style)];
        if let Some((status, count)) = *trouble {
            let count = count.map(|count| count.to_string()).unwrap_or_default();
            spans.push(Span::styled(format!(" {}{count}", theme.symbol(status)), theme.status(status)));
        }
        if words == Words::Names {
            spans.push(Span::raw(" "));
        }
        spans
    };
    let mut all: Vec<_> = Pane::numbered().iter().zip(troubles).map(&mut entry).collect();
    all.push(more(ctx, words));
    all
}

/// The views without a number: the one that shows, else that there are more, with the worst of their troubles.
fn more(ctx: &Ctx<'_>, words: Words) -> Vec<Span<'static>> {
    let (model, theme) = (ctx.model, ctx.theme);
    let here = Pane::further().iter().find(|pane| model.screen().view() == View::Only(**pane));
    let name = here.map_or_else(|| "more".to_owned(), |pane| pane.listed().name().to_lowercase());
    let (style, mark) = if here.is_some() { (theme.focus(), theme.here()) } else { (theme.dim(), " ") };
    let nameless = words == Words::Bare || words != Words::Names && here.is_none();
    // A number alone would read as a count.
    let name = match nameless {
        true if words == Words::Bare => String::new(),
        true => theme.ellipsis().to_owned(),
        false => format!(" {name}"),
    };
    let key = model.screen().keys().of(Action::View(0));
    let mut spans = vec![Span::styled(format!("{mark}{key}{name}"), style)];
    let troubles: Vec<_> = Pane::further().iter().filter_map(|pane| panes::trouble(ctx, *pane)).collect();
    if let Some(worst) = troubles.iter().map(|(status, _)| *status).max() {
        let count: usize = troubles.iter().filter_map(|(_, count)| *count).sum();
        let count = if count == 0 { String::new() } else { count.to_string() };
        spans.push(Span::styled(format!(" {}{count}", theme.symbol(worst)), theme.status(worst)));
    }
    spans
}
