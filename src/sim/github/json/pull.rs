//! Pull requests, as far as commits were brought by them.

use serde_json::{Value, json};

use super::html;
use super::parts::{api, node, person, whole_repository};
use crate::sim::world::World;
use crate::sim::world::commits::Commit;

/// The pull request that brought a commit, merged.
pub fn pull(world: &World, one: &Commit, number: u64) -> Value {
    let url = |rest: &str| api(world, &format!("pulls/{number}{rest}"));
    let issue = |rest: &str| api(world, &format!("issues/{number}{rest}"));
    let page = html(world, &format!("pull/{number}"));
    let statuses = api(world, &format!("statuses/{}", one.sha));
    let owner = &world.github.owner;
    let mut repository = whole_repository(world);
    // As a part of something else, a repository tells of downloads and not of its audience.
    repository["has_downloads"] = json!(true);
    if let Some(fields) = repository.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "network_count" | "subscribers_count"));
    }
    let end = |name: &str| {
        json!({
            "label": format!("{owner}:{name}"), "ref": name, "sha": one.sha, "user": person(owner, "Organization"),
            "repo": repository,
        })
    };
    let link = |href: &str| json!({"href": href});
    let links = json!({
        "self": link(&url("")),
        "html": link(&page),
        "issue": link(&issue("")),
        "comments": link(&issue("/comments")),
        "review_comments": link(&url("/comments")),
        "review_comment": link(&api(world, "pulls/comments{/number}")),
        "commits": link(&url("/commits")),
        "statuses": link(&statuses),
    });
    let mut whole = json!({
        "id": 700_000 + number,
        "node_id": node("PR", number),
        "url": url(""),
        "html_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "issue_url": issue(""),
        "commits_url": url("/commits"),
        "comments_url": issue("/comments"),
        "review_comments_url": url("/comments"),
        "review_comment_url": api(world, "pulls/comments{/number}"),
        "statuses_url": statuses,
        "number": number,
        "state": "closed",
        "locked": false,
        "draft": false,
        "title": one.message,
        "body": null,
        "user": person(&one.login, "User"),
        "labels": [],
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "milestone": null,
        "created_at": one.at,
        "updated_at": one.at,
        "closed_at": one.at,
        "merged_at": one.at,
        "merge_commit_sha": one.sha,
        "author_association": "MEMBER",
        "auto_merge": null,
        "head": end(&format!("change-{number}")),
        "base": end(&world.github.branch),
    });
    whole["_links"] = links;
    whole
}
