//! Filters: what makes another value of one.

use std::cell::Cell;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;

use super::hash::Hash;
use super::value::{MOST_BYTES, kind, number, raw, shown, too_long};
use crate::model::bytes::hex;
use crate::model::value::Value;

/// What makes another value of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// How many characters a text has, or bytes.
    Length,
    /// The number that a text is.
    Int,
    /// The bytes as hex digits.
    Hex,
    /// The bytes that hex digits are.
    Unhex,
    /// The bytes in base64.
    Base64,
    /// The bytes that base64 is.
    Unbase64,
    /// The digest of the bytes, as bytes.
    Digest(Hash),
    /// The HMAC of the bytes under a key, as bytes.
    Hmac(Hash),
    /// The key that is derived of a password, with an HMAC.
    Pbkdf2(Hash),
    /// Every byte with that of another value, which is used over and over.
    Xor,
    /// What was compressed with gzip.
    Gunzip,
}

/// A filter's name, itself, and what stands in its parentheses: what must, and what may.
type Named = (&'static str, Filter, &'static [&'static str], &'static [&'static str]);

impl Filter {
    pub(super) const ALL: [Named; 19] = [
        ("length", Self::Length, &[], &[]),
        ("int", Self::Int, &[], &[]),
        ("hex", Self::Hex, &[], &[]),
        ("unhex", Self::Unhex, &[], &[]),
        ("base64", Self::Base64, &[], &[]),
        ("unbase64", Self::Unbase64, &[], &[]),
        ("md5", Self::Digest(Hash::Md5), &[], &[]),
        ("sha1", Self::Digest(Hash::Sha1), &[], &[]),
        ("sha256", Self::Digest(Hash::Sha256), &[], &[]),
        ("sha512", Self::Digest(Hash::Sha512), &[], &[]),
        ("hmac_md5", Self::Hmac(Hash::Md5), &["key"], &[]),
        ("hmac_sha1", Self::Hmac(Hash::Sha1), &["key"], &[]),
        ("hmac_sha256", Self::Hmac(Hash::Sha256), &["key"], &[]),
        ("hmac_sha512", Self::Hmac(Hash::Sha512), &["key"], &[]),
        ("pbkdf2_sha1", Self::Pbkdf2(Hash::Sha1), &["salt", "iterations"], &["length"]),
        ("pbkdf2_sha256", Self::Pbkdf2(Hash::Sha256), &["salt", "iterations"], &["length"]),
        ("pbkdf2_sha512", Self::Pbkdf2(Hash::Sha512), &["salt", "iterations"], &["length"]),
        ("xor", Self::Xor, &["bytes"], &[]),
        ("gunzip", Self::Gunzip, &[], &[]),
    ];

    /// The filter of that name, with what stands in its parentheses: what must, and what may.
    pub(super) fn find(word: &str) -> Option<&'static Named> {
        const ALL: &[Named] = &Filter::ALL;
        ALL.iter().find(|(name, ..)| *name == word)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, filter, ..)| *filter == self).map_or("", |(name, ..)| name)
    }
}

