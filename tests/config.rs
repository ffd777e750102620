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

#[test]
fn keys_of_ones_own_are_taken_or_refused_with_their_place() {
    use flightdeck::action::Action;
    let with = |keys: &str| format!("{SMALL}\n[ui.keys]\n{keys}");
    let read = |keys: &str| parse(&with(keys), Some(Path::new("/etc/mine.toml")), &Flags::default(), &none);
    let settings = read("first = \"home\"\nnext_error = [\"g e\", \"ctrl-n\"]\n").unwrap();
    assert_eq!(settings.ui.keys.by_chord("g", "e"), Some(Action::NextError));
    let refused = |keys: &str| {
        let error = read(keys).unwrap_err();
        (error.what, error.hints.join(" "))
    };
    let (what, hint) = refused("wrap = \"t\"\n");
    assert_eq!(what, "/etc/mine.toml:6: ui.keys.wrap = \"t\": that is the key of times");
    assert!(hint.contains("give times"), "{hint}");
    let (what, hint) = refused("first = \"home\"\nnext_error = \"g e\"\nwrap = \"g\"\n");
    assert_eq!(what, "/etc/mine.toml:7: ui.keys.next_error = \"g e\": g alone is the key of wrap");
    assert!(hint.ends_with("wrap stands in /etc/mine.toml:8"), "{hint}");
    let (what, _) = refused("wrap = \"K\"\n");
    assert!(what.contains("K is kept"), "{what}");
    let settings = read("nxt_error = \"ctrl-n\"\n").unwrap();
    let [warning] = &settings.warnings[..] else { panic!("{:?}", settings.warnings) };
    assert_eq!(warning, "/etc/mine.toml:6: ui.keys.nxt_error is not an action: did you mean `next_error`?");
}

#[test]
fn of_an_environment_that_one_file_has_in_place_of_another_no_line_of_the_other_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(name), text).unwrap();
    };
    let own = format!("[ui]\nmouse = false\n\n{SMALL}access = \"write\"\n");
    write("flightdeck/config.toml", &own);
    write("flightdeck.toml", SMALL);
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"))
        .args(["config", "show"])
        .current_dir(dir.path())
        .env_clear()
        .env("HOME", dir.path())
        .env("XDG_CONFIG_HOME", dir.path())
        .output()
        .unwrap();
    let told = String::from_utf8(run.stdout).unwrap();
    let row = |key: &str| {
        let words = told.lines().find(|line| line.starts_with(key)).unwrap().split_whitespace();
        words.skip(1).map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("environments.production.access "), "read default");
    assert_eq!(row("environments.production.tier "), "production flightdeck.toml:3");
    assert!(row("ui.mouse ").ends_with("flightdeck/config.toml:2"), "{}", row("ui.mouse "));
}

#[test]
fn a_way_of_two_thousand_environments_is_checked_without_a_search_for_each() {
    let environment = |at: usize, to: usize| format!("[[environments]]\nname = \"e{at}\"\npromotes_to = \"e{to}\"\n");
    let way: String = (0..1999).map(|at| environment(at, at + 1)).collect();
    let begun = tokio::time::Instant::now();
    let settings =
        parse(&format!("{way}[[environments]]\nname = \"e1999\"\n"), None, &Flags::default(), &none).unwrap();
    // In a debug build half a second; where each looked at all of them it took half a minute.
    assert!(begun.elapsed() < std::time::Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_eq!(settings.promotions.target(&EnvId::from("e1998")), Some(&EnvId::from("e1999")));
    let circle = refusal(&format!("{}{}", way, environment(1999, 1500)));
    assert!(circle.contains("promotes_to of e1999: e1499 promotes to e1500 already"), "{circle}");
    let circle = refusal(&format!("{}{}{}", environment(0, 1), environment(1, 2), environment(2, 0)));
    assert!(circle.ends_with("promotes_to of e0 leads in a circle back to it"), "{circle}");
}

#[test]
fn every_setting_says_what_it_comes_to_and_where_that_came_from() {
    let env = |name: &str| match name {
        "GH_TOKEN" => Some("ghp_secret".to_owned()),
        "NO_COLOR" => Some("1".to_owned()),
        name => none(name),
    };
    let keys = "\n[ui.keys]\nnext_error = \"ctrl-n\"\n";
    let text = format!("{EXAMPLE}{keys}").replace("health\"\ninterval", "health?key=s3cret\"\ninterval");
    let flags = Flags { readonly: true, ..Flags::default() };
    let settings = parse(&text, Some(Path::new("/etc/mine.toml")), &flags, &env).unwrap();
    let row = |key: &str| {
        let row = settings.effective.iter().find(|row| row.key.as_str() == key);
        row.map(|row| format!("{} from {}", row.value, row.origin)).unwrap_or_default()
    };
    let line = |of: &str| 1 + text.lines().position(|line| line.starts_with(of)).unwrap();
    assert_eq!(row("ui.theme"), format!("dark from /etc/mine.toml:{}", line("theme =")));
    assert_eq!(row("ui.keys.next_error"), format!("ctrl-n from /etc/mine.toml:{}", line("next_error =")));
    assert_eq!(row("colours"), "none from environment variable NO_COLOR");
    assert_eq!(row("environments.staging.access"), "read from flag --readonly");
    assert_eq!(row("environments.production.promotes_to"), "nothing from default");
    assert_eq!(row("platforms.github.token"), "there, not shown from environment variable GH_TOKEN");
    assert!(row("state.dir").ends_with("from default"), "{}", row("state.dir"));
    let all = format!("{:?}", settings.effective);
    assert!(!all.contains("ghp_secret") && !all.contains("s3cret"), "no value of a secret");
    // Names in the path of a key are the person's.
    let named = |key: &str| {
        let parts: Vec<&str> = key.split('.').collect();
        let own = |at: usize| at > 0 && matches!(parts[at - 1], "environments" | "services" | "probes" | "logs");
        parts.iter().enumerate().filter(|(at, _)| !own(*at)).map(|(_, part)| *part).collect::<Vec<_>>().join(".")
    };
    let shown: Vec<String> = settings.effective.iter().map(|row| named(row.key.as_str())).collect();
    for (table, keys) in known_keys() {
        for key in keys.into_iter().filter(|key| *key != "name") {
            let whole = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
            let told = |row: &String| {
                let below = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
                *row == whole || below(row, &whole) || below(&whole, row)
            };
            // Where a token comes from is told at the token.
            let source =
                key.starts_with("token_") || key.starts_with("url_") || table.ends_with("logs") || key == "workflow";
            assert!(source || shown.iter().any(told), "{whole}: {shown:#?}");
        }
    }
}
