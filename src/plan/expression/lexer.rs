//! The words of an expression.

use std::ops::Range;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Number(i128),
    Text(String),
    Name(String),
    Symbol(&'static str),
    End,
}

impl Token {
    /// The word as a message shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Number(number) => format!("`{number}`"),
            Self::Text(text) => format!("`\"{}\"`", crate::model::bytes::escape(text.as_bytes())),
            Self::Name(name) => format!("`{name}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "its end".to_owned(),
        }
    }
}

/// The longer before those that they begin with.
const SYMBOLS: [&str; 22] = [
    "==", "!=", "<=", ">=", "//", "**", "<", ">", "+", "-", "*", "/", "%", "~", "|", "(", ")", "[", "]", ",", ":", ".",
];

/// A word, and where it stands.
pub(super) type Placed = (Token, Range<usize>);

/// The words of a text, `End` last. An error says where the text is no word.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, (String, Range<usize>)> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let (token, after) = token(rest, first).map_err(|reason| (reason, at..at + wrong_len(rest, first)))?;
        tokens.push((token, at..text.len() - after.len()));
        rest = after.trim_start();
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

fn token(text: &str, first: char) -> Result<(Token, &str), String> {
    match first {
        '0'..='9' => number(text),
        '"' | '\'' => quoted(text, first),
        _ if first.is_ascii_alphabetic() || first == '_' => {
            let (name, after) = split(text, is_of_word);
            Ok((Token::Name(name.to_owned()), after))
        }
        _ => symbol(text, first),
    }
}

/// How many bytes of a text do not begin with a word.
fn wrong_len(text: &str, first: char) -> usize {
    match first {
        '0'..='9' => split(text, is_of_word).0.len(),
        '&' | '$' if text.starts_with("&&") || text.starts_with("${") => 2,
        '"' | '\'' => text.len(),
        _ => first.len_utf8(),
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn number(text: &str) -> Result<(Token, &str), String> {
    let (word, after) = split(text, is_of_word);
    let number = crate::model::size::parse_number(word);
    let number = number.ok_or_else(|| format!("`{word}` is not a plain decimal or 0x number"))?;
    if let Some(fraction) = after.strip_prefix('.')
        && fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(format!("`{word}.…` is not a whole number"));
    }
    Ok((Token::Number(number), after))
}

/// A text in quotes, with the escapes that Jinja has.
fn quoted(text: &str, quote: char) -> Result<(Token, &str), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Text(out), &text[at + c.len_utf8()..]));
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next() {
            Some((_, 'n')) => '\n',
            Some((_, 'r')) => '\r',
            Some((_, 't')) => '\t',
            Some((_, c @ ('\\' | '\'' | '"'))) => c,
            Some((_, 'x')) => {
                let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                let code = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
                char::from(code.ok_or_else(|| format!("`\\x{digits}` is not an escape"))?)
            }
            Some((_, c)) => return Err(format!("`\\{c}` is not an escape")),
            None => break,
        });
    }
    Err(format!("the text after {quote} does not end"))
}

fn symbol(text: &str, first: char) -> Result<(Token, &str), String> {
    let found = SYMBOLS.iter().find_map(|symbol| text.strip_prefix(symbol).map(|after| (*symbol, after)));
    match found {
        Some((symbol, after)) => Ok((Token::Symbol(symbol), after)),
        None if first == '=' => Err("`=` is no operator: write `==`".to_owned()),
        None if text.starts_with("&&") => Err("`&&` is no operator: write `and`".to_owned()),
        None if first == '!' => Err("`!` is no operator: write `not`".to_owned()),
        None if text.starts_with("${") => Err("variables stand without `${}` here".to_owned()),
        None => Err(format!("`{first}` has no meaning")),
    }
}
