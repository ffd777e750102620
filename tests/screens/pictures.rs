//! The pictures of the README, drawn by the console itself. `FLIGHTDECK_BLESS=1 cargo test --test screens pictures` draws them anew.

use std::path::Path;

use flightdeck::app::model::Model;
use flightdeck::ui::picture::svg;

use crate::screen::{burning, deployed, drawn, planned, press, theme, world};

fn with(mut model: Model, keys: &str) -> Model {
    keys.chars().for_each(|key| press(&mut model, key));
    model
}

#[test]
fn the_pictures_are_those_of_the_console_of_now() {
    let pictures = [
        ("calm", world(), (120, 30)),
        ("failing", burning(), (120, 34)),
        ("plan", planned(&[]), (100, 30)),
        ("patterns", with(deployed(), "c"), (100, 26)),
        ("health", with(burning(), "5"), (120, 26)),
        ("secrets", with(world(), "6"), (120, 22)),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let bless = std::env::var_os("FLIGHTDECK_BLESS").is_some();
    let mut old = Vec::new();
    for (name, model, size) in pictures {
        let svg = svg::render(&drawn(&model, &theme("dark", false), size).0);
        let path = folder.join(format!("{name}.svg"));
        if bless {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &svg).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != svg {
            old.push(name);
        }
    }
    assert!(old.is_empty(), "docs/pictures: {old:?} are not the console's of now; FLIGHTDECK_BLESS=1 draws them anew");
}
