#![allow(clippy::unwrap_used)]

use tempfile::TempDir;

use super::*;

const NEAREST: Layout = Layout::Nearest { snapshots: None };

fn tree(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "about: x\n").unwrap();
    }
    folder
}

/// The specs below a folder of the tree: name, snapshot's stem, folder of snapshots in the tree.
fn look(tree: &TempDir, roots: &[&str], layout: &Layout) -> Vec<(String, String, String)> {
    let roots: Vec<_> = roots.iter().map(|root| tree.path().join(root)).collect();
    let found = find(&roots, layout).unwrap();
    let below = |path: &Path| path.strip_prefix(tree.path()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|spec| (spec.name.clone(), spec.stem().to_owned(), below(&spec.snapshots))).collect()
}

fn names(found: &[(String, String, String)]) -> Vec<&str> {
    found.iter().map(|(name, _, _)| name.as_str()).collect()
}

#[test]
fn names_are_relative_to_the_folder_called_specs() {
    let tree = tree(&["specs/tcp/echo.yaml", "specs/tcp/close.yml", "specs/a.yaml", "specs/notes.md"]);
    let whole = look(&tree, &["specs"], &NEAREST);
    assert_eq!(names(&whole), ["a", "tcp/close", "tcp/echo"]);
    assert!(whole.iter().all(|(name, stem, folder)| name == stem && folder == "snapshots"));
    for part in ["specs/tcp", "specs/tcp/echo.yaml", "specs/../specs/tcp", "."] {
        let part = look(&tree, &[part], &NEAREST);
        assert!(part.iter().all(|spec| whole.contains(spec)), "{part:?}");
    }
}

#[test]
fn without_such_a_folder_they_are_relative_to_the_one_given() {
    let tree = tree(&["try/a.yaml", "try/deep/er/b.yaml"]);
    let found = look(&tree, &["try"], &NEAREST);
    assert_eq!(found[0], ("a".into(), "a".into(), "try/snapshots".into()));
    assert_eq!(found[1], ("deep/er/b".into(), "b".into(), "try/deep/er/snapshots".into()));
    let file = look(&tree, &["try/deep/er/b.yaml"], &NEAREST);
    assert_eq!(file[0], ("b".into(), "b".into(), "try/deep/er/snapshots".into()));
}

#[test]
fn files_that_are_there_to_be_included_are_no_specs() {
    let tree = tree(&["specs/tcp/_login.yaml", "specs/tcp/echo.yaml", "specs/_all.yml", "specs/_parts/a.yaml"]);
    assert_eq!(names(&look(&tree, &["specs"], &NEAREST)), ["_parts/a", "tcp/echo"]);
}

#[test]
fn the_folder_of_snapshots_may_be_given() {
    let tree = tree(&["specs/tcp/echo.yaml", "try/deep/b.yaml"]);
    let given = Layout::Nearest { snapshots: Some(tree.path().join("elsewhere")) };
    assert_eq!(look(&tree, &["specs/tcp"], &given), [("tcp/echo".into(), "tcp/echo".into(), "elsewhere".into())]);
    assert_eq!(look(&tree, &["try"], &given), [("deep/b".into(), "deep/b".into(), "elsewhere".into())]);
}

#[test]
fn the_harness_names_relative_to_its_root() {
    let tree = tree(&["specs/tcp/specs/echo.yaml"]);
    let layout = Layout::Given { snapshots: tree.path().join("snaps") };
    let found = look(&tree, &["specs/tcp"], &layout);
    assert_eq!(found, [("specs/echo".into(), "specs/echo".into(), "snaps".into())]);
    let named = named(&tree.path().join("specs/tcp"), "specs/echo", &layout).unwrap();
    assert_eq!(vec![named], find(&[tree.path().join("specs/tcp")], &layout).unwrap());
}

#[test]
fn a_file_is_found_once() {
    let tree = tree(&["specs/tcp/echo.yaml", "specs/a.yaml"]);
    let found = look(&tree, &["specs/tcp", "specs", "specs/tcp/echo.yaml"], &NEAREST);
    assert_eq!(names(&found), ["a", "tcp/echo"]);
}

#[test]
fn files_that_share_a_name_know_of_each_other() {
    let tree = tree(&["specs/a.yaml", "specs/a.yml"]);
    let found = find(&[tree.path().join("specs")], &NEAREST).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].rival.as_deref(), Some(found[0].path.as_path()));
}

#[test]
fn hidden_files_are_not_specs() {
    let tree = tree(&["specs/.git/a.yaml", "specs/.#b.yaml", "specs/c.yaml"]);
    assert_eq!(names(&look(&tree, &["specs"], &NEAREST)), ["c"]);
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_in_circles() {
    let tree = tree(&["specs/tcp/echo.yaml", "specs/udp/echo.yaml"]);
    std::os::unix::fs::symlink("..", tree.path().join("specs/tcp/up")).unwrap();
    std::os::unix::fs::symlink("../udp", tree.path().join("specs/tcp/other")).unwrap();
    std::os::unix::fs::symlink("nowhere", tree.path().join("specs/gone.yaml")).unwrap();
    assert_eq!(names(&look(&tree, &["specs"], &NEAREST)), ["tcp/echo", "tcp/other/echo", "udp/echo"]);
}

#[test]
fn what_is_not_there_and_what_is_empty_are_told_apart() {
    let tree = tree(&["specs/readme.md"]);
    let missing = find(&[tree.path().join("none")], &NEAREST).unwrap_err();
    assert!(missing.to_string().contains("there is no file or folder `"), "{missing}");
    let empty = find(&[tree.path().join("specs")], &NEAREST).unwrap_err();
    assert!(matches!(empty, FindError::NoSpecs { .. }), "{empty}");
}
