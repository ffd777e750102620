//! The view bar: every view with its number, the one that shows, and which of them has trouble.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Ctx, panes};
use crate::action::{self, Action};
use crate::app::geometry::Area;
use crate::app::model::{Pane, View};
use crate::domain::environment::Status;

/// How much is said of each.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    Names,
    Short,
    /// Numbers alone, but for the one that shows and those with trouble.
    Few,
}

/// The bar in so many columns, and where on it each view stands.
pub(super) fn draw(ctx: &Ctx<'_>, area: Rect) -> (Line<'static>, Vec<(u8, Area)>) {
    let troubles: Vec<_> = Pane::ALL.iter().map(|pane| panes::trouble(ctx, *pane)).collect();
    let forms = [Words::Names, Words::Short, Words::Few].map(|words| entries(ctx, words, &troubles));
    let width = |entries: &Vec<Vec<Span<'static>>>| entries.iter().flatten().map(Span::width).sum::<usize>();
    let room = usize::from(area.width);
    let fits = forms.iter().position(|form| width(form) <= room).unwrap_or(forms.len() - 1);
    let mut places = Vec::new();
    let (mut spans, mut used) = (Vec::new(), 0);
    for (pane, entry) in Pane::ALL.iter().zip(forms.into_iter().nth(fits).unwrap_or_default()) {
        let wide = entry.iter().map(Span::width).sum::<usize>();
        if used + wide > room {
            break;
        }
        let x = area.x + u16::try_from(used).unwrap_or_default();
        let width = u16::try_from(wide).unwrap_or_default();
        places.push((pane.number(), Area { x, y: area.y, width, height: area.height }));
        used += wide;
        spans.extend(entry);
    }
    (Line::from(spans), places)
}

fn entries(ctx: &Ctx<'_>, words: Words, troubles: &[Option<(Status, Option<usize>)>]) -> Vec<Vec<Span<'static>>> {
    let (model, theme) = (ctx.model, ctx.theme);
    let entry = |(pane, trouble): (&Pane, &Option<(Status, Option<usize>)>)| {
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
            Words::Few if here || trouble.is_some() => pane.listed().short().to_owned(),
            Words::Few => String::new(),
        };
        let name = if name.is_empty() { name } else { format!(" {name}") };
        let (style, mark) = if here { (theme.focus(), theme.here()) } else { (theme.dim(), " ") };
        let mut spans = vec![Span::styled(format!("{mark}{}{name}", action::key(Action::View(pane.number()))), style)];
        if let Some((status, count)) = *trouble {
            let count = count.map(|count| count.to_string()).unwrap_or_default();
            spans.push(Span::styled(format!(" {}{count}", theme.symbol(status)), theme.status(status)));
        }
        if words == Words::Names {
            spans.push(Span::raw(" "));
        }
        spans
    };
    Pane::ALL.iter().zip(troubles).map(entry).collect()
}
