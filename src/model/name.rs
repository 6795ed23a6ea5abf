//! Names of endpoints, variables, lanes and barriers.

/// Words that cannot name an endpoint or a variable: the verbs, the steps without endpoint, and a
/// few that the language needs for itself.
pub const RESERVED: &[&str] = &[
    "socket", "bind", "listen", "accept", "connect", "pair", "send", "recv", "read", "expect", "shutdown",
    "close", "reset", "set", "tls", "run", "open", "signal", "parallel", "barrier", "repeat", "retry", "let",
    "assert", "include", "pause", "link", "sender", "stderr", "stdout", "end", "wire", "tmp",
];

/// Whether the text is a name: `[A-Za-z_][A-Za-z0-9_-]*`.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether the name is kept for the language.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The candidate that is nearest to the word, where one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
