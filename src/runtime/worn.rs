//! The theme that the screen wears.

use crate::config::{OwnTheme, UiSettings};
use crate::ui::theme::Theme;

/// A theme, and what it was made of.
pub(super) struct Worn {
    theme: Theme,
    made_of: Option<UiSettings>,
    /// One's own theme as it could be read last.
    sound: Option<OwnTheme>,
}

impl Worn {
    /// That of these settings. What is wrong with one's own is told when the screen is dressed first.
    pub(super) fn new(look: &UiSettings) -> Self {
        Self { theme: Theme::load(look), made_of: None, sound: None }
    }

    pub(super) fn theme(&self) -> &Theme {
        &self.theme
    }

    /// Wears the theme of these settings from now on. Where one's own cannot be read, its text before stays.
    ///
    /// # Errors
    /// Once, why one's own was not read.
    pub(super) fn dress(&mut self, look: UiSettings) -> Result<(), String> {
        if self.made_of.as_ref() == Some(&look) {
            return Ok(());
        }
        let own = look.own_theme.as_ref().filter(|_| !look.no_color);
        let read = own.map_or(Ok(()), |own| Theme::read(&look, &own.text).map(drop));
        match &read {
            Ok(()) => self.sound.clone_from(&look.own_theme),
            Err(_) => self.sound = self.sound.take().filter(|sound| own.is_some_and(|own| own.path == sound.path)),
        }
        self.theme = Theme::load(&UiSettings { own_theme: self.sound.clone(), ..look.clone() });
        let told = read.map_err(|why| format!("the theme {} was not read: {why}", look.theme));
        self.made_of = Some(look);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{Flags, parse};
    use crate::domain::environment::Status;

    #[test]
    fn a_text_that_cannot_be_read_leaves_the_one_before_and_another_theme_does_not() {
        let text = "[[environments]]\nname = \"production\"\n";
        let ui = parse(text, None, &Flags::default(), &|_| None).unwrap().ui;
        let own = |name: &str, text: &str| UiSettings {
            theme: name.into(),
            own_theme: Some(OwnTheme { path: name.into(), text: text.into() }),
            ..ui.clone()
        };
        let mut worn = Worn::new(&ui);
        let ok = |worn: &Worn| worn.theme().status(Status::Ok);
        let dark = ok(&worn);
        worn.dress(own("mine", "ok = { fg = \"magenta\" }\n")).unwrap();
        let mine = ok(&worn);
        assert_ne!(mine, dark);
        let broken = worn.dress(own("mine", "ok = {\n")).unwrap_err();
        assert!(broken.starts_with("the theme mine was not read: ") && ok(&worn) == mine, "{broken}");
        worn.dress(own("mine", "ok = {\n")).unwrap();
        let ascii = UiSettings { ascii: true, ..own("mine", "ok = {\n") };
        assert!(worn.dress(ascii).is_err() && ok(&worn) == mine && worn.theme().symbol(Status::Ok) == "+");
        assert!(worn.dress(own("other", "ok = {\n")).is_err() && ok(&worn) == dark);
    }
}
