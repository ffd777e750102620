//! The entry of a secret: its place and its name, and of its value how long it is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::geometry::Laid;
use crate::app::operations::secret::{Entry, Field};
use crate::domain::operation::PIPELINE;
use crate::ui::Ctx;
use crate::ui::widgets::dialog::dialog;

/// The dialog.
pub(in crate::ui) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, entry: &Entry) -> Laid {
    let cursor = |field| if entry.field == field { ctx.theme.cursor() } else { "" };
    let places = entry.places.iter().enumerate().map(|(index, place)| {
        let name = if &*place.name == PIPELINE { "pipeline (GitHub)" } else { &place.name };
        if index == entry.at { format!("[{name}]") } else { format!(" {name} ") }
    });
    let places: Vec<String> = places.collect();
    let value = match entry.value.chars() {
        0 => String::new(),
        1 => "1 character, hidden".to_owned(),
        many => format!("{many} characters, hidden"),
    };
    let row = |field: Field, label: &str, text: &str| {
        let line = Line::raw(format!(" {label:<6} {text}{}", cursor(field)));
        if entry.field == field { line.patch_style(ctx.theme.strong()) } else { line }
    };
    let lines = vec![
        Line::raw(format!(" {:<6} {}", "where", places.join(" "))),
        row(Field::Key, "name", &ctx.veiled(&entry.key)),
        row(Field::Value, "value", &value),
    ];
    let enter = match entry.field {
        Field::Key => "enter goes on to the value",
        Field::Value => "enter shows the plan",
    };
    let hint =
        Line::styled(format!(" {enter}, left right choose where, tab changes the field, esc leaves"), ctx.theme.dim());
    dialog(ctx, frame, body, Some(&entry.env), &format!("Set a secret in {}", entry.env), lines, hint)
}
