//! The state and the keys of the service.

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::public("get_liveness"),
    Entry::public("get_readiness"),
    Entry::public("get_jwks"),
    Entry::public("get_authorization_server"),
];
