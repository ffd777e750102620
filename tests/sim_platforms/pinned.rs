//! The world that comes with the program: the same seed gives the same names, ids, texts and states, whatever becomes of the code
//! that reads it. Drills, screens and other people's scripts know it by heart.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{World, world};

/// What is asked, and the beginning of the digest of its answer.
const PINNED: &str = "\
84bfdda78c85 calm state commits
deb8c56ccd81 calm state environments
123eb098a720 calm state scenario
b61828bc4f88 calm state now
7ed3edde34d9 calm truth
e504cfda2d79 calm staging.BACKEND/health
09cc255de6d8 calm staging.FRONTEND/
02d27ad0bd6c calm production.BACKEND/health
24bd730360ae calm production.FRONTEND/
f7eb2cb42d25 calm maria-api machines
0e4c9d60e5dc calm maria-api secrets
65d235af1820 calm maria-api releases?limit=25
c63b25137f8c calm maria-api-staging machines
4755de8783da calm maria-api-staging secrets
38538d17fda9 calm maria-api-staging releases?limit=25
6f092295e2cd calm vercel /v7/deployments?projectId=maria-web&limit=100
0db52c61b30e calm vercel /v9/projects/maria-web
5fd9873cf197 calm vercel /v9/projects/maria-web/domains
0432b56e1201 calm vercel /v10/projects/maria-web/env
0907d56dd506 calm vercel /v9/projects/maria-web/custom-environments
41e4ccd5782e calm vercel /v4/aliases
d6b5716a0c8a calm github /actions/workflows
790500448b93 calm github /actions/runs?per_page=100
45895b633609 calm github /environments
decb48743126 calm github /deployments?per_page=100
84154ae531c7 calm github /actions/secrets
8818ee152fa6 calm github /environments/production/secrets
795b914a835b calm github /environments/staging/variables
d0d4ec310dbe calm github /environments/staging/secrets/public-key
45226ebfbb74 calm supabase hvowcyxvliqauivlecqm
f3bfc7fb8d44 calm supabase hvowcyxvliqauivlecqm/secrets
875bdb183588 calm supabase hvowcyxvliqauivlecqm/health?services=db
a96bded1347f calm supabase kzazpfmiglpdzrkfqspn
e1297caaaad5 calm supabase kzazpfmiglpdzrkfqspn/secrets
875bdb183588 calm supabase kzazpfmiglpdzrkfqspn/health?services=db
1d0c40cbace5 calm every line of every log
740314adad50 calm configuration
84bfdda78c85 bad-deploy state commits
f0a5011cbd7b bad-deploy state environments
808121b76739 bad-deploy state scenario
b61828bc4f88 bad-deploy state now
e5cb8935da3d bad-deploy truth
a627485a4692 bad-deploy maria-api machines
0e4c9d60e5dc bad-deploy maria-api secrets
656e2bd178a7 bad-deploy maria-api releases?limit=25
c63b25137f8c bad-deploy maria-api-staging machines
4755de8783da bad-deploy maria-api-staging secrets
38538d17fda9 bad-deploy maria-api-staging releases?limit=25
5e08d3215221 bad-deploy vercel /v7/deployments?projectId=maria-web&limit=100
3eb8e0a04b83 bad-deploy vercel /v9/projects/maria-web
5fd9873cf197 bad-deploy vercel /v9/projects/maria-web/domains
0432b56e1201 bad-deploy vercel /v10/projects/maria-web/env
0907d56dd506 bad-deploy vercel /v9/projects/maria-web/custom-environments
acd48c7d7bfe bad-deploy vercel /v4/aliases
d6b5716a0c8a bad-deploy github /actions/workflows
b9ff084370a0 bad-deploy github /actions/runs?per_page=100
45895b633609 bad-deploy github /environments
1fc6460d7186 bad-deploy github /deployments?per_page=100
84154ae531c7 bad-deploy github /actions/secrets
8818ee152fa6 bad-deploy github /environments/production/secrets
795b914a835b bad-deploy github /environments/staging/variables
d0d4ec310dbe bad-deploy github /environments/staging/secrets/public-key
45226ebfbb74 bad-deploy supabase hvowcyxvliqauivlecqm
f3bfc7fb8d44 bad-deploy supabase hvowcyxvliqauivlecqm/secrets
875bdb183588 bad-deploy supabase hvowcyxvliqauivlecqm/health?services=db
a96bded1347f bad-deploy supabase kzazpfmiglpdzrkfqspn
e1297caaaad5 bad-deploy supabase kzazpfmiglpdzrkfqspn/secrets
875bdb183588 bad-deploy supabase kzazpfmiglpdzrkfqspn/health?services=db
08bf3dc00534 bad-deploy every line of every log
740314adad50 bad-deploy configuration
";

