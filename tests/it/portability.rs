//! What is Linux only is guarded: in the code by one place, in the bundled specs by `requires`.

use std::fs;
use std::path::Path;

use sockspec::plan::{self, Settings};
use sockspec::source::SourceFile;
use sockspec::spec;

use crate::layering::files;

/// Where the code may ask which system is compiled for: for numbers, for calls; and who says of what is
/// dead elsewhere that it is.
const MAY_ASK: [&str; 4] =
    ["exec/platform/mod.rs", "exec/program/image.rs", "exec/wire/mod.rs", "model/platform/mod.rs"];

#[test]
fn the_system_is_asked_for_in_one_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&source, &mut paths);
    let asks = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        ["target_os", "target_family", "target_vendor", "cfg(windows", "not(unix"]
            .iter()
            .any(|word| text.contains(word))
    };
    let mut asking: Vec<String> = paths
        .iter()
        .filter(|path| asks(path))
        .map(|path| path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned())
        .collect();
    asking.sort();
    assert_eq!(asking, MAY_ASK);
}

/// The modules of a system, by their texts. What is in them is compared by compiling for it.
fn given(system: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/exec/platform").join(system);
    let text = fs::read_to_string(folder.join("mod.rs")).unwrap();
    text.lines().filter(|line| line.contains("mod ")).map(str::to_owned).collect()
}

#[test]
fn each_system_has_the_same_modules() {
    assert_eq!(given("linux"), given("macos"));
    assert_eq!(given("linux").len(), 4);
}

/// The words of Linux in a spec that does not require it, and has no network of its own, which does.
fn unguarded(path: &Path) -> Vec<String> {
    let source = SourceFile::new("spec", path, fs::read_to_string(path).unwrap());
    let spec = spec::parse(&source).spec;
    if spec.requires.iter().any(|word| word.text == "linux") {
        return Vec::new();
    }
    let cases = plan::cases(&spec, &Settings::default(), &mut Vec::new());
    let unguarded = cases.iter().filter(|case| !case.is_isolated());
    let mut words: Vec<String> = unguarded.flat_map(|case| plan::linux_only(&spec, case)).map(str::to_owned).collect();
    words.dedup();
    words
}

fn specs(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            specs(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") && !name.starts_with('_') {
            found.push(path);
        }
    }
}

#[test]
fn a_bundled_spec_of_what_only_linux_has_requires_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let mut paths = Vec::new();
    specs(&root, &mut paths);
    assert!(paths.len() > 500);
    let wrong: Vec<String> = paths
        .iter()
        .map(|path| (path.strip_prefix(&root).unwrap().display(), unguarded(path)))
        .filter(|(_, words)| !words.is_empty())
        .map(|(path, words)| format!("specs/{path}: `requires: [linux]` for {}", words.join(", ")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_unguarded_spec_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let found = |head: &str| {
        fs::write(
            &path,
            format!("about: x\n{head}steps:\n  - a: {{socket: tcp}}\n  - a: {{set: {{TCP_CORK: true}}}}\n"),
        )
        .unwrap();
        unguarded(&path)
    };
    assert_eq!(found(""), ["TCP_CORK"]);
    assert_eq!(found("requires: [linux]\n"), Vec::<String>::new());
    assert_eq!(found("network: isolated\n"), Vec::<String>::new());
}
