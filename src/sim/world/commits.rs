//! The product's history on its default branch.

use jiff::{SignedDuration, Timestamp};

use super::ids;

/// One commit of the product.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Full 40 hex digits.
    pub sha: String,
    /// First line of the message.
    pub message: String,
    /// Author's name.
    pub author: String,
    /// Author's login on GitHub.
    pub login: String,
    /// When it was committed.
    pub at: Timestamp,
    /// Pull request that brought it, if any.
    pub pull: Option<u64>,
    /// A migration file that it adds: version and name.
    pub migration: Option<(String, String)>,
    /// Files that it changes.
    pub files: Vec<String>,
}

const AUTHORS: [(&str, &str); 5] = [
    ("Ines Duarte", "inesduarte"),
    ("Tomasz Kowal", "tkowal"),
    ("Yuki Tanaka 田中", "ytanaka"),
    ("Amara Okafor", "aokafor"),
    ("Léa Fontaine", "leafontaine"),
];

const SUBJECTS: [(&str, &str); 12] = [
    ("Cache the tool catalogue per workspace", "backend/app/tools/catalogue.py"),
    ("Show the agent's sources beside its answer", "frontend/src/components/Sources.tsx"),
    ("Raise the SSE heartbeat to 15 s", "backend/app/api/stream.py"),
    ("Add an index for conversation lookups", "supabase/migrations"),
    ("Fix the double scroll bar on narrow screens", "frontend/src/app/layout.css"),
    ("Bump openai to 1.99", "backend/requirements.txt"),
    ("Retry the embedding queue on 429", "backend/app/jobs/embed.py"),
    ("Translate the onboarding into 日本語", "frontend/src/i18n/ja.json"),
    ("Log request ids in JSON 🪵", "backend/app/logging.py"),
    ("Store message feedback", "supabase/migrations"),
    ("Pool connections per worker instead of per request", "backend/app/db.py"),
    ("Move the composer to the new design", "frontend/src/components/Composer.tsx"),
];

/// Makes commit number `n` (0 = oldest), written at `at`.
#[must_use]
pub fn commit(seed: u64, n: usize, at: Timestamp) -> Commit {
    let index = n as u64;
    let (subject, file) = SUBJECTS[n % SUBJECTS.len()];
    let (author, login) = AUTHORS[(ids::number(seed, "author", index) % AUTHORS.len() as u64) as usize];
    let migration = file.ends_with("migrations").then(|| {
        let version = at.strftime("%Y%m%d%H%M%S").to_string();
        (version, subject.to_lowercase().replace(' ', "_"))
    });
    let files = match &migration {
        Some((version, name)) => vec![format!("supabase/migrations/{version}_{name}.sql")],
        None => vec![file.to_owned()],
    };
    Commit {
        sha: ids::hex(seed, "commit", index, 40),
        message: subject.to_owned(),
        author: author.to_owned(),
        login: login.to_owned(),
        at,
        pull: (n % 4 != 2).then_some(180 + index),
        migration,
        files,
    }
}

/// So many commits are there before the scenario starts.
pub const HISTORY: usize = 12;

/// The history before the scenario starts: twelve commits, the newest 40 minutes before `start`.
#[must_use]
pub fn history(seed: u64, start: Timestamp) -> Vec<Commit> {
    (0..HISTORY)
        .map(|n| {
            let back = 40 + (11 - n as i64) * 397 + (ids::number(seed, "minutes", n as u64) % 60) as i64;
            commit(seed, n, start - SignedDuration::from_mins(back))
        })
        .collect()
}
