//! Patterns of whole messages, shown as short texts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, UNIX_EPOCH};

use super::{Count, Message, Part, Piece, Value, generalise};
use crate::model::network::Network;
use crate::record::framing::Codec;

/// The pattern of several recordings of a message, whose framing is guessed from the first.
fn pattern(requests: &[&str], variants: &[&str]) -> String {
    let variants: Vec<&[u8]> = variants.iter().map(|variant| variant.as_bytes()).collect();
    let requests: Vec<&[u8]> = requests.iter().map(|request| request.as_bytes()).collect();
    let codec = Codec::detect(Network::Tcp, &variants[..1], &requests, true);
    let messages = generalise(&Message {
        codec: &codec,
        before: 0,
        variants,
        captured: Vec::new(),
        known: Vec::new(),
        now: UNIX_EPOCH + Duration::from_secs(1_795_000_000),
        minute: None,
        is_last: false,
    });
    messages.iter().map(|parts| parts.iter().map(shown).collect::<String>()).collect::<Vec<_>>().join(" | ")
}

fn shown(part: &Part) -> String {
    match part {
        Part::Literal(bytes) => text(bytes),
        Part::Until { end, tail, value } => format!("<{}{}{}>", class(value), text(tail), text(end)),
        Part::Bytes { count: Count::Of(len), value } => format!("<{} {len}>", class(value)),
        Part::Bytes { count: Count::Told(number), value } => format!("<{} #{number}>", class(value)),
        Part::Text { told, of } => {
            let piece = |piece: &Piece| match piece {
                Piece::Literal(bytes) => text(bytes),
                Piece::Value(value) => format!("({})", class(value)),
            };
            format!("<{} #{told}>", of.iter().map(piece).collect::<String>())
        }
        Part::Sized { of, .. } => format!("<size {}>", of.iter().map(shown).collect::<String>()),
        Part::AnyOrder(records) => {
            let records = records.iter().map(|record| record.iter().map(shown).collect::<String>());
            format!("<any of {}>", records.collect::<Vec<_>>().join(", "))
        }
        Part::Rest(value) => format!("<{} rest>", class(value)),
        Part::Piece(value) => format!("<{} piece>", class(value)),
        Part::Use(capture) => format!("<use {capture}>"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\r', "").replace('\n', "/")
}

fn class(value: &Value) -> String {
    let class = value.class.expression().unwrap_or("any");
    value.counts.map_or_else(|| class.to_owned(), |number| format!("{class}={number}"))
}

#[test]
fn a_length_is_captured_where_what_it_counts_may_grow() {
    let body = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for (expected, one, other) in [
        (r"HTTP/1.1 200 OK/Content-Length: <\d+=1/>/<n = (\d+) #1>", body("n = 42"), body("n = 43")),
        (
            r#"HTTP/1.1 200 OK/Content-Length: <\d+=1/>/<{"token": "([0-9a-f]+)", "n": (\d+)} #1>"#,
            body(r#"{"token": "68c3f00d", "n": 33}"#),
            body(r#"{"token": "0badcafe", "n": 7}"#),
        ),
        (r"HTTP/1.1 200 OK/Content-Length: 8//<[0-9a-f]+ 8>", body("68c3f00d"), body("0badcafe")),
        ("HTTP/1.1 200 OK/Content-Length: 4//same", body("same"), body("same")),
    ] {
        assert_eq!(pattern(&["GET / HTTP/1.1\r\n\r\n"], &[&one, &other]), expected);
    }
    assert_eq!(pattern(&[], &["$2\r\n42\r\n", "$2\r\n43\r\n"]), r"$<\d+=1/><\d+ #1>/");
    assert_eq!(pattern(&[], &["$10\r\n1795000001\r\n", "$10\r\n1795000002\r\n"]), r"$10/<\d+/>");
    assert_eq!(
        pattern(&[], &["$17\r\nos:a\r\nup:9\r\nend\r\n\r\n", "$17\r\nos:a\r\nup:8\r\nend\r\n\r\n"]),
        r"$<\d+/>os:a/up:<\d+/>end//"
    );
    assert_eq!(pattern(&[], &["LEN 5\nab cd", "LEN 4\nab c"]), r"LEN <\d+=1/><ab (\w+) #1>");
    assert_eq!(pattern(&[], &["LEN 3\nab\u{1}", "LEN 3\nxy\u{2}"]), r"LEN 3/<any 3>");
}

#[test]
fn several_lines_end_with_a_whole_one() {
    let list = |lines: &str| format!("+OK it is\r\n1 {lines}\r\n.\r\n");
    let (one, other) = (list("20"), list("31\r\n2 415"));
    assert_eq!(pattern(&["LIST\r\n"], &[&one, &other]), "+OK it is/1 <any/./>");
}

#[test]
fn messages_in_any_order() {
    assert_eq!(pattern(&[], &["go\nA 1\nB x\n", "go\nB x\nA 27\n"]), r"go/ | <any of A <\d+/>, B x/>");
    assert_eq!(pattern(&[], &["A\nB\n", "A\nB\n"]), "A/ | B/");
}

#[test]
fn the_response_to_head_has_no_body() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let requests = ["POST / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"];
    let ok = "HTTP/1.1 204 OK\r\n\r\n";
    assert_eq!(
        pattern(&requests, &[&[interim, ok, head, head, "abc"].concat()]),
        "HTTP/1.1 100 Continue// | HTTP/1.1 204 OK// | HTTP/1.1 200 OK/Content-Length: 3// | \
         HTTP/1.1 200 OK/Content-Length: 3//abc"
    );
}

#[test]
fn constants_of_a_page_stay() {
    let page = |a: u32| format!("version:7\r\nuptime:{a}\r\nused:{a}\r\nclients:{a}\r\nuptime_days:0\r\nport:80\r\n");
    let (one, other) = (page(8), page(9));
    let lines = r"version:7/ | uptime:<\d+/> | used:<\d+/> | clients:<\d+/> | uptime_days:<\d+/> | port:80/";
    assert_eq!(pattern(&[], &[&one, &other]), lines);
}
