//! The protocol of redis: a type, a line, and for some types bytes or more values behind it.

use super::{Atom, Kind};

/// How deep values may lie in each other.
const DEEPEST: usize = 32;

/// Whether a stream is nothing but values of it. Requests are arrays.
pub(super) fn fits(stream: &[u8], by_server: bool) -> bool {
    let mut at = 0;
    while at < stream.len() {
        if !by_server && stream[at] != b'*' {
            return false;
        }
        match len(&stream[at..]) {
            Some(len) => at += len,
            None => return false,
        }
    }
    at > 0
}

/// The length of the first value.
pub(super) fn len(bytes: &[u8]) -> Option<usize> {
    let mut walk = Walk { bytes, at: 0, atoms: Vec::new() };
    walk.value(0).map(|()| walk.at)
}

/// The type of a value; one that is null is of its own.
pub(super) fn sign(value: &[u8]) -> Option<&[u8]> {
    let is_null = value.get(1) == Some(&b'-') && matches!(value[0], b'$' | b'*');
    if is_null { Some(b"_") } else { value.get(..1) }
}

/// The parts of a value.
pub(super) fn atoms(message: &[u8]) -> Vec<Atom> {
    let mut walk = Walk { bytes: message, at: 0, atoms: Vec::new() };
    if walk.value(0).is_none() || walk.at != message.len() {
        return vec![Atom::new(0..message.len(), Kind::Plain)];
    }
    walk.atoms
}

struct Walk<'b> {
    bytes: &'b [u8],
    at: usize,
    atoms: Vec<Atom>,
}

impl Walk<'_> {
    fn value(&mut self, depth: usize) -> Option<()> {
        let kind = *self.bytes.get(self.at)?;
        let start = self.at;
        let line = &self.bytes[start + 1..];
        let len = memchr::memmem::find(line, b"\r\n")?;
        let text = std::str::from_utf8(&line[..len]).ok()?;
        self.at = start + 1 + len + 2;
        match kind {
            b'+' | b'-' | b'(' | b',' | b'#' | b'_' => self.push(start, Kind::Plain),
            b':' => {
                text.parse::<i64>().ok()?;
                self.push(start, Kind::Plain);
            }
            b'$' | b'!' | b'=' if text.parse::<i64>().ok()? < 0 => self.push(start, Kind::Plain),
            b'$' | b'!' | b'=' => {
                let size: usize = text.parse().ok()?;
                self.push(start, Kind::Counts { digits: start + 1..start + 1 + len, ahead: 1, hex: false });
                let body = self.at;
                (self.bytes.get(body.checked_add(size)?..)?.starts_with(b"\r\n")).then_some(())?;
                self.at = body + size;
                self.push(body, Kind::Plain);
                self.at += 2;
                self.push(self.at - 2, Kind::Plain);
            }
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                self.push(start, Kind::Plain);
                let values = text.parse::<i64>().ok()?.max(0) * if matches!(kind, b'%' | b'|') { 2 } else { 1 };
                (depth < DEEPEST).then_some(())?;
                for _ in 0..values {
                    self.value(depth + 1)?;
                }
                if kind == b'|' {
                    self.value(depth + 1)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn push(&mut self, start: usize, kind: Kind) {
        self.atoms.push(Atom::new(start..self.at, kind));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_framed() {
        for whole in [
            "+OK\r\n",
            ":-1\r\n",
            "$-1\r\n",
            "$5\r\na\r\nbc\r\n",
            "*2\r\n:1\r\n$0\r\n\r\n",
            "%1\r\n+a\r\n#t\r\n",
            "*-1\r\n",
        ] {
            assert_eq!(len(whole.as_bytes()), Some(whole.len()), "{whole:?}");
            assert_eq!(len(format!("{whole}+").as_bytes()), Some(whole.len()));
            for cut in 0..whole.len() {
                assert_eq!(len(&whole.as_bytes()[..cut]), None, "{whole:?} cut at {cut}");
            }
        }
        assert!(fits(b"*1\r\n$4\r\nPING\r\n", false) && !fits(b"+OK\r\n", false) && fits(b"+OK\r\n:1\r\n", true));
        assert!(!fits(b"+OK\r\nx", true) && !fits(b"", true) && !fits(b"220 x\r\n", true));
    }

    #[test]
    fn a_length_counts_what_follows() {
        let atoms = atoms(b"*1\r\n$2\r\nab\r\n");
        assert_eq!(atoms[1].kind, Kind::Counts { digits: 5..6, ahead: 1, hex: false });
        assert_eq!(atoms[2].at, 8..10);
    }
}