/// The answers carry the ports of this run.
fn without_ports(world: &World, text: &str) -> String {
    let origins = world.sim.origins();
    let mut text = text.replace(world.sim.control(), "CONTROL");
    let all = [&origins.github, &origins.fly_machines, &origins.fly_api, &origins.vercel, &origins.supabase];
    for (name, origin) in ["GITHUB", "MACHINES", "FLY", "VERCEL", "SUPABASE"].into_iter().zip(all) {
        text = text.replace(origin.as_str(), name);
    }
    for (name, edge) in &origins.edge {
        text = text
            .replace(&edge.backend, &format!("{name}.BACKEND"))
            .replace(&edge.frontend, &format!("{name}.FRONTEND"));
    }
    text
}

fn line(all: &mut String, world: &World, name: &str, text: &str) {
    let digest = Sha256::digest(without_ports(world, text).as_bytes());
    let hex: String = digest.iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let _ = writeln!(all, "{hex} {name}");
}

#[tokio::test]
async fn the_world_that_comes_with_the_program_is_what_it_always_was() {
    let mut all = String::new();
    for scenario in ["calm", "bad-deploy"] {
        let world = world(scenario).await;
        world.advance(75.0).await;
        let (origins, fly) = (world.sim.origins().clone(), world.sim.shared().world().fly.token.clone());
        let get = async |url: String, token: &str| {
            world.http.get(url).bearer_auth(token).header("user-agent", "t").send().await.unwrap().text().await.unwrap()
        };
        let state: serde_json::Value =
            serde_json::from_str(&get(format!("{}/_sim/state", world.sim.control()), "").await).unwrap();
        for part in ["commits", "environments", "scenario", "now"] {
            line(&mut all, &world, &format!("{scenario} state {part}"), &state[part].to_string());
        }
        line(
            &mut all,
            &world,
            &format!("{scenario} truth"),
            &get(format!("{}/_sim/truth?seconds=90", world.sim.control()), "").await,
        );
        for env in ["staging", "production"] {
            let edge = &origins.edge[env];
            // The bad deploy is slow, and no time passes here.
            if scenario == "bad-deploy" {
                continue;
            }
            for url in [format!("{}/health", edge.backend), format!("{}/", edge.frontend)] {
                let text = get(url.clone(), "").await;
                line(&mut all, &world, &format!("{scenario} {}", without_ports(&world, &url)), &text);
            }
        }
        for app in ["maria-api", "maria-api-staging"] {
            for path in ["machines", "secrets"] {
                let text = get(format!("{}/v1/apps/{app}/{path}", origins.fly_machines), &fly).await;
                line(&mut all, &world, &format!("{scenario} {app} {path}"), &text);
            }
            let text = get(format!("{}/api/v1/apps/{app}/releases?limit=25", origins.fly_api), &fly).await;
            line(&mut all, &world, &format!("{scenario} {app} releases?limit=25"), &text);
        }
        for path in [
            "/v7/deployments?projectId=maria-web&limit=100",
            "/v9/projects/maria-web",
            "/v9/projects/maria-web/domains",
            "/v10/projects/maria-web/env",
            "/v9/projects/maria-web/custom-environments",
            "/v4/aliases",
        ] {
            line(&mut all, &world, &format!("{scenario} vercel {path}"), &world.vercel(path).await.to_string());
        }
        let repo = "/repos/acme/maria-ai-agent";
        for path in [
            "/actions/workflows",
            "/actions/runs?per_page=100",
            "/environments",
            "/deployments?per_page=100",
            "/actions/secrets",
            "/environments/production/secrets",
            "/environments/staging/variables",
            "/environments/staging/secrets/public-key",
        ] {
            let text = get(format!("{}{repo}{path}", origins.github), &world.github).await;
            line(&mut all, &world, &format!("{scenario} github {path}"), &text);
        }
        let held: Vec<String> =
            world.sim.shared().world().supabase.projects.iter().map(|one| one.reference.clone()).collect();
        for reference in held {
            for path in ["", "/secrets", "/health?services=db"] {
                let text = get(format!("{}/v1/projects/{reference}{path}", origins.supabase), &world.supabase).await;
                line(&mut all, &world, &format!("{scenario} supabase {reference}{path}"), &text);
            }
        }
        let logs = {
            let held = world.sim.shared().world();
            let apps = held.fly.apps.iter().map(|app| format!("{:?}", app.logs));
            let databases = held.supabase.projects.iter().map(|one| format!("{:?}", one.logs));
            apps.chain(databases).chain([format!("{:?}", held.vercel.logs)]).collect::<String>()
        };
        line(&mut all, &world, &format!("{scenario} every line of every log"), &logs);
        let config: Vec<String> = world
            .sim
            .config_toml()
            .lines()
            .filter(|line| !line.starts_with("promotes_to"))
            .map(str::to_owned)
            .collect();
        line(&mut all, &world, &format!("{scenario} configuration"), &config.join("\n"));
    }
    assert_eq!(all, PINNED);
}
