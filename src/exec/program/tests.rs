//! Programs as endpoints, with those that every machine has: sh, cat, sleep, head.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::time::{Duration, Instant};

use crate::exec::tests::{failure, run, run_with, trace};
use crate::exec::{Ended, Options};
use crate::trace::record::Failure;

/// What a program has printed by the time of a failure.
fn printed(failure: &Failure) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    failure
        .printed
        .iter()
        .map(|printed| format!("{}{}: {}", printed.by, ["", "!"][usize::from(printed.stderr)], text(&printed.bytes.0)))
        .collect()
}

/// How many processes have this word as an argument.
fn processes(word: &str) -> usize {
    let all = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let has = |line: Vec<u8>| line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes());
    all.filter(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(has)).count()
}

#[test]
fn what_is_sent_is_read_and_what_is_printed_is_received() {
    let text = trace(
        "- cat: {run: [cat]}\n- cat: {send: \"one\\ntwo\\n\"}\n- cat: {recv: {until: \"\\n\"}}\n- cat: {expect: readable}\n- cat: {recv: two, peek: true}\n- cat: {read: 100}\n- cat: {expect: silence, for: 20ms}\n- cat: close\n- cat: {expect: eof}\n- cat: {expect: exit, status: 0}",
    );
    assert_eq!(
        text,
        "cat       run cat\ncat       send 8\n          | one\\n\n          | two\\n\ncat       recv 4 \"one\\n\"\ncat       readable\ncat       recv 3 \"two\" peek\ncat       read 100 \"two\\n\"\ncat       silence 20ms\ncat       close\ncat       eof\ncat       exit 0\n"
    );
}

#[test]
fn the_error_output_is_received_apart() {
    let text = trace(
        "- p: {run: [sh, -c, 'echo out; echo err >&2; echo more >&2']}\n- p: {recv: \"err\\n\", from: stderr}\n- p: {recv: \"more\\n\", from: stderr}\n- p: {expect: eof, from: stderr}\n- p: {recv: \"out\\n\"}\n- p: {expect: exit}",
    );
    assert!(text.contains("p         recv 4 \"err\\n\" from stderr\n"), "{text}");
    assert!(text.ends_with("p         eof from stderr\np         recv 4 \"out\\n\"\np         exit 0\n"), "{text}");
}

#[test]
fn how_a_program_ends_is_a_fact() {
    let text = trace(
        "- p: {run: [sh, -c, exit 3]}\n- p: {expect: exit, status: 3}\n- p: {run: [sleep, \"60\"]}\n- p: {signal: TERM}\n- p: {expect: exit, status: [0, SIGTERM]}\n- p: {run: [sh, -c, 'kill -KILL $$']}\n- p: {expect: exit}\n- p: {signal: TERM, fails: ESRCH}",
    );
    let ends = text.lines().filter(|line| line.contains(" exit ")).collect::<Vec<_>>();
    assert_eq!(ends, ["p         exit 3", "p         exit [0, SIGTERM]", "p         exit SIGKILL"]);
    let failure = failure("- p: {run: [sh, -c, 'echo why >&2; exit 1']}\n- p: {expect: exit, status: [0, SIGTERM]}");
    assert_eq!(failure.message, "p: it ended with status 1, not with status 0 or by SIGTERM");
    assert_eq!(printed(&failure), ["p!: why\n"]);
}

#[test]
fn any_of_the_conditions_will_do() {
    let text = trace("- p: {run: [sh, -c, 'exec >&-; exec sleep 60']}\n- p: {expect: [eof, exit]}");
    assert!(text.contains("p         [eof, exit]\n"), "{text}");
    trace("- p: {run: [\"true\"]}\n- p: {expect: [exit, readable], status: 0}");
}

#[test]
fn a_program_has_nothing_open_but_its_streams_and_they_are_no_sockets() {
    let text = trace(
        "- a: {listen: tcp}\n- p: {run: [sh, -c, 'for fd in 0 1 2; do test -p /dev/fd/$fd && echo pipe; done; exec ls /proc/self/fd']}\n- p: {recv: {rest: true}}\n- p: {expect: exit, status: 0}",
    );
    // ls has the folder open that it lists.
    assert!(text.contains("| pipe\\n\n          | pipe\\n\n          | pipe\\n\n          | 0\\n\n          | 1\\n\n          | 2\\n\n          | 3\\n\n"), "{text}");
    assert!(!text.contains("| 4"), "{text}");
}

