//! Specs that are in order: nothing may be found in them.

use std::path::Path;

use super::check_spec;

/// Everything that others have written and that must be in order.
#[test]
fn nothing_is_found_in_good_specs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["specs", "tests/data/ok"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 60, "only {} specs", files.len());
    for path in files {
        let source = crate::source::SourceFile::read(&path, path.to_string_lossy()).unwrap();
        let parsed = crate::spec::parse(&source);
        let mut found = parsed.diagnostics;
        found.extend(crate::plan::check(&parsed.spec, &source, "x", &crate::plan::Settings::default()));
        found.retain(|finding| finding.code != "pause");
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
}

/// Files whose names begin with `_` are there to be included.
fn entry_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") && !entry_name(&path).starts_with('_') {
            files.push(path);
        }
    }
}

#[test]
fn the_first_spec_of_the_manual() {
    check_spec(
        r#"about: A half-closed client still receives the reply.
refs: [RFC 9293 section 3.6]
steps:
  - server: {listen: tcp}
  - client: {connect: server}
  - conn:   {accept: server}
  - client: {send: "request"}
  - client: {shutdown: write}
  - conn:   {recv: "request"}
  - conn:   {expect: eof}
  - conn:   {send: "response"}
  - conn:   close
  - client: {recv: "response"}
  - client: {expect: eof}
  - client: close
"#,
    );
}
