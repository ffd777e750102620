//! The simulator: the platforms' HTTP APIs on loopback, each at an origin of its own, over one seeded world
//! (docs/adr/0005-the-simulator-is-a-separate-world.md). It shares no code with the clients, so that neither can hide the other's
//! mistakes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::clock::SharedClock;
use crate::error::{ExitCode, UserError};

mod config;
mod control;
mod door;
mod dress;
mod edge;
pub mod faults;
pub(super) mod fly;
pub(super) mod github;
mod origin;
pub mod product;
pub mod shared;
mod stream;
pub(super) mod supabase;
pub mod tasks;
pub(super) mod vercel;
mod wire;
pub mod world;

use product::Product;
use shared::Shared;
use tasks::Tasks;

/// How a simulator is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The first origin's address; the others take the ports after it, port 0 picks free ones.
    pub listen: SocketAddr,
    /// A name of [`scenario_names`].
    pub scenario: String,
    /// Where all ids come from.
    pub seed: u64,
    /// Simulator seconds per second.
    pub speed: f64,
}

/// The base URLs of the simulated product's edge in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EdgeOrigins {
    /// `/health`, `/version`; empty where the environment has no backend.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub backend: String,
    /// `/`; empty where the environment has no frontend.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub frontend: String,
}

/// Where everything listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origins {
    /// GitHub's REST API.
    pub github: String,
    /// Fly's Machines API.
    pub fly_machines: String,
    /// Fly's web API: GraphQL, logs, releases.
    pub fly_api: String,
    /// Vercel's REST API.
    pub vercel: String,
    /// Supabase's management API.
    pub supabase: String,
    /// The product's edge by environment.
    pub edge: BTreeMap<String, EdgeOrigins>,
}

/// A running simulator.
pub struct Sim {
    shared: Shared,
    tasks: Tasks,
    origins: Origins,
    control: String,
}

/// The scenarios that are built in.
#[must_use]
pub fn scenario_names() -> &'static [&'static str] {
    &world::scenarios::NAMES
}

/// Whether a deployment of the world's frontend is one that production could go back to.
#[must_use]
pub fn is_candidate(world: &world::World, one: &world::vercel::VercelDeployment) -> bool {
    vercel::json::candidate(world, one)
}

/// Builds the world of the product that comes with the program, binds every origin and serves until [`Sim::stop`].
///
/// # Errors
///
/// As [`start_world`].
pub async fn start(options: Options, clock: SharedClock) -> Result<Sim, UserError> {
    start_world(Product::usual()?, options, clock).await
}

/// Builds the world of a product, binds every origin and serves until [`Sim::stop`].
///
/// # Errors
///
/// A scenario that is unknown or not one for this product, a speed that is no positive number, an address that cannot be bound.
pub async fn start_world(product: Product, options: Options, clock: SharedClock) -> Result<Sim, UserError> {
    if !(options.speed.is_finite() && options.speed > 0.0) {
        return Err(UserError::new(ExitCode::Usage, "the speed must be a positive number"));
    }
    let product = Arc::new(product);
    let world = world::seed::world_of(Arc::clone(&product), options.seed, clock.now(), &options.scenario)
        .map_err(|text| UserError::new(ExitCode::Usage, text))?;
    let tasks = Tasks::default();
    let shared = Shared::new(world, clock, options.speed, tasks.clone());
    let order = origin::order(&product);
    let mut listeners = Vec::with_capacity(order.len());
    for n in 0..order.len() {
        listeners.push(bind(options.listen, n, order.len()).await?);
    }
    let (origins, control) = origin::addresses(&product, &order, &listeners)?;
    shared.set_origins(origins.clone(), control.clone());
    for (one, listener) in order.into_iter().zip(listeners) {
        let door = door::Door { exposed: !options.listen.ip().is_loopback(), public: one.public() };
        serve(&tasks, listener, door::layer(one.router(&shared), door));
    }
    Ok(Sim { shared, tasks, origins, control })
}

async fn bind(first: SocketAddr, n: usize, all: usize) -> Result<TcpListener, UserError> {
    let mut address = first;
    if first.port() != 0 {
        let port = u16::try_from(n).ok().and_then(|n| first.port().checked_add(n));
        let port =
            port.ok_or_else(|| UserError::new(ExitCode::Usage, format!("there are no {all} ports from {first} on")))?;
        address.set_port(port);
    }
    TcpListener::bind(address).await.map_err(|error| {
        UserError::new(ExitCode::Usage, format!("cannot listen on {address}: {error}"))
            .hint("use another --listen, or port 0 to pick free ones")
    })
}

fn serve(tasks: &Tasks, listener: TcpListener, router: Router) {
    let cancel = tasks.token();
    tasks.start(async move {
        // The only error of `serve` is one of the listener, and then this origin is gone: clients see it.
        let service = router.into_make_service_with_connect_info::<wire::Cut>();
        let _ = axum::serve(wire::Wires(listener), service).with_graceful_shutdown(cancel.cancelled_owned()).await;
    });
}

impl Sim {
    /// Where everything listens.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The base URL of the control routes.
    #[must_use]
    pub fn control(&self) -> &str {
        &self.control
    }

    /// A complete configuration of the console that points at this simulator, tokens included.
    #[must_use]
    pub fn config_toml(&self) -> String {
        config::toml(&self.shared.world(), &self.origins)
    }

    /// What the command prints when it is ready.
    #[must_use]
    pub fn ready_line(&self, config: Option<&Path>) -> serde_json::Value {
        json!({
            "schema": "flightdeck/sim",
            "version": 1,
            "config": config.map(|path| path.display().to_string()),
            "control": self.control,
            "origins": self.origins,
        })
    }

    /// The ground truth of this moment: what `GET /_sim/state` answers.
    #[must_use]
    pub fn truth(&self) -> serde_json::Value {
        control::truth(&self.shared)
    }

    /// What the routes hold, for tests that look at the world directly.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Ends every task.
    pub async fn stop(self) {
        self.tasks.stop().await;
    }
}
