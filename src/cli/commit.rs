//! A commit as a person names it: by all of its digits, or by a beginning that one known commit alone has.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Output;
use super::read::read_once;
use crate::app::model::Model;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::feed::FeedId;
use crate::domain::ids::Sha;
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// Digits of a whole commit, and those that a beginning has at least: fewer could be anybody's.
const WHOLE: usize = 40;
const FEWEST: usize = 4;

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A commit that is named by all of its digits.
pub(super) fn whole(text: &str) -> Option<Sha> {
    (text.len() == WHOLE && digits(text)).then(|| Sha::from(text.to_lowercase()))
}

/// The only commit of releases, runs and marks that begins like this; all of them are read for it.
///
/// # Errors
/// When none does, or several do.
pub(super) async fn known(settings: Settings, text: &str, output: Output) -> Result<Sha, UserError> {
    beginning(text)?;
    let read = async { Ok(read_once(Arc::new(settings), SystemClock::shared(), output.limit()).await) };
    let reading = super::signals::or_end(read).await?;
    let found = among(text, commits(&reading.model).into_iter(), "known commit");
    certain(text, found, reading.incomplete(output, tells))
}

/// Whether a feed tells of commits.
fn tells(feed: &FeedId) -> bool {
    matches!(feed, FeedId::Declared(_) | FeedId::Observed(_) | FeedId::Releases(_) | FeedId::Pipeline | FeedId::Journal)
}

/// One that alone begins like this in a part of what there is may not be the only one in all of it.
fn certain(text: &str, found: Result<Sha, UserError>, missing: Option<ExitCode>) -> Result<Sha, UserError> {
    let Some(code) = missing else { return found };
    let sha = found.map_err(|error| error.hint("not everything could be read: flightdeck status says what"))?;
    let text = text.to_lowercase();
    let what = format!(
        "of the commits that could be read {sha} alone begins with {text}; not everything could be read, so others may too"
    );
    Err(UserError::new(code, what).now("nothing was written").hint(format!(
        "name it by all of its digits if it is meant: {sha}; flightdeck status says what could not be read"
    )))
}

/// The only one of these that begins like this.
///
/// # Errors
/// When none does, or several do.
pub(super) fn among(text: &str, known: impl Iterator<Item = Sha>, what: &str) -> Result<Sha, UserError> {
    let begins = beginning(text)?;
    let own = known.filter(|sha| sha.as_str().len() == WHOLE && sha.as_str().starts_with(&begins));
    let mut found: BTreeSet<Sha> = own.collect();
    let refused = |what: String| UserError::new(ExitCode::Usage, what).now("nothing was written");
    match (found.pop_first(), found.len()) {
        (Some(sha), 0) => Ok(sha),
        (None, _) => Err(refused(format!("no {what} begins with {begins}"))
            .hint("git rev-parse COMMIT prints all of its digits, which need not be known")),
        (Some(first), _) => {
            found.insert(first);
            let all: Vec<&str> = found.iter().map(Sha::as_str).collect();
            Err(refused(format!("{begins} is the beginning of {} commits", all.len())).hint(all.join(" or ")))
        }
    }
}

/// The first digits of a commit, as they are compared.
///
/// # Errors
/// When it is no beginning of a commit, or one that could be anybody's.
pub(super) fn beginning(text: &str) -> Result<String, UserError> {
    if (FEWEST..=WHOLE).contains(&text.len()) && digits(text) {
        return Ok(text.to_lowercase());
    }
    let what =
        format!("{} is no commit: it is named by 40 hexadecimal digits, or by its first ones", Text::clean(text));
    Err(UserError::new(ExitCode::Usage, what)
        .now("nothing was written")
        .hint(format!("at least {FEWEST}; git rev-parse COMMIT prints them all")))
}

/// Every commit that a model names in full.
fn commits(model: &Model) -> BTreeSet<Sha> {
    let listed = model.facts().releases().values().flatten().filter_map(|one| one.sha.clone());
    let live = model.facts().services().values().flat_map(|state| {
        let declared = state.declared.as_ref().and_then(|one| one.sha.clone());
        [declared, state.observed.as_ref().and_then(|one| one.sha.clone())]
    });
    let runs = model.facts().runs().iter().map(|run| run.sha.clone());
    let kept = model.facts().history().verified.iter().map(|(.., sha)| sha.clone());
    listed.chain(live.flatten()).chain(runs).chain(kept).chain(model.facts().history().marks.keys().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_names_a_commit_where_one_alone_has_it() {
        let sha = |begins: &str| Sha::from(format!("{begins}{}", "0".repeat(WHOLE - begins.len())));
        let known = || [sha("9df49c2"), sha("9df4aaa"), sha("3e60eac"), Sha::from("3e60eac")].into_iter();
        let of = |text: &str| among(text, known(), "known commit");
        assert_eq!(of("3E60").unwrap(), sha("3e60eac"), "what is known in part alone is no other one");
        assert_eq!(of("9df49").unwrap(), sha("9df49c2"));
        let several = of("9df4").unwrap_err();
        assert!(several.code == ExitCode::Usage && several.to_string().contains(sha("9df4aaa").as_str()), "{several}");
        for none in ["abcd", "3e6", "main", &"0".repeat(41)] {
            let error = of(none).unwrap_err().to_string();
            assert!(error.contains("nothing was written"), "{error}");
        }
        assert_eq!(whole(&"A".repeat(WHOLE)), Some(Sha::from("a".repeat(WHOLE))));
        assert_eq!(whole("3e60eac"), None);
    }

    #[test]
    fn a_beginning_that_is_alone_in_a_part_of_what_there_is_names_no_commit() {
        let sha = Sha::from("3e60eac".to_owned() + &"0".repeat(WHOLE - 7));
        assert_eq!(certain("3e60", Ok(sha.clone()), None).unwrap(), sha);
        let error = certain("3E60", Ok(sha.clone()), Some(ExitCode::Inconclusive)).unwrap_err();
        let says = error.to_string();
        assert!(error.code == ExitCode::Inconclusive && says.contains("alone begins with 3e60"), "{says}");
        assert!(says.contains("nothing was written") && says.contains(sha.as_str()), "{says}");
        let none = among("abcd", [sha].into_iter(), "known commit");
        let says = certain("abcd", none, Some(ExitCode::Auth)).unwrap_err().to_string();
        assert!(says.contains("not everything could be read"), "{says}");
        let env = || crate::domain::ids::EnvId::from("production");
        assert!(tells(&FeedId::Pipeline) && !tells(&FeedId::Secrets(env())) && !tells(&FeedId::Health(env())));
    }
}
