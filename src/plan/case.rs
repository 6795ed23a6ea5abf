//! The cases of a spec: every combination of its `matrix`, each with the values of its variables.

use std::cell::Cell;
use std::collections::HashSet;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::value::Value;
use crate::spec::ast::{Network, Scalar, Spec, Step, StepKind, Verb};

use super::build::later;
use super::constant;
use super::given::Settings;

/// How many cases one spec may have.
const MOST_CASES: usize = 10_000;

/// One combination of the values of a `matrix`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    /// What stands in brackets in the test's name, e.g. `net=tcp6,n=2`, in the order of the
    /// matrix; empty where the spec has no matrix.
    pub label: String,
    /// The value of each variable of the matrix, in its order.
    pub(crate) values: Vec<Value>,
    /// Whether it runs in a network of its own.
    isolated: bool,
    /// Whether that network has an address of IPv6.
    v6: bool,
    /// The programs that it runs, which must be installed, as words of `requires`.
    commands: Vec<String>,
}

impl Case {
    /// The test's name: the spec's, and the label where there is one.
    pub fn test_name(&self, base: &str) -> String {
        if self.label.is_empty() { base.to_owned() } else { format!("{base}[{}]", self.label) }
    }

    /// Whether it runs in a network of its own.
    pub fn is_isolated(&self) -> bool {
        self.isolated
    }

    /// The programs that it runs and that must be installed: `command:redis-server`. Not those that
    /// come with the spec, nor those that the spec shows to be missing.
    pub fn commands(&self) -> &[String] {
        &self.commands
    }

    /// Whether one of its values is a network or an address of IPv6, or its own network has such an
    /// address. Such a case needs IPv6 even where its siblings do not.
    pub fn is_v6(&self) -> bool {
        self.v6
            || self.values.iter().any(|value| match value {
                Value::Text(text) => Address::parse(text).is_ok_and(|address| address.network().is_v6()),
                _ => false,
            })
    }
}

/// The cases of a spec, in written order, the last variable of the matrix varying fastest. A spec
/// without a matrix has one case without a label. `--var` replaces the whole list of a name.
pub fn cases(spec: &Spec, settings: &Settings, diagnostics: &mut Vec<Diagnostic>) -> Vec<Case> {
    let mut cases = vec![Case::default()];
    for (name, list) in &spec.matrix {
        let choices = choices(name, list, settings, diagnostics);
        if cases.len() * choices.len() > MOST_CASES {
            let message = format!("the matrix has more than {MOST_CASES} cases at `{}`", name.text);
            diagnostics
                .push(Diagnostic::error("too-many-cases", name.span, message).help("leave out some of its values"));
            break;
        }
        cases = cases.iter().flat_map(|case| choices.iter().map(|choice| case.with(name, choice))).collect();
    }
    for case in &mut cases {
        if let Some(network) = &spec.network {
            case.join(network, spec, settings);
        }
        case.commands = case.programs(spec, settings);
    }
    cases
}

impl Case {
    fn with(&self, name: &Scalar, (text, value): &(&str, Value)) -> Self {
        let comma = if self.label.is_empty() { "" } else { "," };
        let mut values = self.values.clone();
        values.push(value.clone());
        Self { label: format!("{}{comma}{}={text}", self.label, name.text), values, ..self.clone() }
    }

    /// Looks at what the network of the spec asks of the machine in this case.
    fn join(&mut self, network: &Network, spec: &Spec, settings: &Settings) {
        let text = |scalar: &Scalar| replaced(&scalar.text, &|name| self.value(name, spec, settings, 0));
        let (isolated, v6) = match network {
            Network::Word(word) => (text(word) == "isolated", false),
            Network::Map(map) => {
                let hosts = map.hosts.iter().flat_map(|(_, addresses)| addresses);
                let all = map.addresses.iter().chain(hosts).chain(map.routes.iter().map(|(to, _)| to));
                (true, all.into_iter().any(|address| text(address).contains(':')))
            }
        };
        (self.isolated, self.v6) = (isolated, v6);
    }

