//! Numbers and sizes as a spec writes them: `12`, `0x1f`, `64KiB`, `1MiB`.

/// A plain decimal or `0x` number, without sign, blanks or leading zeros.
pub fn parse_number(text: &str) -> Option<i128> {
    if let Some(hex) = text.strip_prefix("0x") {
        let plain = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return if plain { i128::from_str_radix(hex, 16).ok() } else { None };
    }
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    if plain { text.parse().ok() } else { None }
}

/// A number of bytes: a number, or one with the unit `B`, `KiB`, `MiB` or `GiB`.
pub fn parse_size(text: &str) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
    for (unit, shift) in units {
        if let Some(number) = text.strip_suffix(unit) {
            let number = u64::try_from(parse_number(number.trim_end())?).ok()?;
            return number.checked_mul(1 << shift);
        }
    }
    u64::try_from(parse_number(text)?).ok()
}
