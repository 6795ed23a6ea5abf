//! Payloads, patterns and regular expressions.

use super::{check, said};

#[test]
fn numbers_fit_their_width() {
    check(
        "  - a: {pair: b}
  - a: {send: [{u8: 255}, {u16: 65535}, {u64: 0xffffffffffffffff}, {u32le: 0}]}
  - a: {send: {u8: 256}} #! 256
  - a: {send: {u16: -1}} #! -1
  - a: {send: {u16: x}} #! x
  - b: {recv: {u16: any, mask: 0x0f, is: 3}}
  - b: {recv: {u8: any, mask: 0x1ff, is: 3}} #! 0x1ff
  - b: {recv: {u8: any, mask: 0x0f, is: 0x10}} #! 0x10
",
    );
}

#[test]
fn hex_and_base64_are_read() {
    check(
        "  - a: {pair: b}
  - a: {send: {hex: \"de ad  be ef\"}}
  - a: {send: {hex: \"de ad b\"}} #! b
  - a: {send: {hex: \"de .. ad\"}} #! ..
  - b: {recv: {hex: \"de .. ..{2} ad\"}}
  - b: {recv: {hex: \"de ..{x} ad\"}} #! ..{x}
  - a: {send: {base64: \"aGk=\"}}
  - a: {send: {base64: \"a*k=\"}} #! *
  - a:
      send:
        hex: |
          00 01  # the length
          0g     # the rest #! g
",
    );
}

#[test]
fn comments_in_hex_say_nothing_of_variables() {
    check(
        "  - a: {pair: b}
  - a:
      send:
        hex: |
          00 24 7b 20  # .${
          24 24 7b 41  # $${A} ${nobody} #{
  - b:
      recv:
        hex: |
          00 24 7b 20  # ${b}
          ${nobody}    #! ${nobody}
",
    );
}

#[test]
fn files_fills_and_lengths() {
    check(
        "  - a: {pair: b}
  - a: {send: {file: body.bin}}
  - a: {send: {file: nobody.bin}} #! nobody.bin
  - a: {send: {fill: \"\", size: 3}} #! \"\"
  - a: {send: {fill: \"ab\", size: 3x}} #! 3x
  - a: {send: {random: 1KiB, seed: 7}}
  - a: {send: {size: u8, of: {fill: \"x\", size: 300}}} #! u8
  - a: {send: {size: u8, of: {fill: \"x\", size: 255}, plus: 1}} #! u8
  - a: {send: {size: u24, of: \"x\"}} #! u24
  - a: {send: {size: varint, of: [\"x\", {size: ber, of: \"y\"}], pad: 4}}
",
    );
}

#[test]
fn expressions_are_compiled() {
    check(
        "  - a: {pair: b}
  - a: {recv: {until: \"\\r\\n\", match: '220 [^\\r\\n]*'}}
  - a: {recv: {until: \"\\n\", match: '(?<key>\\w+)=(?<value>.*)'}}
  - a: {recv: {rest: true, match: '(?s).*\\xff'}}
  - a: {recv: {rest: true, match: '[é]+\\p{L}'}}
  - a: {recv: {until: \"\\n\", match: '(unclosed'}} #! '(unclosed'
  - a: {recv: {until: \"\\n\", match: 'a(?=b)'}} #! 'a(?=b)'
  - a: {recv: {until: \"\\n\", match: '(?<x>a)(?<x>b)'}} #! '(?<x>a)(?<x>b)'
  - a: {recv: {bytes: 3, match: '(((a{500}){500}){500})'}} #! '(((a{500}){500}){500})'
",
    );
}

#[test]
fn the_end_of_an_until_depends_on_nothing_that_follows() {
    check(
        "  - a: {pair: b}
  - a: {recv: {until: {match: '\\r?\\n'}}}
  - a: {recv: {until: {match: '^[a-z]+ '}}}
  - a: {recv: {until: {match: 'x*'}}} #! 'x*'
  - a: {recv: {until: {match: 'end$'}}} #! 'end$'
  - a: {recv: {until: {match: 'end\\b'}}} #! 'end\\b'
  - a: {recv: {until: {match: '(?m)end$'}}} #! '(?m)end$'
  - a: {recv: {until: {match: 'end\\z'}}} #! 'end\\z'
  - a: {recv: {until: {match: '(?<name>x)'}}} #! '(?<name>x)'
",
    );
}

#[test]
fn groups_become_variables() {
    check(
        "  - a: {pair: b}
  - b: {send: \"200 OK\\n\"}
  - a: {recv: {until: \"\\n\", match: '(?<code>\\d+) (?P<text>.*)'}}
  - a: {send: \"${code} ${text}\"}
  - a: {recv: {bytes: \"${code}\"}}
",
    );
}

#[test]
fn nothing_comes_after_the_rest() {
    check(
        "  - a: {pair: b}
  - a: {recv: [\"1\", {rest: true}]}
  - a: {recv: [{rest: true}, \"8\"]} #! \"8\"
  - a: {recv: {until: {hex: \"\"}}} #! {hex: \"\"}
  - a: {recv: {rest: true, end: [eof, rest]}} #! rest
",
    );
    assert!(said("  - a: {pair: b}\n  - a: {recv: [{rest: true}, \"8\"]}\n").contains("this takes the rest"));
}