#[test]
fn what_made_a_program_ready_is_still_received() {
    let text = trace(
        "- p: {run: [sh, -c, 'echo begin; sleep 0.05; echo Ready; cat'], ready: {stdout: '^Ready$'}}\n- p: {recv: \"begin\\nReady\\n\"}\n- p: close\n- p: {expect: exit}",
    );
    assert!(text.contains("recv 12"), "{text}");
    trace("- p: {run: [sh, -c, 'printf \"> \" >&2; cat'], ready: {stderr: '> $'}}");
}

#[test]
fn an_address_that_accepts_makes_ready() {
    let failure = failure(
        "- gone: {listen: tcp}\n- gone: close\n- p: {run: [sleep, \"60\"], ready: \"tcp://127.0.0.1:${gone.port}\", within: 100ms}",
    );
    assert!(failure.message.starts_with("p: nothing accepted a connection at tcp://127.0.0.1:"), "{failure:?}");
    trace("- s: {listen: tcp}\n- p: {run: [sleep, \"60\"], ready: \"tcp://127.0.0.1:${s.port}\"}");
}

#[test]
fn a_program_that_ends_before_it_is_ready_fails_at_once() {
    let began = Instant::now();
    let failure =
        failure("- p: {run: [sh, -c, 'echo a; echo bad config >&2; exit 2'], ready: {stdout: never}, within: 60s}");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert_eq!(failure.message, "p: it ended with status 2 before it was ready");
    assert_eq!(printed(&failure), ["p: a\n", "p!: bad config\n"]);
}

#[test]
fn a_program_that_never_becomes_ready_is_told_with_what_it_printed() {
    let failure = failure("- p: {run: [sh, -c, 'echo a; exec sleep 60'], ready: {stdout: '^b'}, within: 2s}");
    assert_eq!(failure.message, "p: no line of its output matched /^b/");
    assert_eq!(failure.deadline, Some(2_000_000));
    assert_eq!(printed(&failure), ["p: a\n"]);
}

#[test]
fn what_a_server_says_on_its_input_is_heard() {
    trace("- p: {run: [sh, -c, 'echo complaint >&0']}\n- p: {recv: \"complaint\\n\"}\n- p: {expect: exit, status: 0}");
    let failure = failure("- p: {run: [sh, -c, 'echo 500 OOPS >&0; exit 2'], ready: {stdout: never}}");
    assert_eq!(printed(&failure), ["p: 500 OOPS\n"]);
}

#[test]
fn a_program_may_open_its_streams_by_their_names() {
    trace(
        "- p: {run: [sh, -c, 'cat /dev/stdin; echo err > /dev/stderr; echo out > /dev/stdout']}\n- p: {send: \"in\\n\"}\n- p: close\n- p: {recv: \"in\\nout\\n\"}\n- p: {recv: \"err\\n\", from: stderr}\n- p: {expect: exit}",
    );
}

#[test]
fn a_step_does_not_wait_for_a_program_that_has_ended() {
    let began = Instant::now();
    let lost = failure("- a: {pair: b}\n- p: {run: [sh, -c, 'sleep 0.05; exit 3']}\n- b: {recv: x, within: 60s}");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert_eq!(lost.message, "p: it ended with status 3, and nobody expected that");
    assert!(lost.notes[0].starts_with("`b` was waiting then (line "), "{:?}", lost.notes);
    // Nor in lanes.
    let lost = failure(
        "- a: {pair: b}\n- p: {run: [sh, -c, 'sleep 0.05; exit 3']}\n- parallel: {one: [{b: {recv: x, within: 20s}}], two: [{a: {recv: x, within: 20s}}]}",
    );
    assert_eq!(lost.message, "p: it ended with status 3, and nobody expected that");
    let late = failure(
        "- a: {pair: b}\n- p: {run: [sh, -c, 'sleep 0.05; exit 3']}\n- b: {recv: x, within: 300ms}\n- p: {expect: exit}",
    );
    assert_eq!(late.deadline, Some(300_000), "a later step expects it to end");
}

#[test]
fn what_a_program_has_sent_before_its_end_is_received() {
    // What `p` writes goes through another program before a step has it.
    let text = trace(
        "- q: {run: [sh, -c, 'mkfifo f; echo up; cat f'], ready: {stdout: up}}\n- q: {recv: \"up\\n\"}\n- p: {run: [sh, -c, 'sleep 0.1; echo bye > f']}\n- q: {recv: \"bye\\n\", within: 20s}\n- p: close\n- q: {expect: exit}",
    );
    assert!(text.contains("q         recv 4 \"bye\\n\"\n"), "{text}");
}

