//! Expressions: their grammar, their values, and the types that are known before.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use std::cell::Cell;

use super::*;

/// What the names in the tests are.
struct Names;

impl Lookup for Names {
    fn value(&self, name: &str, part: Option<Part>) -> Result<Value, String> {
        Ok(match (name, part) {
            ("server", Some(Part::Port)) => Value::Number(8080),
            ("i", None) => Value::Number(3),
            ("p1", None) => Value::Text("31".into()),
            ("p2", None) => Value::Bytes(b"07".to_vec()),
            ("line", None) => Value::Text("250 höhe".into()),
            ("raw", None) => Value::Bytes(b"\x01\xffh\xc3\xb6".to_vec()),
            ("done", None) => Value::Bool(false),
            _ => return Err(format!("`{name}` has no value yet")),
        })
    }
}

fn eval(text: &str) -> Result<Value, String> {
    let iterations = Cell::new(100_000);
    Evaluator::new(&Names, &iterations).value(&Expression::parse(text).map_err(|malformed| malformed.reason)?)
}

/// The type that is known before, or why it is wrong.
fn infer(text: &str) -> Result<Option<Type>, Wrong> {
    let known = |of: &Expression| match of {
        Expression::Variable { name, part } => Names.value(name, *part).ok().as_ref().map(Type::of),
        _ => None,
    };
    Expression::parse(text).unwrap().infer(&known)
}

#[track_caller]
fn number(text: &str) -> i128 {
    match eval(text) {
        Ok(Value::Number(number)) => number,
        other => panic!("{text}: {other:?}"),
    }
}

