//! `sockspec completions` and `sockspec man`: what shells and manual page readers make of them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::project::Project;

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

/// What a program says, given a text as its input; `None` where it is not installed.
fn tool(program: &str, arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Some((output.status.success(), said.into_owned()))
}

fn subcommands(project: &Project) -> Vec<String> {
    let help = project.run(&["--help"]).exits(0).stdout;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.map(|line| line.split(' ').next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn every_shell_has_all_subcommands_and_takes_its_script() {
    let project = Project::new(&[]);
    let all = subcommands(&project);
    assert!(all.len() >= 14 && all.contains(&"completions".to_owned()), "{all:?}");
    for shell in SHELLS {
        let script = project.run(&["completions", shell]).exits(0).stdout;
        for name in &all {
            assert!(script.contains(name.as_str()), "{shell} has no {name}");
        }
        assert!(script.contains("template"), "{shell}: options");
        let has_values = !matches!(shell, "elvish" | "powershell");
        assert!(!has_values || script.contains("parallel"), "{shell}: values of options");
        let checked = match shell {
            "bash" | "zsh" => tool(shell, &["-n"], &script),
            "fish" => tool(shell, &["--no-config", "--no-execute"], &script),
            _ => None,
        };
        if let Some((is_good, said)) = checked {
            assert!(is_good && said.is_empty(), "{shell}: {said}");
        }
    }
    project.run(&["completions", "tcsh"]).exits(64).says("bash");
}

#[test]
fn bash_offers_what_can_follow() {
    let project = Project::new(&[]);
    let script = project.run(&["completions", "bash"]).exits(0).stdout;
    let offered = |words: &str| {
        let count = words.split(' ').count() - 1;
        let last = words.split(' ').next_back().unwrap();
        let before = words.split(' ').nth_back(1).unwrap();
        let ask = format!(
            "{script}\nCOMP_WORDS=({words})\n[ -n '{last}' ] || COMP_WORDS+=('')\nCOMP_CWORD={count}\n_sockspec sockspec '{last}' '{before}'\necho \"${{COMPREPLY[@]}}\"\n"
        );
        tool("bash", &[], &ask).map(|(_, said)| said)
    };
    let Some(said) = offered("sockspec ch") else { return };
    assert_eq!(said.trim(), "check");
    assert_eq!(offered("sockspec new a --template t").unwrap().trim(), "tcp tls");
    assert!(offered("sockspec run --").unwrap().contains("--update"));
}

#[test]
fn bash_asks_for_names() {
    let project =
        Project::new(&[("specs/kv/set-get.yaml", crate::project::ECHO), ("specs/kv/idle.yaml", crate::project::ECHO)]);
    project.run(&["run", "kv/idle"]).exits(1);
    let script = project.run(&["completions", "bash"]).exits(0).stdout;
    let sockspec = env!("CARGO_BIN_EXE_sockspec");
    let offered = |words: &str| {
        let last = words.split(' ').next_back().unwrap();
        let count = words.split(' ').count() - 1;
        let folder = project.root().display();
        let ask = format!(
            "{script}\nsockspec() {{ '{sockspec}' \"$@\"; }}\ncd '{folder}'\nCOMP_WORDS=({words})\n[ -n '{last}' ] || COMP_WORDS+=('')\nCOMP_CWORD={count}\n_sockspec_with_names sockspec '{last}' ''\necho \"${{COMPREPLY[@]}}\"\n"
        );
        tool("bash", &[], &ask).map(|(_, said)| said.trim().to_owned())
    };
    let Some(said) = offered("sockspec accept kv/") else { return };
    assert_eq!(said, "kv/idle", "of what waits");
    assert_eq!(offered("sockspec run kv/").unwrap(), "kv/idle kv/set-get");
    assert_eq!(offered("sockspec explain ECONNREF").unwrap(), "ECONNREFUSED");
    assert_eq!(offered("sockspec ch").unwrap(), "check");
    let zsh = project.run(&["completions", "zsh"]).exits(0).stdout;
    assert!(zsh.contains(":_sockspec_waiting'") && zsh.contains(":_sockspec_specs'"), "{zsh}");
}

#[test]
fn the_manual_has_a_page_for_every_subcommand() {
    let project = Project::new(&[]);
    let told = project.run(&["man", "--dir", "man/man1"]).exits(0).stdout;
    let mut expected: Vec<String> = subcommands(&project).iter().map(|name| format!("sockspec-{name}.1")).collect();
    expected.push("sockspec.1".to_owned());
    expected.sort();
    let folder = project.path("man/man1");
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, expected);
    assert_eq!(told.lines().count(), expected.len());
    for name in &names {
        let page = fs::read_to_string(folder.join(name)).unwrap();
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\"", "\"SEE ALSO\""] {
            assert!(page.contains(&format!(".SH {section}\n")), "{name} has no {section}: {page}");
        }
        let path = folder.join(name);
        let read = tool("man", &["--warnings", "-l", path.to_str().unwrap()], "");
        if let Some((is_good, said)) = read {
            assert!(is_good && said.contains("EXIT STATUS"), "{name}: {said}");
            assert!(!said.contains("warning"), "{name}: {said}");
        }
    }
    let main = project.run(&["man"]).exits(0).stdout;
    assert_eq!(main, fs::read_to_string(folder.join("sockspec.1")).unwrap());
    project.write("file", "");
    project.run(&["man", "--dir", "file"]).exits(3).says("cannot write file/sockspec");
}
