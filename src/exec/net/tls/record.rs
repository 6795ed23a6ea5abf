//! Records of TLS, RFC 8446 section 5.1, as far as they can be told from other bytes: for messages
//! about TLS where text was expected, and text where TLS was.

use crate::model::alert::Alert;
use crate::model::bytes::escape;

/// The types of records.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// How much text a message shows.
const SHOWN: usize = 64;

/// Whether a ClientHello may begin so.
pub(crate) fn begins_handshake(bytes: &[u8]) -> bool {
    bytes.first() == Some(&HANDSHAKE) && bytes.get(1).is_none_or(|major| *major == 3)
}

/// What the first record of these bytes is, where they begin with one.
pub(crate) fn described(bytes: &[u8]) -> Option<String> {
    let [kind, 3, 0..=4, _, _, rest @ ..] = bytes else { return None };
    let what = match (*kind, rest) {
        (CHANGE_CIPHER_SPEC, _) => "a ChangeCipherSpec of TLS".to_owned(),
        (ALERT, [1, alert]) => format!("an alert of TLS: warning {}", Alert(*alert)),
        (ALERT, [2, alert]) => format!("an alert of TLS: fatal {}", Alert(*alert)),
        (ALERT, _) => "an alert of TLS".to_owned(),
        (HANDSHAKE, [1, ..]) => "a ClientHello of TLS".to_owned(),
        (HANDSHAKE, [2, ..]) => "a ServerHello of TLS".to_owned(),
        (HANDSHAKE, _) => "a record of TLS's handshake".to_owned(),
        (APPLICATION_DATA, _) => "encrypted data of TLS".to_owned(),
        _ => return None,
    };
    Some(what)
}

/// Whether they are records that tell a reader nothing.
pub(crate) fn is_opaque(bytes: &[u8]) -> bool {
    matches!(bytes, [CHANGE_CIPHER_SPEC | HANDSHAKE | APPLICATION_DATA, 3, 0..=4, ..])
}

/// That bytes which should have been a record are not, where that is so.
pub(super) fn no_record(bytes: &[u8]) -> Option<String> {
    let is_record =
        matches!(bytes, [CHANGE_CIPHER_SPEC..=APPLICATION_DATA, 3, ..] | [CHANGE_CIPHER_SPEC..=APPLICATION_DATA]);
    if bytes.is_empty() || is_record {
        return None;
    }
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    let text = shown.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let speaks = if text { "the other side speaks plain text" } else { "what came is no TLS" };
    Some(format!("{speaks}: \"{}{more}\"", escape(shown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_from_text() {
        let said = |bytes: &[u8]| described(bytes);
        assert_eq!(said(&[22, 3, 1, 0, 200, 1, 0]).as_deref(), Some("a ClientHello of TLS"));
        assert_eq!(said(&[21, 3, 3, 0, 2, 2, 10]).as_deref(), Some("an alert of TLS: fatal unexpected_message"));
        assert_eq!(said(&[23, 3, 3, 0, 17]).as_deref(), Some("encrypted data of TLS"));
        assert_eq!(said(b"220 ready\r\n"), None);
        assert_eq!(said(&[22, 3]), None);
    }

    #[test]
    fn text_is_told_from_records() {
        assert_eq!(no_record(b"220 hi\r\n").as_deref(), Some("the other side speaks plain text: \"220 hi\\r\\n\""));
        assert_eq!(no_record(&[0, 1]).as_deref(), Some("what came is no TLS: \"\\x00\\x01\""));
        assert_eq!(no_record(&[22, 3, 3, 0, 4]), None);
        assert_eq!(no_record(&[22]), None);
        assert_eq!(no_record(&[]), None);
        assert!(begins_handshake(&[22]) && begins_handshake(&[22, 3]) && !begins_handshake(b"EHLO"));
    }
}
