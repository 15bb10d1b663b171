//! What octets look like, by the first of them.

/// How many of the first octets are looked at.
pub(super) const LOOKED_AT: usize = 8 * 1024;
/// The longest media type that is told.
const LONGEST: usize = 100;
/// Octets of no known kind.
const UNKNOWN: &str = "application/octet-stream";

/// The media type that the first octets look like. It is told to people and decides nothing.
pub(super) fn media_type(head: &[u8]) -> &'static str {
    match infer::get(head).map(|kind| kind.mime_type()) {
        Some(known) if known.len() <= LONGEST => known,
        None if is_text(head) => "text/plain",
        _ => UNKNOWN,
    }
}

/// Whether it is UTF-8, which may be cut within its last character, and holds nothing that no text has.
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
