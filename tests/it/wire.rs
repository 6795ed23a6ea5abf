//! `wire: true` with a program at the other end. The program is the one that is there wherever
//! these tests are: `sockspec` itself, with a spec of its own.

use crate::project::Project;

/// What is told of the steps of one spec, where the program `p`, which they start, runs the steps of
/// another one: the lines without those of the program. `None` where the machine allows no isolated network.
fn told(program: &str, steps: &str) -> Option<String> {
    sockspec::exec::can_isolate().ok()?;
    let indented = |text: &str, by: &str| text.trim_end().replace('\n', &format!("\n{by}"));
    let spec = format!(
        "about: A program is at the other end.
network: isolated
wire: true
ports: [port]
files:
  program.yaml: |
    about: A program.
    steps:
      {}
steps:
  {}
  - p: {{expect: exit, status: 0, within: 20s}}
",
        indented(program, "      "),
        indented(steps, "  "),
    );
    let project = Project::new(&[("specs/wire.yaml", &spec)]);
    project.run(&["run", "--update", "all", "--timeout-factor", "4"]).exits(0);
    let trace = project.trace("snapshots/wire.snap").unwrap();
    let (told, _) = trace.split_once("p         exit 0\n").unwrap();
    let told = told.split_inclusive('\n').filter(|line| !line.starts_with("p ")).collect();
    // Once more, it is the same.
    project.run(&["run", "--update", "no", "--timeout-factor", "4"]).exits(0);
    Some(told)
}

#[track_caller]
fn same(program: &str, steps: &str, expected: &str) {
    if let Some(told) = told(program, steps) {
        assert_eq!(told, expected);
    }
}

const CONNECTED: &str = "\
retry
  c         connect tcp://127.0.0.1:<port>
    wire    c > 127.0.0.1:<port>  SYN
    wire    127.0.0.1:<port> > c  SYN ACK
    wire    c > 127.0.0.1:<port>  ACK
";

const RUN: &str = concat!(
    "- p: {run: ['",
    env!("CARGO_BIN_EXE_sockspec"),
    "', run, --update, all, --timeout-factor, '4', program.yaml]}\n"
);

const CONNECT: &str = "- retry: 5s\n  steps: [{c: {connect: 'tcp://127.0.0.1:${port}'}}]\n";

#[test]
fn data_belong_to_the_step_that_took_them_and_the_end_to_the_step_that_saw_it() {
    same(
        "- s: {listen: 'tcp://127.0.0.1:${port}'}
- conn: {accept: s}
- conn: {recv: hello}
- conn: {send: wel}
- pause: 20ms
- conn: {send: come}
- conn: close
",
        &format!(
            "{RUN}{CONNECT}- c: {{send: hello}}
- c: {{recv: we, peek: true}}
- c: {{recv: w}}
- c: {{recv: elcom}}
- c: {{expect: [eof, readable]}}
- c: {{recv: {{rest: true}}}}
- c: {{expect: eof}}
- c: close
"
        ),
        &format!(
            "{CONNECTED}\
c         send 5 \"hello\"
  wire    c > 127.0.0.1:<port>  DATA 5
c         recv 2 \"we\" peek
c         recv 1 \"w\"
  wire    127.0.0.1:<port> > c  DATA 1
c         recv 5 \"elcom\"
  wire    127.0.0.1:<port> > c  DATA 5
c         [eof, readable]
c         recv 1 \"e\"
  wire    127.0.0.1:<port> > c  DATA 1
  wire    127.0.0.1:<port> > c  FIN
c         eof
c         close
  wire    c > 127.0.0.1:<port>  FIN
"
        ),
    );
}

