//! Runs a command that prints a token.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use secrecy::SecretString;

use super::LONGEST;

/// Longest wait: a keyring may ask its owner first.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a command that prints a token. One that hangs is ended: nobody sees its question, and the console must open.
pub(super) fn run(command: &[String], patience: Duration) -> Result<SecretString, String> {
    let (program, arguments) = command.split_first().ok_or("token_command is empty")?;
    let shown = program.escape_debug();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{shown} cannot be run: {error}"))?;
    let (done, finished) = mpsc::sync_channel(1);
    let output = child.stdout.take();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(LONGEST).read_to_end(&mut bytes));
        // Nobody listens any more when patience has ended.
        let _ = done.send(read.is_some_and(|read| read.is_ok()).then_some(bytes));
    });
    let bytes = finished.recv_timeout(patience).ok().flatten();
    let Some(bytes) = bytes else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{shown} gave no answer in {} s", patience.as_secs()));
    };
    let status = leave(&mut child, patience).ok_or_else(|| format!("{shown} did not end"))?;
    let token = String::from_utf8(bytes).unwrap_or_default().trim().to_owned();
    if !status.success() || token.is_empty() {
        return Err(format!("{shown} gave no token ({status})"));
    }
    Ok(SecretString::from(token))
}

/// Waits for a child that has closed its output; ends it when it stays.
fn leave(child: &mut std::process::Child, patience: Duration) -> Option<std::process::ExitStatus> {
    // A channel that nobody writes to: a pause that is bounded by its own time-out.
    let (_open, pause) = mpsc::sync_channel::<()>(1);
    let step = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    while waited < patience {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        let _ = pause.recv_timeout(step);
        waited += step;
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(all(test, unix))]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_command_gives_its_first_words_as_token() {
        assert_eq!(run(&shell("echo '  abc  '"), PATIENCE).unwrap().expose_secret(), "abc");
        assert!(run(&shell("echo abc; exit 3"), PATIENCE).unwrap_err().contains("gave no token"));
        assert!(run(&shell("true"), PATIENCE).unwrap_err().contains("gave no token"));
        assert!(run(&["/no/such/program".to_owned()], PATIENCE).unwrap_err().contains("cannot be run"));
        assert_eq!(run(&[], PATIENCE).unwrap_err(), "token_command is empty");
    }

    #[test]
    fn a_command_that_hangs_does_not_hold_the_console() {
        let short = Duration::from_millis(50);
        assert!(run(&shell("exec sleep 600"), short).unwrap_err().contains("gave no answer"));
        assert!(run(&shell("echo abc; exec sleep 600 >&-"), short).unwrap_err().contains("did not end"));
    }

    #[test]
    fn a_command_that_never_stops_talking_is_cut_short() {
        assert!(run(&shell("exec yes"), PATIENCE).is_err());
    }
}
