//! Cursors of the change feed: an encrypted position with a MAC over the tenant.
//!
//! Invariant: a cursor does not reveal the position, which would show the activity of others, and a
//! client cannot make one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{Error, Result};

/// The size of the MAC and of the position, in bytes.
const SEAL: usize = 16;
const POSITION: usize = 8;
/// The length of a cursor, in characters: base64 has four for three bytes.
pub const CURSOR: usize = (SEAL + POSITION) / 3 * 4;

/// The cursor at a position.
pub(crate) fn close(secret: &[u8], tenant: Uuid, position: i64) -> String {
    let position = position.to_be_bytes();
    let mask = mac(secret, &[b"feed mask", tenant.as_bytes(), &seal(secret, tenant, position)]);
    let hidden: Vec<u8> = position.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    URL_SAFE_NO_PAD.encode([seal(secret, tenant, position).as_slice(), &hidden].concat())
}

/// The position in a cursor of this tenant.
pub(crate) fn open(secret: &[u8], tenant: Uuid, cursor: &str) -> Result<i64> {
    let wrong = || {
        let expected =
            "Must be a cursor of this change feed, or oldest. Leave the parameter out to begin at the end.";
        Error::parameter("since", expected)
    };
    if cursor.len() != CURSOR {
        return Err(wrong());
    }
    let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let (given, hidden) = sealed.split_at_checked(SEAL).ok_or_else(wrong)?;
    let hidden = <[u8; POSITION]>::try_from(hidden).map_err(|_| wrong())?;
    let mask = mac(secret, &[b"feed mask", tenant.as_bytes(), given]);
    let mut bytes = hidden;
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    if !taskhub_auth::secret::equal(given, &seal(secret, tenant, bytes)) {
        return Err(wrong());
    }
    Ok(i64::from_be_bytes(bytes))
}

fn seal(secret: &[u8], tenant: Uuid, position: [u8; POSITION]) -> [u8; SEAL] {
    mac(secret, &[b"feed", tenant.as_bytes(), &position])
}

fn mac(secret: &[u8], parts: &[&[u8]]) -> [u8; SEAL] {
    let mac = taskhub_auth::secret::mac(secret, parts);
    std::array::from_fn(|i| mac.get(i).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_its_tenants_own(position: i64, tenant: u128, other: u128, byte in 0..SEAL + POSITION, bit in 0..8_u32) {
            prop_assume!(tenant != other);
            let (secret, tenant) = (b"secret".as_slice(), Uuid::from_u128(tenant));
            let cursor = close(secret, tenant, position);
            prop_assert_eq!(open(secret, tenant, &cursor).unwrap(), position);
            prop_assert!(open(secret, Uuid::from_u128(other), &cursor).is_err());
            prop_assert!(open(b"another", tenant, &cursor).is_err());
            let mut changed = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            changed[byte] ^= 1 << bit;
            prop_assert!(open(secret, tenant, &URL_SAFE_NO_PAD.encode(changed)).is_err());
        }

        #[test]
        fn nothing_makes_it_panic(cursor in "\\PC*") {
            prop_assert!(open(b"secret", Uuid::nil(), &cursor).is_err());
        }
    }
}
