//! Good specs run: every word of the language, once at least, on real sockets.

use std::path::Path;
use std::process::Command;

use crate::schema::{included_files, yaml_files};

fn copy_to(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    for file in yaml_files("tests/data/ok").into_iter().chain(included_files("tests/data/ok")) {
        std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    let body = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ok/body.bin");
    std::fs::copy(body, folder.join("body.bin")).unwrap();
}

#[test]
fn good_specs_pass_and_give_the_same_trace_again() {
    let folder = tempfile::tempdir().unwrap();
    copy_to(&folder.path().join("specs"));
    for update in ["new", "no", "no", "no"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sockspec"));
        let output = command.args(["run", "specs", "--update", update]).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "with --update {update}: {}\n{said}", output.status);
    }
}
