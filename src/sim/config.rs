//! The configuration that points the console at a simulator.

use std::fmt::Write as _;

use super::world::{Env, World};
use super::{EdgeOrigins, Origins};

/// All of it, tokens included.
#[must_use]
pub fn toml(world: &World, origins: &Origins) -> String {
    let mut text = format!(
        r#"# Written by `flightdeck sim`: everything points at a simulator on this machine.
project = "maria-ai-agent"
repository = "{owner}/{repo}"

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
    for env in [Env::Production, Env::Staging] {
        if let Some(edge) = origins.edge.get(env.name()) {
            environment(&mut text, world, env, edge);
        }
    }
    text.push_str(
        r#"
[secrets]
required = { backend = ["DATABASE_URL", "SECRET_KEY", "OPENAI_API_KEY", "SENTRY_DSN"], frontend = ["NEXT_PUBLIC_API_URL", "NEXT_PUBLIC_SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_ANON_KEY", "SESSION_SECRET"] }
"#,
    );
    text
}

fn environment(text: &mut String, world: &World, env: Env, edge: &EdgeOrigins) {
    let app = world.fly.env(env).map(|app| app.name.as_str()).unwrap_or_default();
    let reference = world.supabase.env(env).map(|project| project.reference.as_str()).unwrap_or_default();
    let _ = write!(
        text,
        r#"
[[environments]]
name = "{name}"
tier = "{name}"
access = "write"
workflow = {{ file = "deploy-{name}.yml", ref = "main", input = "sha" }}

[[environments.services]]
name = "backend"
platform = "fly"
resource = "{app}"
url = "{backend}"
observe = {{ url = "{backend}/version", json = "/commit" }}

[[environments.services]]
name = "frontend"
platform = "vercel"
resource = "{project}"
url = "{frontend}"
observe = {{ url = "{frontend}/", header = "x-release" }}

[[environments.services]]
name = "database"
platform = "supabase"
resource = "{reference}"

[[environments.probes]]
name = "backend /health"
url = "{backend}/health"
interval = "2s"
max_latency = "1s"
json = {{ pointer = "/status", equals = "ok" }}

[[environments.probes]]
name = "frontend /"
url = "{frontend}/"
interval = "2s"
max_latency = "2s"
contains = "Maria"

[[environments.probes]]
name = "frontend → api"
url = "{backend}/health"
interval = "5s"
status = [200, 503]
cors_origin = "{frontend}"
"#,
        name = env.name(),
        backend = edge.backend,
        frontend = edge.frontend,
        project = world.vercel.project.name,
    );
}