#[test]
fn nobody_expects_a_program_to_end() {
    let failure =
        failure("- p: {run: [sh, -c, 'echo died; exit 4']}\n- pause: 100ms\n- s: {listen: tcp}\n- c: {connect: s}");
    assert_eq!(failure.message, "p: it ended with status 4, and nobody expected that");
    assert_eq!(printed(&failure), ["p: died\n"]);
    assert!(failure.help[0].contains("`- p: {expect: exit, status: 4}`"), "{:?}", failure.help);
}

#[test]
fn at_the_end_no_program_may_be_missing() {
    let died = failure("- p: {run: [\"false\"]}\n- pause: 100ms");
    assert_eq!(died.message, "p: it ended with status 1, and nobody expected that");
    // Whoever is asked to end may.
    let text = trace("- p: {run: [cat]}\n- p: close\n- q: {run: [sleep, \"60\"]}\n- q: {signal: INT}\n- pause: 50ms");
    assert!(text.ends_with("end       p open, q open\n"), "{text}");
    let other = failure(
        "- p: {run: [sh, -c, 'exit 5']}\n- pause: 50ms\n- s: {listen: tcp}\n- x: {accept: s, within: 50ms}\n- p: {expect: exit}",
    );
    assert!(other.notes.contains(&"`p` had ended by then, with status 5".to_owned()), "{:?}", other.notes);
}

#[test]
fn the_end_of_a_connection_may_be_that_of_its_program() {
    // The connection is closed some time before its program has ended.
    let told = |before: &str, steps: &str| {
        let run = format!("- p: {{run: [sh, -c, '{before}; exec 3<&-; sleep 0.08; exit 7'], pass: [a]}}\n- a: close\n");
        let failure = failure(&steps.replace("RUN\n", &run));
        assert!(failure.notes.contains(&"`p` had ended by then, with status 7".to_owned()), "{failure:#?}");
    };
    told("true", "- a: {pair: b}\nRUN\n- b: {recv: x}");
    told("sleep 0.05", "- a: {pair: b}\n- b: {send: unread}\nRUN\n- b: {recv: x}");
    told("true", "- a: {listen: tcp}\nRUN\n- pause: 50ms\n- c: {connect: a}");
    // What the other end of the spec's own closes has nothing to do with the program.
    let other = failure("- p: {run: [sh, -c, 'sleep 0.1; exit 7']}\n- a: {pair: b}\n- a: close\n- b: {recv: x}");
    assert_eq!(other.notes, Vec::<String>::new());
}

#[test]
fn nothing_is_ready_by_an_address_of_datagrams() {
    let failure = failure("- u: {bind: udp}\n- p: {run: [cat], ready: u}");
    assert_eq!(failure.message, "p: nothing accepts at an address of datagrams");
}

#[test]
fn what_cannot_be_executed_is_an_observation() {
    let text = trace("- p: {run: [no-such-program], fails: ENOENT}\n- p: {run: [/etc/passwd], fails: EACCES}");
    assert!(text.contains("p         run no-such-program fails ENOENT\n"), "{text}");
    assert_eq!(failure("- p: {run: [./gone]}").message, "p: run failed with ENOENT");
    assert!(failure("- p: {run: [pwd], dir: gone}").message.contains("no folder `gone`"));
}

#[test]
fn a_program_has_its_folder_and_its_environment() {
    trace(
        "- p: {run: [sh, -c, 'mkdir sub; touch sub/file'], env: {PATH: \"/bin:/usr/bin\"}}\n- p: {expect: exit, status: 0}\n- q: {run: [sh, -c, 'echo \"$NAME $(ls)\"'], dir: sub, env: {NAME: a b}}\n- q: {recv: \"a b file\\n\"}\n- q: {expect: exit}",
    );
}

#[test]
fn a_closed_input_is_closed() {
    trace(
        "- p: {run: [\"true\"]}\n- p: {expect: exit}\n- q: {run: [sh, -c, 'exec <&-; echo x; exec sleep 60']}\n- q: {recv: \"x\\n\"}\n- q: {send: x, fails: EPIPE}",
    );
}

#[test]
fn a_program_that_ignores_sigterm_is_killed() {
    let began = Instant::now();
    trace("- p: {run: [sh, -c, 'trap \"\" TERM; echo on; while :; do sleep 60.71; done'], ready: {stdout: on}}");
    let took = began.elapsed();
    assert!(Duration::from_millis(500) < took && took < Duration::from_mins(1), "{took:?}");
    assert_eq!(processes("60.71"), 0);
}

