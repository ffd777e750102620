//! `flightdeck snapshot`: the console drawn without a terminal, for a document or a report. The real loop runs on a surface in
//! memory until the wanted text is on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::watch;

use super::scratch::Scratch;
use super::{Output, SimArgs, variable};
use crate::clock::SystemClock;
use crate::config::Colours;
use crate::config::load::{self, Flags};
use crate::error::{ExitCode, UserError};
use crate::runtime::Console;
use crate::runtime::surface::MemorySurface;
use crate::sim;
use crate::ui::picture::{ansi, html, svg};

/// What was typed.
#[derive(Debug, Clone, clap::Args)]
pub struct SnapshotArgs {
    /// Draw the simulated product instead of the configured one.
    #[arg(long)]
    pub demo: bool,
    #[command(flatten)]
    pub world: SimArgs,
    /// Columns and rows.
    #[arg(long, default_value = "120x30", value_parser = size)]
    pub size: (u16, u16),
    /// Draw when this text is on the screen.
    #[arg(long, value_name = "TEXT")]
    pub until: Option<String>,
    /// Without --until: draw after so many seconds.
    #[arg(long, default_value_t = 3)]
    pub after: u64,
    /// Write here: .svg and .html give a picture, .ansi text with its colours, any other name plain text.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let wrong = || "a size is COLUMNSxROWS, such as 120x30".to_owned();
    let (columns, rows) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u16>().ok().filter(|n| (1..=500).contains(n)).ok_or_else(wrong);
    Ok((number(columns)?, number(rows)?))
}

pub(super) async fn run(args: SnapshotArgs, flags: Flags, output: Output) -> Result<ExitCode, UserError> {
    let clock = SystemClock::shared();
    let state = Scratch::new("snapshot")?;
    let world = if args.demo {
        let listen = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        let (product, options) = args.world.clone().world(listen)?;
        Some(sim::start_world(product, options, clock.clone()).await?)
    } else {
        None
    };
    let mut settings = match &world {
        Some(world) => load::parse(&world.config_toml(), None, &flags, &variable)?,
        None => load::load(&flags, &variable)?,
    };
    // Nobody is there to be asked.
    if let Some(file) = settings.project_file.take().filter(|file| file.withheld()) {
        super::complain(&format!("warning: {}", file.words()));
    }
    // A picture shows no journal of somebody's own, and leaves nothing behind.
    settings.state_dir = state.path().to_owned();
    // It is shown where there are all colours, whatever this terminal has.
    settings.ui.colours = Colours::True;
    let (seen_in, seen) = watch::channel(false);
    let wanted = args.until.clone();
    let mut surface = MemorySurface::new(args.size.0, args.size.1, move |frame| {
        if wanted.as_deref().is_some_and(|wanted| frame.contains(wanted)) {
            let _ = seen_in.send(true);
        }
    });
    let limit = output.timeout.unwrap_or(Duration::from_secs(60));
    let wait = wait(seen, args.until.is_some(), Duration::from_secs(args.after), limit);
    let mut console = Console::new(Arc::new(settings), clock);
    let code = console.run(&mut surface, stream::pending().boxed(), stream::once(wait).boxed()).await;
    if let Some(world) = world {
        world.stop().await;
    }
    drop(state);
    let ending = args.output.as_ref().and_then(|path| path.extension()).and_then(|ending| ending.to_str());
    let text = match ending {
        Some("svg") => svg::render(surface.buffer()),
        Some("html") => html::render(surface.buffer()),
        Some("ansi") => ansi::render(surface.buffer()),
        _ => surface.text(),
    };
    match &args.output {
        Some(path) => std::fs::write(path, text).map_err(|error| {
            UserError::new(ExitCode::Usage, format!("{} cannot be written: {error}", path.display()))
        })?,
        None => drop(super::print(&text)?),
    }
    code
}

/// Ends when the text was seen or the wanted time has passed, or when the limit is reached.
async fn wait(mut seen: watch::Receiver<bool>, until: bool, after: Duration, limit: Duration) -> ExitCode {
    if !until {
        tokio::time::sleep(after.min(limit)).await;
        return if after > limit { ExitCode::Timeout } else { ExitCode::Done };
    }
    let found = tokio::time::timeout(limit, seen.wait_for(|seen| *seen)).await;
    if found.is_ok() { ExitCode::Done } else { ExitCode::Timeout }
}
