//! `flightdeck view` in a pseudo-terminal: files and pipes, growing, truncated and rotated, while keys are answered.

use std::io::Write as _;
use std::path::Path;

use crate::pty::Pty;
use portable_pty::CommandBuilder;

fn view(dir: &Path, args: &[&str]) -> Pty {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.arg("view");
    command.args(args);
    command.env("FLIGHTDECK_STATE_DIR", dir);
    command.cwd(dir);
    Pty::start(command, 120, 30)
}

fn append(path: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn quit(mut pty: Pty) {
    pty.send("q");
    assert_eq!(pty.wait_end().exit_code(), 0);
    pty.assert_clean();
}

#[test]
fn a_file_is_followed_through_growth_truncation_and_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    append(&path, &(0..5000).map(|n| format!("2026-01-31T12:00:00Z [info] line {n} end\n")).collect::<String>());
    let mut pty = view(dir.path(), &["app.log"]);
    pty.wait_text("line 4999 end");
    pty.resize(100, 20);
    assert!(pty.pid() > 0);
    append(&path, "half a");
    pty.wait_text("half a");
    append(&path, " line\n");
    pty.wait_text("half a line");
    std::fs::write(&path, "after\n").unwrap();
    pty.wait_text("the file was truncated");
    pty.wait_text("after");
    std::fs::rename(&path, dir.path().join("app.log.1")).unwrap();
    append(&path, "of the new file\n");
    pty.wait_text("was rotated");
    pty.wait_text("of the new file");
    quit(pty);
}

#[test]
fn a_pipe_is_read_while_keys_come_from_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    let forms = [
        r#"{"ts":"2026-01-31T12:00:00Z","level":"error","msg":"no connection","error":"timeout"}"#,
        "[2026-01-31 12:00:01 +0000] [7] [WARNING] worker is slow",
        "10.0.0.1 - - [31/Jan/2026:12:00:02 +0000] \"GET /x HTTP/1.1\" 502 12 \"-\" \"curl\"",
    ];
    append(&path, &(0..90_000).map(|n| format!("{} {n}\n", forms[n % 3])).collect::<String>());
    append(&path, &forms.join("\n"));
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("cat app.log | {} view -", env!("CARGO_BIN_EXE_flightdeck"))]);
    command.env("FLIGHTDECK_STATE_DIR", dir.path());
    command.cwd(dir.path());
    let mut pty = Pty::start(command, 120, 30);
    pty.wait_text("the input has ended");
    pty.wait_text("12:00:00.000 ERROR no connection: timeout");
    pty.wait_text("ERROR 10.0.0.1");
    pty.send("/worker");
    pty.wait_text("30001 pass");
    pty.send("\x1b");
    pty.wait("the prompt to close", |screen| !screen.contents().contains("filter:"));
    pty.send("/~slow 8\\d+$");
    pty.wait("the lines that match", |screen| screen.contents().contains("3702 pass"));
    pty.send("\r");
    pty.wait("the prompt to close", |screen| !screen.contents().contains("filter:"));
    // Back out of the filter, then of its term, then of the program.
    pty.send("qq");
    quit(pty);
}

#[test]
fn a_line_is_seen_among_its_neighbours_moved_saved_and_paged() {
    let dir = tempfile::tempdir().unwrap();
    let text = |n: usize| {
        let level = if n % 1000 == 500 { "error" } else { "info" };
        format!("2026-01-31T12:00:00Z [{level}] line {n} {} end of {n}\n", "word ".repeat(40))
    };
    append(&dir.path().join("app.log"), &(0..5000).map(text).collect::<String>());
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["view", "app.log"]);
    command.env("FLIGHTDECK_STATE_DIR", dir.path());
    command.env("PAGER", "sh -c 'trap \"echo interrupted\" INT; echo paged $(wc -l <\"$0\") lines; until read -r answer; do :; done; echo $answer >answer'");
    command.cwd(dir.path());
    let mut pty = Pty::start(command, 120, 30);
    pty.wait_text("line 4999");
    pty.send("/level:error");
    pty.wait_text("5 pass");
    pty.send("\r");
    pty.wait_text("space pause");
    pty.send("\x13");
    pty.wait_text("saved 5 lines in");
    let saved = std::fs::read_dir(dir.path().join("saved")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read_to_string(&saved).unwrap().lines().count(), 5);
    pty.send("|");
    pty.wait_text("paged 5 lines");
    // Ctrl-c is the pager's, which is told to go on.
    pty.send("\x03");
    // What is typed now is the pager's, all of it.
    pty.send("hello there q\r");
    pty.wait_text("5 pass");
    assert_eq!(std::fs::read_to_string(dir.path().join("answer")).unwrap(), "hello there q\n");
    assert_eq!(std::fs::read_dir(dir.path().join("saved")).unwrap().count(), 1, "what was paged is not kept");
    pty.send(" kx");
    pty.wait_text("among its neighbours");
    pty.wait_text("line 3500 ");
    pty.wait_text("line 3501 ");
    pty.send("x");
    pty.wait_text("5 pass");
    pty.send("x");
    pty.wait_text("line 3501 ");
    pty.send("\x1b");
    pty.wait_text("5 pass");
    assert!(!pty.screen().contents().contains("end of 3500"));
    for _ in 0..9 {
        pty.send("\x1b[C");
    }
    pty.wait_text("end of 3500");
    pty.send("qqq");
    quit(pty);
}

