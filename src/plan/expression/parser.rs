//! The grammar of expressions: Jinja's, with its order of precedence.

use std::ops::Range;

use super::lexer::{Placed, Token, tokens};
use super::{Expression, Filter, Malformed, Operator};
use crate::model::value::Value;
use crate::plan::template::Part;

/// How deeply an expression may be nested.
const DEPTH_MAX: usize = 32;
/// How many values and operators it may have.
const LENGTH_MAX: usize = 500;

pub(super) fn parse(text: &str) -> Result<Expression, Malformed> {
    let tokens = tokens(text).map_err(|(reason, place)| Malformed::new(reason, place))?;
    let mut parser = Parser { text, at: 0, depth: 0, length: 0, help: None, tokens };
    parser.whole().map_err(|reason| {
        let malformed = Malformed::new(reason, parser.wrong());
        match parser.help {
            Some(help) => Malformed { help, ..malformed },
            None => malformed,
        }
    })
}

impl Malformed {
    fn new(reason: String, place: Range<usize>) -> Self {
        const HELP: &str =
            "write numbers, names of variables, and texts in quotes of their own: `\"i == 3 or name == 'x'\"`";
        // Most reasons say what to write.
        match reason.split_once(": write ") {
            Some((reason, way_out)) => Self { reason: reason.to_owned(), help: format!("write {way_out}"), place },
            None => Self { reason, help: HELP.to_owned(), place },
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Placed>,
    /// The next word. Once something is wrong, the word that is.
    at: usize,
    /// How many expressions are around this one.
    depth: usize,
    /// How many values and operators were read.
    length: usize,
    /// The way out of what is wrong, where it needs words of its own.
    help: Option<String>,
}

type Parsed = Result<Expression, String>;

impl Parser<'_> {
    fn whole(&mut self) -> Parsed {
        let expression = self.or()?;
        match self.peek() {
            Token::End => Ok(expression),
            Token::Name(word) if word == "is" || word == "if" => Err(format!("`{word}` is not supported")),
            other => Err(format!("{} was not expected", other.shown())),
        }
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    /// Where the word stands that is wrong; at the end it is the last one.
    fn wrong(&self) -> Range<usize> {
        let words = self.tokens.len().saturating_sub(1);
        let last = self.at.min(words.saturating_sub(1));
        self.tokens.get(last).map_or(0..0, |(_, place)| place.clone())
    }

    /// It is the word before the next that is wrong.
    fn before(&mut self, reason: impl Into<String>) -> String {
        self.at = self.at.saturating_sub(1);
        reason.into()
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// Takes a symbol, if it is there.
    fn symbol(&mut self, symbol: &str) -> bool {
        let there = matches!(self.peek(), Token::Symbol(next) if *next == symbol);
        self.at += usize::from(there);
        there
    }

    /// Takes a word, if it is there.
    fn word(&mut self, word: &str) -> bool {
        let there = matches!(self.peek(), Token::Name(next) if next == word);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.symbol(symbol) {
            return Ok(());
        }
        Err(format!("`{symbol}` was expected before {}", self.peek().shown()))
    }

    /// Reads an expression inside of another.
    fn inner(&mut self, read: fn(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is nested too deeply".to_owned());
        }
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    /// Counts a value or an operator.
    fn count(&mut self) -> Result<(), String> {
        self.length += 1;
        if self.length > LENGTH_MAX { Err("it is too long".to_owned()) } else { Ok(()) }
    }

    fn binary(&mut self, operator: Operator, left: Expression, right: Expression) -> Parsed {
        self.count()?;
        Ok(Expression::Binary { operator, operands: Box::new([left, right]) })
    }

    /// Operands with operators of one rank between them.
    fn rank(&mut self, operators: &[(&str, Operator)], operand: fn(&mut Self) -> Parsed) -> Parsed {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.symbol(symbol) || self.word(symbol)) {
            let right = operand(self)?;
            left = self.binary(*operator, left, right)?;
        }
        Ok(left)
    }

    fn or(&mut self) -> Parsed {
        self.rank(&[("or", Operator::Or)], Self::and)
    }

    fn and(&mut self) -> Parsed {
        self.rank(&[("and", Operator::And)], Self::not)
    }

    fn not(&mut self) -> Parsed {
        if self.word("not") { Ok(Expression::Not(Box::new(self.inner(Self::not)?))) } else { self.compare() }
    }

    fn compare(&mut self) -> Parsed {
        let left = self.sum()?;
        let Some(operator) = self.comparison()? else { return Ok(left) };
        let right = self.sum()?;
        if self.comparison()?.is_some() {
            return Err(self.before("comparisons cannot follow each other: write `a < b and b < c`"));
        }
        self.binary(operator, left, right)
    }

    fn comparison(&mut self) -> Result<Option<Operator>, String> {
        const SYMBOLS: [(&str, Operator); 6] = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<", Operator::Less),
            ("<=", Operator::LessOrEqual),
            (">", Operator::Greater),
            (">=", Operator::GreaterOrEqual),
        ];
        if let Some((_, operator)) = SYMBOLS.iter().find(|(symbol, _)| self.symbol(symbol)) {
            return Ok(Some(*operator));
        }
        if self.word("in") {
            return Ok(Some(Operator::In));
        }
        if !self.word("not") {
            return Ok(None);
        }
        if self.word("in") { Ok(Some(Operator::NotIn)) } else { Err(self.before("`in` was expected after `not`")) }
    }

    fn sum(&mut self) -> Parsed {
        self.rank(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::join)
    }

    fn join(&mut self) -> Parsed {
        self.rank(&[("~", Operator::Join)], Self::product)
    }

    fn product(&mut self) -> Parsed {
        let product =
            self.rank(&[("*", Operator::Multiply), ("//", Operator::Divide), ("%", Operator::Remainder)], Self::sign)?;
        match self.peek() {
            Token::Symbol("/") => Err("`/` makes fractions, which there are none of here: write `//`".to_owned()),
            Token::Symbol("**") => Err("`**` is no operator here".to_owned()),
            _ => Ok(product),
        }
    }

    fn sign(&mut self) -> Parsed {
        if !self.symbol("-") {
            let value = self.primary()?;
            return self.postfix(value);
        }
        Ok(Expression::Negative(Box::new(self.inner(Self::sign)?)))
    }

    fn primary(&mut self) -> Parsed {
        self.count()?;
        let value = match self.next() {
            Token::Number(number) => Expression::Value(Value::Number(number)),
            Token::Text(text) => Expression::Value(Value::Text(text)),
            Token::Name(name) => self.name(name)?,
            Token::Symbol("(") => {
                let inner = self.inner(Self::or)?;
                self.expect(")")?;
                inner
            }
            Token::Symbol("[") => self.list()?,
            Token::End => return Err(self.before("a value is missing at its end")),
            other @ Token::Symbol(_) => {
                return Err(self.before(format!("{} stands where a value was expected", other.shown())));
            }
        };
        Ok(value)
    }

    fn list(&mut self) -> Parsed {
        let mut items = Vec::new();
        while !self.symbol("]") {
            items.push(self.inner(Self::or)?);
            if !self.symbol(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Expression::List(items))
    }

    fn name(&mut self, name: String) -> Parsed {
        match name.as_str() {
            "true" | "True" => return Ok(Expression::Value(Value::Bool(true))),
            "false" | "False" => return Ok(Expression::Value(Value::Bool(false))),
            "and" | "or" | "not" | "in" | "is" | "if" | "else" => {
                return Err(self.before(format!("`{name}` stands where a value was expected")));
            }
            _ => {}
        }
        if matches!(self.peek(), Token::Symbol("(")) {
            return Err(self.no_function(&name));
        }
        if !self.symbol(".") {
            return Ok(Expression::Variable { name, part: None });
        }
        let part = match self.next() {
            Token::Name(part) => part,
            other => {
                return Err(self.before(format!("{} stands where the name of a part was expected", other.shown())));
            }
        };
        let parts = [Part::Port, Part::Host, Part::Path];
        Ok(match parts.into_iter().find(|known| known.name() == part) {
            Some(part) => Expression::Variable { name, part: Some(part) },
            None => Expression::Column { row: name, column: part },
        })
    }

    /// A name before parentheses: filters stand behind their value.
    fn no_function(&mut self, name: &str) -> String {
        let open = self.at;
        let filtered = self.arguments().ok().and_then(|arguments| {
            let ([argument], Some((name, ..))) = (arguments.as_slice(), Filter::find(name)) else { return None };
            let written = self.text.get(self.tokens[open].1.end..self.tokens[self.at - 1].1.start)?.trim();
            let is_value =
                !matches!(argument, Expression::Binary { .. } | Expression::Not(_) | Expression::Negative(_));
            Some(if is_value { format!("write `{written}|{name}`") } else { format!("write `({written})|{name}`") })
        });
        self.at = open;
        self.help = Some(filtered.unwrap_or_else(|| {
            format!("there are no functions; filters stand behind a value: `x|length`. They are {}", names_of_filters())
        }));
        format!("`(` was not expected after `{name}`")
    }

    /// What stands behind a value: items, slices, filters.
    fn postfix(&mut self, mut value: Expression) -> Parsed {
        loop {
            if self.symbol("[") {
                value = self.subscript(value)?;
            } else if self.symbol("|") {
                let (filter, arguments) = self.filter()?;
                value = Expression::Filtered { filter, of: Box::new(value), arguments };
            } else {
                return Ok(value);
            }
            self.count()?;
        }
    }

    fn subscript(&mut self, of: Expression) -> Parsed {
        let limit = |parser: &mut Self| match parser.peek() {
            Token::Symbol(":" | "]") => Ok(None),
            _ => parser.inner(Self::or).map(Some),
        };
        let start = limit(self)?;
        if !self.symbol(":") {
            self.expect("]")?;
            let Some(at) = start else { return Err(self.before("`[]` names no item")) };
            return Ok(Expression::Item(Box::new([of, at])));
        }
        let end = limit(self)?;
        self.expect("]")?;
        Ok(Expression::Slice { of: Box::new(of), start: start.map(Box::new), end: end.map(Box::new) })
    }

    fn filter(&mut self) -> Result<(Filter, Vec<Expression>), String> {
        let name = match self.next() {
            Token::Name(name) => name,
            Token::Symbol("|") => return Err(self.before("`||` is no operator: write `or`")),
            other => {
                return Err(self.before(format!("{} stands where the name of a filter was expected", other.shown())));
            }
        };
        let Some((name, filter, needed, allowed)) = Filter::find(&name) else {
            // Of digests the nearest name would be another digest.
            self.help = Some(format!("the filters are {}", names_of_filters()));
            return Err(self.before(format!("there is no filter `{name}`")));
        };
        let named = self.at - 1;
        let arguments = self.arguments()?;
        if arguments.len() > needed.len() + allowed.len() {
            self.at = named;
            let most = needed.len() + allowed.len();
            return Err(match most {
                0 => format!("the filter `{name}` takes nothing in parentheses"),
                _ => format!("the filter `{name}` takes {} in parentheses, no more", needed.join(", ")),
            });
        }
        if arguments.len() < needed.len() {
            self.at = named;
            return Err(format!("the filter `{name}` needs more: write `{name}({})`", needed.join(", ")));
        }
        Ok((*filter, arguments))
    }

    /// What stands in the parentheses after a filter.
    fn arguments(&mut self) -> Result<Vec<Expression>, String> {
        let mut arguments = Vec::new();
        if !self.symbol("(") {
            return Ok(arguments);
        }
        while !self.symbol(")") {
            arguments.push(self.inner(Self::or)?);
            if !self.symbol(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }
}

fn names_of_filters() -> String {
    Filter::ALL.map(|(name, ..)| format!("`{name}`")).join(", ")
}
