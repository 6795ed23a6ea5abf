//! The folders of `src/` import from lower layers only, and the maps of the source name what is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, the lowest first. What stands on one line does not know of the others there.
const LAYERS: &[&[&str]] = &[
    &["source", "model"],
    &["diagnostic", "trace"],
    &["spec"],
    &["plan"],
    &["exec", "snapshot"],
    &["suite"],
    &["explain", "record", "review", "stress"],
    &["report"],
    &["harness", "cli"],
];

fn layer(folder: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&folder))
}

/// What is wrong with an import, if anything.
fn judge(from: &str, to: &str) -> Option<String> {
    if from == to {
        return None;
    }
    match (layer(from), layer(to)) {
        (Some(own), Some(other)) if other < own => None,
        (Some(own), Some(other)) if other == own => Some(format!("`{from}` imports `{to}`, which is beside it")),
        (Some(_), Some(_)) => Some(format!("`{from}` imports `{to}`, which is above it")),
        (None, _) => Some(format!("`{from}` is in no layer; put it into the table")),
        (_, None) => Some(format!("`{from}` imports `{to}`, which is in no layer; put it into the table")),
    }
}

/// The names that follow `crate::` in code: those of `crate::a::b`, and all in `crate::{a::b, c}`.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` in a macro, and the end of a longer name, are something else.
        if code[..at].ends_with(|before: char| before == '$' || before == '_' || before.is_alphanumeric()) {
            continue;
        }
        let path = &code[at + "crate::".len()..];
        match path.strip_prefix('{') {
            Some(group) => found.extend(members(group).into_iter().map(first_name)),
            None => drop(found.insert(first_name(path))),
        }
    }
    found.retain(|name| name.starts_with(|first: char| first.is_ascii_lowercase()));
    found
}

/// The members of a group, up to the brace that ends it.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut members) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' if depth == 0 => members.push(&group[std::mem::replace(&mut start, at + 1)..at]),
            '}' if depth == 0 => {
                members.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    members
}

fn first_name(path: &str) -> String {
    path.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// The top-level module of a file: the folder, or the file itself.
fn module(source: &Path, file: &Path) -> String {
    let below = file.strip_prefix(source).unwrap();
    below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All that is wrong in a tree of sources.
fn violations(source: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    files(source, &mut paths);
    paths.sort();
    let mut wrong = Vec::new();
    for path in paths {
        let from = module(source, &path);
        if from == "lib" || from == "main" {
            continue;
        }
        let found = imports(&fs::read_to_string(&path).unwrap());
        let here = path.strip_prefix(source).unwrap().display().to_string();
        wrong.extend(found.iter().filter_map(|to| judge(&from, to)).map(|what| format!("src/{here}: {what}")));
    }
    wrong
}

#[test]
fn folders_import_from_lower_layers_only() {
    let wrong = violations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_import_is_seen() {
    let code = "use crate::plan::Plan;\nuse crate::{\n    exec::{self, Cancel},\n    trace,\n};\nfn f() { crate::model::name::nearest() }\n";
    assert_eq!(imports(code).into_iter().collect::<Vec<_>>(), ["exec", "model", "plan", "trace"]);
    assert!(
        imports("//! See [`crate::cli`].\n/// crate::cli\nlet x = $crate::cli; // crate::cli\nother_crate::cli;")
            .is_empty()
    );
    assert!(imports("use crate::Error;").is_empty(), "names of the crate's root are no folders");
}

#[test]
fn a_forbidden_import_is_found() {
    let tree = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "pub use crate::cli::main;");
    write("plan/mod.rs", "use crate::spec::ast;\nuse crate::plan::pattern;");
    assert_eq!(violations(tree.path()), Vec::<String>::new());
    write("plan/build/deep.rs", "fn f() { crate::exec::run() }");
    write("snapshot/mod.rs", "use crate::{model, exec::Runtime};");
    write("attic.rs", "use crate::model;");
    let wrong = violations(tree.path());
    assert_eq!(
        wrong,
        [
            "src/attic.rs: `attic` is in no layer; put it into the table",
            "src/plan/build/deep.rs: `plan` imports `exec`, which is above it",
            "src/snapshot/mod.rs: `snapshot` imports `exec`, which is beside it",
        ]
    );
}

/// The paths in backticks of a map that lie in none of the folders it may mean: `src/` and the whole tree.
fn missing(map: &str, root: &Path) -> Vec<String> {
    let quoted = map.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|word| word.contains('/') && !word.contains([' ', '*', '{', '$', ':', '<']));
    let is_there = |path: &&str| root.join(path).exists() || root.join("src").join(path).exists();
    paths.filter(|path| !is_there(path)).map(str::to_owned).collect()
}

#[test]
fn maps_name_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for map in ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/code-map.md"] {
        assert_eq!(missing(&fs::read_to_string(root.join(map)).unwrap(), root), Vec::<String>::new(), "in {map}");
    }
    assert_eq!(missing("in `exec/lane/` and `exec/attic.rs`, as `a b/c` has it", root), ["exec/attic.rs"]);
}
