//! What is written is read back, to the byte.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::Trace;
use super::super::event::What;
use super::super::record::Unread;
use super::super::shown::Shown;
use super::*;

const TRACE: &str = r#"server    listen tcp
client    connect server
  wire    client > server  SYN
  wire    server > client  SYN ACK
conn      accept client
client    send 7 "request"
conn      recv ~ "id=" <id> "\r\n" from client
conn      send 41
          | HTTP/1.1 200 OK\r\n
          | Content-Length: 3\r\n
          | \r\n
          | abc
conn      recv 18 peek
          | 00 0f 1e 2d 3c 4b 5a 69 78 87 96 a5 b4 c3 d2 e1  |...-<KZix.......|
          | f0 ff                                            |..|
other     connect spare fails [ECONNREFUSED, none]
parallel
  reader
    conn      recv 1048576 fill "ab"
    retry
      a-long-name close unread 5
  writer
    repeat 3
      client<i> read 2 "tw" truncated
    repeat ~
      client    recv fails EAGAIN
end       server open, 1000 client<i> open, ~ x<i> open unread ~, conn open unread 5
"#;

fn read(text: &str) -> TraceText {
    let read = TraceText::read(text);
    assert_eq!(read.to_text(), text, "nothing is lost");
    read
}

/// What was not understood, and what would be written otherwise.
fn odd(nodes: &[Node]) -> Vec<String> {
    let mut found = Vec::new();
    for node in nodes {
        if node.raw.is_some() || matches!(node.kind, NodeKind::Unknown(_)) {
            found.push(node.head());
        }
        found.extend(odd(node.inner()));
    }
    found
}

fn event(line: &str) -> Event {
    let read = read(line);
    assert_eq!(odd(&read.nodes), Vec::<String>::new(), "{line}");
    read.nodes[0].event().unwrap().clone()
}

fn parts(line: &str) -> (String, Vec<Shown>, Vec<String>) {
    match event(line).what {
        What::Data { verb, bytes, suffix } => (verb, bytes, suffix),
        What::Words(words) => panic!("no bytes in `{words}`"),
    }
}

#[test]
fn a_trace_is_read_with_its_lines() {
    let trace = read(TRACE);
    assert_eq!(odd(&trace.nodes), Vec::<String>::new());
    let places: Vec<_> = trace.events().iter().map(|node| (node.line, node.lines)).collect();
    let expected =
        [(1, 1), (2, 3), (5, 1), (6, 1), (7, 1), (8, 5), (13, 3), (16, 1), (19, 1), (21, 1), (24, 1), (26, 1)];
    assert_eq!(places, expected);
    let connect = trace.nodes[1].event().unwrap();
    assert_eq!(connect.wire[1].what, "SYN ACK");
    let NodeKind::Parallel(lanes) = &trace.nodes[8].kind else { panic!("{:?}", trace.nodes[8]) };
    assert!(matches!(&lanes[0].kind, NodeKind::Lane(name, _) if name == "reader"));
    assert!(matches!(&lanes[1].inner()[1].kind, NodeKind::Repeat(None, _)));
    let NodeKind::End(end) = &trace.nodes[9].kind else { panic!("{:?}", trace.nodes[9]) };
    assert_eq!(end[1].0, Some(1000));
    assert_eq!(end[3].1.unread, Unread::Bytes(5));
}

#[test]
fn bytes_are_read_as_they_were() {
    let (_, bytes, suffix) = parts("conn      recv 4 \"a\\xff\\\"\\n\" peek from client\n");
    assert_eq!(bytes, [Shown::Bytes(b"a\xff\"\n".to_vec())]);
    assert_eq!(suffix, ["peek", "from client"]);
    let (_, bytes, _) = parts("a         recv 4 \"x\" <id>\n");
    assert_eq!(bytes[1], Shown::Named { name: "id".into(), size: Some(3) });
    let (_, bytes, _) = parts("a         recv ~ ~/a b\\/c/ .. ..{4} <size> u16 & 0x0f = 0x03 ~ [eof, reset]\n");
    assert_eq!(bytes.len(), 7);
    let (_, bytes, _) = parts("a         recv ~ one_of [\"a\" ~/x, y/, \"\", until_last [\"z\", ..]] eof\n");
    assert!(matches!(&bytes[0], Shown::Group { members, .. } if members.len() == 3));
    let hash = "0".repeat(64);
    let (_, bytes, _) = parts(&format!("a         send 5000 \"GET\"… sha256 {hash}\n"));
    assert!(matches!(&bytes[0], Shown::Digest { size: 5000, .. }));
    let (_, bytes, suffix) = parts("a         send 106 \"GET \" 100 fill \"a b\" \"\\r\\n\" to sender\n");
    assert!(matches!(&bytes[1], Shown::Generated { size: 100, how } if how == "fill \"a b\""));
    assert_eq!(suffix, ["to sender"]);
    let (.., suffix) = parts("a         recv 1 \"x\" takes one ctrunc drops two\n");
    assert_eq!(suffix, ["takes one", "ctrunc", "drops two"]);
    let (.., suffix) = parts("a         recv 1 \"x\" to b credentials self\n");
    assert_eq!(suffix, ["to b", "credentials self"]);
    let (.., suffix) = parts("a         recv 1 \"x\" credentials from peek\n");
    assert_eq!(suffix, ["credentials from", "peek"]);
    let (.., suffix) = parts("a         recv 1 \"x\" to b errqueue ECONNREFUSED origin=icmp type=3\n");
    assert_eq!(suffix, ["to b", "errqueue ECONNREFUSED origin=icmp type=3"]);
    let (.., suffix) = parts("a         read 4 \"x\" truncated 10 waitall\n");
    assert_eq!(suffix, ["truncated 10", "waitall"]);
    let (verb, bytes, suffix) = parts("a         read 10 \"\" truncated\n");
    assert_eq!((verb.as_str(), bytes.len(), suffix), ("read 10", 0, vec!["truncated".to_owned()]));
}

