//! The thin binary: parse, run, and turn an error into words and an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use flightdeck::cli;

fn main() -> ExitCode {
    // Without it a panic still says what happened; with it, in colours and with where.
    let _ = color_eyre::install();
    match cli::run(cli::Args::parse()) {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(error.code as u8)
        }
    }
}