    /// The words for the programs that must be installed.
    fn programs(&self, spec: &Spec, settings: &Settings) -> Vec<String> {
        let mut commands = Vec::new();
        add_programs(&spec.steps, &|name| self.value(name, spec, settings, 0), &mut commands);
        commands
    }

    /// The text of a variable that is known before the spec runs. In the value of one of `vars` others
    /// may stand, `depth` is how many of them one inside the other.
    fn value(&self, name: &str, spec: &Spec, settings: &Settings, depth: usize) -> Option<String> {
        const DEEPEST: usize = 4;
        if let Some(index) = spec.matrix.iter().position(|(known, _)| known.text == name) {
            return self.values.get(index)?.to_text();
        }
        let (_, written) = spec.vars.iter().find(|(known, _)| known.text == name).filter(|_| depth < DEEPEST)?;
        let text = settings.given(name).map_or(written.text.as_str(), |given| given.text);
        all_known(text, &|name| self.value(name, spec, settings, depth + 1))
    }
}

/// Adds the words for the programs of steps that see these values before the first of them. What a
/// program is called is not known where one of its variables is not: a captured one, `tmp`, or one
/// that a step sets again.
fn add_programs(steps: &[Step], before: &dyn Fn(&str) -> Option<String>, commands: &mut Vec<String>) {
    let mut set = HashSet::new();
    later::each_captured(steps, &mut |name, _| _ = set.insert(name));
    let value = |name: &str| before(name).filter(|_| !set.contains(name));
    later::each_step(steps, &mut |step| match &step.kind {
        StepKind::Call(call) => {
            let Verb::Run(run) = &call.verb else { return };
            let Some(program) = run.arguments.first().filter(|_| call.fails.is_none()) else { return };
            let Some(name) = all_known(&program.text, &value) else { return };
            let command = format!("command:{name}");
            let is_installed = !name.is_empty() && (!name.contains('/') || name.starts_with('/'));
            if is_installed && !commands.contains(&command) {
                commands.push(command);
            }
        }
        StepKind::Include(include) => {
            let Some(contents) = &include.contents else { return };
            let of = |list: &'_ [(Scalar, Scalar)], name: &str| {
                list.iter().find(|(known, _)| known.text == name).map(|(_, written)| written.text.clone())
            };
            // What is given counts even where it is not known: then the file's own value does not.
            let inside = |name: &str| match of(&include.with, name) {
                Some(given) => all_known(&given, &value),
                None => all_known(&of(&contents.vars, name)?, &|name| all_known(&of(&include.with, name)?, &value)),
            };
            add_programs(&contents.steps, &inside, commands);
        }
        _ => {}
    });
}

/// The text with its variables replaced, where all of them are known.
fn all_known(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let unknown = Cell::new(false);
    let text = replaced(text, &|name| {
        let value = value(name);
        unknown.set(unknown.get() || value.is_none());
        value
    });
    (!unknown.get()).then_some(text)
}

/// The text with its variables replaced. More of them than any word has make it nothing, so that no
/// spec can take long here.
fn replaced(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    const MOST: usize = 8;
    let mut parts = text.split("${");
    let mut all = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        match part.split_once('}') {
            Some((name, after)) if index < MOST => {
                all.push_str(&value(name).unwrap_or_default());
                all.push_str(after);
            }
            _ => return String::new(),
        }
    }
    all
}

