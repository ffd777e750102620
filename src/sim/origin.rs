//! The origins of a simulator in the order of their ports: the control, the platforms, then the edge of each environment.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use super::product::{Env, Product};
use super::shared::Shared;
use super::{EdgeOrigins, Origins, control, edge, faults, fly, github, supabase, vercel};
use crate::error::{ExitCode, UserError};

/// What an origin serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serves {
    Control,
    Github,
    FlyMachines,
    FlyApi,
    Vercel,
    Supabase,
    Backend(Env),
    Frontend(Env),
    /// The backends of a fleet, each under its environment's name.
    Fleet,
}

/// An origin.
pub(super) struct Origin {
    /// What faults and counts call it.
    name: Arc<str>,
    serves: Serves,
}

/// Every origin of a product's world.
pub(super) fn order(product: &Product) -> Vec<Origin> {
    let new = |name: &str, serves| Origin { name: name.into(), serves };
    let mut all = vec![
        new("control", Serves::Control),
        new("github", Serves::Github),
        new("fly_machines", Serves::FlyMachines),
        new("fly_api", Serves::FlyApi),
        new("vercel", Serves::Vercel),
        new("supabase", Serves::Supabase),
    ];
    for (env, one) in product.environments().filter(|(_, one)| !one.fleet) {
        if one.backend.is_some() {
            all.push(new(&format!("edge.{}.backend", one.name), Serves::Backend(env)));
        }
        if one.frontend.is_some() {
            all.push(new(&format!("edge.{}.frontend", one.name), Serves::Frontend(env)));
        }
    }
    if product.environments().any(|(_, one)| one.fleet) {
        all.push(new("edge.fleet", Serves::Fleet));
    }
    all
}

/// Where they listen, and the control's address.
pub(super) fn addresses(
    product: &Product,
    order: &[Origin],
    listeners: &[TcpListener],
) -> Result<(Origins, String), UserError> {
    let mut all = Vec::with_capacity(listeners.len());
    for (origin, listener) in order.iter().zip(listeners) {
        let address = listener.local_addr();
        let address =
            address.map_err(|error| UserError::new(ExitCode::Failed, format!("no address for a listener: {error}")))?;
        all.push((origin.serves, format!("http://{address}")));
    }
    let at = |serves: Serves| -> String {
        all.iter().find(|(one, _)| *one == serves).map(|(_, address)| address.clone()).unwrap_or_default()
    };
    let fleet = at(Serves::Fleet);
    let edge = product.environments().map(|(env, one)| {
        let backend = if one.fleet { format!("{fleet}/{}", one.name) } else { at(Serves::Backend(env)) };
        let frontend = if one.fleet { String::new() } else { at(Serves::Frontend(env)) };
        (one.name.clone(), EdgeOrigins { backend, frontend })
    });
    let origins = Origins {
        github: at(Serves::Github),
        fly_machines: at(Serves::FlyMachines),
        fly_api: at(Serves::FlyApi),
        vercel: at(Serves::Vercel),
        supabase: at(Serves::Supabase),
        edge: edge.collect(),
    };
    Ok((origins, at(Serves::Control)))
}

impl Origin {
    /// It is a part of the product, which any page may ask.
    pub fn public(&self) -> bool {
        matches!(self.serves, Serves::Backend(_) | Serves::Frontend(_) | Serves::Fleet)
    }

    /// Its routes, with the faults before them.
    pub fn router(&self, shared: &Shared) -> Router {
        let router = match self.serves {
            Serves::Control => return control::router(shared.clone()).merge(github::storage(shared.clone())),
            Serves::Github => github::router(shared.clone()),
            Serves::FlyMachines => fly::machines::router(shared.clone()),
            Serves::FlyApi => fly::api::router(shared.clone()),
            Serves::Vercel => vercel::router(shared.clone()),
            Serves::Supabase => supabase::router(shared.clone()),
            Serves::Backend(env) => edge::backend(shared.clone(), env),
            Serves::Frontend(env) => edge::frontend(shared.clone(), env),
            Serves::Fleet => edge::fleet(shared.clone()),
        };
        faults::layer(router, shared, &self.name)
    }
}
