use super::*;

fn refused(text: &str) -> String {
    let error = Product::parse("w.toml", text, None).expect_err("it is refused");
    assert_eq!((error.code, error.now.as_str()), (ExitCode::Usage, "nothing was started"));
    assert!(!error.hints.is_empty(), "{error}");
    error.to_string()
}

const BASE: &str = "name = \"shop\"\ntitle = \"A shop\"\n";

fn environment(name: &str, more: &str) -> String {
    format!("[[environment]]\nname = \"{name}\"\ntier = \"production\"\nruns = [7, 8]\n{more}\n")
}

fn backend(app: &str) -> String {
    format!("backend = {{ app = \"{app}\", regions = [\"iad\"] }}")
}

#[test]
fn every_world_that_comes_with_the_program_is_one() {
    for name in NAMES {
        let product = Product::load(Some(name), None).expect("a world");
        assert!(product.all().len() > 0, "{name}");
    }
    let usual = Product::usual().expect("a world");
    assert_eq!((usual.name(Env::STAGING), usual.name(Env::PRODUCTION)), ("staging", "production"));
    assert_eq!(usual.source(Env::PRODUCTION), Some(Env::STAGING));
    let two = Product::load(Some("two-productions"), None).expect("a world");
    let path: Vec<_> = two.environments().map(|(_, one)| one.promotes_to.map(|to| two.name(to))).collect();
    assert_eq!(path, [Some("prod-eu"), Some("prod-us"), None]);
    assert_eq!(two.meant("production"), two.find("prod-eu"), "a scenario's word is a tier, too");
}

#[test]
fn a_fleet_has_as_many_environments_as_are_asked_for() {
    let fleet = Product::load(None, Some(500)).expect("a world");
    assert_eq!((fleet.name.as_str(), fleet.all().len()), ("fleet", 500));
    assert_eq!(fleet.all().next_back().map(|env| fleet.name(env).to_owned()), Some("unit-0500".to_owned()));
    let none = Product::load(Some("maria"), Some(5)).expect_err("it has no fleet").to_string();
    assert!(none.contains("world maria: it has no [fleet]"), "{none}");
    for count in [0, 5_001] {
        assert!(Product::load(None, Some(count)).is_err(), "{count}");
    }
}

#[test]
fn what_a_file_gets_wrong_is_named_with_its_place_and_a_way_out() {
    let cases = [
        (String::new(), "missing field `name`"),
        (format!("{BASE}colour = \"red\""), "unknown field `colour`"),
        (BASE.to_owned(), "no environment"),
        (format!("{BASE}{}", environment("prod", "")), "environment 'prod' has no service"),
        (format!("{BASE}{}", environment("Prod", &backend("a"))), "environment 'Prod' cannot be a name"),
        (
            format!("{BASE}{}{}", environment("prod", &backend("a")), environment("prod", &backend("b"))),
            "environment 'prod' is there twice",
        ),
        (
            format!("{BASE}{}{}", environment("a", &backend("x")), environment("b", &backend("x"))),
            "environment 'b': app 'x' belongs to another one already",
        ),
        (
            format!("{BASE}{}", environment("prod", &format!("promotes_to = \"prod\"\n{}", backend("a")))),
            "environment 'prod': promotes_to = 'prod' is no other environment",
        ),
        (
            format!(
                "{BASE}{}{}",
                environment("a", &format!("promotes_to = \"b\"\n{}", backend("x"))),
                environment("b", &format!("promotes_to = \"a\"\n{}", backend("y")))
            ),
            "promotes_to leads in a circle",
        ),
        (
            format!(
                "{BASE}{}{}{}",
                environment("a", &format!("promotes_to = \"c\"\n{}", backend("x"))),
                environment("b", &format!("promotes_to = \"c\"\n{}", backend("y"))),
                environment("c", &backend("z"))
            ),
            "'a' promotes to the same environment",
        ),
        (
            format!("{BASE}{}", environment("prod", "backend = { app = \"a\", regions = [\"mars\"] }")),
            "there is no region 'mars'",
        ),
        (
            format!("{BASE}{}", environment("prod", "backend = { app = \"a\", regions = [\"iad\"], machines = 0 }")),
            "0 machines in each of 1 regions",
        ),
        (
            format!("{BASE}{}", environment("prod", &backend("a")).replace("[7, 8]", "[8, 7]")),
            "runs = [8, 7] is no such list",
        ),
        (
            format!("{BASE}{}", environment("prod", &backend("a")).replace("[7, 8]", "[12]")),
            "runs = [12] is no such list",
        ),
        (
            format!(
                "{BASE}{}{}",
                environment("a", "frontend = { domains = [\"a.example.com\"] }"),
                environment("b", "frontend = { domains = [\"b.example.com\"] }")
            ),
            "'a' and 'b' are both of tier production and have a frontend",
        ),
        (format!("{BASE}scenario = \"storm\"\n{}", environment("prod", &backend("a"))), "there is no scenario 'storm'"),
        (
            format!(
                "{BASE}{}[[secrets.backend]]\nkey = \"K\"\nvalues = {{ moon = \"x\" }}\n",
                environment("prod", &backend("a"))
            ),
            "[[secrets.backend]] K: there is no environment 'moon'",
        ),
        (
            format!(
                "{BASE}{}[[secrets.frontend]]\nkey = \"K\"\nvalues = {{ prod = \"x\" }}\n",
                environment("prod", &backend("a"))
            ),
            "environment 'prod' has no service that keeps it",
        ),
    ];
    for (text, why) in cases {
        let told = refused(&text);
        assert!(told.contains("w.toml") && told.contains(why), "{why}: {told}");
    }
    let place = refused(&format!("{BASE}{}", environment("prod", "backend = 3")));
    assert!(place.contains("line 7"), "where it is: {place}");
}

#[test]
fn a_file_that_cannot_be_read_names_the_worlds_that_there_are() {
    let told = Product::load(Some("/no/such/world.toml"), None).expect_err("there is none").to_string();
    assert!(told.contains("/no/such/world.toml") && told.contains("maria, two-productions, fleet"), "{told}");
}
