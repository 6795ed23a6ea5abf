//! Why a file cannot be executed: the errno says the same for several mistakes.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::model::bytes::escape;
use crate::model::errno::Errno;
use crate::source::plain;

/// How much of the first line the kernel reads: `BINPRM_BUF_SIZE`.
const FIRST_LINE: u64 = 256;

/// What to do about a program that could not be executed, where its name is a path.
pub(crate) fn hint(name: &str, folder: &Path, errno: Errno) -> Option<String> {
    if !name.contains('/') || !matches!(errno.0, libc::EACCES | libc::ENOENT | libc::ENOEXEC) {
        return None;
    }
    let path = plain(&folder.join(name));
    let shown = path.display();
    let Ok(metadata) = fs::metadata(&path) else {
        let missing = errno.0 == libc::ENOENT;
        return missing
            .then(|| format!("there is no file `{shown}`: its name is relative to the file that it stands in"));
    };
    if !metadata.is_file() {
        return Some(format!("`{shown}` is no file that can be executed"));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Some(format!("`{shown}` is not executable: `chmod +x {shown}`"));
    }
    let Some(interpreter) = interpreter(&path) else {
        let help = format!("the first line of `{shown}` has to name an interpreter: `#!/bin/sh`");
        return (errno.0 == libc::ENOEXEC).then_some(help);
    };
    let named = format!("the first line of `{shown}` names the interpreter `{}`", escape(&interpreter));
    let wrong = match errno.0 {
        _ if interpreter.ends_with(b"\r") => "whose name ends in a CR: let the lines of the file end in LF alone",
        libc::ENOENT => "which is not there",
        _ => "which cannot be executed",
    };
    Some(format!("{named}, {wrong}"))
}

/// The interpreter that the first line of a script names.
fn interpreter(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(FIRST_LINE).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    words.next().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_keeps_a_file_from_being_executed_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let told = |name: &str, text: &str, mode: u32, errno: i32| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let hint = hint(&format!("./{name}"), folder.path(), Errno(errno));
            hint.map(|hint| hint.replace(&format!("{}/", folder.path().display()), ""))
        };
        let script = "#!/no/such/python3 -u\n";
        assert_eq!(told("a", script, 0o644, libc::EACCES).unwrap(), "`a` is not executable: `chmod +x a`");
        let first = "the first line of `a` names the interpreter";
        let gone = told("a", script, 0o755, libc::ENOENT).unwrap();
        assert_eq!(gone, format!("{first} `/no/such/python3`, which is not there"));
        let dos = told("a", "#!/bin/sh\r\necho\r\n", 0o755, libc::ENOENT).unwrap();
        assert!(dos.starts_with(&format!("{first} `/bin/sh\\r`, whose name ends in a CR")), "{dos}");
        let other = told("a", "#! /etc/passwd\n", 0o755, libc::EACCES).unwrap();
        assert_eq!(other, format!("{first} `/etc/passwd`, which cannot be executed"));
        let none = told("a", "echo\n", 0o755, libc::ENOEXEC).unwrap();
        assert_eq!(none, "the first line of `a` has to name an interpreter: `#!/bin/sh`");
        assert_eq!(told("a", "echo\n", 0o755, libc::ENOENT), None, "its loader is missing, or whatever");
        assert_eq!(told("a", script, 0o644, libc::EMFILE), None);
    }

    #[test]
    fn what_is_no_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let gone = format!("there is no file `{at}/gone`: its name is relative to the file that it stands in");
        assert_eq!(hint("./gone", folder.path(), Errno(libc::ENOENT)), Some(gone));
        let no_file = format!("`{at}` is no file that can be executed");
        assert_eq!(hint("./", folder.path(), Errno(libc::EACCES)), Some(no_file));
        assert_eq!(hint("python3", folder.path(), Errno(libc::ENOENT)), None);
    }
}
