//! The console on a simulated product, in one process. The console talks HTTP to it as to any platform.

use std::net::{Ipv4Addr, SocketAddr};

use super::SimArgs;
use super::scratch::Scratch;
use crate::clock::SystemClock;
use crate::config::load::{self, Flags};
use crate::error::{ExitCode, UserError};
use crate::sim;

pub(super) async fn run(world: SimArgs, flags: Flags, linear: bool) -> Result<ExitCode, UserError> {
    if !linear {
        super::terminal::full_screen(&super::variable)?;
    }
    let clock = SystemClock::shared();
    let (product, options) = world.world(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let simulator = sim::start_world(product, options, clock.clone()).await?;
    let mut settings = load::parse(&simulator.config_toml(), None, &flags, &super::variable)?;
    // It looks as one's own console does.
    load::dress(&mut settings, &flags, &super::variable);
    // What is done to a simulated product must not stand in the journal of a real one, nor what was done to another simulated one in that of this:
    // each run has a world of its own. In a folder that a person named they find it again.
    let own = settings.state_dir.join("demo");
    let named = super::variable("FLIGHTDECK_STATE_DIR").is_some_and(|folder| !folder.is_empty());
    let scratch = if named { None } else { Some(Scratch::new("demo")?) };
    match &scratch {
        Some(scratch) => settings.keep_while_running(scratch.path().to_owned(), own.clone()),
        None => settings.keep_in(own.clone()),
    }
    let _log = crate::telemetry::start(&own);
    let code = match linear {
        true => crate::runtime::linear(settings, clock).await,
        false => crate::runtime::run(settings, clock, None).await,
    };
    simulator.stop().await;
    code
}
