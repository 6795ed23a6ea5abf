//! `sockspec completions`

use std::fmt::Write as _;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::output::Output;
use super::{Cli, Exit};

/// Subcommands after which the names of what waits for a decision can stand.
const OF_WAITING: [&str; 4] = ["accept", "reject", "pending", "review"];
/// Those after which the names of specs can.
const OF_SPECS: [&str; 8] = ["run", "check", "list", "show", "stress", "fmt", "mv", "coverage"];
/// What tells the names, one a line; of cases, the specs that they are of.
const WAITING: &str = "sockspec pending --format names 2>/dev/null";
const SPECS: &str = "sockspec list 2>/dev/null";

/// Print the completions of a shell: what it offers when one types Tab
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn execute(&self, output: &mut Output) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "sockspec", &mut script);
        let script = String::from_utf8_lossy(&script);
        output.print(&match self.shell {
            Shell::Bash => in_bash(&script),
            Shell::Zsh => in_zsh(&script),
            Shell::Fish => in_fish(&script),
            _ => script.into_owned(),
        });
        Exit::Success
    }
}

/// After what the script itself offers, which is files among other things, come the names.
fn in_bash(script: &str) -> String {
    let cases = |commands: &[&str], ask: &str| format!("        {}) names=$({ask}) ;;\n", commands.join("|"));
    let function = format!(
        "_sockspec_with_names() {{\n    local cur names=\"\"\n    _sockspec \"$@\"\n    cur=\"${{COMP_WORDS[COMP_CWORD]}}\"\n    \
         [[ $COMP_CWORD -gt 1 && $cur != -* && ${{COMP_WORDS[COMP_CWORD-1]}} != --* ]] || return 0\n    \
         case \"${{COMP_WORDS[1]}}\" in\n{}{}        *) return 0 ;;\n    esac\n    \
         names=$(sed 's/\\[.*//' <<< \"$names\" | sort -u)\n    \
         local files=(\"${{COMPREPLY[@]}}\")\n    COMPREPLY=($(compgen -W \"$names\" -- \"$cur\") $(compgen -f -- \"$cur\"))\n    \
         [[ ${{#COMPREPLY[@]}} -gt 0 ]] || COMPREPLY=(\"${{files[@]}}\")\n}}\n\n",
        cases(&OF_WAITING, WAITING),
        cases(&OF_SPECS, SPECS),
    );
    match script.rfind("if [[ \"${BASH_VERSINFO[0]}\"") {
        Some(at) => {
            let (before, registration) = script.split_at(at);
            format!("{before}{function}{}", registration.replace("-F _sockspec ", "-F _sockspec_with_names "))
        }
        None => script.to_owned(),
    }
}

/// The arguments of these subcommands are completed by functions that ask for names.
fn in_zsh(script: &str) -> String {
    let function = |name: &str, ask: &str| {
        format!(
            "{name}() {{\n    local -a names\n    names=(${{(fu)\"$({ask} | sed 's/\\[.*//')\"}})\n    \
             _alternative 'names:name:compadd -a names' 'files:file:_files'\n}}\n\n"
        )
    };
    let mut out = String::with_capacity(script.len() + 1024);
    let mut completer = None;
    for line in script.lines() {
        if let Some(command) = line.strip_prefix('(').and_then(|line| line.strip_suffix(')')) {
            completer = match command {
                command if OF_WAITING.contains(&command) => Some("_sockspec_waiting"),
                command if OF_SPECS.contains(&command) => Some("_sockspec_specs"),
                _ => None,
            };
        }
        let is_argument = ["'*::", "':from ", "':to "].iter().any(|start| line.starts_with(start));
        match completer {
            Some(completer) if is_argument => {
                let (before, after) = line.rsplit_once(':').unwrap_or((line, ""));
                let rest = after.trim_start_matches("_files").trim_start_matches("_default");
                let _ = write!(out, "{before}:{completer}{rest}");
            }
            _ => out.push_str(line),
        }
        out.push('\n');
        if line == "autoload -U is-at-least" {
            out.push('\n');
            out.push_str(&function("_sockspec_waiting", WAITING));
            out.push_str(&function("_sockspec_specs", SPECS));
        }
    }
    out
}

fn in_fish(script: &str) -> String {
    let names = |commands: &[&str], ask: &str| {
        let commands = commands.join(" ");
        format!(
            "complete -c sockspec -n \"__fish_seen_subcommand_from {commands}\" -a \"({ask} | string replace -r '\\\\[.*' '' | sort -u)\"\n"
        )
    };
    format!("{script}{}{}", names(&OF_WAITING, WAITING), names(&OF_SPECS, SPECS))
}
