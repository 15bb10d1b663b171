//! Opaque credentials: one is valid only for its purpose and only unchanged.
//!
//! Input: 16 bytes of a tenant's id, 16 of a row's id, one for the purpose, one for the change of a
//! credential and one for the position of the change, then a text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;
use taskhub_domain::{
    credential::Purpose,
    fuzzing::{credential, read_credential},
};
use uuid::Uuid;

const ALL: [Purpose; 6] = [
    Purpose::Refresh,
    Purpose::Access,
    Purpose::Service,
    Purpose::Invitation,
    Purpose::VerifyEmail,
    Purpose::ResetPassword,
];

fuzz_target!(|data: &[u8]| {
    let Some((tenant, rest)) = data.split_first_chunk::<16>() else { return };
    let Some((row, [which, change, at, rest @ ..])) = rest.split_first_chunk::<16>() else { return };
    let (tenant, row) = (Uuid::from_bytes(*tenant), Uuid::from_bytes(*row));
    let purpose = ALL[usize::from(*which) % ALL.len()];
    let made = credential(purpose, tenant, row);
    let made = made.expose_secret();

    for other in ALL {
        let read = read_credential(other, made);
        assert_eq!(read, (other == purpose).then_some((tenant, row)), "{purpose:?} as {other:?}");
        let disguised = made.replacen(purpose.prefix(), other.prefix(), 1);
        assert_eq!(
            read_credential(other, &disguised).is_some(),
            other == purpose,
            "{purpose:?} as {other:?}"
        );
    }

    let mut changed = made.as_bytes().to_vec();
    match changed.get_mut(usize::from(*at)) {
        Some(octet) => *octet = change & 0x7f,
        None => changed.push(change & 0x7f),
    }
    let changed = String::from_utf8(changed).unwrap();
    assert!(changed == made || read_credential(purpose, &changed).is_none());

    // A made-up credential is never valid without the key, neither as it is nor after the prefix.
    let Ok(text) = std::str::from_utf8(rest) else { return };
    for purpose in ALL {
        assert_eq!(read_credential(purpose, text), None);
        assert_eq!(read_credential(purpose, &format!("{}{text}", purpose.prefix())), None);
    }
});
