//! Whatever was said, the spec of it can be read, and says the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use proptest::prelude::*;

use super::Head;
use crate::model::address::Address;
use crate::model::errno::Errno;
use crate::model::network::Network;
use crate::plan::pattern::{Form, Pattern};
use crate::plan::payload::{self, Payload};
use crate::plan::template::{Part, Piece, Template};
use crate::plan::{self, Action, Number, Plan, Step, Verb};
use crate::record::{Connection, Conversation, End, Ends, Program, Side, Understood, What};
use crate::source::SourceFile;
use crate::spec;

const SERVER: &str = "127.0.0.1:4711";

/// A conversation in which the client and the server speak in turn.
fn conversation(network: Network, said: &[Vec<u8>]) -> Conversation {
    let mut conversation = Conversation::default();
    let connection = conversation.connect(Connection {
        network,
        opened_by: Side::Client,
        client: End::Inet("127.0.0.1:40000".parse().unwrap()),
        server: End::Inet(SERVER.parse().unwrap()),
        known_as: None,
    });
    let mut add = |what| conversation.add(Duration::ZERO, connection, what);
    add(What::Opened);
    for (turn, bytes) in said.iter().enumerate() {
        let by = if turn % 2 == 0 { Side::Client } else { Side::Server };
        add(What::Sent { by, bytes: bytes.clone() });
    }
    if network.has_connections() {
        add(What::Ended { by: Side::Client, closed: Some(true) });
    }
    conversation
}

/// The plan of what is written of a conversation.
fn plan(conversation: &Conversation, ends: Ends, about: &str) -> (String, Plan) {
    let head = Head { schema_line: String::new(), about: about.to_owned(), stem: "a".to_owned() };
    let written = Understood::of(conversation, ends).write(&head);
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in &written.files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = folder.path().join("a.yaml");
    let source = SourceFile::new("a.yaml", path, written.text.clone());
    let spec::Parsed { spec, mut diagnostics } = spec::parse(&source);
    let settings = plan::Settings::default();
    let cases = plan::cases(&spec, &settings, &mut diagnostics);
    let plan = plan::build(&spec, &source, "a", &cases[0], &settings, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}\n{diagnostics:#?}", written.text);
    assert_eq!(plan.as_ref().unwrap().about, about, "{}", written.text);
    (written.text, plan.unwrap())
}

fn template(template: &Template) -> Vec<u8> {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) | Piece::Hidden { text, .. } => text.clone().into_bytes(),
        Piece::Bytes(bytes) => bytes.clone(),
        // Where the server listens is spoken about.
        Piece::Variable { part: Some(Part::Port), .. } => b"4711".to_vec(),
        piece @ Piece::Variable { .. } => panic!("{piece:?}"),
    };
    template.pieces.iter().flat_map(piece).collect()
}

fn payload(payload: &Payload) -> Vec<u8> {
    let part = |part: &payload::Part| match part {
        payload::Part::Bytes(bytes) | payload::Part::File { bytes, .. } => bytes.to_vec(),
        payload::Part::Template(text) => template(text),
        payload::Part::Fill { fill, size } => fill.iter().cycle().take(*size as usize).copied().collect(),
        part => panic!("{part:?}"),
    };
    payload.parts.iter().flat_map(part).collect()
}

/// The bytes that a pattern takes; none where it takes any.
fn pattern(wanted: &Pattern) -> Vec<Option<u8>> {
    match &wanted.form {
        Form::Exactly(exactly) => payload(exactly).into_iter().map(Some).collect(),
        Form::Hex(bytes) => bytes.to_vec(),
        Form::Bytes(Number::Known(count)) => vec![None; *count as usize],
        Form::Sequence(parts) => parts.iter().flat_map(pattern).collect(),
        form => panic!("{form:?}"),
    }
}

/// What is sent, and what is received: by whom it was said, and whether this is its sender's step, with the bytes
/// one after the other. The two sides do not wait for each other, so in which order they speak is not said.
type Spoken = BTreeMap<(Side, bool), Vec<Option<u8>>>;

fn speak(steps: &[Step], spoken: &mut Spoken) {
    for step in steps {
        match &step.action {
            Action::Call(call) => {
                let own = if call.endpoint.shown().starts_with("client") { Side::Client } else { Side::Server };
                match &call.verb {
                    Verb::Send { payload: sent, .. } => {
                        spoken.entry((own, true)).or_default().extend(payload(sent).into_iter().map(Some));
                    }
                    Verb::Recv { pattern: wanted, .. } => {
                        spoken.entry((own.other(), false)).or_default().extend(pattern(wanted));
                    }
                    _ => {}
                }
            }
            Action::Parallel { lanes, .. } => lanes.iter().for_each(|lane| speak(&lane.steps, spoken)),
            _ => {}
        }
    }
}

/// Whether the spec of these ends says what was said, as far as it says which bytes.
fn is_said(plan: &Plan, ends: &[Side], said: &[Vec<u8>]) -> bool {
    let mut spoken = Spoken::new();
    speak(&plan.steps, &mut spoken);
    let by = |side: Side| -> Vec<u8> {
        let turns = said.iter().enumerate().filter(|(turn, _)| (turn % 2 == 0) == (side == Side::Client));
        turns.flat_map(|(_, bytes)| bytes.clone()).collect()
    };
    [Side::Client, Side::Server].into_iter().all(|side| {
        let said = by(side);
        ends.iter().all(|end| {
            let spoken = spoken.remove(&(side, *end == side)).unwrap_or_default();
            spoken.len() == said.len()
                && spoken.iter().zip(&said).all(|(spoken, said)| spoken.is_none_or(|spoken| spoken == *said))
        })
    }) && spoken.is_empty()
}

