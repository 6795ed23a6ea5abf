//! Reads what stands at the end of an event's line.

/// The words that something begins with which stands after the bytes.
const BEGINS: [&str; 14] = [
    "to",
    "from",
    "sender",
    "peek",
    "truncated",
    "more",
    "urgent",
    "pass",
    "takes",
    "drops",
    "ctrunc",
    "credentials",
    "errqueue",
    "waitall",
];

/// What a step was allowed to fail with, and what stands before it.
pub(super) fn fails(text: &str) -> (&str, Vec<String>) {
    let (before, names) = match text.strip_prefix("fails ") {
        Some(names) => ("", names),
        None => match text.rsplit_once(" fails ") {
            Some(split) => split,
            None => return (text, Vec::new()),
        },
    };
    let is_name = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            // The arguments of a program may be any words.
            && (!is_run(before) || name.starts_with('E'))
            && !name.is_empty()
    };
    let list: Vec<&str> = match names.strip_prefix('[').and_then(|names| names.strip_suffix(']')) {
        Some(several) => several.split(", ").collect(),
        None => vec![names],
    };
    if list.iter().all(|name| is_name(name)) {
        (before, list.into_iter().map(str::to_owned).collect())
    } else {
        (text, Vec::new())
    }
}

fn is_run(words: &str) -> bool {
    words.starts_with("run ")
}

/// The words after the bytes, one by one: `to server`, `peek`, `pass one two`.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|_| !text.is_empty()) {
        match words.last_mut() {
            Some(last) if !BEGINS.contains(&word) || is_open(last) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Whether the name of somebody must follow, which may be called like one of these words.
fn is_open(last: &str) -> bool {
    matches!(last, "to" | "from" | "sender" | "pass" | "takes" | "drops" | "credentials")
}
