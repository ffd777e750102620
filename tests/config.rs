//! The configuration: the example is complete and true, good files load, bad ones say where and what.

use std::path::Path;

use flightdeck::config::file::known_keys;
use flightdeck::config::load::{Flags, load, parse};
use flightdeck::domain::environment::Platform;
use flightdeck::domain::ids::EnvId;
use flightdeck::error::ExitCode;

const EXAMPLE: &str = include_str!("../config.example.toml");
const SMALL: &str = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";

/// Nothing is set but a home folder, in which nothing is.
fn none(name: &str) -> Option<String> {
    (name == "HOME").then(|| "/nobody".to_owned())
}

/// The reason why a text is refused.
fn refusal(text: &str) -> String {
    let error = parse(text, Some(Path::new("flightdeck.toml")), &Flags::default(), &none).unwrap_err();
    assert_eq!(error.code, ExitCode::Usage);
    assert!(!error.hints.is_empty(), "every refusal says what to do: {error}");
    error.what
}

#[test]
fn the_example_loads_and_names_every_key() {
    let settings = parse(EXAMPLE, None, &Flags::default(), &none).unwrap();
    assert_eq!(settings.environments.len(), 2);
    let unexpected: Vec<_> = settings.warnings.iter().filter(|warning| !warning.contains("templates")).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    for (table, keys) in known_keys() {
        for key in &keys {
            let written = key == &"environments"
                || EXAMPLE.contains(&format!("{key} ="))
                || EXAMPLE.contains(&format!("[{key}"))
                || EXAMPLE.contains(&format!(".{key}]"));
            assert!(written, "{table}.{key} is not in config.example.toml");
        }
    }
}

#[test]
fn the_example_equals_the_defaults() {
    let example = parse(EXAMPLE, None, &Flags::default(), &none).unwrap();
    let default = parse(SMALL, None, &Flags::default(), &none).unwrap();
    assert_eq!(example.ui, default.ui);
    assert_eq!(example.poll, default.poll);
}

#[test]
fn an_unknown_key_is_a_warning_with_the_nearest_name() {
    let settings = parse(&format!("{SMALL}acess = \"write\"\n"), None, &Flags::default(), &none).unwrap();
    assert_eq!(settings.warnings.len(), 1);
    assert!(settings.warnings[0].contains("did you mean `access`?"), "{:?}", settings.warnings);
}

#[test]
fn broken_files_say_where_and_what() {
    assert_eq!(refusal(""), "flightdeck.toml is empty");
    assert!(refusal("project = \n").starts_with("flightdeck.toml:1:"), "{}", refusal("project = \n"));
    assert!(refusal("project = 3\n[[environments]]\nname=\"a\"\n").contains("invalid type"));
    assert!(refusal("project = \"x\"\n").contains("no [[environments]]"));
    assert!(refusal(&format!("{SMALL}[poll]\nfast = \"soon\"\n")).contains("not a duration"));
    assert!(refusal(&format!("{SMALL}[ui]\nlog_memory = \"much\"\n")).contains("not a size"));
    assert!(
        refusal(&format!("{SMALL}[platforms.github]\nbase = \"http://example.com\"\n")).contains("without encryption")
    );
}

#[test]
fn plain_http_is_allowed_on_loopback_only() {
    let text = format!("{SMALL}[platforms.github]\nbase = \"http://127.0.0.1:8080/\"\n");
    let settings = parse(&text, None, &Flags::default(), &none).unwrap();
    assert_eq!(settings.accesses[&Platform::Github].base, "http://127.0.0.1:8080");
    for elsewhere in ["127.0.0.1.evil.example", "127.0.0.1:80@evil.example", "localhost@evil.example/"] {
        let text = format!("{SMALL}[platforms.github]\nbase = \"http://{elsewhere}\"\n");
        let error = parse(&text, None, &Flags::default(), &none).unwrap_err();
        assert_eq!(error.code, ExitCode::Usage, "{elsewhere}: {error}");
    }
}

#[test]
fn no_name_is_given_twice() {
    let twice = refusal(&format!("{SMALL}{SMALL}"));
    assert!(twice.contains("production"), "{twice}");
}

#[test]
fn a_token_is_not_repeated_in_the_complaint_about_it() {
    let said = refusal(&format!("{SMALL}[platforms.vercel]\ntoken = 123456789\n"));
    assert!(!said.contains("123456789"), "{said}");
}

#[test]
fn no_color_counts_whatever_it_holds() {
    let env = |name: &str| if name == "NO_COLOR" { Some("0".to_owned()) } else { none(name) };
    assert!(parse(SMALL, None, &Flags::default(), &env).unwrap().ui.no_color);
}

#[test]
fn tokens_come_from_the_platforms_own_variables_in_their_order() {
    let env = |name: &str| match name {
        "FLY_API_TOKEN" => Some("second".to_owned()),
        "FLY_ACCESS_TOKEN" => Some("first".to_owned()),
        _ => None,
    };
    let settings = parse(&format!("{SMALL}[platforms.fly]\n"), None, &Flags::default(), &env).unwrap();
    let fly = settings.fly.unwrap();
    assert_eq!(fly.token.origin(), "environment variable FLY_ACCESS_TOKEN");
    assert_eq!(secrecy::ExposeSecret::expose_secret(&fly.token.get().unwrap()), "first");
}