/// The values of one variable of the matrix, as they were written and as they are understood.
fn choices<'a>(
    name: &Scalar,
    list: &'a [Scalar],
    settings: &'a Settings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(&'a str, Value)> {
    let mut choices: Vec<(&str, Value)> = Vec::with_capacity(list.len());
    for (nth, written) in list.iter().enumerate() {
        if let Some(variable) = variable_in(&written.text) {
            diagnostics.push(not_replaced(name, written, variable));
            // It would be wrong once more wherever it is used; but there has to be one.
            if !choices.is_empty() || nth + 1 < list.len() {
                continue;
            }
        }
        let value = constant::read(written).unwrap_or_else(|finding| {
            diagnostics.push(*finding);
            Value::Text(written.text.clone())
        });
        if choices.iter().any(|(text, _)| *text == written.text) {
            let message = format!("`{}` stands twice in the values of `{}`", written.text, name.text);
            diagnostics.push(
                Diagnostic::error("duplicate-value", written.span, message)
                    .help("each value makes a test of its own; write it once"),
            );
        } else {
            choices.push((&written.text, value));
        }
    }
    diagnostics.extend(settings.unset(name));
    if let Some(given) = settings.given(&name.text) {
        let declared = choices.first().map(|(_, value)| value);
        let value = constant::replaced(name, declared, given).unwrap_or_else(|finding| {
            diagnostics.push(*finding);
            declared.cloned().unwrap_or(Value::Bool(false))
        });
        return vec![(given.text, value)];
    }
    choices
}

/// The first `${name}` in a text.
fn variable_in(text: &str) -> Option<&str> {
    let (at, _) = text.match_indices("${").find(|(at, _)| !text[..*at].ends_with('$'))?;
    let end = text[at..].find('}')?;
    Some(&text[at..=at + end])
}

