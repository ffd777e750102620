//! The configuration that a first screen writes: what the folder says is filled in, and what it does not say waits as a comment. Nothing is made
//! up, so that nothing is asked of an address that is not the person's.

use super::recognised::Found;
use crate::sanitize::Text;

/// The text of the file for a product of this name, as far as its folder does not name it better.
pub(super) fn text(found: &Found, folder: Option<&str>) -> String {
    let repository = found.repository.as_ref().map(Text::as_str);
    let named = repository.and_then(|name| name.split_once('/')).map(|(_, name)| name).or(folder);
    let mut all = String::from(
        "# flightdeck: what this folder says of the product. Lines that begin with # wait for you: nothing here says them.\n\
         # Every key with its meaning: flightdeck config example\n\n",
    );
    let mut line = |text: String| {
        all.push_str(&text);
        all.push('\n');
    };
    line(format!("project = {}", quoted(named.unwrap_or("unnamed"))));
    line(match repository {
        Some(name) => format!("repository = {}      # .git/config: the origin", quoted(name)),
        None => "# repository = \"owner/name\"      # on GitHub: the pipeline, commits, approvals".to_owned(),
    });
    line("\n# Tokens come from the variables and the logins of the platforms' own tools.".to_owned());
    let table = |there: bool, name: &str| format!("{}[platforms.{name}]", if there { "" } else { "# " });
    line(table(repository.is_some(), "github"));
    line(table(found.fly.is_some(), "fly"));
    line(table(found.frontend(), "vercel"));
    if let Some((_, Some(team))) = &found.vercel {
        line(format!("team = {}      # .vercel/project.json", quoted(team.as_str())));
    }
    line(table(found.supabase.is_some(), "supabase"));
    line(
        "\n[[environments]]\nname = \"production\"      # a guess: another environment is another [[environments]], such as staging\n\
         tier = \"production\"\naccess = \"read\"          # \"write\" lets the console change it, each time with a plan that you confirm"
            .to_owned(),
    );
    line(match found.workflows.as_slice() {
        [] => "# workflow = { file = \"deploy.yml\", ref = \"main\", input = \"sha\" }      # the one that deploys it"
            .to_owned(),
        [first, rest @ ..] => {
            let others: Vec<&str> = rest.iter().map(Text::as_str).collect();
            let others =
                if others.is_empty() { String::new() } else { format!("; there are also {}", others.join(", ")) };
            let file = quoted(first.as_str());
            format!("# workflow = {{ file = {file}, ref = \"main\", input = \"sha\" }}      # if it deploys it{others}")
        }
    });
    if let Some(app) = &found.fly {
        line(service("backend", "fly", app.as_ref(), ("the app", "fly.toml"), true));
    }
    if found.frontend() {
        let project = found.vercel.as_ref().and_then(|(name, _)| name.as_ref());
        line(service("frontend", "vercel", project, ("the project", ".vercel/project.json"), true));
    }
    if found.supabase.is_some() {
        line(service("database", "supabase", None, ("the reference of the project", "supabase/"), false));
    }
    line(
        "\n# [[environments.probes]]      # a request to the product, again and again\n# name = \"/health\"\n\
         # url = \"https://…/health\""
            .to_owned(),
    );
    all
}

/// A service; one whose name on its platform is not known waits as a whole.
fn service(name: &str, platform: &str, resource: Option<&Text>, (what, file): (&str, &str), reached: bool) -> String {
    let wait = if resource.is_some() { "" } else { "# " };
    let known = resource.map_or_else(
        || format!("# resource = \"…\"      # {what}: {file} does not say it"),
        |resource| format!("resource = {}      # {file}", quoted(resource.as_str())),
    );
    // Nobody reaches a database by an address of its own.
    let asked = if reached {
        "\n# url = \"https://…\"      # where people reach it\n# observe = { url = \"https://…/version\", json = \"/commit\" }      # where it \
              says which commit it runs"
            .to_owned()
    } else {
        String::new()
    };
    format!(
        "\n{wait}[[environments.services]]\n{wait}name = \"{name}\"\n{wait}platform = \"{platform}\"\n{known}{asked}"
    )
}

/// As TOML writes a text.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{self, Flags};

    fn read(text: &str) -> crate::config::Settings {
        load::parse(text, None, &Flags::default(), &|_| None).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn what_the_folder_says_is_filled_in_and_nothing_is_asked_of_anybody_elses_address() {
        let found = Found {
            repository: Some("acme/maria".into()),
            fly: Some(Some("acme-api".into())),
            vercel: Some((Some("maria-web".into()), Some("team_1".into()))),
            supabase: Some(2),
            workflows: vec!["ci.yml".into(), "deploy.yml".into()],
            ..Found::default()
        };
        let text = text(&found, Some("folder"));
        let settings = read(&text);
        assert_eq!((&*settings.project, settings.repository.as_deref()), ("maria", Some("acme/maria")));
        let services: Vec<_> =
            settings.environments[0].services.iter().map(|one| (&*one.id.name, &*one.resource)).collect();
        assert_eq!(services, [("backend", "acme-api"), ("frontend", "maria-web")]);
        assert_eq!(settings.vercel_team.as_deref(), Some("team_1"));
        assert!(settings.probes.is_empty() && settings.observe.is_empty(), "{text}");
        assert!(!text.contains("example.com") && !text.contains("maria-ai-agent"), "{text}");
        assert!(text.contains("# workflow = { file = \"ci.yml\"") && text.contains("also deploy.yml"), "{text}");
        let home = settings.warnings.iter().filter(|one| !one.starts_with("no home folder"));
        assert_eq!(home.count(), 0, "{:?}", settings.warnings);
    }

    #[test]
    fn of_a_folder_that_says_nothing_all_waits_and_is_still_a_configuration() {
        let nothing = read(&text(&Found::default(), None));
        assert!(nothing.environments[0].services.is_empty() && nothing.platforms().is_empty());
        let silent = Found { fly: Some(None), ..Found::default() };
        let settings = read(&text(&silent, Some("a \"folder\" [x]")));
        assert_eq!(&*settings.project, "a \"folder\" [x]");
        assert!(settings.environments[0].services.is_empty());
    }
}
