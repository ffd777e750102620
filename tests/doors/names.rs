//! Names, paths and arguments that others have chosen reach no terminal as anything but text.

use std::os::unix::fs::PermissionsExt as _;

use flightdeck::config::load::{Flags, load};

use super::{flightdeck, said, world};

/// Puts "pwned" on the clipboard, turns what follows around, and takes a colour with an 8-bit introducer.
const HOSTILE: &str = "a\u{1b}]52;c;cHduZWQ=\u{7}b\u{202e}c\u{9b}31md";

fn harmless(said: &str) {
    let harmful = |c: &char| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c);
    assert_eq!(said.chars().find(harmful), None, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_paths_and_arguments_are_told_without_what_a_terminal_obeys() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path(), "sim.toml").await;
    let name = format!("{HOSTILE}.toml");
    std::fs::write(dir.path().join(&name), "project = \n").unwrap();
    let sub = dir.path().join(HOSTILE);
    std::fs::create_dir(&sub).unwrap();
    let out = format!("{HOSTILE}/absent/x.svg");
    let long: Vec<Vec<&str>> = vec![
        vec!["--config", &name, "config", "check"],
        vec!["--config", HOSTILE, "status"],
        vec![HOSTILE],
        vec!["--config", "sim.toml", "wait", "--environment", HOSTILE],
        vec!["--config", "sim.toml", "rollback", "--environment", HOSTILE, "--to", HOSTILE],
        vec!["--config", "sim.toml", "rollback", "--environment", "production", "--to", HOSTILE],
        vec!["--config", "sim.toml", "promote", "--environment", HOSTILE],
        vec!["--config", "sim.toml", "unlock", HOSTILE],
        vec!["--config", "sim.toml", "unmark", HOSTILE],
        vec!["--config", "sim.toml", "logs", "--source", HOSTILE, "--environment", HOSTILE],
        vec!["demo", "--scenario", HOSTILE],
        vec!["sim", "--scenario", HOSTILE, "--write-config", &out],
        vec!["sim", "--write-config", &out],
        vec!["view", HOSTILE],
        vec!["view", "absent", &name],
        vec!["view", "--", HOSTILE],
        vec!["scale", "backend", HOSTILE],
    ];
    for arguments in long {
        let told = flightdeck(dir.path(), &arguments, &[]).await;
        assert!(!told.status.success(), "{arguments:?}");
        harmless(&said(&told));
        assert!(!said(&told).is_empty(), "{arguments:?}");
    }
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_in_a_configuration_is_told_the_same_way() {
    let dir = tempfile::tempdir().unwrap();
    // As an escape in the file, so that the file is one.
    let odd: String = HOSTILE.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let text = format!(
        "project = \"p\"\n\"{odd}\" = 1\n[platforms.github]\ntoken_file = \"{odd}\"\n\
         [platforms.vercel]\ntoken_command = [\"/bin/{odd}\", \"{odd}\"]\n\
         [[environments]]\nname = \"production\"\ntier = \"production\"\n\
         [[environments.logs]]\nname = \"a\"\nfile = \"{odd}\"\n[[environments.logs]]\nname = \"b\"\ncommand = [\"{odd}\"]\n\
         [secrets]\ntemplates = {{ \"{odd}\" = \"{odd}\" }}\nrequired = {{ backend = [\"{odd}\"] }}\n[ui]\ntheme = \"{odd}\"\n\
         [state]\ndir = \"{odd}\"\n"
    );
    std::fs::write(dir.path().join("odd.toml"), text).unwrap();
    for arguments in
        [&["config", "check"][..], &["info"], &["secrets", "diff"], &["secrets", "diff", "--json"], &["journal"]]
    {
        let told =
            flightdeck(dir.path(), &[&["--config", "odd.toml", "--timeout", "2"], arguments].concat(), &[]).await;
        harmless(&said(&told));
        assert!(!said(&told).is_empty() || !matches!(arguments, ["config" | "info", ..]), "{arguments:?}");
    }
    for name in ["production\u{202e}", "pro\u{1b}[31m", " ", "", "a\u{200b}b"] {
        let shown: String = name.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
        std::fs::write(dir.path().join("name.toml"), format!("[[environments]]\nname = \"{shown}\"\n")).unwrap();
        let told = flightdeck(dir.path(), &["--config", "name.toml", "config", "check"], &[]).await;
        assert_eq!(told.status.code(), Some(2), "{name:?}");
        harmless(&said(&told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_none_are_refused_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    std::fs::set_permissions(&fifo, std::fs::Permissions::from_mode(0o600)).unwrap();
    let small = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
    let with = |more: &str| format!("{small}{more}");
    std::fs::write(dir.path().join("template.toml"), with("[secrets]\ntemplates = { backend = \"fifo\" }\n")).unwrap();
    std::fs::write(dir.path().join("token.toml"), with("[platforms.github]\ntoken_file = \"fifo\"\n")).unwrap();
    let check = async |path: &str| {
        let words = ["--config", path, "config", "check"];
        let asked = flightdeck(dir.path(), &words, &[]);
        tokio::time::timeout(std::time::Duration::from_secs(20), asked).await.unwrap()
    };
    for path in ["fifo", "/dev/null", "/dev/zero", "."] {
        let told = check(path).await;
        assert_eq!(told.status.code(), Some(2), "{path}: {}", said(&told));
        assert!(said(&told).contains("cannot be read: it is "), "{}", said(&told));
    }
    for path in ["template.toml", "token.toml"] {
        let told = check(path).await;
        assert_eq!(told.status.code(), Some(0), "{}", said(&told));
        assert!(said(&told).contains("it is a FIFO, not a file"), "{}", said(&told));
    }
    let logs = "[[environments.logs]]\nname = \"pipe\"\nfile = \"fifo\"\n";
    std::fs::write(dir.path().join("logs.toml"), with(logs)).unwrap();
    let words = ["--config", "logs.toml", "--timeout", "3", "logs"];
    let asked = flightdeck(dir.path(), &words, &[]);
    let told = said(&tokio::time::timeout(std::time::Duration::from_secs(20), asked).await.unwrap());
    assert!(told.contains("fifo is not a file"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_loses_no_name_and_makes_none_of_a_value() {
    let dir = tempfile::tempdir().unwrap();
    let template = "\u{feff}DATABASE_URL=x\r\nexport\tTABBED=1\r\nCOLON: hunter2\r\nAPP_KEY=\"-----BEGIN PRIVATE KEY-----\r\n\
        bm90YXJlYWxrZXlub3RhcmVhbGtleQ=\r\n-----END PRIVATE KEY-----\"\r\n";
    std::fs::write(dir.path().join(".env.example"), template).unwrap();
    let text = "\u{feff}[[environments]]\r\nname = \"prod\"\r\ntier = \"production\"\r\n[[environments]]\r\nname = \"PROD\"\r\n\
        [secrets]\r\ntemplates = { backend = \".env.example\" }\r\n";
    std::fs::write(dir.path().join("c.toml"), text).unwrap();
    let check = flightdeck(dir.path(), &["--config", "c.toml", "config", "check"], &[]).await;
    let told = said(&check);
    assert_eq!(check.status.code(), Some(0), "{told}");
    assert!(told.contains(".env.example:3: not understood"), "{told}");
    assert!(!told.contains("hunter2") && !told.contains("bm90"), "{told}");
    assert!(told.contains("\"prod\" and \"PROD\" differ in case only"), "{told}");
    let flags = Flags { config: Some(dir.path().join("c.toml")), ..Flags::default() };
    let settings = load(&flags, &|_| None).unwrap();
    let names: Vec<&str> = settings.secrets.required.iter().map(|(_, name)| &**name).collect();
    assert_eq!(names, ["APP_KEY", "DATABASE_URL", "TABBED"]);
}