/// Texts in which something means more to YAML, or to a spec, than it says.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "${",
        "$",
        "{",
        "}",
        "${a}",
        "$${",
        "#",
        " # ",
        ": ",
        "\"",
        "'",
        "\\",
        "\r\n",
        "\n",
        "\t",
        "\0",
        "\u{1b}",
        "\u{7f}",
        "\u{85}",
        "\u{ad}",
        "\u{2028}",
        "\u{feff}",
        "é",
        "日本",
        "0",
        "abc",
        "- ",
        "| ",
        "%",
        "..",
        "..{4}",
        "127.0.0.1:4711",
        "0\x00001",
        "\u{1}\u{2}\u{3}",
        "    ",
        "---\n",
        "true",
        "\u{fffd}",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 1..24).prop_map(|words| words.concat().into())
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || proptest::collection::vec(any::<u8>(), 1..90);
    let mixed = (bytes(), tricky(), bytes(), tricky());
    let long = (tricky(), proptest::collection::vec(any::<u8>(), 0..3000), 1..500_usize);
    prop_oneof![
        bytes(),
        tricky(),
        mixed.prop_map(|(one, text, other, end)| [one, text, other, end].concat()),
        long.prop_map(|(text, bytes, times)| [text.repeat(times), bytes].concat()),
    ]
}

#[test]
fn who_plays_both_ends_closes_the_port_at_which_nobody_listens() {
    let mut conversation = conversation(Network::Udp, &[b"one".to_vec(), b"ONE".to_vec(), b"two".to_vec()]);
    conversation.add(Duration::ZERO, 0, What::Unreachable { by: Side::Server });
    let (text, _) = plan(&conversation, Ends::Both, "A conversation.");
    let end = "  - client: {recv: \"ONE\"}
  - server: close
  - client: {send: \"two\"}
  - client: {recv: {rest: true}, fails: ECONNREFUSED}
  - client: close
";
    assert!(text.ends_with(end), "{text}");
    // Where somebody listens there again, it is left out.
    conversation.add(Duration::ZERO, 0, What::Sent { by: Side::Server, bytes: b"TWO".to_vec() });
    let (text, _) = plan(&conversation, Ends::Both, "A conversation.");
    assert!(!text.contains("server: close"), "{text}");
}

#[test]
fn a_server_that_is_not_there_is_not_played() {
    let mut conversation = conversation(Network::Tcp, &[b"one".to_vec()]);
    let refused = conversation.connect(conversation.connections[0].clone());
    conversation.add(Duration::ZERO, refused, What::Refused(Errno(libc::ECONNREFUSED)));
    let (text, _) = plan(&conversation, Ends::Server(None), "A conversation.");
    assert!(!text.contains("ECONNREFUSED") && !text.contains("conn2"), "{text}");
}

#[test]
fn what_nobody_would_read_is_cut_to_its_head() {
    let lines = (0..5000).fold(String::new(), |lines, line| lines + &format!("line {line}\n"));
    let said = [b"show\n".to_vec(), lines.clone().into_bytes(), lines.clone().into_bytes(), b"ok\n".to_vec()];
    let conversation = conversation(Network::Tcp, &said);
    let server = Address::Inet { network: Network::Tcp, address: SERVER.parse().unwrap() };
    let (text, client) = plan(&conversation, Ends::Client(server), "A conversation.");
    assert!(is_said(&client, &[Side::Client], &said), "{text}");
    assert!(text.lines().count() < 25 && text.contains("\"line 7\\n\"\n") && text.contains("{bytes: "), "{text}");
    assert!(text.contains("{send: {file: a.1.bin}}") || text.contains("{send: {file: \"a.1.bin\"}}"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_can_be_read_and_says_the_same(said in proptest::collection::vec(message(), 1..5)) {
        for network in [Network::Tcp, Network::Udp] {
            let conversation = conversation(network, &said);
            let (text, both) = plan(&conversation, Ends::Both, "A conversation.");
            prop_assert!(is_said(&both, &[Side::Client, Side::Server], &said), "{text}");
            let server = Address::Inet { network, address: SERVER.parse().unwrap() };
            let (text, client) = plan(&conversation, Ends::Client(server), "A conversation.");
            prop_assert!(is_said(&client, &[Side::Client], &said), "{text}");
            let program = Program { arguments: vec!["a".into(), "{port}".into()], status: Some(0) };
            let (text, server) = plan(&conversation, Ends::Server(Some(program)), "A conversation.");
            prop_assert!(is_said(&server, &[Side::Server], &said), "{text}");
        }
    }

    #[test]
    fn sentences_and_arguments_are_as_they_were(about in tricky(), argument in tricky()) {
        let about = String::from_utf8(about).unwrap().trim().replace(['\n', '\0'], " ");
        prop_assume!(!about.trim().is_empty());
        let argument = String::from_utf8(argument).unwrap().replace('\0', "");
        let program = Program { arguments: vec!["a".into(), argument.clone()], status: None };
        let conversation = conversation(Network::Tcp, &[b"a".to_vec()]);
        let (text, plan) = plan(&conversation, Ends::Server(Some(program)), about.trim());
        let run = plan.steps.iter().find_map(|step| match &step.action {
            Action::Call(call) => if let Verb::Run(run) = &call.verb { Some(run) } else { None },
            _ => None,
        });
        prop_assert_eq!(&template(&run.unwrap().arguments[0]), argument.as_bytes(), "{}", text);
    }
}
