//! The settings that a file may have: the command line's flags, by their names.

use std::path::PathBuf;

use super::value::Value;
use super::{Config, vars};
use crate::diagnostic::Diagnostic;

/// A setting.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What it must be.
    pub(super) form: &'static str,
    /// How it is written.
    pub(super) example: &'static str,
    /// Takes over the value, or finds fault with it.
    pub(super) set: fn(&mut Config, &Value<'_>, &mut Vec<Diagnostic>),
}

/// All settings.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "allow-net",
        form: "`true` or `false`",
        example: "allow-net = true",
        set: |config, value, findings| config.allow_net = value.boolean(findings),
    },
    Key {
        name: "catalogue",
        form: "the path of a file",
        example: "catalogue = \"docs/catalogue.yaml\"",
        set: |config, value, findings| config.catalogue = value.text(findings).map(PathBuf::from),
    },
    Key {
        name: "filter",
        form: "a text, or a list of texts",
        example: "filter = [\"tcp/\"]",
        set: |config, value, findings| config.filter = value.texts(findings),
    },
    Key {
        name: "flaky",
        form: "`fail` or `ok`",
        example: "flaky = \"fail\"",
        set: |config, value, findings| {
            config.flaky_is_ok = value.word(&["fail", "ok"], findings).map(|word| word == "ok");
        },
    },
    Key {
        name: "jobs",
        form: "a whole number over 0",
        example: "jobs = 4",
        set: |config, value, findings| config.jobs = value.count(findings),
    },
    Key {
        name: "pcap",
        form: "the path of a folder",
        example: "pcap = \"captures\"",
        set: |config, value, findings| config.pcap = value.text(findings).map(PathBuf::from),
    },
    Key {
        name: "record",
        form: "the path of a folder",
        example: "record = \"records\"",
        set: |config, value, findings| config.record = value.text(findings).map(PathBuf::from),
    },
    Key {
        name: "report",
        form: "a report, or a list of reports",
        example: "report = [\"junit=junit.xml\"]",
        set: |config, value, findings| config.report = value.reports(findings),
    },
    Key {
        name: "retries",
        form: "a whole number, at least 0",
        example: "retries = 2",
        set: |config, value, findings| config.retries = value.number(findings),
    },
    Key {
        name: "skip-tag",
        form: "a text, or a list of texts",
        example: "skip-tag = [\"slow\"]",
        set: |config, value, findings| config.skip_tag = value.tags(findings),
    },
    Key {
        name: "snapshots",
        form: "the path of a folder",
        example: "snapshots = \"snapshots\"",
        set: |config, value, findings| config.snapshots = value.text(findings).map(PathBuf::from),
    },
    Key {
        name: "specs",
        form: "a path, or a list of paths",
        example: "specs = [\"specs\"]",
        set: |config, value, findings| config.specs = value.texts(findings).into_iter().map(PathBuf::from).collect(),
    },
    Key {
        name: "tag",
        form: "a text, or a list of texts",
        example: "tag = [\"fast\"]",
        set: |config, value, findings| config.tag = value.tags(findings),
    },
    Key {
        name: "timeout-factor",
        form: "a number over 0",
        example: "timeout-factor = 2.5",
        set: |config, value, findings| config.timeout_factor = value.factor(findings),
    },
    Key {
        name: "var",
        form: "a table of variables and their values",
        example: "var = {word = \"hello\", port = {env = \"PORT\", default = \"8080\"}}",
        set: |config, value, findings| config.var = vars::read(value, findings),
    },
];

/// The forms that a report can have.
pub const REPORTS: &[&str] = &["junit", "json", "html", "tap", "github"];

/// Flags that are no settings, and why.
pub(super) const FLAGS_ONLY: &[(&str, &str)] = &[
    ("update", "what is accepted is decided when it has been read"),
    ("partition", "each machine has a share of its own"),
    ("fail-fast", "when to stop is decided run by run"),
    ("failed", "it depends on the run before"),
    ("shuffle", "an order is asked for run by run"),
    ("repeat", "how often is asked for run by run"),
    ("watch", "it is for who sits before it"),
    ("color", "it depends on who reads the output"),
    ("format", "it depends on who reads the output"),
    ("slowest", "it depends on who reads the output"),
    ("verbose", "it depends on who reads the output"),
];
