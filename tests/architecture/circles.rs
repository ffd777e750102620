//! Files that import each other in a circle are read, changed and tested only together: a circle has three files at most
//! (docs/adr/0012-circles.md).

use std::collections::{BTreeMap, BTreeSet};

use super::sources;

/// Files of a circle at most.
const MOST: usize = 3;

/// Files by their paths without the ending, and which others each names.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The only circle that may be larger. A file of `app` that is a pane or a dialog holds the type of its state, which the model holds, and its
/// handler, which takes the model: that is the price of a pane in one place (docs/adr/0012-circles.md).
fn around_the_model(circle: &[&str]) -> bool {
    circle.contains(&"app/model") && circle.iter().all(|file| file.starts_with("app/"))
}

/// The files and their imports. A file and its folder are one thing: what a file takes from the one that declares it does not count.
fn graph<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Graph {
    let texts: BTreeMap<&str, &str> =
        files.filter_map(|(name, text)| Some((name.strip_suffix(".rs")?, text))).collect();
    let tested = |file: &&str| file.split('/').any(|part| matches!(part, "tests" | "testing" | "lib" | "main"));
    let known: BTreeSet<&str> = texts.keys().copied().filter(|file| !tested(file)).collect();
    let imports = |file: &&str| {
        let code = code(texts[file]);
        let named = named(&words(&code));
        let named = named.iter().filter_map(|path| file_of(file, path, &known));
        let named = named.filter(|other| other != file && !file.starts_with(&format!("{other}/")));
        ((*file).to_owned(), named.collect())
    };
    known.iter().map(imports).collect()
}

/// The code of a file without comments and without its own tests.
fn code(text: &str) -> String {
    let mut tests = false;
    let mut kept = Vec::new();
    for line in text.lines() {
        tests |= line.starts_with("mod tests {");
        if !tests {
            kept.push(line.split("//").next().unwrap_or_default());
        }
        tests &= line != "}";
    }
    kept.join("\n")
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The words of a code: names, `::`, and every other sign alone.
fn words(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let end = if rest.starts_with("::") { 2 } else { name.max(first.len_utf8()) };
        found.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    found
}

/// Every path that the words name: those of `use`, and those that stand in the code.
fn named<'w>(words: &[&'w str]) -> Vec<Vec<&'w str>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let imported = words[at] == "use";
        at += usize::from(imported);
        let path = imported || is_name(words[at]) && words.get(at + 1) == Some(&"::");
        at = if path { tree(words, at, &[], &mut found) } else { at + 1 };
    }
    found
}

/// The paths of a tree such as `a::b::{c, d::e as f}`, and where it ends.
fn tree<'w>(words: &[&'w str], mut at: usize, before: &[&'w str], found: &mut Vec<Vec<&'w str>>) -> usize {
    let mut path = before.to_vec();
    while let Some(word) = words.get(at) {
        if *word == "{" {
            at += 1;
            while words.get(at).is_some_and(|word| *word != "}") {
                at = match words[at] {
                    // The other name is no path.
                    "as" => at + 2,
                    word if is_name(word) => tree(words, at, &path, found),
                    _ => at + 1,
                };
            }
            return at + 1;
        }
        if !is_name(word) {
            break;
        }
        path.push(word);
        at += 1;
        if words.get(at) != Some(&"::") {
            break;
        }
        at += 1;
    }
    found.push(path);
    at
}

/// The file that a path in another one leads to: the longest beginning of it that is a file.
fn file_of(from: &str, path: &[&str], known: &BTreeSet<&str>) -> Option<String> {
    let own: Vec<&str> = from.split('/').collect();
    let up = path.iter().take_while(|part| **part == "super").count();
    let mut whole: Vec<&str> = match *path.first()? {
        "crate" => path[1..].to_vec(),
        "super" => [own.get(..own.len().checked_sub(up)?)?, &path[up..]].concat(),
        "self" => [&own[..], &path[1..]].concat(),
        child if known.contains(format!("{from}/{child}").as_str()) => [&own[..], path].concat(),
        _ => return None,
    };
    while !whole.is_empty() && !known.contains(whole.join("/").as_str()) {
        whole.pop();
    }
    (!whole.is_empty()).then(|| whole.join("/"))
}