#[test]
fn daemons_are_ended_with_who_started_them() {
    let steps = "- p: {run: [sh, -c, '(setsid sh -c \"sleep 60.72 & sleep 60.72\" &)']}\n- p: {expect: exit, status: 0}\n- pause: 50ms";
    trace(steps);
    assert_eq!(processes("60.72"), 0);
    failure(&format!("{steps}\n- p: {{run: [sleep, \"60.72\"]}}\n- p: {{expect: exit, within: 10ms}}"));
    assert_eq!(processes("60.72"), 0);
}

#[test]
fn a_cancelled_run_ends_its_programs() {
    let options = Options::default();
    let cancel = options.cancel.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        cancel.cancel();
    });
    let execution = run_with("- p: {run: [sleep, \"60.73\"]}\n- p: {expect: exit, within: 50s}", &options);
    canceller.join().unwrap();
    assert!(matches!(execution.ended, Ended::Cancelled { .. }));
    assert_eq!(processes("60.73"), 0);
}

#[test]
fn a_flood_that_nobody_receives_is_let_go() {
    trace("- p: {run: [head, -c, \"200000000\", /dev/zero]}\n- p: {expect: exit, status: 0, within: 20s}");
    trace("- p: {run: [sh, -c, 'head -c 200000000 /dev/zero >&2']}\n- p: {expect: exit, status: 0, within: 20s}");
}

#[test]
fn a_flood_that_somebody_receives_later_has_to_wait() {
    let failure = failure(
        "- p: {run: [head, -c, \"200000000\", /dev/zero]}\n- p: {expect: exit, within: 3s}\n- p: {recv: {rest: true, vary: true}}",
    );
    assert_eq!(failure.message, "p: it did not end");
    assert!(failure.notes[0].contains("waits to be received"), "{:?}", failure.notes);
    trace(
        "- p: {run: [head, -c, \"20000000\", /dev/zero]}\n- p: {recv: {bytes: 20000000}, within: 20s}\n- p: {expect: exit}",
    );
}

#[test]
fn a_name_is_free_again_once_its_program_has_ended() {
    trace("- repeat: 3\n  steps:\n    - p: {run: [\"true\"]}\n    - p: {expect: exit, status: 0}");
    let execution =
        run("- p: {run: [cat]}\n- q: {run: [cat]}\n- p: {send: x}\n- q: {send: y}\n- q: {recv: y}\n- p: {recv: x}");
    assert_eq!(execution.ended, Ended::Completed);
    let open: Vec<_> = execution.record.end.iter().map(|open| open.name.as_str()).collect();
    assert_eq!(open, ["p", "q"]);
}

#[test]
fn a_poll_is_not_taken_in_by_the_rest_of_a_wrong_answer() {
    // Two answers end as the right one does, and are longer.
    let server = "n=0; while read line; do n=$((n+1)); \
                  if [ $n -lt 3 ]; then printf 'none done'; else printf 'done'; fi; done";
    let text = trace(&format!(
        "- p: {{run: [sh, -c, \"{server}\"]}}\n- retry: 2s\n  steps:\n    - p: {{send: \"ask\\n\"}}\n    - p: {{recv: done}}\n- p: {{send: \"ask\\n\"}}\n- p: {{recv: done}}\n- p: close\n- p: {{expect: eof}}"
    ));
    assert!(text.contains("retry\n  p         send 4 \"ask\\n\"\n  p         recv 4 \"done\"\n"), "{text}");
    // Who sends nothing looks for a message among those that come.
    trace(
        "- p: {run: [sh, -c, 'printf \"one\\nlonger\\ntwo\\nthree\\n\"; exec sleep 60']}\n- retry: 2s\n  steps:\n    - p: {recv: {until: \"\\n\", match: two}}\n- p: {recv: \"three\\n\"}",
    );
}

