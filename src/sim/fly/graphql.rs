//! The GraphQL fields of Fly that a release console reads or writes (docs/platforms/fly.md section 5).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::query::{Field, parse, project};
use crate::sim::world::World;
use crate::sim::world::fly::{FlyApp, FlyRelease, Image};
use crate::sim::world::ids;

#[derive(Deserialize)]
struct Request {
    query: String,
    #[serde(default)]
    variables: Value,
}

/// Answers a request body.
pub fn answer(world: &mut World, body: &str) -> Value {
    let fields = serde_json::from_str::<Request>(body)
        .map_err(|error| error.to_string())
        .and_then(|request| parse(&request.query, &request.variables));
    let result = fields.and_then(|fields| {
        let mut data = Map::new();
        for field in &fields {
            data.insert(field.alias.clone(), root(world, field)?);
        }
        Ok(data)
    });
    match result {
        Ok(data) => json!({"data": data}),
        Err(message) => json!({"data": null, "errors": [{"message": message}]}),
    }
}

fn root(world: &mut World, field: &Field) -> Result<Value, String> {
    match field.name.as_str() {
        "app" => {
            let app = field.text("name").and_then(|name| world.fly.app(name));
            app.ok_or("Could not find App".to_owned()).and_then(|app| app_fields(world, app, &field.fields))
        }
        "viewer" => {
            project(&json!({"id": "u1", "email": email(world), "name": world.github.login}), &field.fields, "User")
        }
        "canPerformBluegreenDeployment" => Ok(json!(true)),
        "createRelease" => create(world, field),
        "updateRelease" => update(world, field),
        other => Err(format!("Field '{other}' doesn't exist on type 'Queries'")),
    }
}

fn email(world: &World) -> String {
    format!("{}@acme.dev", world.github.login)
}

fn app_fields(world: &World, app: &FlyApp, fields: &[Field]) -> Result<Value, String> {
    let mut out = Map::new();
    for field in fields {
        let value = match field.name.as_str() {
            "releasesUnprocessed" | "releases" => {
                let first = usize::try_from(field.number("first").unwrap_or(25)).unwrap_or(25);
                let nodes: Vec<Value> =
                    app.listed(world.now).rev().take(first).map(|one| release(world, one)).collect();
                json!({"nodes": nodes, "totalCount": app.listed(world.now).count()})
            }
            "currentRelease" | "currentReleaseUnprocessed" => {
                app.listed(world.now).next_back().map_or(Value::Null, |one| release(world, one))
            }
            "release" => {
                let version = field.number("version");
                let found = app.releases.iter().find(|one| {
                    version.map_or_else(|| field.text("id") == Some(one.id.as_str()), |version| one.version == version)
                });
                found.map_or(Value::Null, |one| release(world, one))
            }
            // Null = the registry no longer has it.
            "image" => {
                field.text("ref").and_then(|asked| world.fly.image(asked)).map_or(Value::Null, |one| image(world, one))
            }
            _ => {
                let found = simple(world, app);
                let found = found.get(&field.name).cloned();
                found.ok_or_else(|| format!("Field '{}' doesn't exist on type 'App'", field.name))?
            }
        };
        out.insert(field.alias.clone(), project(&value, &field.fields, &field.name)?);
    }
    Ok(Value::Object(out))
}

fn simple(world: &World, app: &FlyApp) -> Value {
    let secrets: Vec<Value> = app
        .secrets
        .iter()
        .map(|one| json!({"id": one.name, "name": one.name, "digest": one.digest, "createdAt": one.created_at}))
        .collect();
    json!({
        "id": app.id,
        "name": app.name,
        "appUrl": format!("https://{}.fly.dev", app.name),
        "hostname": format!("{}.fly.dev", app.name),
        "status": "deployed",
        "state": "DEPLOYED",
        "deployed": true,
        "platformVersion": "machines",
        "version": app.release().map_or(0, |one| one.version),
        "organization": {"id": "o1", "name": "Acme", "slug": world.fly.org},
        "secrets": secrets,
        "currentLock": null,
    })
}

fn release(world: &World, one: &FlyRelease) -> Value {
    let name = one.user.split('@').next().unwrap_or_default();
    json!({
        "id": one.id,
        "version": one.version,
        "stable": one.status == "complete",
        "inProgress": matches!(one.status.as_str(), "pending" | "running"),
        "status": one.status,
        "reason": "deploy",
        "description": one.description,
        "deploymentStrategy": one.strategy,
        "configDefinition": one.definition,
        "revertedTo": null,
        "metadata": one.metadata,
        "image": world.fly.image(&one.image_ref).map(|found| image(world, found)),
        "imageRef": one.image_ref,
        "user": {"id": name, "email": one.user, "name": name},
        "createdAt": one.created_at,
        "updatedAt": one.created_at,
    })
}

fn image(world: &World, one: &Image) -> Value {
    json!({
        "id": ids::base62(world.seed, &one.digest, 0, 14),
        "digest": one.digest,
        "ref": one.reference,
        "compressedSize": 184_000_000,
        "compressedSizeFull": "184000000",
        "manifest": {
            "digest": one.digest,
            "annotations": {"org.opencontainers.image.revision": world.sha(one.commit)},
        },
    })
}

fn create(world: &mut World, field: &Field) -> Result<Value, String> {
    let input = field.args.get("input").cloned().unwrap_or_default();
    let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (seed, now, user) = (world.seed, world.now, email(world));
    let asked = text("appId");
    let app = world.fly.apps.iter_mut().find(|app| app.name == asked || app.id == asked).ok_or("Could not find App")?;
    let strategy = text("strategy").to_uppercase();
    let row =
        app.add_release(seed, &text("image"), if strategy.is_empty() { "ROLLING" } else { &strategy }, &user, now);
    let name = app.name.clone();
    let app = world.fly.app(&name).ok_or("Could not find App")?;
    let made = app.releases.get(row).map(|one| release(world, one));
    project(&json!({"release": made}), &field.fields, "CreateReleasePayload")
}

fn update(world: &mut World, field: &Field) -> Result<Value, String> {
    let input = field.args.get("input").cloned().unwrap_or_default();
    let id = input.get("releaseId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = input.get("status").and_then(Value::as_str);
    let mut rows = world.fly.apps.iter_mut().flat_map(|app| &mut app.releases);
    let row = rows.find(|one| one.id == id).ok_or("Could not find Release")?;
    if let Some(status) = status {
        status.clone_into(&mut row.status);
    }
    let app = world.fly.apps.iter().find(|app| app.releases.iter().any(|one| one.id == id));
    let app = app.ok_or("Could not find App")?;
    let row = app.releases.iter().find(|one| one.id == id).map(|one| release(world, one));
    project(&json!({"release": row}), &field.fields, "UpdateReleasePayload")
}