/// Visits what can be reached, each file after those that it leads to.
fn visit<'g>(file: &'g str, graph: &'g Graph, seen: &mut BTreeSet<&'g str>, order: &mut Vec<&'g str>) {
    if seen.insert(file) {
        for other in &graph[file] {
            visit(other, graph, seen, order);
        }
        order.push(file);
    }
}

/// Sets of more files than are allowed, each of which leads to every other one of its set.
fn circles(graph: &Graph) -> Vec<Vec<&str>> {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for file in graph.keys() {
        visit(file, graph, &mut seen, &mut order);
    }
    let mut back: Graph = graph.keys().map(|file| (file.clone(), BTreeSet::new())).collect();
    for (file, others) in graph {
        for other in others {
            back.entry(other.clone()).or_default().insert(file.clone());
        }
    }
    // Who is reached backwards, and was not by anybody who came later, is reached forwards too.
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in order.into_iter().rev() {
        let mut circle = Vec::new();
        visit(file, &back, &mut seen, &mut circle);
        let mut circle: Vec<&str> =
            circle.into_iter().filter_map(|one| graph.get_key_value(one)).map(|(one, _)| one.as_str()).collect();
        circle.sort_unstable();
        if circle.len() > MOST {
            found.push(circle);
        }
    }
    found
}

/// A circle as a person reads it: what each of its files takes from the others.
fn told(circle: &[&str], graph: &Graph) -> String {
    let takes = |file: &&str| {
        let within: Vec<&str> = graph[*file].iter().map(String::as_str).filter(|one| circle.contains(one)).collect();
        format!("  {file} imports {}", within.join(", "))
    };
    let lines: Vec<String> = circle.iter().map(takes).collect();
    format!("a circle of {} files:\n{}", circle.len(), lines.join("\n"))
}

#[test]
fn a_circle_has_three_files_at_most() {
    let all = sources();
    let graph = graph(all.iter().map(|(_, name, text)| (name.as_str(), text.as_str())));
    let (model, others): (Vec<_>, Vec<_>) = circles(&graph).into_iter().partition(|circle| around_the_model(circle));
    let wrong: Vec<String> = others.iter().map(|circle| told(circle, &graph)).collect();
    assert!(wrong.is_empty(), "{}\nmove what they share to a file of its own", wrong.join("\n"));
    assert_eq!(model.len(), 1, "there is no circle around the model any more: the exception goes");
}

#[test]
fn a_circle_of_four_is_found() {
    let of = |files: &[(&'static str, &'static str)]| graph(files.iter().copied());
    let three = [
        ("a.rs", "use crate::b::{self, c::Inner as Other};\nmod one;\n"),
        ("a/one.rs", "use super::Whole;\n"),
        ("b.rs", "fn b() -> crate::d::Type {}\n"),
        ("b/c.rs", "//! See crate::a.\nuse super::{super::b::B, *};\n"),
        ("d.rs", "use super::{e, a::Whole};\n#[cfg(test)]\nmod tests {\n    use crate::f::F;\n}\n"),
        ("e.rs", "fn e() { println!(\"{}\", 1) }\n"),
        ("f.rs", "use crate::a::one;\n"),
        ("f/tests.rs", "use crate::e;\n"),
    ];
    let small = of(&three);
    let takes = |file: &str| small[file].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((takes("a"), takes("b"), takes("d")), (vec!["b", "b/c"], vec!["d"], vec!["a", "e"]));
    assert_eq!((takes("a/one"), takes("b/c")), (vec![], vec![]), "a file and its folder are one thing");
    assert!(takes("f") == ["a/one"] && !small.contains_key("f/tests"), "tests may import anything");
    assert!(circles(&small).is_empty(), "a, b and d are three");
    // What is called by its path is imported, too: so a leads to its folder, and that leads on.
    let mut four = three;
    four[0].1 = "mod one;\nfn a() { one::run(crate::b::B) }\n";
    four[1].1 = "use crate::d::D;\n";
    let large = of(&four);
    let found = circles(&large);
    assert_eq!(found, [["a", "a/one", "b", "d"]]);
    assert!(told(&found[0], &large).ends_with("\n  d imports a"), "{}", told(&found[0], &large));
    assert!(!around_the_model(&found[0]) && !around_the_model(&["app/model", "ui/panes"]));
}
