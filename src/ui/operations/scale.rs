//! The choice of how many machines, region by region.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::action::Action;
use crate::action::dialogs::{Dialog as Keys, Own};
use crate::app::geometry::Laid;
use crate::app::operations::scale::Scaling;
use crate::ui::Ctx;
use crate::ui::widgets::buttons::Press;
use crate::ui::widgets::dialog::Dialog;

/// The dialog.
pub(in crate::ui) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, scaling: &Scaling) -> Laid {
    let rows = scaling.rows.iter().enumerate().map(|(index, row)| {
        let change = match row.wanted.cmp(&row.there) {
            std::cmp::Ordering::Equal => String::new(),
            std::cmp::Ordering::Greater => format!("   {} more", row.wanted - row.there),
            std::cmp::Ordering::Less => format!("   {} fewer", row.there - row.wanted),
        };
        let line =
            Line::raw(format!(" {:<6} {:>3} {} {:>3}{change}", row.region, row.there, ctx.theme.arrow(), row.wanted));
        if index == scaling.at { line.patch_style(ctx.theme.selected()) } else { line }
    });
    let mut lines: Vec<Line<'static>> = rows.collect();
    if lines.is_empty() {
        let again = ctx.model.screen().keys().of(Action::RefreshAll);
        lines.push(Line::raw(format!(" its machines are not known yet: esc, then {again} reads them")));
    }
    let changed = scaling.rows.iter().any(|row| row.wanted != row.there);
    let enter = if changed { "enter shows the plan, " } else { "" };
    let hint = Line::styled(format!(" {enter}j k choose, + - change, esc leaves"), ctx.theme.dim());
    let go = Press::said(Keys::Machines, Own::Go, "enter shows the plan");
    let title = format!("Scale {}: how many machines?", scaling.service);
    let (env, at) = (Some(&scaling.service.env), Some(scaling.at));
    Dialog { env, title: &title, lines, last: hint, at, presses: vec![go], ..Dialog::default() }.draw(ctx, frame, body)
}
