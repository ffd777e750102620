//! Parts that GitHub repeats in every object: people, teams, the repository in short, addresses.

use serde_json::{Value, json};

use crate::sim::world::World;

/// An address of the API below the repository.
pub fn api(world: &World, path: &str) -> String {
    format!("https://api.github.com/repos/{}/{}/{path}", world.github.owner, world.github.repo)
}

/// A node id, which is opaque.
pub fn node(kind: &str, id: impl std::fmt::Display) -> String {
    format!("{kind}_kw{id}")
}

/// A number that is always the same for a name.
fn number(name: &str) -> u64 {
    name.bytes().fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 90_000_000)
}

/// A person, or an organization.
pub fn person(login: &str, kind: &str) -> Value {
    let at = |rest: &str| format!("https://api.github.com/users/{login}{rest}");
    let id = number(login);
    json!({
        "login": login, "id": id, "node_id": node("U", id), "type": kind, "site_admin": false,
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"), "gravatar_id": "",
        "url": at(""), "html_url": format!("https://github.com/{login}"),
        "followers_url": at("/followers"), "following_url": at("/following{/other_user}"),
        "gists_url": at("/gists{/gist_id}"), "starred_url": at("/starred{/owner}{/repo}"),
        "subscriptions_url": at("/subscriptions"), "organizations_url": at("/orgs"), "repos_url": at("/repos"),
        "events_url": at("/events{/privacy}"), "received_events_url": at("/received_events"),
    })
}

/// The repository as other objects hold it.
pub fn repository(world: &World) -> Value {
    let (owner, repo) = (&world.github.owner, &world.github.repo);
    let base = format!("https://api.github.com/repos/{owner}/{repo}");
    let mut value = json!({
        "id": 91, "node_id": node("R", 91), "name": repo, "full_name": format!("{owner}/{repo}"),
        "owner": person(owner, "Organization"), "private": true, "description": null, "fork": false,
        "html_url": format!("https://github.com/{owner}/{repo}"), "url": base,
    });
    // One address per part of a repository, as templates.
    for (name, rest) in [
        ("archive_url", "/{archive_format}{/ref}"),
        ("assignees_url", "/assignees{/user}"),
        ("blobs_url", "/git/blobs{/sha}"),
        ("branches_url", "/branches{/branch}"),
        ("collaborators_url", "/collaborators{/collaborator}"),
        ("comments_url", "/comments{/number}"),
        ("commits_url", "/commits{/sha}"),
        ("compare_url", "/compare/{base}...{head}"),
        ("contents_url", "/contents/{+path}"),
        ("contributors_url", "/contributors"),
        ("deployments_url", "/deployments"),
        ("downloads_url", "/downloads"),
        ("events_url", "/events"),
        ("forks_url", "/forks"),
        ("git_commits_url", "/git/commits{/sha}"),
        ("git_refs_url", "/git/refs{/sha}"),
        ("git_tags_url", "/git/tags{/sha}"),
        ("hooks_url", "/hooks"),
        ("issue_comment_url", "/issues/comments{/number}"),
        ("issue_events_url", "/issues/events{/number}"),
        ("issues_url", "/issues{/number}"),
        ("keys_url", "/keys{/key_id}"),
        ("labels_url", "/labels{/name}"),
        ("languages_url", "/languages"),
        ("merges_url", "/merges"),
        ("milestones_url", "/milestones{/number}"),
        ("notifications_url", "/notifications{?since,all,participating}"),
        ("pulls_url", "/pulls{/number}"),
        ("releases_url", "/releases{/id}"),
        ("stargazers_url", "/stargazers"),
        ("statuses_url", "/statuses/{sha}"),
        ("subscribers_url", "/subscribers"),
        ("subscription_url", "/subscription"),
        ("tags_url", "/tags"),
        ("teams_url", "/teams"),
        ("trees_url", "/git/trees{/sha}"),
    ] {
        value[name] = json!(format!("{base}{rest}"));
    }
    value
}

/// The repository by itself.
pub fn whole_repository(world: &World) -> Value {
    let (owner, repo, branch) = (&world.github.owner, &world.github.repo, &world.github.branch);
    let mut value = repository(world);
    let made = world.commits.first().map(|one| one.at);
    let more = json!({
        "archived": false, "disabled": false, "default_branch": branch, "visibility": "private", "size": 18_432,
        "permissions": {"admin": false, "maintain": false, "push": true, "triage": true, "pull": true},
        "clone_url": format!("https://github.com/{owner}/{repo}.git"), "git_url": format!("git://github.com/{owner}/{repo}.git"),
        "ssh_url": format!("git@github.com:{owner}/{repo}.git"), "svn_url": format!("https://github.com/{owner}/{repo}"),
        "homepage": null, "language": "Python", "license": null, "mirror_url": null, "forks": 0, "forks_count": 0,
        "open_issues": 3, "open_issues_count": 3, "watchers": 0, "watchers_count": 0, "stargazers_count": 0,
        "network_count": 0, "subscribers_count": 6, "has_issues": true, "has_projects": true, "has_wiki": false,
        "has_pages": false, "has_discussions": false, "created_at": made, "pushed_at": world.commits.last().map(|one| one.at),
        "updated_at": world.start,
    });
    if let (Some(value), Some(more)) = (value.as_object_mut(), more.as_object()) {
        value.extend(more.iter().map(|(name, field)| (name.clone(), field.clone())));
    }
    value
}

/// The person whose token it is.
pub fn me(world: &World) -> Value {
    let mut value = person(&world.github.login, "User");
    for name in ["company", "blog", "location", "email", "hireable", "bio"] {
        value[name] = Value::Null;
    }
    for name in ["public_repos", "public_gists", "followers", "following"] {
        value[name] = json!(0);
    }
    value["name"] = json!(world.github.login);
    value["created_at"] = json!("2019-03-01T08:00:00Z");
    value["updated_at"] = json!(world.start);
    value
}