fn not_replaced(name: &Scalar, written: &Scalar, variable: &str) -> Diagnostic {
    let message = format!("`{variable}` is not replaced in a value of `matrix`");
    Diagnostic::error("not-constant", written.span, message)
        .help(format!("its values stand for themselves: write `{variable}` where `${{{}}}` is used", name.text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn with(value: Value) -> Case {
        Case { label: String::new(), values: vec![Value::Bool(true), value], ..Case::default() }
    }

    #[test]
    fn a_case_knows_whether_it_is_of_ipv6() {
        let text = |text: &str| with(Value::Text(text.to_owned()));
        for v6 in ["tcp6", "udp6", "tcp6://[::1]:0", "udp6://[::]:0"] {
            assert!(text(v6).is_v6(), "{v6}");
        }
        for other in ["tcp", "tcp4", "unix:@tcp6", "tcp://127.0.0.1:0", "a text", "tcp66"] {
            assert!(!text(other).is_v6(), "{other}");
        }
        assert!(!with(Value::Number(6)).is_v6());
    }

    /// What the cases of a spec with this head need: whether a network of their own, whether IPv6.
    fn needs(head: &str, vars: &[(&str, &str)]) -> Vec<(bool, bool)> {
        let file = crate::source::SourceFile::new("x", "x", format!("about: x\n{head}\nsteps: [{{a: close}}]\n"));
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Settings { vars, ..Settings::default() };
        let found = cases(&crate::spec::parse(&file).spec, &settings, &mut Vec::new());
        found.iter().map(|case| (case.is_isolated(), case.is_v6())).collect()
    }

    #[test]
    fn a_case_knows_the_programs_that_must_be_installed() {
        let text = "about: x\nmatrix: {server: [nginx, ./own]}\nsteps:\n  - a: {run: [\"${server}\"]}\n  - b: {run: [cat]}\n  - repeat: 2\n    steps: [{c: {run: [cat, x]}}, {d: {run: [/sbin/ip]}}]\n  - e: {run: [gone], fails: ENOENT}\n";
        let file = crate::source::SourceFile::new("x", "x", text.to_owned());
        let found = cases(&crate::spec::parse(&file).spec, &Settings::default(), &mut Vec::new());
        let commands: Vec<_> = found.iter().map(Case::commands).collect();
        assert_eq!(commands[0], ["command:nginx", "command:cat", "command:/sbin/ip"]);
        assert_eq!(commands[1], ["command:cat", "command:/sbin/ip"]);
    }

    #[test]
    fn the_programs_of_included_files_must_be_installed_too() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "_all.yaml",
            "vars: {more: \"${server}-tools\"}\nsteps:\n  - a: {run: [\"${server}\"]}\n  - retry: 1s\n    steps: [{b: {run: [\"${more}\"]}}, {include: _one.yaml, with: {program: \"${more}\"}}]\n",
        );
        write("_one.yaml", "steps:\n  - a: {run: [\"${program}-x\"]}\n  - b: {run: [\"${server}\"]}\n");
        let text = "about: x\nmatrix: {which: [nginx, httpd]}\nvars: {server: none}\nsteps:\n  - include: _all.yaml\n    with: {server: \"${which}\"}\n";
        let file = crate::source::SourceFile::new("x", folder.path().join("x.yaml"), text.to_owned());
        let found = cases(&crate::spec::parse(&file).spec, &Settings::default(), &mut Vec::new());
        assert_eq!(found[0].commands(), ["command:nginx", "command:nginx-tools", "command:nginx-tools-x"]);
        assert_eq!(found[1].commands()[0], "command:httpd");
    }

    /// The programs of a spec with these steps, where `_own.yaml` runs `${program}`, which is
    /// `its-own` unless it is given.
    fn programs(steps: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let own = "vars: {program: its-own}\nsteps: [{a: {run: [\"${program}\"]}}]\n";
        std::fs::write(folder.path().join("_own.yaml"), own).unwrap();
        let text = format!("about: x\nvars: {{known: nginx}}\nsteps:\n{steps}\n");
        let file = crate::source::SourceFile::new("x", folder.path().join("x.yaml"), text);
        cases(&crate::spec::parse(&file).spec, &Settings::default(), &mut Vec::new()).remove(0).commands
    }

    #[test]
    fn what_a_program_is_called_at_run_time_only_is_not_looked_for() {
        assert_eq!(programs("  - a: {run: [\"${known}\"]}"), ["command:nginx"]);
        assert!(programs("  - a: {run: [\"${tmp}/own.sh\"]}").is_empty());
        assert!(programs("  - let: {known: \"tmp ~ '/own.sh'\"}\n  - a: {run: [\"${known}\"]}").is_empty());
        let capturing = "  - c: {recv: {until: x, match: '(?<known>.*)'}}\n  - a: {run: [\"${known}\"]}";
        assert!(programs(capturing).is_empty());
        assert_eq!(programs("  - include: _own.yaml"), ["command:its-own"]);
        assert_eq!(programs("  - include: _own.yaml\n    with: {program: \"${known}\"}"), ["command:nginx"]);
        assert!(programs("  - include: _own.yaml\n    with: {program: \"${tmp}/own.sh\"}").is_empty());
    }

    #[test]
    fn a_case_knows_whether_its_network_is_its_own() {
        assert_eq!(needs("tags: [isolated]", &[]), [(false, false)]);
        assert_eq!(needs("network: host", &[]), [(false, false)]);
        assert_eq!(needs("network: isolated", &[]), [(true, false)]);
        assert_eq!(needs("network: {hosts: {a: 10.0.0.1, b: [10.0.0.2, fd00::2]}}", &[]), [(true, true)]);
        assert_eq!(needs("network: {routes: {192.0.2.0/24: prohibit}}", &[]), [(true, false)]);
        let matrix = "matrix: {net: [host, isolated]}\nnetwork: \"${net}\"";
        assert_eq!(needs(matrix, &[]), [(false, false), (true, false)]);
        assert_eq!(needs(matrix, &[("net", "isolated")]), [(true, false)]);
        let vars = "vars: {which: lated, net: \"iso${which}\"}\nnetwork: \"${net}\"";
        assert_eq!(needs(vars, &[]), [(true, false)]);
        assert_eq!(needs(vars, &[("net", "host")]), [(false, false)]);
        let address = "matrix: {ip: [10.0.0.1, \"fd00::1\"]}\nnetwork: {addresses: [\"${ip}\"]}";
        assert_eq!(needs(address, &[]), [(true, false), (true, true)]);
        assert_eq!(needs("vars: {a: \"${b}\", b: \"${a}\"}\nnetwork: \"${a}${b}\"", &[]), [(false, false)]);
    }
}