#[test]
fn bytes_below_are_read_as_they_were() {
    let trace = read(TRACE);
    let What::Data { bytes, .. } = &trace.events()[5].event().unwrap().what else { panic!("no bytes") };
    assert_eq!(bytes, &[Shown::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_vec())]);
    let What::Data { bytes, suffix, .. } = &trace.events()[6].event().unwrap().what else { panic!("no bytes") };
    assert!(matches!(&bytes[0], Shown::Bytes(bytes) if bytes.len() == 18 && bytes[17] == 0xff));
    assert_eq!(suffix, &["peek"]);
    let (_, bytes, _) =
        parts("c         recv ~\n          | \"HTTP\\r\\n\"\n          | \"Date: \" ~/[^\\r]*/ \"\\r\\n\"\n");
    assert_eq!(bytes[0], Shown::Bytes(b"HTTP\r\nDate: ".to_vec()));
}

#[test]
fn the_end_of_a_line_says_how_it_failed() {
    let failed = event("client    send 1 \"x\" to server fails [EPIPE, none]\n");
    assert_eq!(failed.fails, ["EPIPE", "none"]);
    assert_eq!(event("client    recv fails EAGAIN\n").what, What::Words("recv".into()));
    let run = event("prog      run sh -c now fails here\n");
    assert!(run.fails.is_empty());
    assert_eq!(run.what, What::Words("run sh -c now fails here".into()));
}

#[test]
fn a_name_may_have_blanks_where_a_file_is_included() {
    assert_eq!(event("my file/conn close\n").endpoint, "my file/conn");
    assert_eq!(event("conn      connect unix:a/b c\n").endpoint, "conn");
}

#[test]
fn what_is_not_understood_is_kept() {
    for text in [
        "",
        "\n",
        "x",
        "x\n\n\ny",
        "    deep\n  less\nparallel\nretry\n",
        "client    recv 3 \"unclosed\n",
        "client    recv 9 \"abc\"\n",
        "client recv 3 \"abc\"",
        "  wire    a > b  SYN\n",
        "parallel\n  lane\n      too deep to be in it\n  other\n    a         close\n",
        "a         recv 5\n          | not\r\n          | a dump\n",
        "end       a open, b shut\n",
        "repeat many\n  a         close\n",
        "server    listen tcp\r\nend       server open\r\n",
        "a         recv 18446744073709551615 <x> 18446744073709551615 fill \"a\"\n",
        "é\u{301}  ü\n          | \u{a0}\n",
    ] {
        read(text);
    }
}

#[test]
fn an_event_whose_count_was_changed_by_hand_is_one_still() {
    let trace = read("client    recv 9 \"abc\"\n");
    let event = trace.nodes[0].event().unwrap();
    assert!(matches!(&event.what, What::Data { bytes, .. } if *bytes == [Shown::Bytes(b"abc".to_vec())]));
    assert_eq!(trace.nodes[0].head(), "client    recv 9 \"abc\"");
}

#[test]
fn a_record_of_it_gives_the_same_trace() {
    let record = read(TRACE).to_record("x", |line| line);
    assert_eq!(Trace::from_record(&record).to_text(), TRACE);
}

#[test]
fn all_bundled_snapshots_are_understood() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    assert!(files.len() > 400, "{}", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let body = text.splitn(3, "---\n").nth(2).unwrap();
        let trace = read(body);
        assert_eq!(odd(&trace.nodes), Vec::<String>::new(), "{}", path.display());
        let record = trace.to_record("x", |line| line);
        assert_eq!(Trace::from_record(&record).to_text(), body, "{}", path.display());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_loss(text: String) {
        prop_assert_eq!(TraceText::read(&text).to_text(), text);
    }

    #[test]
    fn any_mutation_of_a_trace_is_read_without_loss(at in 0..TRACE.len(), with in "[ -~\n]{0,6}", cut in 0..40_usize) {
        let end = (at + cut).min(TRACE.len());
        let text = format!("{}{with}{}", &TRACE[..at], &TRACE[end..]);
        prop_assert_eq!(TraceText::read(&text).to_text(), text);
    }
}
