//! The configuration that points the console at a simulator.

use std::fmt::Write as _;

use super::product::{Env, Environment, Probes, Secret};
use super::world::World;
use super::{EdgeOrigins, Origins};

/// All of it, tokens included.
#[must_use]
pub fn toml(world: &World, origins: &Origins) -> String {
    let mut text = format!(
        r#"# Written by `flightdeck sim`: everything points at a simulator on this machine.
project = "{project}"
"#,
        project = world.product.name,
    );
    if world.product.platforms {
        platforms(&mut text, world, origins);
    }
    let product = &world.product;
    let (production, others): (Vec<_>, Vec<_>) =
        product.environments().partition(|(env, _)| product.is_production(*env));
    for (env, one) in production.into_iter().chain(others) {
        if let Some(edge) = origins.edge.get(&one.name) {
            environment(&mut text, world, (env, one), edge);
        }
    }
    let required = |list: &[Secret]| {
        let names = list.iter().filter(|one| one.required).map(|one| format!("\"{}\"", one.key));
        names.collect::<Vec<_>>().join(", ")
    };
    let (backend, frontend) = (required(&product.secrets.backend), required(&product.secrets.frontend));
    if !(backend.is_empty() && frontend.is_empty()) {
        let _ = write!(text, "\n[secrets]\nrequired = {{ backend = [{backend}], frontend = [{frontend}] }}\n");
    }
    text
}

fn platforms(text: &mut String, world: &World, origins: &Origins) {
    let _ = write!(
        text,
        r#"repository = "{owner}/{repo}"

[platforms.github]
base = "{github}"
token = "{github_token}"

[platforms.fly]
machines = "{machines}"
api = "{api}"
token = "FlyV1 {fly_token}"

[platforms.vercel]
base = "{vercel}"
token = "{vercel_token}"
team = "{team}"

[platforms.supabase]
base = "{supabase}"
token = "{supabase_token}"
"#,
        owner = world.github.owner,
        repo = world.github.repo,
        github = origins.github,
        github_token = world.github.token,
        machines = origins.fly_machines,
        api = origins.fly_api,
        fly_token = world.fly.token,
        vercel = origins.vercel,
        vercel_token = world.vercel.token,
        team = world.vercel.team_id,
        supabase = origins.supabase,
        supabase_token = world.supabase.token,
    );
}

/// Everything of one environment.
fn environment(text: &mut String, world: &World, (env, one): (Env, &Environment), edge: &EdgeOrigins) {
    let (name, tier) = (&one.name, one.tier.word());
    let _ = write!(text, "\n[[environments]]\nname = \"{name}\"\ntier = \"{tier}\"\naccess = \"write\"\n");
    if let Some(to) = one.promotes_to {
        let _ = writeln!(text, "promotes_to = \"{}\"", world.product.name(to));
    }
    if world.product.platforms {
        let _ = writeln!(text, "workflow = {{ file = \"deploy-{name}.yml\", ref = \"main\", input = \"sha\" }}");
    }
    services(text, world, (env, one), edge);
    probes(text, world, one, edge);
}

fn services(text: &mut String, world: &World, (env, one): (Env, &Environment), edge: &EdgeOrigins) {
    if let Some(own) = &one.backend {
        let (app, url) = (&own.app, &edge.backend);
        let _ = write!(
            text,
            r#"
[[environments.services]]
name = "backend"
platform = "fly"
resource = "{app}"
url = "{url}"
"#
        );
        // What is observed is asked like a probe; of a fleet, each environment has one thing that is asked.
        if !one.fleet {
            let _ = writeln!(text, "observe = {{ url = \"{url}/version\", json = \"/commit\" }}");
        }
    }
    if one.frontend.is_some() {
        let (project, url) = (&world.vercel.project.name, &edge.frontend);
        let _ = write!(
            text,
            r#"
[[environments.services]]
name = "frontend"
platform = "vercel"
resource = "{project}"
url = "{url}"
observe = {{ url = "{url}/", header = "x-release" }}
"#
        );
    }
    if let Some(project) = world.supabase.env(env) {
        let _ = write!(
            text,
            r#"
[[environments.services]]
name = "database"
platform = "supabase"
resource = "{}"
"#,
            project.reference
        );
    }
}

fn probes(text: &mut String, world: &World, one: &Environment, edge: &EdgeOrigins) {
    let Probes { backend: often, frontend: page, through } = one.probes;
    let (backend, frontend) = (&edge.backend, &edge.frontend);
    if one.backend.is_some() && often > 0 {
        let _ = write!(
            text,
            r#"
[[environments.probes]]
name = "backend /health"
url = "{backend}/health"
interval = "{often}s"
max_latency = "1s"
json = {{ pointer = "/status", equals = "ok" }}
"#
        );
    }
    if one.frontend.is_some() && page > 0 {
        let title = world.product.page.split(',').next().unwrap_or_default();
        let _ = write!(
            text,
            r#"
[[environments.probes]]
name = "frontend /"
url = "{frontend}/"
interval = "{page}s"
max_latency = "2s"
contains = "{title}"
"#
        );
    }
    if one.backend.is_some() && one.frontend.is_some() && through > 0 {
        let _ = write!(
            text,
            r#"
[[environments.probes]]
name = "frontend → api"
url = "{backend}/health"
interval = "{through}s"
status = [200, 503]
cors_origin = "{frontend}"
"#
        );
    }
}
