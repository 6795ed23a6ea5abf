//! Pairs of traces with what is said of them.

mod behaviours;
mod events;

/// A change of the base trace, line by line, and what is said of it.
type Edit = (&'static [(&'static str, &'static str)], &'static [&'static str]);
/// Two traces, and what is said of them.
type Pair = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
pub(super) const EDITS: &[Edit] = &[
    (&[("conn      eof", "conn      expect reset")],
     &["`conn` now sees a reset where it saw the end of the stream"]),
    (&[("conn      eof", "conn      expect reset"), ("client    eof", "client    expect reset")],
     &["`conn` now sees a reset where it saw the end of the stream; so does `client`"]),
    (&[("conn      eof", "conn      [eof, reset]")],
     &["`conn` now sees the end of the stream or a reset where it saw the end of the stream"]),
    (&[("client    eof", "client    recv 4 \"more\"")],
     &["`client` now receives \"more\" where it saw the end of the stream"]),
    (&[("client    eof", "client    silence 50ms")],
     &["`client` now sees nothing for 50ms where it saw the end of the stream"]),
    (&[("conn      send 8 \"response\"", "conn      send 5 \"reply\""), ("client    recv 8 \"response\"", "client    recv 5 \"reply\"")],
     &["`conn` now sends \"reply\" where it sent \"response\", and `client` receives that"]),
    (&[("client    recv 8 \"response\"", "client    recv 5 \"reply\"")],
     &["`client` now receives \"reply\" where it received \"response\""]),
    (&[("client    shutdown write", ""), ("conn      eof", "")],
     &["`client` no longer shuts down writing", "it is no longer checked that `conn` sees the end of the stream"]),
    (&[("conn      close", "conn      close\nclient    shutdown read")],
     &["new: `client` shuts down reading"]),
    (&[("conn      close", "conn      close unread 5")],
     &["5 bytes now stay unread when `conn` closes; before, none did"]),
    (&[("conn      close", "conn      reset")],
     &["`conn` now resets the connection where it closed"]),
    (&[("conn      close", "conn      shutdown write")],
     &["`conn` now shuts down writing where it closed"]),
    (&[("client    close\nend       server open", "end       server open, client open")],
     &["`client` no longer closes, and is open at the end"]),
    (&[("client    close\nend       server open", "client    close\nserver    close")],
     &["new: `server` closes"]),
    (&[("end       server open", "end       server open unread 7")],
     &["7 bytes are now left unread at `server` at the end; before, nothing"]),
    (&[("end       server open", "end       server open, conn open")],
     &["`conn` is now open at the end"]),
    (&[("client    send 7 \"request\"", "client    send 7 \"request\" fails EPIPE")],
     &["the send of `client` now fails with EPIPE; it succeeded before"]),
    (&[("conn      recv 7 \"request\"\nconn      eof", "conn      recv fails ECONNRESET")],
     &["the recv of `conn` now fails with ECONNRESET where it gave \"request\"", "it is no longer checked that `conn` sees the end of the stream"]),
    (&[("conn      recv 7 \"request\"", "conn      recv 7 \"request\" fails [ECONNRESET, none]")],
     &["the recv of `conn` may now fail with ECONNRESET, or succeed; it succeeded before"]),
    (&[("client    shutdown write\nconn      recv 7 \"request\"", "conn      recv 7 \"request\"\nclient    shutdown write")],
     &["`client` now shuts down writing after `conn` receives \"request\"; before, it did so first"]),
    (&[("conn      close\nclient    recv 8 \"response\"\nclient    eof\nclient    close", "client    recv 8 \"response\"\nclient    close\nconn      close")],
     &["`client` now closes before `conn` does; before, `conn` closed first", "it is no longer checked that `client` sees the end of the stream"]),
    (&[("conn      send 8 \"response\"\nconn      close", "conn      close"), ("client    recv 8 \"response\"\nclient    eof", "client    eof")],
     &["`conn` no longer sends \"response\", nor does `client` receive that"]),
    (&[("server    listen tcp", "server    listen tcp backlog 1")],
     &["`server` now listens on tcp with a backlog of 1 where it listened on tcp"]),
    (&[("server    listen tcp", "server    listen tcp6")],
     &["`server` now listens on tcp6 where it listened on tcp"]),
    (&[("conn      accept client", "conn      accept server from client")],
     &["`conn` now accepts a connection to `server` from `client` where it accepted `client`"]),
    (&[("client    close\nend       server open", "client    close\nother     connect server\nother     send 1 \"x\"\nother     close\nend       server open")],
     &["new: `other` connects to `server`", "new: `other` sends \"x\"", "new: `other` closes"]),
    (&[("client    send 7 \"request\"", "client    send 4 \"requ\"\nclient    send 3 \"est\"")],
     &["`client` now sends \"request\" in 2 sends where it was one"]),
    (&[("conn      recv 7 \"request\"", "conn      recv 7 \"request\" peek")],
     &["`conn` now receives \"request\" without taking it"]),
    (&[("client    connect server", "client    connect server from tcp://127.0.0.2:0")],
     &["`client` now connects to `server` from tcp://127.0.0.2:0 where it connected to `server`"]),
    (&[("client    close", "conn      expect state=CLOSED\nclient    close")],
     &["new: `conn` is in state CLOSED"]),
];

/// Pairs of traces of all kinds.
pub(super) fn pairs() -> impl Iterator<Item = &'static Pair> {
    events::PAIRS.iter().chain(behaviours::PAIRS)
}