#[test]
fn several_files_are_merged_and_what_is_new_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let line = |file: &str, n: usize| format!("2026-01-31T12:{:02}:{:02}Z [info] {file} says {n}\n", n / 60, n % 60);
    append(&dir.path().join("web.log"), &(0..600).step_by(2).map(|n| line("web", n)).collect::<String>());
    append(&dir.path().join("api.log"), &(1..600).step_by(2).map(|n| line("api", n)).collect::<String>());
    append(&dir.path().join("api.log"), "2026-01-31T12:10:00Z [error] api broke\n  at once\n");
    let mut pty = view(dir.path(), &["web.log", "api.log"]);
    pty.wait_text("api says 599");
    pty.wait_text("web says 598");
    pty.wait_text("at once");
    pty.send("f");
    pty.wait("the trace to fold", |screen| !screen.contents().contains("at once"));
    pty.send("c");
    pty.wait_text("Patterns: 4");
    let row = |line: &str| line.contains(" 300 ") && line.contains("INFO");
    pty.wait("a pattern of 300 lines", |screen| screen.contents().lines().any(row));
    // What fails stands first.
    pty.send("j\r");
    pty.wait_text("300 pass");
    pty.send(">12:01\r");
    pty.wait_text("says 60");
    pty.send("h");
    pty.wait_text("Errors over time");
    pty.send("q");
    pty.wait("the chart to close", |screen| !screen.contents().contains("Errors over time"));
    pty.send("qq");
    quit(pty);
}

#[test]
fn a_command_is_read_on_both_of_its_outputs_and_ends_with_the_console() {
    let dir = tempfile::tempdir().unwrap();
    let script = "echo $$ >pid; echo one of out; echo one of err >&2; exec sleep 1000";
    let mut pty = view(dir.path(), &["--", "sh", "-c", script]);
    pty.wait_text("one of out");
    pty.wait_text("one of err");
    let pid: String = std::fs::read_to_string(dir.path().join("pid")).unwrap();
    let alive = || Path::new(&format!("/proc/{}", pid.trim())).exists();
    assert!(alive() || !Path::new("/proc").exists());
    quit(pty);
    assert!(!alive(), "nobody reads it any more");
    let mut pty = view(dir.path(), &["--", "sh", "-c", "echo once; exit 3"]);
    pty.wait_text("once");
    pty.wait_text("ended: exit status: 3");
    quit(pty);
}

/// Serves one answer in two parts, and gives its address.
fn served(head: &'static str, parts: [&'static str; 2]) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/log?token=s3cret", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut to, _) = listener.accept().unwrap();
        let mut asked = [0; 4096];
        let _ = std::io::Read::read(&mut to, &mut asked).unwrap();
        to.write_all(head.as_bytes()).unwrap();
        parts.iter().for_each(|part| to.write_all(part.as_bytes()).unwrap());
    });
    address
}

#[test]
fn an_address_is_read_as_it_comes_and_says_how_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n";
    let lines = ["{\"level\":\"info\",\"msg\":\"first of it\"}\n{\"level\":\"er", "ror\",\"msg\":\"second of it\"}\n"];
    let mut pty = view(dir.path(), &[&served(head, lines)]);
    pty.wait_text("first of it");
    pty.wait_text("second of it");
    pty.wait_text("the answer has ended");
    quit(pty);
    let refused = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    let mut pty = view(dir.path(), &[&served(refused, ["", ""])]);
    pty.wait_text("403 Forbidden");
    assert!(!pty.screen().contents().contains("s3cret"), "an address may hold a token");
    quit(pty);
}

#[test]
fn logs_of_ones_own_are_read_in_the_console_among_those_of_the_platforms() {
    let dir = tempfile::tempdir().unwrap();
    let config = "[[environments]]\nname = \"production\"\n\
        [[environments.logs]]\nname = \"worker\"\ncommand = [\"sh\", \"-c\", \"echo 2026-01-31T12:00:02Z of the command\"]\n\
        [[environments.logs]]\nname = \"nginx\"\nfile = \"access.log\"\n\
        [[environments.logs]]\nname = \"gone\"\ncommand = [\"/no/such/thing\"]\n";
    std::fs::write(dir.path().join("own.toml"), config).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["--config", "own.toml"]);
    command.env("FLIGHTDECK_STATE_DIR", dir.path());
    command.cwd(dir.path());
    let mut pty = Pty::start(command, 120, 30);
    pty.wait_text("of the command");
    // The file is not there yet.
    append(&dir.path().join("access.log"), "2026-01-31T12:00:01Z of the file\n  that goes on\n");
    pty.wait_text("of the file");
    pty.send("4");
    pty.wait_text("the file is there now");
    pty.send("s");
    pty.wait_text("/no/such/thing cannot be run");
    pty.wait_text("sh ended: exit status: 0");
    pty.send("sqq");
    assert_eq!(pty.wait_end().exit_code(), 0);
    pty.assert_clean();
}
