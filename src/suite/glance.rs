//! What a spec cannot be, told from its text without understanding it: a word that stands nowhere in a
//! file means nothing there. Of many files most have none of these words, and need not be parsed to
//! be passed over.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use memchr::memmem::Finder;

use super::find::Found;
use super::tags;
use crate::source;

/// Words of the language, each a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Include,
    Matrix,
    Netns,
    Network,
    Requires,
    Run,
    Tags,
}

/// The bit of a spec whose tags have the word `slow`.
const SLOW: u8 = 1 << WORDS.len();

const WORDS: [(Word, &str); 7] = [
    (Word::Include, "include"),
    (Word::Matrix, "matrix"),
    (Word::Netns, "netns"),
    (Word::Network, "network"),
    (Word::Requires, "requires"),
    (Word::Run, "run"),
    (Word::Tags, "tags"),
];

/// So many files are read by one thread in less time than it takes to start another.
const FEW: usize = 128;

/// The words that a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glance(u8);

impl Glance {
    /// Of a file that cannot be read, or is no ordinary spec, nothing can be said.
    pub(super) fn at(path: &Path) -> Self {
        words_of(path).unwrap_or(Self(u8::MAX))
    }

    /// Whether the word stands somewhere in the file.
    pub(super) fn has(self, word: Word) -> bool {
        self.0 & 1 << word as u8 != 0
    }

    /// Whether the spec says that it waits for a timer. That is for the order alone: nothing hangs on it.
    pub(super) fn is_slow(self) -> bool {
        self.0 & SLOW != 0
    }
}

fn words_of(path: &Path) -> io::Result<Glance> {
    static FINDERS: LazyLock<[Finder<'static>; 7]> = LazyLock::new(|| WORDS.map(|(_, text)| Finder::new(text)));
    let mut start = [0; 8 << 10];
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
    let len = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?.read(&mut start)?;
    let whole;
    let text = if len < start.len() {
        &start[..len]
    } else {
        let (bytes, size) = source::bytes(path, source::MAX_SIZE)?;
        if size > source::MAX_SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        whole = bytes;
        &whole
    };
    let found = WORDS.iter().zip(FINDERS.iter()).filter(|(_, finder)| finder.find(text).is_some());
    let glance = Glance(found.fold(0, |bits, ((word, _), _)| bits | 1 << *word as u8));
    Ok(if glance.has(Word::Tags) && is_slow(text) { Glance(glance.0 | SLOW) } else { glance })
}

/// Whether `slow` is among the tags of a text: behind `tags:`, up to the line of the next key.
fn is_slow(text: &[u8]) -> bool {
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.split(|byte| *byte == b'#').next().unwrap_or(line));
    let mut from_tags = lines.skip_while(|line| !line.starts_with(b"tags:"));
    let own = from_tags.next().into_iter().map(|line| &line[b"tags:".len()..]);
    let goes_on = |line: &&[u8]| !line.first().is_some_and(u8::is_ascii_alphanumeric);
    let mut words = own
        .chain(from_tags.take_while(goes_on))
        .flat_map(|line| line.split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))));
    words.any(|word| word == tags::SLOW.as_bytes())
}

/// Has a glance at all of them, by a thread for each core where they are many.
pub(super) fn at_all(found: &[Found]) {
    let look = |some: &[Found]| {
        for found in some {
            found.glance();
        }
    };
    if found.len() <= FEW {
        return look(found);
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut shares = found.chunks(found.len().div_ceil(threads));
    let own = shares.next();
    thread::scope(|scope| {
        // A thread that cannot be had leaves its share to whoever asks.
        let others: Vec<_> =
            shares.map(|share| thread::Builder::new().spawn_scoped(scope, move || look(share))).collect();
        own.map(look);
        others.into_iter().flatten().for_each(|other| drop(other.join()));
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;
    use crate::suite::{Layout, find};

    fn seen(glance: Glance) -> Vec<Word> {
        WORDS.iter().map(|(word, _)| *word).filter(|word| glance.has(*word)).collect()
    }

    #[test]
    fn words_are_seen_wherever_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        for (word, text) in WORDS {
            for before in [0, (8 << 10) - 3, 100_000] {
                fs::write(&path, format!("{}{text}: x\n", " ".repeat(before))).unwrap();
                assert_eq!(seen(Glance::at(&path)), [word], "{text} {before}");
            }
        }
        fs::write(&path, "").unwrap();
        assert_eq!(Glance::at(&path), Glance(0));
    }

    #[test]
    fn a_spec_is_slow_by_its_tags_alone() {
        for (text, slow) in [
            ("tags: [slow]\n", true),
            ("tags: slow\nsteps: []", true),
            ("about: x\ntags: [tcp, \"slow\"]", true),
            ("tags:\n  - tcp\n\n  - slow\nsteps: []", true),
            ("tags: [tcp,\n  slow]", true),
            ("tags:\n- slow\n", true),
            ("about: It is slow.\ntags: [tcp]  # not slow\nsteps: [slow]", false),
            ("tags: [slow-start]", false),
            ("  tags: [slow]", false),
            ("slow", false),
        ] {
            assert_eq!(is_slow(text.as_bytes()), slow, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_may_be_anything() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("long.yaml");
        fs::File::create(&long).unwrap().set_len(source::MAX_SIZE + 1).unwrap();
        for path in [folder.path().join("missing.yaml"), folder.path().to_owned(), long, "/dev/zero".into()] {
            assert_eq!(seen(Glance::at(&path)).len(), WORDS.len(), "{}", path.display());
        }
    }

    #[test]
    fn many_are_looked_at_like_few() {
        let folder = tempfile::tempdir().unwrap();
        for at in 0..=FEW {
            let word = if at % 3 == 0 { "matrix" } else { "steps" };
            fs::write(folder.path().join(format!("{at:03}.yaml")), word).unwrap();
        }
        let found = find::find(&[folder.path().to_owned()], &Layout::Nearest { snapshots: None }).unwrap();
        at_all(&found);
        // Who has not looked by now finds nothing.
        drop(folder);
        assert!(found.iter().enumerate().all(|(at, spec)| spec.glance().has(Word::Matrix) == (at % 3 == 0)));
    }
}