/// The value after a filter. Hashes make at most so many iterations.
pub(super) fn apply(
    filter: Filter,
    value: &Value,
    arguments: &[Value],
    iterations: &Cell<u64>,
) -> Result<Value, String> {
    let wrong = |what: &str| Err(format!("{} is {}, not {what}", shown(value), kind(value)));
    match filter {
        Filter::Length => match value {
            Value::Text(text) => Ok(Value::Number(text.chars().count() as i128)),
            Value::Bytes(bytes) => Ok(Value::Number(bytes.len() as i128)),
            _ => wrong("a text or bytes, which have a length"),
        },
        Filter::Int => match int(value) {
            Some(number) => Ok(Value::Number(number)),
            None => wrong("a whole number"),
        },
        Filter::Hex => Ok(Value::Text(hex(&value.to_bytes()))),
        Filter::Unhex => match unhex(&value.to_bytes()) {
            Some(bytes) => Ok(Value::Bytes(bytes)),
            None => wrong("hex digits"),
        },
        Filter::Base64 => Ok(Value::Text(STANDARD.encode(value.to_bytes()))),
        Filter::Unbase64 => match STANDARD.decode(value.to_bytes()) {
            Ok(bytes) => Ok(Value::Bytes(bytes)),
            Err(_) => wrong("base64"),
        },
        Filter::Digest(hash) => Ok(Value::Bytes(hash.digest(&value.to_bytes()))),
        Filter::Hmac(hash) => hash.hmac(&value.to_bytes(), &argument(arguments, 0)).map(Value::Bytes),
        Filter::Pbkdf2(hash) => {
            let derived = pbkdf2(hash, filter.name(), &value.to_bytes(), arguments, iterations);
            derived.map(Value::Bytes)
        }
        Filter::Xor => xor(value, arguments.first()).map(Value::Bytes),
        Filter::Gunzip => match value {
            Value::Bytes(compressed) => gunzip(compressed).map(Value::Bytes),
            _ => wrong("bytes, which gzip makes"),
        },
    }
}

/// The bytes of an argument; the parser has seen to it that those that must be there are.
fn argument(arguments: &[Value], index: usize) -> Vec<u8> {
    arguments.get(index).map(Value::to_bytes).unwrap_or_default()
}

fn pbkdf2(hash: Hash, name: &str, password: &[u8], arguments: &[Value], left: &Cell<u64>) -> Result<Vec<u8>, String> {
    let positive = |index: usize, what: &str, default: i128| {
        let number = arguments.get(index).map_or(Ok(default), |value| number(value.clone(), name))?;
        let fits = u32::try_from(number).ok().filter(|number| *number > 0);
        fits.ok_or_else(|| format!("`{name}` with `{what}` {number}: it must be 1 to {}", u32::MAX))
    };
    let iterations = positive(1, "iterations", 1)?;
    let length = positive(2, "length", hash.size().into())?;
    let work = u64::from(iterations) * u64::from(length.div_ceil(hash.size()));
    let rest = left.get().checked_sub(work).ok_or_else(|| {
        format!("`{name}` with {iterations} iterations for {length} bytes is more than is computed here")
    })?;
    left.set(rest);
    let mut key = vec![0; length as usize];
    hash.derive(password, &argument(arguments, 0), iterations, &mut key);
    Ok(key)
}

fn xor(value: &Value, with: Option<&Value>) -> Result<Vec<u8>, String> {
    let operand = |value: &Value| {
        let bytes = raw(value).map(<[u8]>::to_vec);
        bytes.ok_or_else(|| format!("`xor` needs bytes, and {} is {}", shown(value), kind(value)))
    };
    let (bytes, with) = (operand(value)?, operand(with.unwrap_or(value))?);
    if with.is_empty() || with.len() > bytes.len() {
        return Err(format!("`xor` of {} bytes with {}: it needs at least 1, and no more", bytes.len(), with.len()));
    }
    Ok(bytes.iter().zip(with.iter().cycle()).map(|(byte, other)| byte ^ other).collect())
}

fn gunzip(compressed: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64;
    let read = MultiGzDecoder::new(compressed).take(most + 1).read_to_end(&mut bytes);
    match read {
        Err(error) => Err(format!("{} cannot be unpacked: {error}", shown(&Value::Bytes(compressed.to_vec())))),
        Ok(_) if bytes.len() > MOST_BYTES => Err(too_long()),
        Ok(_) => Ok(bytes),
    }
}

/// The number that a text is: decimal, with a sign and zeros before it if it has them, or 0x.
fn int(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => return Some(*number),
        Value::Bool(truth) => return Some(i128::from(*truth)),
        Value::Text(_) | Value::Bytes(_) => {}
    }
    let text = std::str::from_utf8(raw(value)?).ok()?.trim();
    match text.strip_prefix("0x") {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => i128::from_str_radix(hex, 16).ok(),
        _ => text.parse().ok(),
    }
}

/// Pairs of digits, with white space between them.
fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