#[track_caller]
fn truth(text: &str) -> bool {
    match eval(text) {
        Ok(Value::Bool(truth)) => truth,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn arithmetic_is_jinjas() {
    assert_eq!(number("1 + 2 * 3 - -4"), 11);
    assert_eq!(number("(1 + 2) * 3"), 9);
    assert_eq!(number("p1|int * 256 + p2|int"), 31 * 256 + 7);
    assert_eq!(number("-7 // 2"), -4);
    assert_eq!(number("-7 % 3"), 2);
    assert_eq!(number("7 % -3"), -2);
    assert_eq!(number("0x10 + i"), 19);
    assert_eq!(number("server.port - 80"), 8000);
    assert!(eval("1 // 0").unwrap_err().contains("divides by 0"));
    assert!(eval("0x7fffffffffffffffffffffffffffffff + 1").unwrap_err().contains("too large"));
}

#[test]
fn arithmetic_on_text_names_int() {
    let error = eval("p1 + 1").unwrap_err();
    assert_eq!(error, "`+` needs numbers, and \"31\" is a text: write `|int` after it if it holds a number");
    assert!(eval("'a' + 'b'").unwrap_err().contains("`|int`"));
    assert!(eval("p2 * 2").unwrap_err().contains("is bytes: write `|int`"));
    assert!(eval("i == '3'").unwrap_err().contains("cannot be compared: write `|int`"));
    assert!(eval("line|int").unwrap_err().contains("not a whole number"));
}

#[test]
fn comparisons_are_of_numbers_and_of_bytes() {
    assert!(truth("i == 3 and not done"));
    assert!(truth("i != 4 or 1 // 0"));
    assert!(truth("1 < i and i <= 3"));
    assert!(truth("p2 == '07' and '07' == p2"));
    assert!(truth("raw[2:] == 'hö'"));
    assert!(truth("'höhe' in line and 'x' not in line"));
    assert!(truth("i in [1, 2, 3]"));
    assert!(truth("done == false"));
    assert!(truth("line > '220'"));
}

#[test]
fn slices_of_bytes_are_bytes_and_of_texts_texts() {
    assert_eq!(eval("raw[1:3]").unwrap(), Value::Bytes(b"\xffh".to_vec()));
    assert_eq!(eval("raw[:-4]").unwrap(), Value::Bytes(b"\x01".to_vec()));
    assert_eq!(eval("line[4:6]").unwrap(), Value::Text("hö".into()));
    assert_eq!(eval("line[9:]").unwrap(), Value::Text(String::new()));
    assert_eq!(eval("line[-1]").unwrap(), Value::Text("e".into()));
    assert_eq!(number("raw[1]"), 255);
    assert_eq!(number("raw|length"), 5);
    assert_eq!(number("line|length"), 8);
    assert!(eval("raw[5]").unwrap_err().contains("has no item 5"));
    assert!(eval("i[0]").unwrap_err().contains("nothing can be cut"));
}

#[test]
fn joining_makes_texts_or_bytes() {
    assert_eq!(eval("'a' ~ i ~ 'b'").unwrap(), Value::Text("a3b".into()));
    assert_eq!(eval("raw[:1] ~ 'b'").unwrap(), Value::Bytes(b"\x01b".to_vec()));
}

#[test]
fn filters_make_other_values() {
    assert_eq!(eval("raw[:2]|hex").unwrap(), Value::Text("01ff".into()));
    assert_eq!(eval("'01 fF'|unhex").unwrap(), Value::Bytes(vec![1, 255]));
    assert_eq!(eval("'hi'|base64").unwrap(), Value::Text("aGk=".into()));
    assert_eq!(eval("'aGk='|unbase64").unwrap(), Value::Bytes(b"hi".to_vec()));
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(eval("'abc'|sha256|hex").unwrap(), Value::Text(sha256.into()));
    let sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                  2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    assert_eq!(eval("'abc'|sha512|hex").unwrap(), Value::Text(sha512.into()));
    assert_eq!(number("' -042 '|int"), -42);
    assert_eq!(number("'0x1f'|int"), 31);
}

#[test]
fn what_is_wrong_is_named() {
    let error = |text: &str| {
        let Malformed { reason, help, .. } = Expression::parse(text).unwrap_err();
        // The way out that fits any mistake is none of its own.
        if help.starts_with("write numbers") { reason } else { format!("{reason}: {help}") }
    };
    assert_eq!(error("i = 3"), "`=` is no operator: write `==`");
    assert_eq!(error("i == "), "a value is missing at its end");
    assert_eq!(
        error("i|lenght"),
        "there is no filter `lenght`: the filters are `length`, `int`, `hex`, `unhex`, `base64`, `unbase64`, `md5`, \
         `sha1`, `sha256`, `sha512`, `hmac_md5`, `hmac_sha1`, `hmac_sha256`, `hmac_sha512`, `pbkdf2_sha1`, \
         `pbkdf2_sha256`, `pbkdf2_sha512`, `xor`, `gunzip`"
    );
    assert_eq!(error("${i} == 3"), "variables stand without `${}` here");
    assert_eq!(error("(i"), "`)` was expected before its end");
    assert_eq!(error("i 3"), "`3` was not expected");
    assert_eq!(error("'abc"), "the text after ' does not end");
    assert_eq!(error("i / 2"), "`/` makes fractions, which there are none of here: write `//`");
    assert_eq!(error("server.3"), "`3` stands where the name of a part was expected");
    assert_eq!(error("raw|hmac_sha256"), "the filter `hmac_sha256` needs more: write `hmac_sha256(key)`");
    assert_eq!(error("raw|md5(1)"), "the filter `md5` takes nothing in parentheses");
    assert_eq!(error("1 < i < 3"), "comparisons cannot follow each other: write `a < b and b < c`");
    assert!(error(&"(".repeat(100_000)).contains("too deep"));
    assert!(error(&"1+".repeat(100_000)).contains("too long"));
    assert!(error(&"not ".repeat(100_000)).contains("too deep"));
    assert_eq!(eval("nobody").unwrap_err(), "`nobody` has no value yet");
    assert_eq!(error("length(i + 1) == 4"), "`(` was not expected after `length`: write `(i + 1)|length`");
    assert_eq!(error("1 == length( i[1:] )"), "`(` was not expected after `length`: write `i[1:]|length`");
    assert!(error("len(i)").contains("`len`: there are no functions; filters stand behind a value: `x|length`."));
}

#[test]
fn the_wrong_word_is_marked() {
    // It stands between the two marks.
    for marked in [
        "i «=» 3",
        "i «==»",
        "i «3»",
        "'a' == «'abc»",
        "i «&&» j",
        "«${»i} == 3",
        "x < y «<» z",
        "i|«lenght» == 1",
        "raw|«hmac_sha256» == 1",
        "raw|«md5»(1)",
        "server.«3»",
        "i == length«(»i) or j",
        "i «)»",
        "(i «+»",
        "i «not» 3",
        "i «/» 2",
        "i[«]»",
        "i |«|» j",
        "1 + «0x»",
        "«and»",
        "i == «or» j",
        "i «ä» j",
    ] {
        let (before, rest) = marked.split_once('«').unwrap();
        let (wrong, after) = rest.split_once('»').unwrap();
        let text = [before, wrong, after].concat();
        let place = Expression::parse(&text).unwrap_err().place;
        assert_eq!(text.get(place), Some(wrong), "{text}");
    }
}

#[test]
fn the_names_in_it_are_known() {
    let expression = Expression::parse("not (i + server.port)|length in [n, -p[m:], x|xor(row.key)]").unwrap();
    let mut names = Vec::new();
    expression.each(&mut |part| match part {
        Expression::Variable { name, .. } => names.push(name.clone()),
        Expression::Column { row, column } => names.push(format!("{row}.{column}")),
        _ => {}
    });
    assert_eq!(names, ["i", "server", "n", "p", "m", "x", "row.key"]);
}

#[test]
fn hashes_are_those_of_their_standards() {
    let hex = |text: &str| eval(&format!("({text})|hex")).unwrap();
    let is = |hex: &str| Value::Text(hex.to_owned());
    // RFC 1321, A.5; RFC 3174, 7.3; RFC 2202, 2 and 3; RFC 4231, 4.3; RFC 6070; RFC 7914, 11.
    assert_eq!(hex("'abc'|md5"), is("900150983cd24fb0d6963f7d28e17f72"));
    assert_eq!(hex("'abc'|sha1"), is("a9993e364706816aba3e25717850c26c9cd0d89d"));
    for (filter, hmac) in [
        ("hmac_md5", "750c783e6ab0b503eaa86e310a5db738"),
        ("hmac_sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("hmac_sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "hmac_sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ] {
        assert_eq!(hex(&format!("'what do ya want for nothing?'|{filter}('Jefe')")), is(hmac));
    }
    let two_blocks = "'passwordPASSWORDpassword'|pbkdf2_sha1('saltSALTsaltSALTsaltSALTsaltSALTsalt', 4096, 25)";
    assert_eq!(hex(two_blocks), is("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"));
    let of_512 = "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252\
                  c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce";
    assert_eq!(hex("'password'|pbkdf2_sha512('salt', 1)"), is(of_512));
    let derived = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc";
    assert_eq!(hex("'passwd'|pbkdf2_sha256('salt', 1)"), is(derived));
    assert_eq!(hex("'passwd'|pbkdf2_sha256('salt', 1, 4)"), is(&derived[..8]));
    assert!(eval("'p'|pbkdf2_sha256('s', 100001)").unwrap_err().contains("more than is computed here"));
    assert!(eval("'p'|pbkdf2_sha256('s', 1, 100000000)").unwrap_err().contains("more than is computed here"));
    assert!(
        eval("'p'|pbkdf2_sha1('s', 0)").unwrap_err().starts_with("`pbkdf2_sha1` with `iterations` 0: it must be 1")
    );
}

#[test]
fn answers_to_challenges_can_be_computed() {
    // The dialogue of RFC 2195, 2, CRAM-MD5.
    let cram = eval("'tim ' ~ '<1896.697170952@postoffice.reston.mci.net>'|hmac_md5('tanstaaftanstaaf')|hex");
    assert_eq!(cram.unwrap(), Value::Text("tim b913a602c7eda7a495b4e6e7334d3890".into()));
    // That of RFC 5802, 5, SCRAM-SHA-1.
    let salted = "'pencil'|pbkdf2_sha1('QSXCR+Q6sek8bf92'|unbase64, 4096)";
    let client = format!("'Client Key'|hmac_sha1({salted})");
    let auth = "'n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,\
                s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j'";
    let proof = format!("({client})|xor({auth}|hmac_sha1(({client})|sha1))|base64");
    assert_eq!(eval(&proof).unwrap(), Value::Text("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=".into()));
}

#[test]
fn scram_can_be_computed() {
    // The dialogue of RFC 7677, 3.
    let salted = "'pencil'|pbkdf2_sha256('W22ZaJ0SNY7soEsUEjb6gQ=='|unbase64, 4096)";
    let client = format!("'Client Key'|hmac_sha256({salted})");
    let auth = "'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'";
    let proof = format!("({client})|xor({auth}|hmac_sha256(({client})|sha256))|base64");
    assert_eq!(eval(&proof).unwrap(), Value::Text("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".into()));
}

#[test]
fn a_key_is_used_over_and_over() {
    assert_eq!(eval("'abc'|xor('  ')").unwrap(), Value::Bytes(b"ABC".to_vec()));
    assert!(eval("'a'|xor('')").unwrap_err().contains("needs at least 1"));
    assert!(eval("'a'|xor('ab')").unwrap_err().contains("no more"));
    assert!(eval("'a'|xor(1)").unwrap_err().contains("needs bytes, and 1 is a number"));
}

#[test]
fn what_gzip_has_packed_is_unpacked() {
    use std::io::Write as _;
    let pack = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        crate::model::bytes::hex(&encoder.finish().unwrap())
    };
    let unpack = |hex: &str| eval(&format!("'{hex}'|unhex|gunzip"));
    assert_eq!(unpack(&pack(b"packed")).unwrap(), Value::Bytes(b"packed".to_vec()));
    assert_eq!(unpack(&(pack(b"two ") + &pack(b"members"))).unwrap(), Value::Bytes(b"two members".to_vec()));
    assert!(unpack(&pack(&vec![0; (16 << 20) + 1])).unwrap_err().contains("more than 16 MiB"));
    assert!(unpack("1f8b").unwrap_err().contains("cannot be unpacked"));
    assert!(eval("'text'|gunzip").unwrap_err().contains("not bytes"));
}

#[test]
fn types_are_known_before() {
    for (text, kind) in [
        ("i + 1", Some(Type::Number)),
        ("nobody + 1", Some(Type::Number)),
        ("raw[0]", Some(Type::Number)),
        ("raw[1:3]", Some(Type::Bytes)),
        ("line[0]", Some(Type::Text)),
        ("'a' ~ i", Some(Type::Text)),
        ("raw ~ i", Some(Type::Bytes)),
        ("nobody ~ i", None),
        ("i > 2 and done", Some(Type::Bool)),
        ("i or line", None),
        ("server.host", Some(Type::Text)),
        ("p1|int in [1, i]", Some(Type::Bool)),
        ("p1|md5|hex", Some(Type::Text)),
    ] {
        assert_eq!(infer(text).unwrap(), kind, "{text}");
    }
}

#[test]
fn what_is_certain_to_go_wrong_is_named() {
    let wrong = |text: &str| infer(text).unwrap_err();
    let named = |text: &str| wrong(text).name.unwrap();
    let message = "`+` needs numbers, and `p1` is a text: write `p1|int` if it holds a number";
    assert_eq!(wrong("p1 + 1"), Wrong { message: message.into(), name: Some("p1".into()) });
    assert_eq!(named("1 + i * p2"), "p2");
    assert_eq!(named("i == p1"), "p1");
    assert_eq!(named("i[0]"), "i");
    assert_eq!(named("line[p1:]"), "p1");
    assert_eq!(named("i in line"), "i");
    assert_eq!(named("line|pbkdf2_sha256(raw, p1)"), "p1");
    assert_eq!(named("line|gunzip"), "line");
    assert!(wrong("[1]|length").message.contains("after `in`"));
    assert!(wrong("done < true").message.contains("cannot be compared"));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[-i0-9a-c+*/%~|<>=!()\\[\\]:,.'\"\\\\ ñ]{0,30}|(i|raw|line| |\\||\\[|\\]|:|-|1|==|in|not|length|int|unhex|xor\\(|\\)|md5){0,12}") {
        let computed = eval(&text);
        if let Ok(expression) = Expression::parse(&text) {
            let inferred = expression.infer(&|of| match of {
                Expression::Variable { name, part } => Names.value(name, *part).ok().as_ref().map(Type::of),
                _ => None,
            });
            // What has a value was not said to be wrong, and is of the type that was foretold.
            if let (Ok(value), Ok(Some(kind))) = (&computed, &inferred) {
                prop_assert_eq!(Type::of(value), *kind);
            }
        }
    }
}
