//! The search for a delimiter in bytes that come piece by piece. Every byte is looked at a bounded
//! number of times, however it comes.

use memchr::memmem;

/// How much of the delimiter the bytes so far end in.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// How many bytes of the delimiter have been seen, as the last bytes that came.
    matched: usize,
    /// Knuth, Morris and Pratt's failure function, made when a delimiter is first cut in two:
    /// how much of the delimiter the first `i + 1` bytes of it end in, short of all.
    failure: Vec<usize>,
}

impl Search {
    /// Where the delimiter ends in the bytes that came, if it does.
    pub(super) fn find(&mut self, delimiter: &[u8], input: &[u8]) -> Option<usize> {
        let mut at = 0;
        // A delimiter that began in an earlier piece.
        while self.matched > 0 && at < input.len() {
            self.step(delimiter, input[at]);
            at += 1;
            if self.matched == delimiter.len() {
                return Some(at);
            }
        }
        if at == input.len() {
            return None;
        }
        if let Some(found) = memmem::find(&input[at..], delimiter) {
            return Some(at + found + delimiter.len());
        }
        // One that goes on in the next piece.
        let tail = input.len().saturating_sub(delimiter.len() - 1).max(at);
        for byte in &input[tail..] {
            self.step(delimiter, *byte);
        }
        None
    }

    fn step(&mut self, delimiter: &[u8], byte: u8) {
        while self.matched > 0 && delimiter[self.matched] != byte {
            if self.failure.is_empty() {
                self.failure = failure(delimiter);
            }
            self.matched = self.failure[self.matched - 1];
        }
        if delimiter[self.matched] == byte {
            self.matched += 1;
        }
    }
}

fn failure(delimiter: &[u8]) -> Vec<usize> {
    let mut failure = vec![0; delimiter.len()];
    let mut length = 0;
    for at in 1..delimiter.len() {
        while length > 0 && delimiter[at] != delimiter[length] {
            length = failure[length - 1];
        }
        if delimiter[at] == delimiter[length] {
            length += 1;
        }
        failure[at] = length;
    }
    failure
}
