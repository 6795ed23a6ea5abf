//! Names of endpoints, variables, lanes and barriers.

/// Words that cannot name an endpoint or a variable: the verbs, the steps without endpoint, and a
/// few that the language needs for itself.
pub const RESERVED: &[&str] = &[
    "socket",
    "bind",
    "listen",
    "accept",
    "connect",
    "disconnect",
    "pair",
    "dup",
    "send",
    "recv",
    "read",
    "expect",
    "shutdown",
    "close",
    "reset",
    "set",
    "tls",
    "run",
    "open",
    "signal",
    "parallel",
    "barrier",
    "repeat",
    "retry",
    "let",
    "assert",
    "include",
    "pause",
    "link",
    "sender",
    "stderr",
    "stdout",
    "end",
    "wire",
    "tmp",
];

/// Whether the text is a name: `[A-Za-z_][A-Za-z0-9_-]*`.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether the text can be the id of a line of a catalogue: `[A-Za-z0-9][A-Za-z0-9._-]*`.
pub fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether the name is kept for the language.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Words of other tools and of the socket calls, each with what it may be called here.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("write", &["send"]),
    ("put", &["send"]),
    ("transmit", &["send"]),
    ("dial", &["connect"]),
    ("disconnect", &["close", "eof"]),
    ("hangup", &["close", "eof"]),
    ("abort", &["reset"]),
    ("rst", &["reset"]),
    ("setsockopt", &["set"]),
    ("family", &["domain"]),
    ("close", &["eof"]),
    ("closed", &["eof"]),
    ("end", &["eof"]),
    ("fin", &["eof"]),
    ("timeout", &["within", "silence"]),
    ("deadline", &["within"]),
    ("nothing", &["silence"]),
    ("quiet", &["silence"]),
    ("on", &["up"]),
    ("off", &["down"]),
    ("drop", &["silent", "blackhole"]),
    ("mute", &["silent"]),
    ("pause", &["hold"]),
    ("reject", &["unreachable"]),
    ("error", &["fails"]),
    ("errno", &["fails"]),
];

/// Calls, flags and other constants of the socket interface, each with the words that stand for it here.
const INTERFACE: &[(&str, &[&str])] = &[
    ("socketpair", &["pair"]),
    ("sendto", &["send"]),
    ("sendmsg", &["send"]),
    ("recvfrom", &["recv"]),
    ("recvmsg", &["recv"]),
    ("getsockname", &["local"]),
    ("getpeername", &["peer"]),
    ("sockatmark", &["SIOCATMARK"]),
    ("atmark", &["SIOCATMARK"]),
    ("FIONREAD", &["unread"]),
    ("SIOCINQ", &["unread"]),
    ("SIOCOUTQ", &["unsent"]),
    ("oob", &["urgent"]),
    ("MSG_OOB", &["urgent"]),
    ("MSG_PEEK", &["peek"]),
    ("MSG_MORE", &["more"]),
    ("MSG_DONTWAIT", &["nonblocking"]),
    ("MSG_WAITALL", &["waitall"]),
    ("MSG_NOSIGNAL", &["nosignal"]),
    ("MSG_ERRQUEUE", &["errqueue"]),
    ("MSG_TRUNC", &["truncated", "discard"]),
    ("MSG_CTRUNC", &["ctrunc"]),
    ("SCM_RIGHTS", &["pass", "takes"]),
    ("SCM_CREDENTIALS", &["credentials"]),
    ("SIGPIPE", &["raises"]),
    ("SHUT_RD", &["read", "shutdown"]),
    ("SHUT_WR", &["write", "shutdown"]),
    ("SHUT_RDWR", &["both", "shutdown"]),
];

/// The candidate that stands for a word of the socket interface: `peek` for `MSG_PEEK`.
pub fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (_, here) = INTERFACE.iter().find(|(known, _)| known.eq_ignore_ascii_case(word))?;
    let mut candidates = candidates.into_iter();
    candidates.find(|candidate| here.contains(candidate))
}

/// The candidate that is nearest to the word, where one is near enough to be what was meant:
/// another tool's word for it (`write` for `send`), or the interface's (`MSG_OOB` for `urgent`), or by few mistyped letters (`clsoe`), or else
/// by its beginning (`receive` for `recv`).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Above this, two words begin alike and go on with much the same letters.
    const ALIKE: f64 = 0.87;
    let lower = word.to_lowercase();
    let candidates: Vec<(String, &str)> = candidates.into_iter().map(|name| (name.to_lowercase(), name)).collect();
    let elsewhere = ELSEWHERE.iter().find(|(word, _)| *word == lower).map_or(&[][..], |(_, here)| here);
    if let Some((_, candidate)) = candidates.iter().find(|(name, _)| elsewhere.contains(&name.as_str())) {
        return Some(candidate);
    }
    if let Some(candidate) = meant(word, candidates.iter().map(|(_, candidate)| *candidate)) {
        return Some(candidate);
    }
    let mistyped = candidates
        .iter()
        .map(|(name, candidate)| (strsim::damerau_levenshtein(&lower, name), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance);
    if let Some((_, candidate)) = mistyped {
        return Some(candidate);
    }
    let alike = candidates.iter().map(|(name, candidate)| (strsim::jaro_winkler(&lower, name), *candidate));
    let alike = alike.filter(|(likeness, _)| *likeness >= ALIKE);
    alike.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let near = |word| nearest(word, RESERVED.iter().copied());
        assert_eq!(near("clsoe"), Some("close"));
        assert_eq!(near("Connect"), Some("connect"));
        assert_eq!(near("recieve"), Some("recv"));
        assert_eq!(near("disconnect"), Some("close"), "another tool's word goes before letters");
        assert_eq!(near("Write"), Some("send"));
        assert_eq!(nearest("disconnect", ["connect"]), Some("connect"), "`close` is no candidate");
        assert_eq!(nearest("timeout", ["eof", "silence"]), Some("silence"));
        assert_eq!(nearest("timeout", ["fails", "within"]), Some("within"));
        assert_eq!(near("socketpair"), Some("pair"));
        assert_eq!(nearest("MSG_OOB", ["to", "urgent"]), Some("urgent"));
        assert_eq!(nearest("SHUT_WR", ["read", "write"]), Some("write"));
        assert_eq!(meant("msg_peek", ["recv", "peek"]), Some("peek"));
        assert_eq!(meant("MSG_PEEK", ["recv"]), None);
        assert_eq!(near("unknown"), None);
        assert_eq!(nearest("NODELAY", ["TCP_CORK", "TCP_NODELAY"]), Some("TCP_NODELAY"));
        assert_eq!(nearest("ESTAB", ["CLOSED", "ESTABLISHED"]), Some("ESTABLISHED"));
        assert_eq!(nearest("", ["a"]), Some("a"), "a missing letter");
        assert_eq!(nearest("x", []), None);
    }
}
