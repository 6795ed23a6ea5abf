//! Programs: that something says when they are ready, and what that can be.

use super::{check_spec, findings, said};
use crate::plan::Settings;

/// A spec with a port, and these steps.
fn with_port(steps: &str) -> String {
    format!("about: A test.\nports: [port]\nsteps:\n{steps}")
}

#[test]
fn whoever_connects_to_a_program_waits_until_it_is_ready() {
    let run = "  - p: {run: [./kv, --port, \"${port}\"]}\n";
    let connect = "  - c: {connect: \"tcp://127.0.0.1:${port}\"}";
    check_spec(&with_port(&format!("{run}{connect} #? \"tcp://127.0.0.1:${{port}}\"\n")));
    check_spec(&with_port(&format!(
        "  - p: {{run: [./kv], env: {{PORT: \"${{port}}\"}}}}\n{connect} #? \"tcp://127.0.0.1:${{port}}\"\n"
    )));
    check_spec(&format!(
        "files: {{kv.conf: \"port ${{port}}\"}}\n{}",
        with_port(&format!("  - p: {{run: [./kv]}}\n{connect} #? \"tcp://127.0.0.1:${{port}}\"\n"))
    ));
    for between in [
        "  - p: {recv: \"listening\\n\"}\n",
        "  - pause: 100ms #? pause\n",
        "  - retry: 2s\n    steps:\n      - probe: {connect: \"tcp://127.0.0.1:${port}\"}\n",
    ] {
        check_spec(&with_port(&format!("{run}{between}{connect}\n")));
    }
    let refused = "  - c: {connect: \"tcp://127.0.0.1:${port}\", fails: [ECONNREFUSED, none]}\n";
    check_spec(&with_port(&format!("{run}{refused}")));
}

#[test]
fn somebody_else_may_listen_at_the_port() {
    check_spec(&with_port(
        "  - s: {listen: \"tcp://127.0.0.1:${port}\"}\n  - p: {run: [./client, \"${port}\"]}\n  - c: {connect: \"tcp://127.0.0.1:${port}\"}\n",
    ));
    check_spec(&with_port(
        "  - s: {run: [./kv, \"${port}\"], ready: {stdout: up}}\n  - p: {run: [./client, \"${port}\"]}\n  - c: {connect: \"tcp://127.0.0.1:${port}\"}\n",
    ));
}

#[test]
fn the_way_out_is_the_line_to_write() {
    let text = with_port("  - p: {run: [./kv, \"${port}\"]}\n  - c: {connect: \"tcp://127.0.0.1:${port}\"}\n");
    let (_, found) = findings(&text, &Settings::default());
    assert!(found[0].help[0].contains("`ready: \"tcp://127.0.0.1:${port}\"`"), "{found:?}");
}

#[test]
fn a_word_after_ready_is_a_line_of_output() {
    let said = |ready: &str| said(&format!("  - p: {{run: [./kv], ready: {ready}}}\n"));
    for line in ["listening", "Ready to accept connections"] {
        let said = said(line);
        assert!(said.contains(&format!("`{line}` is no address, nor an endpoint of this spec")), "{said}");
        assert!(said.contains(&format!("`ready: {{stdout: {line}}}`")), "{said}");
    }
    assert!(!said("\"tcp://127.0.0.1:7000\"").contains("is no address"));
}

#[test]
fn a_port_that_is_written_otherwise_is_understood() {
    for port in ["$port", "{port}"] {
        let text = with_port(&format!("  - c: {{connect: \"tcp://127.0.0.1:{port}\"}}\n"));
        let found = findings(&text, &Settings::default()).1;
        let help: Vec<&String> = found.iter().flat_map(|finding| &finding.help).collect();
        assert!(help.iter().any(|help| help.contains("did you mean `tcp://127.0.0.1:${port}`?")), "{found:?}");
    }
}
