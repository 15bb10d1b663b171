//! The media type that the first bytes of a file suggest.
//!
//! It is shown to users and decides nothing.

/// The number of bytes that are inspected.
pub(super) const LOOKED_AT: usize = 8 * 1024;
/// The greatest length of a media type.
const LONGEST: usize = 100;
/// The media type of bytes of an unknown type.
const UNKNOWN: &str = "application/octet-stream";

/// The media type that the first bytes suggest.
pub(super) fn media_type(head: &[u8]) -> &'static str {
    match infer::get(head).map(|kind| kind.mime_type()) {
        Some(known) if known.len() <= LONGEST => known,
        None if is_text(head) => "text/plain",
        _ => UNKNOWN,
    }
}

/// Whether the bytes are UTF-8 text without null characters. The last character may be cut off.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    whole && !head.is_empty() && !head.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn kinds_are_known_by_their_first_octets() {
        for (head, kind) in [
            (&b"\x89PNG\r\n\x1a\n"[..], "image/png"),
            (b"%PDF-1.7", "application/pdf"),
            (b"hello", "text/plain"),
            ("grüße".as_bytes(), "text/plain"),
            (b"gr\xc3", "text/plain"),
            (b"gr\xc3r", "application/octet-stream"),
            (b"a\0b", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(media_type(head), kind, "{head:?}");
        }
    }
}
