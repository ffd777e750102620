//! The simulator by itself, until a signal ends it.

use std::net::SocketAddr;
use std::path::Path;

use super::SimArgs;
use super::signals::Signals;
use crate::clock::SystemClock;
use crate::error::{ExitCode, UserError};
use crate::sim;

pub(super) async fn run(
    listen: SocketAddr,
    beyond: bool,
    config: Option<&Path>,
    world: SimArgs,
) -> Result<ExitCode, UserError> {
    if !listen.ip().is_loopback() && !beyond {
        let what = format!("{listen} is not on loopback: whoever reaches it could steer the simulator");
        return Err(UserError::new(ExitCode::Usage, what)
            .now("nothing was started")
            .hint("listen on 127.0.0.1, or add --listen-beyond-loopback if that is meant"));
    }
    let (product, options) = world.world(listen)?;
    let simulator = sim::start_world(product, options, SystemClock::shared()).await?;
    if let Some(path) = config {
        write_private(path, &simulator.config_toml()).map_err(|error| {
            UserError::new(ExitCode::Usage, format!("{} cannot be written: {error}", path.display()))
                .now("the simulator was stopped")
        })?;
    }
    super::print(&format!("{}\n", simulator.ready_line(config)))?;
    // Being told to end is how it ends well.
    signalled().await?;
    simulator.stop().await;
    Ok(ExitCode::Done)
}

/// The file holds tokens: only its owner may read it, from the first byte on.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        options.mode(0o600);
        if path.exists() {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// Waits for a signal that ends us; the exit code that it stands for.
pub(super) async fn signalled() -> Result<ExitCode, UserError> {
    Ok(Signals::listen()?.next().await.code)
}
