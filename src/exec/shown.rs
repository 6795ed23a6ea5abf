//! Gathers what a trace shows of bytes: neighbouring known bytes are one part, and of many only
//! their length, their head and their hash are kept.

use sha2::{Digest as _, Sha256};

use crate::model::bytes;
use crate::trace::shown::Shown;

/// So many known bytes are shown as they are; more only by their head and hash.
const PLAIN: usize = 1024;
/// How many bytes of a digest are shown.
const HEAD: usize = 32;

/// The parts so far, and the known bytes that are not a part yet.
#[derive(Debug, Default)]
pub(crate) struct ShownBuilder {
    parts: Vec<Shown>,
    known: Vec<u8>,
    digest: Option<Box<Digest>>,
}

/// Known bytes that have become too many.
#[derive(Debug)]
struct Digest {
    size: u64,
    hash: Sha256,
}

impl ShownBuilder {
    /// Bytes that are shown as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.size += bytes.len() as u64;
            digest.hash.update(bytes);
        } else if self.known.len() + bytes.len() <= PLAIN {
            self.known.extend_from_slice(bytes);
        } else {
            let mut hash = Sha256::new();
            hash.update(&self.known);
            hash.update(bytes);
            let size = (self.known.len() + bytes.len()) as u64;
            let missing = HEAD.saturating_sub(self.known.len());
            self.known.extend_from_slice(&bytes[..missing.min(bytes.len())]);
            self.known.truncate(HEAD);
            self.digest = Some(Box::new(Digest { size, hash }));
        }
    }

    /// A part that is shown in another way.
    pub(crate) fn part(&mut self, part: Shown) {
        if let Shown::Bytes(bytes) = part {
            return self.bytes(&bytes);
        }
        self.flush();
        self.parts.push(part);
    }

    /// All parts.
    pub(crate) fn finish(mut self) -> Vec<Shown> {
        self.flush();
        self.parts
    }

    fn flush(&mut self) {
        let known = std::mem::take(&mut self.known);
        if let Some(digest) = self.digest.take() {
            let sha256 = bytes::hex(&digest.hash.finalize());
            self.parts.push(Shown::Digest { size: digest.size, head: known, sha256 });
        } else if !known.is_empty() {
            self.parts.push(Shown::Bytes(known));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_bytes_are_one_part() {
        let mut builder = ShownBuilder::default();
        builder.bytes(b"a");
        builder.part(Shown::Bytes(b"b".to_vec()));
        builder.part(Shown::Varying { size: None });
        builder.bytes(b"c");
        let expected = vec![Shown::Bytes(b"ab".to_vec()), Shown::Varying { size: None }, Shown::Bytes(b"c".to_vec())];
        assert_eq!(builder.finish(), expected);
    }

    #[test]
    fn many_bytes_are_a_digest_however_they_come() {
        let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let mut whole = ShownBuilder::default();
        whole.bytes(&bytes);
        let whole = whole.finish();
        for piece in [1, 7, 31, 33, 1024, 1025] {
            let mut builder = ShownBuilder::default();
            bytes.chunks(piece).for_each(|chunk| builder.bytes(chunk));
            assert_eq!(builder.finish(), whole);
        }
        let [Shown::Digest { size: 5000, head, sha256 }] = whole.as_slice() else { panic!("{whole:?}") };
        assert_eq!(head, &bytes[..32]);
        // What sha256sum(1) says.
        assert_eq!(sha256, "8026e5c96cf1e502c8deb3e89f8b8bc342f5039b871911a92eb10edf9c6542d3");
    }
}
