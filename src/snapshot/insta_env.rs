//! The environment variables by which insta and `cargo insta` are told what to do.

use std::path::{Path, PathBuf};

use super::{PendingFolder, Settings, Update};

/// What the environment says to a test harness.
#[derive(Debug, Clone, Default)]
pub struct InstaEnv {
    /// How snapshots are compared and written.
    pub settings: Settings,
    /// Whether a test whose trace differs passes all the same.
    pub force_pass: bool,
    /// A file to which every snapshot that is in use is appended.
    pub references: Option<PathBuf>,
}

/// Whether this run is one of continuous integration, as insta sees it.
pub fn is_ci(variable: impl Fn(&str) -> Option<String>) -> bool {
    match variable("CI").as_deref() {
        Some("" | "0" | "false") => false,
        Some(_) => true,
        None => variable("TF_BUILD").is_some(),
    }
}

impl InstaEnv {
    /// Reads the variables. `project` is the folder of the crate whose tests run.
    ///
    /// # Errors
    /// A sentence, where a variable has a value that insta does not know.
    pub fn read(variable: impl Fn(&str) -> Option<String>, project: &Path) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let root = || set("INSTA_WORKSPACE_ROOT").map_or_else(|| workspace(project), PathBuf::from);
        let pending = set("INSTA_PENDING_DIR").map(|folder| PendingFolder { folder: folder.into(), root: root() });
        Ok(Self {
            settings: Settings {
                update: update(set("INSTA_UPDATE").as_deref(), is_ci(&variable))?,
                pending,
                full_match: flag("INSTA_REQUIRE_FULL_MATCH", set("INSTA_REQUIRE_FULL_MATCH").as_deref())?,
            },
            force_pass: flag("INSTA_FORCE_PASS", set("INSTA_FORCE_PASS").as_deref())?,
            references: set("INSTA_SNAPSHOT_REFERENCES_FILE").map(PathBuf::from),
        })
    }
}

fn update(value: Option<&str>, ci: bool) -> Result<Update, String> {
    match value {
        None | Some("auto") if ci => Ok(Update::No),
        None | Some("auto" | "new") => Ok(Update::Pending),
        Some("always" | "1") => Ok(Update::All),
        Some("unseen") => Ok(Update::New),
        Some("force") => Ok(Update::Force),
        Some("no") => Ok(Update::No),
        Some(other) => {
            Err(format!("INSTA_UPDATE is `{other}`; it may be `auto`, `always`, `new`, `unseen`, `no` or `force`"))
        }
    }
}

fn flag(name: &str, value: Option<&str>) -> Result<bool, String> {
    match value {
        None | Some("0") => Ok(false),
        Some("1") => Ok(true),
        Some(other) => Err(format!("{name} is `{other}`; it may be `0` or `1`")),
    }
}

/// The workspace of a crate, without asking cargo: the nearest folder with a `Cargo.lock`.
fn workspace(project: &Path) -> PathBuf {
    project.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(project).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<InstaEnv, String> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        InstaEnv::read(variable, Path::new("/nowhere/crate"))
    }

    #[test]
    fn ci_writes_nothing_unless_told() {
        let update = |variables: &[(&str, &str)]| read(variables).unwrap().settings.update;
        assert_eq!(update(&[]), Update::Pending);
        assert_eq!(update(&[("CI", "true")]), Update::No);
        assert_eq!(update(&[("CI", "false")]), Update::Pending);
        assert_eq!(update(&[("CI", "true"), ("INSTA_UPDATE", "always")]), Update::All);
        assert_eq!(update(&[("CI", "1"), ("INSTA_UPDATE", "new")]), Update::Pending);
        assert_eq!(update(&[("INSTA_UPDATE", "unseen")]), Update::New);
    }

    #[test]
    fn unknown_values_are_refused_by_name() {
        assert!(read(&[("INSTA_UPDATE", "sometimes")]).unwrap_err().contains("`sometimes`"));
        assert!(read(&[("INSTA_FORCE_PASS", "yes")]).unwrap_err().contains("INSTA_FORCE_PASS"));
    }

    #[test]
    fn pending_files_may_lie_elsewhere() {
        let env = read(&[("INSTA_PENDING_DIR", "/pending"), ("INSTA_WORKSPACE_ROOT", "/w")]).unwrap();
        let expected = PendingFolder { folder: "/pending".into(), root: "/w".into() };
        assert_eq!(env.settings.pending, Some(expected));
        assert_eq!(read(&[("INSTA_PENDING_DIR", "")]).unwrap().settings.pending, None);
    }
}
