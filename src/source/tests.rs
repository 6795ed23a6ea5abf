//! Places, and files that are no text.

#![allow(clippy::unwrap_used)]

use std::io::Write as _;

use super::*;

fn place(file: &SourceFile, offset: u32) -> (usize, usize) {
    let Location { line, column } = file.location(offset);
    (line, column)
}

fn read(bytes: &[u8]) -> SourceFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    SourceFile::read(file.path(), "x.yaml").unwrap()
}

#[test]
fn columns_count_characters() {
    let file = SourceFile::new("x", "x", "äb\ncé");
    assert_eq!(place(&file, 0), (1, 1));
    assert_eq!(place(&file, 2), (1, 2));
    assert_eq!(place(&file, 3), (1, 3));
    assert_eq!(place(&file, 4), (2, 1));
    assert_eq!(place(&file, 5), (2, 2));
    assert_eq!(place(&file, 99), (2, 3), "past the end is the end");
    assert_eq!(place(&file, 1), (1, 1), "inside a character is its beginning");
}

#[test]
fn a_crlf_is_one_break() {
    let file = SourceFile::new("x", "x", "a\r\nb\r\n");
    assert_eq!(place(&file, 1), (1, 2));
    assert_eq!(place(&file, 2), (1, 2));
    assert_eq!(place(&file, 3), (2, 1));
    assert_eq!(file.line(3), 2);
    assert_eq!(file.line(6), 3);
}

#[test]
fn a_byte_order_mark_is_no_text() {
    let file = read(b"\xef\xbb\xbfabout: x\n");
    assert_eq!(file.text(), "about: x\n");
    assert_eq!(file.fault(), None);
}

#[test]
fn the_first_byte_that_is_not_utf8_has_a_place() {
    for mark in [&b""[..], b"\xef\xbb\xbf"] {
        let file = read(&[mark, b"a: b\nc: \xc3\xa9\xff\xfe\n"].concat());
        let Some(Fault::NotUtf8 { span, byte: 0xff }) = file.fault() else { panic!("{:?}", file.fault()) };
        assert_eq!(place(&file, span.start), (2, 5));
        assert_eq!(file.slice(*span), "\u{fffd}");
    }
}

#[test]
fn a_long_file_is_not_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(10_000_000).unwrap();
    let source = SourceFile::read(file.path(), "x.yaml").unwrap();
    assert_eq!(source.fault(), Some(&Fault::TooLong { size: 10_000_000 }));
    assert_eq!(source.text(), "");
}

#[test]
fn places_of_included_files_follow_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (one, two) = (path("one", "1\n22\n"), path("two", "333"));
    let file = SourceFile::new("x.yaml", "x.yaml", "a\nb");
    let include =
        |at: usize, path: &Path| file.include(Span::new(at, at + 1), path, format!("{at}.yaml")).unwrap().base;
    let base = include(2, &one);
    assert_eq!(base, 4, "the end of the first file is a place of its own");
    let inner = include(base as usize + 2, &two);
    assert_eq!(include(2, &one), base, "what is there is not read again");
    assert_eq!(file.total(), 13);
    assert_eq!(file.slice(Span::new(base as usize + 2, base as usize + 4)), "22");
    assert_eq!(place(&file, 3), (1 + 1, 2));
    assert_eq!(place(&file, base + 3), (2, 2));
    assert_eq!(file.line(inner), 1);
    assert_eq!(file.includes(3), [""; 0]);
    assert_eq!(file.includes(inner + 1), ["2.yaml:2", "x.yaml:2"]);
    assert_eq!(file.named(inner), "6.yaml:1");
    assert!(file.include(Span::new(0, 1), &folder.path().join("missing"), String::new()).is_err());
}

#[test]
fn what_is_no_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = SourceFile::read(folder.path(), "x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
    assert!(SourceFile::read(&folder.path().join("missing"), "x").is_err());
}
