//! How much of the screen says something: blank cells, empty panes, rows that are cut beside free columns.

use flightdeck::app::model::{Model, Pane};
use ratatui::buffer::Buffer;

use crate::screen::{burning, drawn, failing, press, text, theme, world};

/// The rows of an area, as text of one letter a cell.
fn rows(buffer: &Buffer, area: flightdeck::app::geometry::Area) -> Vec<String> {
    let cell = |x, y| buffer[(x, y)].symbol().chars().next().unwrap_or(' ');
    let row = |y| (area.x..area.x + area.width).map(|x| cell(x, y)).collect();
    (area.y..area.y + area.height).map(row).collect()
}

#[test]
fn a_failing_production_fills_a_large_screen() {
    let shown = text(&burning(), &theme("dark", false), (200, 50));
    let measured: Vec<&str> = shown.lines().skip(2).take(46).collect();
    let said: usize = measured.iter().map(|row| row.chars().filter(|c| *c != ' ').count()).sum();
    let blank = 100 - said * 100 / (46 * 200);
    assert!(blank <= 55, "{blank} % of the cells are blank\n{shown}");
    assert!(blank > 20, "it is measured what is there: {blank}");
    let (buffer, geometry) = drawn(&burning(), &theme("dark", false), (200, 50));
    for (pane, area) in geometry.panes {
        let empty = rows(&buffer, area).iter().filter(|row| row.trim().is_empty()).count();
        assert!(empty * 5 <= usize::from(area.height), "{pane:?}: {empty} of {} rows\n{shown}", area.height);
    }
}

/// Every view but the lines of logs, which are cut at the width of their pane or wrapped.
#[test]
fn no_row_is_cut_while_its_pane_has_free_columns() {
    let worlds: [fn() -> Model; 3] = [burning, failing, world];
    for (size, world) in [(200, 50), (120, 30), (80, 24)].into_iter().flat_map(|size| worlds.map(|world| (size, world)))
    {
        for view in '1'..='9' {
            let mut model = world();
            model.pose_size(size);
            press(&mut model, view);
            let (buffer, geometry) = drawn(&model, &theme("dark", false), size);
            for (pane, area) in geometry.panes.into_iter().filter(|(pane, _)| *pane != Pane::Logs) {
                for row in rows(&buffer, area) {
                    let free = row.chars().rev().take_while(|c| *c == ' ').count();
                    assert!(!row.contains('…') || free < 2, "{size:?} {pane:?}: {free} free columns beside {row}");
                }
            }
        }
    }
}

#[test]
fn a_wide_view_shows_the_detail_of_the_selected_row_and_it_is_the_one_that_enter_opens() {
    for view in ['2', '3', '5', '6', '7', '8'] {
        let mut model = world();
        model.pose_size((160, 42));
        press(&mut model, view);
        let beside = text(&model, &theme("dark", false), (160, 42));
        let narrow = text(&model, &theme("dark", false), (100, 42));
        let subject = model.screen().focus().listed().subject(&model, crate::screen::now()).unwrap();
        let rows = flightdeck::app::insight::detail::rows(&model, &subject, crate::screen::now());
        let title = flightdeck::app::insight::detail::title(&subject);
        assert!(!rows.is_empty() && beside.contains(&format!("╭ {title} ─")), "{view}\n{beside}");
        for (label, value) in rows.iter().take(3) {
            let value: String = value.split(' ').next().unwrap_or_default().chars().take(30).collect();
            assert!(beside.lines().any(|row| row.contains(label.trim()) && row.contains(&value)), "{label}\n{beside}");
        }
        assert!(!narrow.contains(&format!("╭ {title} ─")), "below 110 columns the list has the width\n{narrow}");
    }
}
