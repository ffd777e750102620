//! The thin binary: parse, run, and turn an error into words and an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use flightdeck::cli;

fn main() -> ExitCode {
    // Without it a panic still says what happened; with it, in colours and with where.
    let _ = color_eyre::install();
    let args = match cli::Args::try_parse() {
        Ok(args) => args,
        // What was typed is repeated in errors, and who wrote the script may have taken it from anywhere.
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            let _ = write!(std::io::stderr(), "{}", flightdeck::sanitize::printable(&text));
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        Err(help) => help.exit(),
    };
    let json = args.json;
    match cli::run(args) {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => {
            if json {
                cli::tell(&error);
            }
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(error.code as u8)
        }
    }
}