#[test]
fn steps_that_hold_make_ready() {
    let text = trace(
        "- p:\n    run: [sh, -c, 'sleep 0.05; echo up > up; exec sleep 60']\n    ready:\n      steps:\n        - look: {run: [cat, up]}\n        - look: {expect: exit, status: 0}\n        - look: {recv: \"up\\n\"}",
    );
    assert!(text.starts_with("p         run sh -c"), "{text}");
    assert!(
        text.contains("retry\n  look      run cat up\n  look      exit 0\n  look      recv 3 \"up\\n\"\n"),
        "{text}"
    );
    assert!(text.ends_with("end       p open\n"), "{text}");
    let began = Instant::now();
    let ended = failure(
        "- p: {run: [sh, -c, 'sleep 0.05; echo no; exit 3'], ready: {steps: [{c: {connect: \"tcp://127.0.0.1:1\"}}]}, within: 60s}\n- p: {expect: exit}",
    );
    assert_eq!(ended.message, "p: it ended with status 3 before it was ready");
    assert_eq!(printed(&ended), ["p: no\n"]);
    assert!(began.elapsed() < Duration::from_mins(1));
    let never =
        failure("- p: {run: [sleep, \"60\"], ready: {steps: [{c: {connect: \"tcp://127.0.0.1:1\"}}]}, within: 100ms}");
    assert_eq!(never.message, "c: connect failed with ECONNREFUSED");
    assert!(never.notes.iter().any(|note| note.starts_with("it was not ready after ")), "{:?}", never.notes);
}

#[test]
fn the_sockets_of_a_program_are_numbered_from_3_on_however_many() {
    let names: Vec<String> = (0..40).map(|nth| format!("s{nth}")).collect();
    let made = names.iter().fold(String::new(), |made, name| format!("{made}- {name}: {{socket: udp}}\n"));
    let text = trace(&format!(
        "{made}- p: {{run: [sh, -c, 'test $LISTEN_PID = $$ && ls -v /proc/self/fd | tr \"\\n\" \" \"; echo $LISTEN_FDS; echo $LISTEN_FDNAMES'], env: {{LISTEN_PID: \"1\"}}, pass: [{}]}}\n- p: {{recv: {{until: \"\\n\"}}}}\n- p: {{recv: {{until: \"\\n\"}}}}\n- p: {{expect: exit, status: 0}}",
        names.join(", ")
    ));
    // Beside its streams and the sockets there is the folder that ls reads, and what we have inherited.
    let numbers: Vec<String> = (0..44).map(|number| number.to_string()).collect();
    assert!(text.contains(&format!("\"{} ", numbers.join(" "))) && text.contains(" 40\\n\"\n"), "{text}");
    assert!(text.contains(&format!("\"{}\\n\"", names.join(":"))), "{text}");
}

#[test]
fn that_a_program_is_not_executed_is_told_though_it_gets_sockets() {
    let text = trace(
        "- server: {listen: tcp}\n- p: {run: [/dev/null], pass: [server], fails: EACCES}\n- conn: {accept: server, nonblocking: true, fails: EAGAIN}\n- server: close\n- client: {connect: server, fails: ECONNREFUSED}",
    );
    assert!(text.contains("p         run /dev/null pass server fails EACCES\n"), "{text}");
}

#[test]
fn others_that_start_programs_do_not_disturb_the_numbers() {
    let end = Instant::now() + Duration::from_millis(300);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while Instant::now() < end {
                    trace(
                        "- s: {socket: udp}\n- p: {run: [sh, -c, 'test $LISTEN_PID = $$ && ls -l /proc/$$/fd/3'], pass: [s]}\n- p: {recv: {until: \"\\n\", match: '.*socket:.*'}}\n- p: {expect: exit, status: 0}\n- q: {run: [/nobody/has/this], pass: [s], fails: ENOENT}",
                    );
                }
            });
        }
    });
}

/// Its supervisor ends with it, and may not have read the signal then: that must not hide what it said.
#[test]
fn an_end_is_noticed_though_a_signal_is_under_way() {
    let steps = "- p: {run: ['true']}\n- p: {signal: CONT, fails: [ESRCH, none]}\n- p: {expect: exit, status: 0}";
    for _ in 0..400 {
        let execution = run(steps);
        assert_eq!(execution.ended, Ended::Completed, "{:#?}", execution.record.failure);
    }
}

#[test]
fn what_a_program_sends_and_nobody_receives_is_in_the_record_alone() {
    let steps = "- server: {listen: tcp}\n- p: {run: [bash, -c, 'printf hello > /dev/tcp/127.0.0.1/$0', \"${server.port}\"]}\n- conn: {accept: server}\n- other: {accept: server, fails: EAGAIN, nonblocking: true}\n- conn: {expect: readable}\n- p: {expect: exit, status: 0}\n";
    for (last, of) in [("", "end"), ("- conn: close\n", "close")] {
        let execution = run(&format!("{steps}{last}"));
        assert_eq!(execution.ended, Ended::Completed, "{:?}", execution.record.failure);
        assert_eq!(execution.record.left_unread(), [("conn", 5)], "{of}");
        assert!(!crate::trace::text_of(&execution.record).contains("unread"), "{of}");
    }
}
