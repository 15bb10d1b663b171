//! Parsing the RSA keys that the cryptographic library writes. It writes only DER: PKCS #8 (RFC
//! 5208) around PKCS #1 (RFC 8017, appendix A.1.2).
//!
//! Invariant: the input is always output of the library, never that of a client. A wrong result
//! here cannot go unnoticed, because the library reads it again and checks that the numbers match.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The `RSAPrivateKey` inside a `PrivateKeyInfo`.
pub(super) fn pkcs1(pkcs8: &[u8]) -> Option<&[u8]> {
    let (mut info, _) = element(SEQUENCE, pkcs8)?;
    for tag in [INTEGER, SEQUENCE] {
        (_, info) = element(tag, info)?;
    }
    Some(element(OCTET_STRING, info)?.0)
}

/// The numbers `n e d p q dp dq qi` of an `RSAPrivateKey`, big-endian, without leading zero bytes.
pub(super) fn numbers(pkcs1: &[u8]) -> Option<[&[u8]; 8]> {
    let (sequence, _) = element(SEQUENCE, pkcs1)?;
    let (_version, mut rest) = element(INTEGER, sequence)?;
    let mut numbers = [[].as_slice(); 8];
    for number in &mut numbers {
        let (value, after) = element(INTEGER, rest)?;
        *number = value.strip_prefix(&[0]).unwrap_or(value);
        rest = after;
    }
    Some(numbers)
}

/// The content of the first element of `input`, if it has the tag, and the bytes after it.
fn element(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = input.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    if *first == tag { rest.split_at_checked(length) } else { None }
}
