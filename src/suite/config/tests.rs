#![allow(clippy::unwrap_used)]
use std::fs;

use super::*;
use crate::diagnostic::{Format, Style, render};

fn read_text(text: &str) -> (Config, String) {
    let file = SourceFile::new(NAME, NAME, text);
    let (config, findings) = parse(&file);
    let short = |finding: &Diagnostic| render(&file, finding, Format::Short, Style::default());
    (config, findings.iter().map(short).collect())
}

fn right(text: &str) -> Config {
    let (config, findings) = read_text(text);
    assert_eq!(findings, "");
    config
}

fn wrong(text: &str) -> String {
    read_text(text).1
}

#[test]
fn every_setting_is_read_from_its_example() {
    for key in KEYS {
        assert_ne!(right(key.example), Config::default(), "{}", key.name);
    }
    let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(FLAGS_ONLY.iter().all(|(flag, _)| !names.contains(flag)));
    assert_eq!(right(""), Config::default());
}

#[test]
fn one_text_is_a_list_of_one() {
    let config =
        right("tag = \"fast\"\nfilter = [\"a\", \"b\"]\nspecs = \"conformance\"\ntimeout-factor = 2\njobs = 0x10");
    let [tag] = &config.tag[..] else { panic!("{:?}", config.tag) };
    assert_eq!((tag.text.as_str(), tag.span, tag.place.as_str()), ("fast", Span::new(6, 12), "sockspec.toml:1:7"));
    assert_eq!(config.filter, ["a", "b"]);
    assert_eq!(config.specs, [PathBuf::from("conformance")]);
    assert_eq!((config.timeout_factor, config.jobs), (Some(2.0), NonZeroUsize::new(16)));
}

#[test]
fn variables_come_from_the_file_or_from_the_environment() {
    let config = right(
        "[var]\nword = \"hello\"\nn = 5\non = true\nport = {env = \"PORT\", default = 8080}\nhost = {env = \"HOST\"}\n",
    );
    let values = config.values(|name| (name == "HOST").then(|| "here".to_owned()));
    let environment = |variable: &str, value: &str| Origin::Environment {
        variable: variable.to_owned(),
        value: Some(value.to_owned()),
    };
    let written = |text: &str| Origin::Written(text.to_owned());
    let values: Vec<_> = values.into_iter().map(|Configured { name, place, value }| (name, place, value)).collect();
    let expected = [
        ("host", "sockspec.toml:6:8", environment("HOST", "here")),
        ("n", "sockspec.toml:3:5", written("5")),
        ("on", "sockspec.toml:4:6", written("true")),
        ("port", "sockspec.toml:5:8", environment("PORT", "8080")),
        ("word", "sockspec.toml:2:8", written("hello")),
    ];
    assert_eq!(values, expected.map(|(name, place, value)| (name.to_owned(), place.to_owned(), value)));
    assert_eq!(
        config.values(|_| None)[0].value,
        Origin::Environment { variable: "HOST".to_owned(), value: None },
        "who needs it complains"
    );
}

#[test]
fn every_mistake_is_found_at_its_place() {
    assert_eq!(
        wrong(
            "timeout-faktor = 2\njobs = 0\nallow-net = \"yes\"\nupdate = \"all\"\ntag = [\"a\", 1]\nrecord = \"\"\n\
             timeout-factor = -1.5\n[var]\n\"a b\" = 1\nd = 1.5\nport = {envv = \"X\"}\nhost = {default = \"x\"}\n"
        ),
        "sockspec.toml:1:1: error[unknown-setting]: there is no setting `timeout-faktor`; did you mean `timeout-factor`?\n\
         sockspec.toml:2:8: error[wrong-type]: `jobs` must be a whole number over 0, not 0; write `jobs = 4`\n\
         sockspec.toml:3:13: error[wrong-type]: `allow-net` must be `true` or `false`, not the text `yes`; write \
         `allow-net = true`\n\
         sockspec.toml:4:1: error[unknown-setting]: there is no setting `update`; what is accepted is decided when it \
         has been read: give `--update` on the command line\n\
         sockspec.toml:5:13: error[wrong-type]: `tag` must be a text, or a list of texts, not 1; write `tag = [\"fast\"]`\n\
         sockspec.toml:6:10: error[wrong-type]: `record` must be the path of a folder, not an empty text; write \
         `record = \"records\"`\n\
         sockspec.toml:7:18: error[wrong-type]: `timeout-factor` must be a number over 0, not -1.5; write \
         `timeout-factor = 2.5`\n\
         sockspec.toml:9:1: error[not-a-name]: `a b` is not a name of a variable; a name has letters, digits, `_` and \
         `-`, and begins with a letter or `_`\n\
         sockspec.toml:10:5: error[wrong-type]: `d` must be a text, a whole number, `true`, `false`, or `{env = \
         \"NAME\"}`, not 1.5; write `d = \"…\"`\n\
         sockspec.toml:11:9: error[unknown-key]: `port` has no `envv`; did you mean `env`?\n\
         sockspec.toml:12:8: error[missing-env]: `host` does not say which environment variable it is; write `host = \
         {env = \"NAME\"}`, or its value alone\n"
    );
}

#[test]
fn what_is_no_toml_is_one_finding() {
    for (text, place) in [("jobs = ", "1:"), ("a\nb\nc", "1:"), ("jobs = 1\njobs = 2\n", "2:"), ("[var", "1:")] {
        let found = wrong(text);
        assert!(found.starts_with(&format!("sockspec.toml:{place}")) && found.contains("[toml]"), "{found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn the_nearest_file_up_to_the_root_of_the_repository_counts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("repository/.git")).unwrap();
    fs::create_dir_all(root.join("repository/member/deep")).unwrap();
    let file = |path: &str| root.join(path).join(NAME);
    let nearest = |path: &str| nearest_file(&root.join(path));
    fs::write(file("."), "").unwrap();
    assert_eq!(nearest("repository/member/deep"), None, "what is above a repository is no part of it");
    fs::write(file("repository"), "snapshots = \"kept\"").unwrap();
    assert_eq!(nearest("repository/member/deep"), Some(file("repository")));
    fs::write(file("repository/member"), "").unwrap();
    assert_eq!(nearest("repository/member/deep"), Some(file("repository/member")));
    assert_eq!(nearest("repository"), Some(file("repository")));
    let snapshots = |from: &str| {
        let config = load(&root.join(from)).unwrap().unwrap();
        config.path(&config.snapshots.clone().unwrap())
    };
    assert_eq!(snapshots("repository"), Path::new("kept"));
    fs::remove_file(file("repository/member")).unwrap();
    assert_eq!(snapshots("repository/member"), root.join("repository/kept"));
}

#[test]
fn a_file_that_cannot_be_read_or_is_wrong_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    fs::write(&file, "jobs = 0\n").unwrap();
    let said = load(folder.path()).unwrap_err().to_string();
    assert!(said.contains("--> sockspec.toml:1:8") && said.contains("1 | jobs = 0"), "{said}");
    fs::write(&file, b"tag = \"\xff\"\n").unwrap();
    assert!(load(folder.path()).unwrap_err().to_string().contains("sockspec.toml:1:8"));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(load(folder.path()).unwrap_err().to_string().contains("cannot read"));
}
