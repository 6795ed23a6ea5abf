//! What is published: what building takes, and what people read.

use std::path::Path;
use std::process::Command;

use crate::partitions::cargo;

/// The files in the package of a crate of this workspace.
fn packaged(package: &str) -> Vec<String> {
    let mut command: Command = cargo();
    command.args(["package", "--list", "--allow-dirty", "--offline", "--package", package]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Those that are neither here nor below one of these.
fn others<'a>(files: &'a [String], known: &[&str]) -> Vec<&'a str> {
    let is_known =
        |file: &str| known.iter().any(|known| file == *known || known.ends_with('/') && file.starts_with(known));
    files.iter().map(String::as_str).filter(|file| !is_known(file)).collect()
}

/// What cargo adds by itself.
const BY_CARGO: [&str; 4] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];

#[test]
fn the_package_has_what_building_takes_and_what_people_read() {
    let files = packaged("sockspec");
    let known = ["src/", "docs/", "build.rs", "README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
    assert_eq!(others(&files, &[&BY_CARGO[..], &known].concat()), [""; 0]);
    for file in &known[2..] {
        assert!(files.iter().any(|other| other == file), "{file}");
    }
    let extension = |file: &str| Path::new(file).extension().map(|extension| extension.to_string_lossy().into_owned());
    for file in &files {
        match extension(file).as_deref() {
            Some("snap" | "new" | "orig") => assert_eq!(file, "Cargo.toml.orig"),
            Some("md") => {}
            Some("yaml") if file == "docs/catalogue.yaml" => {}
            _ => assert!(!file.starts_with("docs/"), "{file}"),
        }
    }
}

#[test]
fn the_package_of_the_example_has_its_specs() {
    let files = packaged("sockspec-example");
    let known = ["src/lib.rs", "tests/conformance.rs", "specs/", "snapshots/", "README.md"];
    assert_eq!(others(&files, &[&BY_CARGO[..], &known].concat()), [""; 0]);
    for folder in ["specs/", "snapshots/"] {
        assert!(files.iter().any(|file| file.starts_with(folder)), "{folder}");
    }
}
