//! Contrasts and distances of the shipped themes, computed.

use super::*;

/// A channel as light, as sRGB defines it.
fn light(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

fn channels(colour: Color) -> [f64; 3] {
    let Color::Rgb(r, g, b) = colour else { panic!("{colour} has no channels") };
    [r, g, b].map(light)
}

/// The contrast of two colours as WCAG 2 defines it, from 1 to 21.
fn contrast(one: Color, other: Color) -> f64 {
    let luminance = |colour| {
        let [r, g, b] = channels(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (one, other) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

/// Machado, Oliveira and Fernandes 2009 at full severity, on light.
const KINDS: [(&str, [[f64; 3]; 3]); 4] = [
    ("full sight", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("protanopia", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    (
        "deuteranopia",
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ),
    ("tritanopia", [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
];

/// How far apart two colours look, as the distance in CIE L*a*b*: 2.3 is just noticeable.
fn apart(one: Color, other: Color, sight: &[[f64; 3]; 3]) -> f64 {
    let lab = |colour| {
        let seen = sight.map(|row| row.iter().zip(channels(colour)).map(|(m, c)| m * c).sum::<f64>());
        let white = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
        let xyz = white.map(|row| row.iter().zip(seen).map(|(m, c)| m * c).sum::<f64>().max(0.0));
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let (x, y, z) = (f(xyz[0] / 0.9505), f(xyz[1]), f(xyz[2] / 1.089));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    };
    let (one, other) = (lab(one), lab(other));
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The roles of text, by name.
fn texts(roles: &Roles) -> Vec<(&'static str, RoleStyle)> {
    let mut all = vec![
        ("ok", roles.ok),
        ("warn", roles.warn),
        ("fail", roles.fail),
        ("running", roles.running),
        ("paused", roles.paused),
        ("unknown", roles.unknown),
        ("prod", roles.prod),
        ("focus", roles.focus),
        ("dim", roles.dim),
        ("strong", roles.strong),
        ("banner", roles.banner),
    ];
    all.extend(roles.sources.iter().map(|one| ("a source", *one)));
    all
}

#[test]
fn every_text_of_a_shipped_theme_is_read_on_its_ground() {
    let mut computed = 0;
    for (name, text) in SHIPPED {
        let roles: Roles = toml::from_str(text).unwrap();
        assert!(roles.banner.bold && roles.prod.bold, "{name}: production stands out");
        // The sixteen colours and no colour are the terminal's own matter.
        let Some(ground) = roles.ground else { continue };
        for (role, style) in texts(&roles) {
            let on = style.bg.unwrap_or(ground);
            let found = contrast(style.fg.unwrap(), on);
            let least = if ["strong", "fail"].contains(&role) { 7.0 } else { 4.5 };
            assert!(found >= least, "{name}: {role} has {found:.2}");
            computed += 1;
        }
    }
    assert_eq!(computed, 4 * 17);
}

#[test]
fn every_text_is_read_on_the_tint_of_the_selected_row() {
    for name in ["dark", "light", "colour-blind"] {
        let roles = shipped(name);
        let (ground, tint) = (roles.ground.unwrap(), roles.selected.bg.unwrap());
        for (role, style) in texts(&roles).into_iter().chain([("selected", roles.selected)]) {
            let found = contrast(style.fg.unwrap(), tint);
            assert!(found >= 4.5, "{name}: {role} has {found:.2} on the tint");
        }
        assert!(contrast(ground, tint) >= 1.2, "{name}: the tint is seen");
        // A terminal with fewer colours has none of it.
        assert!(roles.at(Colours::Sixteen).selected.style().add_modifier.contains(Modifier::REVERSED));
    }
}

#[test]
fn the_states_of_the_colour_blind_theme_differ_for_every_sight() {
    let roles = shipped("colour-blind");
    let states = [roles.ok, roles.warn, roles.fail, roles.running].map(|one| one.fg.unwrap());
    for (sight, matrix) in &KINDS {
        for (at, one) in states.iter().enumerate() {
            for other in &states[at + 1..] {
                let found = apart(*one, *other, matrix);
                assert!(found > 15.0, "{sight}: {one} and {other} are {found:.1} apart");
            }
        }
    }
}

#[test]
fn no_source_of_lines_looks_like_a_state() {
    for name in ["dark", "light", "colour-blind"] {
        let roles = shipped(name);
        let states = [roles.ok, roles.warn, roles.fail, roles.running].map(|one| one.fg.unwrap());
        for source in roles.sources.map(|one| one.fg.unwrap()) {
            for state in states {
                let found = apart(source, state, &KINDS[0].1);
                assert!(found > 15.0, "{name}: {source} and {state} are {found:.1} apart");
            }
        }
    }
}

#[test]
fn the_theme_without_colour_has_none() {
    let mono = shipped("mono");
    assert!(texts(&mono).iter().all(|(_, style)| style.fg.is_none() && style.bg.is_none()));
}

#[test]
fn a_terminal_with_fewer_colours_gets_the_nearest() {
    let dark = shipped("dark");
    assert_eq!(dark.at(Colours::True).ok.style().fg, Some(Color::Rgb(0x56, 0xd3, 0x64)));
    assert_eq!(dark.at(Colours::Indexed).ok.style().fg, Some(Color::Indexed(77)));
    assert_eq!(dark.at(Colours::Sixteen).ok.style().fg, Some(Color::Green));
    let dim = dark.at(Colours::Sixteen).dim.style();
    assert!(dim.fg.is_none() && dim.add_modifier.contains(Modifier::DIM));
    // One's own theme that names no colour for sixteen gets one all the same.
    let own: Roles = toml::from_str("ok = { fg = \"#00c000\" }").unwrap();
    assert_eq!(own.at(Colours::Sixteen).ok.style().fg, Some(Color::Green));
    assert!(toml::from_str::<Roles>("ok = { fg = \"greenish\" }").is_err());
}