#[test]
fn a_reset_belongs_to_the_step_that_saw_it() {
    let program = "\
- s: {listen: 'tcp://127.0.0.1:${port}'}
- conn: {accept: s}
- conn: {recv: x}
- conn: reset
";
    let sees = |step: &str, told: &str| {
        let steps = format!("{RUN}{CONNECT}- c: {{send: x}}\n- c: {step}\n");
        let sent = "c         send 1 \"x\"\n  wire    c > 127.0.0.1:<port>  DATA 1\n";
        same(program, &steps, &format!("{CONNECTED}{sent}{told}"));
    };
    let reset = "  wire    127.0.0.1:<port> > c  RST\n";
    sees("{expect: reset}", &format!("c         expect reset\n{reset}"));
    sees("{recv: x, fails: ECONNRESET}", &format!("c         recv fails ECONNRESET\n{reset}"));
    sees("{expect: {SO_ERROR: ECONNRESET}}", &format!("c         expect SO_ERROR=ECONNRESET\n{reset}"));
    // Who leaves it open what comes, is told nothing of it.
    sees("{expect: [eof, reset]}", "c         [eof, reset]\n");
    sees("{recv: {rest: true, end: [eof, reset]}}", "c         recv 0 [eof, reset]\n");
}

#[test]
fn a_program_that_connects_is_told_under_the_accept() {
    same(
        "- c: {connect: 'tcp://127.0.0.1:${port}'}
- c: {send: hello}
- c: {recv: bye}
- c: {expect: eof}
- c: close
",
        &format!(
            "- s: {{listen: 'tcp://127.0.0.1:${{port}}'}}
{RUN}- conn: {{accept: s, within: 5s}}
- conn: {{recv: {{until: o, vary: true}}}}
- conn: {{send: bye}}
- conn: close
- conn: {{expect: {{state: TIME-WAIT}}}}
- s: close
"
        ),
        "\
s         listen tcp://127.0.0.1:<port>
conn      accept s
  wire    127.0.0.1:~ > s  SYN
  wire    s > 127.0.0.1:~  SYN ACK
  wire    127.0.0.1:~ > s  ACK
conn      recv ~ ~
  wire    127.0.0.1:~ > s  DATA ~
conn      send 3 \"bye\"
  wire    s > 127.0.0.1:~  DATA 3
conn      close
  wire    s > 127.0.0.1:~  FIN
conn      expect state=TIME-WAIT
  wire    127.0.0.1:~ > s  FIN
s         close
",
    );
}

#[test]
fn datagrams_belong_to_the_step_that_received_them() {
    same(
        "- c: {bind: udp}
- c: {send: one, to: 'udp://127.0.0.1:${port}'}
- c: {send: three, to: 'udp://127.0.0.1:${port}'}
- c: {send: seven, to: 'udp://127.0.0.1:${port}'}
- c: {recv: ok}
",
        &format!(
            "- s: {{bind: 'udp://127.0.0.1:${{port}}'}}
{RUN}- s: {{recv: one, within: 5s, sender: them}}
- s: {{read: 2, truncated: true}}
- s: {{send: ok, to: them}}
"
        ),
        "\
s         bind udp://127.0.0.1:<port>
s         recv 3 \"one\" sender them
  wire    127.0.0.1:~ > s  UDP 3
s         read 2 \"th\" truncated
  wire    127.0.0.1:~ > s  UDP ~
s         send 2 \"ok\" to them
  wire    s > 127.0.0.1:~  UDP 2
",
    );
}

#[test]
fn of_tls_each_step_that_took_something_is_told() {
    same(
        "- s: {listen: 'tcp://127.0.0.1:${port}'}
- conn: {accept: s}
- conn: {tls: server}
- conn: {send: welcome}
- conn: {expect: eof}
- conn: {expect: {state: CLOSE-WAIT}}
- conn: close
",
        &format!(
            "{RUN}{CONNECT}- c: {{tls: client, verify: false}}
- c: {{recv: wel}}
- c: {{recv: come}}
- c: {{shutdown: write}}
- c: {{expect: eof}}
- c: {{expect: {{state: TIME-WAIT}}}}
"
        ),
        &format!(
            "{CONNECTED}\
c         tls 1.3 verify false
  wire    c > 127.0.0.1:<port>  DATA ~
  wire    127.0.0.1:<port> > c  DATA ~
c         recv 3 \"wel\"
  wire    127.0.0.1:<port> > c  DATA ~
c         recv 4 \"come\"
  wire    127.0.0.1:<port> > c  DATA ~
c         shutdown write
  wire    c > 127.0.0.1:<port>  DATA ~
  wire    c > 127.0.0.1:<port>  FIN
c         eof
c         expect state=TIME-WAIT
  wire    127.0.0.1:<port> > c  FIN
"
        ),
    );
}