#[test]
fn flags_win_over_the_file_both_ways() {
    let text = format!("{SMALL}access = \"write\"\n");
    let production = EnvId::from("production");
    let writable =
        |flags: &Flags, text: &str| parse(text, None, flags, &none).unwrap().environment(&production).unwrap().writable;
    assert!(writable(&Flags::default(), &text));
    assert!(!writable(&Flags { readonly: true, ..Flags::default() }, &text));
    assert!(!writable(&Flags::default(), SMALL));
    assert!(writable(&Flags { write: true, ..Flags::default() }, SMALL));
}

#[cfg(unix)]
#[test]
fn a_file_with_a_token_must_be_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flightdeck.toml");
    std::fs::write(&path, format!("{SMALL}[platforms.vercel]\ntoken = \"abc-secret\"\n")).unwrap();
    let flags = Flags { config: Some(path.clone()), ..Flags::default() };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = load(&flags, &none).unwrap_err();
    assert!(error.hints[0].starts_with("chmod 600"), "{error}");
    assert!(!error.to_string().contains("abc-secret"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = load(&flags, &none).unwrap();
    assert!(!format!("{settings:?}").contains("abc-secret"), "a token must never be printable");
}

#[test]
fn files_that_cannot_be_read_are_told_from_files_that_are_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let read =
        |path: &Path| load(&Flags { config: Some(path.to_owned()), ..Flags::default() }, &none).unwrap_err().what;
    assert!(read(&dir.path().join("absent.toml")).contains("cannot be read"));
    assert!(read(dir.path()).contains("cannot be read"));
    let binary = dir.path().join("binary.toml");
    std::fs::write(&binary, b"a = 1\n\xff\xfe").unwrap();
    assert!(read(&binary).contains(":2: the file is not UTF-8"), "{}", read(&binary));
}

#[test]
fn a_freeze_is_understood_or_refused_with_an_example() {
    let with =
        |freeze: &str| SMALL.replace("tier = \"production\"", &format!("tier = \"production\"\nfreeze = [{freeze}]"));
    assert!(with("x").contains("freeze"), "the small configuration has a production");
    let told = refusal(&with("{ days = [\"noday\"], reason = \"x\" }"));
    assert!(told.contains("is not a day of the week"), "{told}");
    let told = refusal(&with("{ zone = \"Mars/Olympus\", reason = \"x\" }"));
    assert!(told.contains("is not a time zone"), "{told}");
    let told = refusal(&with("{ from = \"25:00\", reason = \"x\" }"));
    assert!(told.contains("is not a time of day"), "{told}");
}

#[test]
fn a_log_of_ones_own_says_where_its_lines_come_from_once() {
    let with = |logs: &str| {
        format!(
            "{SMALL}[[environments.services]]\nname = \"backend\"\nplatform = \"fly\"\nresource = \"x\"\n[[environments.logs]]\n{logs}"
        )
    };
    let good = with("name = \"nginx\"\nfile = \"logs/a.log\"\nservice = \"backend\"\n");
    let settings = parse(&good, Some(Path::new("/etc/flightdeck.toml")), &Flags::default(), &none).unwrap();
    let one = &settings.log_sources[0];
    assert_eq!(
        one.input,
        flightdeck::domain::log::Input::File("/etc/logs/a.log".into()),
        "beside the file that names it"
    );
    assert_eq!(one.service.as_ref().map(|service| &*service.name), Some("backend"));
    for (logs, why) in [
        ("name = \"a\"\n", "exactly one of file, command, url"),
        ("name = \"a\"\nfile = \"x\"\nurl = \"https://x.dev\"\n", "exactly one of file, command, url"),
        ("name = \"a\"\ncommand = []\n", "command is empty"),
        ("name = \"a\"\nurl = \"ftp://x.dev\"\n", "does not begin with https://"),
        ("name = \"a\"\nfile = \"x\"\nservice = \"nobody\"\n", "not a service of production"),
        ("name = \"backend\"\nfile = \"x\"\n", "a service has this name"),
        ("name = \"\"\nfile = \"x\"\n", "the name is empty"),
    ] {
        let refused = refusal(&with(logs));
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn a_log_that_is_read_alone_needs_no_environment() {
    let text = "[ui]\ntheme = \"light\"\n";
    assert!(parse(text, None, &Flags::default(), &none).unwrap_err().what.contains("no [[environments]]"));
    assert!(parse(text, None, &Flags { alone: true, ..Flags::default() }, &none).is_ok());
}

#[test]
fn the_looks_of_ones_own_console_are_read_where_nothing_else_is_said() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("flightdeck");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "[ui]\ntheme = \"colour-blind\"\nmouse = false\n").unwrap();
    let place = home.path().display().to_string();
    let env = |name: &str| (name == "XDG_CONFIG_HOME").then(|| place.clone());
    let looks = flightdeck::config::load::looks(&Flags::default(), &env).unwrap();
    assert_eq!((&*looks.theme, looks.mouse), ("colour-blind", false));
    assert!(flightdeck::config::load::looks(&Flags::default(), &|_| None).is_none());
}
