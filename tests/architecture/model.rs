//! The model changes by messages alone: what is outside of the application reads it, and has no field to write to.

use super::sources;

/// Files that hold the model and its parts.
const FILES: [&str; 2] = ["app/model.rs", "app/facts.rs"];

/// The fields of a text that everybody may write to.
fn open_fields(text: &str) -> Vec<&str> {
    let field = |line: &&str| {
        let Some((name, _)) = line.strip_prefix("    pub ").and_then(|rest| rest.split_once(": ")) else {
            return false;
        };
        name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    text.lines().filter(field).map(str::trim).collect()
}

#[test]
fn the_model_has_no_field_that_others_write_to() {
    let all = sources();
    for file in FILES {
        let (.., text) = all.iter().find(|(_, name, _)| name == file).unwrap_or_else(|| panic!("{file} is gone"));
        assert_eq!(open_fields(text), Vec::<&str>::new(), "{file}");
    }
}

#[test]
fn an_open_field_is_found() {
    let text = "pub struct Model {\n    pub view: View,\n    pub(in crate::app) facts: Facts,\n    own: u8,\n}\n    pub fn new(at: Now) {";
    assert_eq!(open_fields(text), ["pub view: View,"]);
}
