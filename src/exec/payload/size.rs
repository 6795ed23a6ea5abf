//! The numbers in a payload: those of a fixed width, and the lengths that stand before what they
//! measure.

use crate::plan::payload::{Size, SizeKind, Width};

/// The largest length that MQTT's variable byte integer can say.
const VARINT_MAX: u64 = (1 << 28) - 1;

/// How many zero bytes follow content of that length.
pub(crate) fn padding(size: Size, len: u64) -> u64 {
    if size.pad > 1 { (size.pad - len % size.pad) % size.pad } else { 0 }
}

/// The length prefix of content of that length.
pub(super) fn encode_size(size: Size, len: u64) -> Result<Vec<u8>, String> {
    let number = i128::from(len) + i128::from(size.plus);
    let number =
        u64::try_from(number).map_err(|_| format!("the length {len} with `plus: {}` is below 0", size.plus))?;
    if number & size.or != 0 {
        return Err(format!("the length {number} has bits of the flag `or: {:#x}` in it", size.or));
    }
    let number = number | size.or;
    match size.kind {
        SizeKind::Fixed(width) => fixed(width, number),
        SizeKind::Varint => varint(number),
        SizeKind::Ber => Ok(ber(number)),
    }
}

pub(super) fn fixed(width: Width, number: u64) -> Result<Vec<u8>, String> {
    let most = if width.bytes >= 8 { u64::MAX } else { (1 << (width.bytes * 8)) - 1 };
    width.encode(number).ok_or_else(|| format!("{number} does not fit {}, which holds at most {most}", width.name()))
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn varint(mut number: u64) -> Result<Vec<u8>, String> {
    if number > VARINT_MAX {
        return Err(format!("{number} does not fit varint, which holds at most {VARINT_MAX}"));
    }
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    Ok(bytes)
}

/// One byte below 128; else the number of bytes with the top bit set, and the bytes.
fn ber(number: u64) -> Vec<u8> {
    if number < 0x80 {
        return vec![number as u8];
    }
    let bytes = number.to_be_bytes();
    let significant = &bytes[number.leading_zeros() as usize / 8..];
    let mut out = vec![0x80 | significant.len() as u8];
    out.extend_from_slice(significant);
    out
}
