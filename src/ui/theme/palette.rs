//! Theme files: a style for each role, in as many colours as the terminal has.

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Deserializer};

use crate::config::Colours;

const SHIPPED: [(&str, &str); 6] = [
    ("dark", include_str!("../../../assets/themes/dark.toml")),
    ("light", include_str!("../../../assets/themes/light.toml")),
    ("terminal", include_str!("../../../assets/themes/terminal.toml")),
    ("high-contrast", include_str!("../../../assets/themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../../assets/themes/colour-blind.toml")),
    ("mono", include_str!("../../../assets/themes/mono.toml")),
];

/// The theme of a name, `dark` for an unknown one.
pub(super) fn shipped(name: &str) -> Roles {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap_or(&SHIPPED[0]);
    // The files are part of the program and a test reads them all: plain roles are never seen.
    toml::from_str(text).unwrap_or_default()
}

/// A colour by its name, its number, or `#rrggbb`; empty = the terminal's own.
fn colour<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Color>, D::Error> {
    let name = String::deserialize(from)?;
    if name.is_empty() {
        return Ok(Some(Color::Reset));
    }
    name.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("{name} is not a colour")))
}

/// How one role looks.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RoleStyle {
    #[serde(deserialize_with = "colour")]
    fg: Option<Color>,
    #[serde(deserialize_with = "colour")]
    bg: Option<Color>,
    /// In place of `fg` where there are sixteen colours.
    #[serde(deserialize_with = "colour")]
    ansi: Option<Color>,
    /// In place of `bg` there.
    #[serde(deserialize_with = "colour")]
    ansi_bg: Option<Color>,
    /// Dimmed there, in the terminal's own colour.
    faint: bool,
    bold: bool,
    dim: bool,
    reversed: bool,
    underlined: bool,
}

impl RoleStyle {
    pub(super) fn style(self) -> Style {
        let flags = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.reversed, Modifier::REVERSED),
            (self.underlined, Modifier::UNDERLINED),
        ];
        let set = flags.into_iter().filter(|(on, _)| *on).map(|(_, modifier)| modifier);
        let own = |colour: Option<Color>| colour.filter(|colour| *colour != Color::Reset);
        Style { fg: own(self.fg), bg: own(self.bg), ..Style::new() }.add_modifier(set.collect())
    }

    /// The same in as many colours as there are.
    fn at(self, colours: Colours) -> Self {
        let near = |colour: Option<Color>| colour.map(|colour| nearest(colour, colours));
        match colours {
            Colours::True => self,
            Colours::Indexed => Self { fg: near(self.fg), bg: near(self.bg), ..self },
            Colours::Sixteen if self.faint => Self { fg: None, bg: None, dim: true, ..self },
            Colours::Sixteen => {
                Self { fg: self.ansi.or_else(|| near(self.fg)), bg: self.ansi_bg.or_else(|| near(self.bg)), ..self }
            }
        }
    }
}

/// The roles of a theme file.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Roles {
    /// The ground that its contrasts are made for; never painted.
    #[serde(deserialize_with = "colour")]
    ground: Option<Color>,
    pub(super) ok: RoleStyle,
    pub(super) warn: RoleStyle,
    pub(super) fail: RoleStyle,
    pub(super) running: RoleStyle,
    pub(super) paused: RoleStyle,
    pub(super) unknown: RoleStyle,
    pub(super) selected: RoleStyle,
    pub(super) prod: RoleStyle,
    pub(super) focus: RoleStyle,
    pub(super) dim: RoleStyle,
    pub(super) strong: RoleStyle,
    pub(super) banner: RoleStyle,
    /// Sources of log lines, one after the other.
    pub(super) sources: [RoleStyle; 6],
}

impl Roles {
    /// The same in as many colours as there are.
    pub(super) fn at(self, colours: Colours) -> Self {
        let at = |role: RoleStyle| role.at(colours);
        Self {
            ground: self.ground,
            ok: at(self.ok),
            warn: at(self.warn),
            fail: at(self.fail),
            running: at(self.running),
            paused: at(self.paused),
            unknown: at(self.unknown),
            // A tint of so few colours is none: the row is reversed.
            selected: match (colours, self.selected.bg, self.selected.ansi_bg) {
                (Colours::Sixteen, Some(_), None) => RoleStyle { reversed: true, ..RoleStyle::default() },
                _ => at(self.selected),
            },
            prod: at(self.prod),
            focus: at(self.focus),
            dim: at(self.dim),
            strong: at(self.strong),
            banner: at(self.banner),
            sources: self.sources.map(at),
        }
    }
}

/// The sixteen colours as xterm has them.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// Steps of a channel in the cube of 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest colour that the terminal has; names and numbers stay.
fn nearest(colour: Color, colours: Colours) -> Color {
    let Color::Rgb(r, g, b) = colour else { return colour };
    let far = |other: [u8; 3]| {
        let apart = [r, g, b].into_iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2));
        // The eye tells green best and blue worst.
        apart.zip([3, 6, 1]).map(|(apart, weight)| apart * weight).sum::<u32>()
    };
    match colours {
        Colours::True => colour,
        Colours::Indexed => {
            let cube = (0..216_u8).map(|at| {
                let step = |by: u8| CUBE[usize::from(at / by % 6)];
                (16 + at, [step(36), step(6), step(1)])
            });
            let greys = (0..24_u8).map(|at| (232 + at, [8 + 10 * at; 3]));
            let near = cube.chain(greys).min_by_key(|(_, rgb)| far(*rgb));
            near.map_or(colour, |(index, _)| Color::Indexed(index))
        }
        Colours::Sixteen => SIXTEEN.iter().min_by_key(|(_, rgb)| far(*rgb)).map_or(colour, |(named, _)| *named),
    }
}

#[cfg(test)]
mod tests;
