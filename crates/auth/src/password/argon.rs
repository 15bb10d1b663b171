//! Argon2id (RFC 9106) with reused memory. Hashes are stored as PHC strings.
//!
//! New memory costs as much as the hashing, because of page faults. So memory is reused and not
//! wiped. An attacker who reads it needs as many guesses as with the stored hash: after the second
//! pass every block depends on all the work.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

use super::Match;
use crate::secret;

/// The cost of hashing one password. The default is the minimum that OWASP recommends: 19 MiB and
/// two passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The memory, in KiB.
    pub memory: u32,
    /// The number of passes over the memory.
    pub passes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

/// The other parameters of new hashes: one lane, an output of 32 bytes and a salt of 16 bytes.
const LANES: u32 = 1;
const LENGTH: usize = 32;
const SALT: usize = 16;

/// The highest parameters of a stored hash (memory in KiB). A hash with higher ones is rejected,
/// because comparing with it would take too long.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// The hash of a user who has no password yet, and of a user who does not exist. It has the default
/// cost, so that comparing takes as long as with any other hash, and no known password matches it.
pub const NO_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The memory of one hash computation, for reuse.
pub(super) type Memory = Vec<Block>;

/// Hashes `password` with a new salt. The result is a PHC string; `None` if the cost is out of
/// range.
pub(super) fn hash(password: &[u8], cost: Cost, memory: &mut Memory) -> Option<String> {
    let params = Params::new(cost.memory, cost.passes, LANES, Some(LENGTH)).ok()?;
    let salt = Salt::new(&secret::random::<SALT>()).ok()?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).ok()?,
        salt: Some(salt),
        hash: Some(output(password, &salt, Algorithm::Argon2id, Version::V0x13, params, cost, memory)?),
    };
    Some(hash.to_string())
}

/// Compares `password` with the hash `stored`. Without a hash, it does the same work and returns
/// [`Match::No`]. `None` if `stored` is not an Argon2 hash or its cost is too high.
pub(super) fn verify(
    password: &[u8],
    stored: Option<&str>,
    cost: Cost,
    memory: &mut Memory,
) -> Option<Match> {
    let hash = PasswordHash::new(stored.unwrap_or(NO_PASSWORD)).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let (salt, expected) = (hash.salt?, hash.hash?);
    if params.m_cost() > MOST_MEMORY || params.t_cost() > MOST_PASSES || params.p_cost() > MOST_LANES {
        return None;
    }
    let outdated = algorithm != Algorithm::Argon2id
        || version != Version::V0x13
        || params.m_cost() < cost.memory
        || params.t_cost() < cost.passes
        || expected.len() < LENGTH
        || salt.len() < SALT;
    let same = output(password, &salt, algorithm, version, params, cost, memory)? == expected;
    Some(match (same && stored.is_some(), outdated) {
        (false, _) => Match::No,
        (true, false) => Match::Yes,
        (true, true) => Match::YesOutdated,
    })
}

/// Computes the hash of `password` with the given parameters. Comparing outputs takes constant
/// time.
fn output(
    password: &[u8],
    salt: &[u8],
    algorithm: Algorithm,
    version: Version,
    params: Params,
    cost: Cost,
    memory: &mut Memory,
) -> Option<Output> {
    let length = params.output_len().unwrap_or(LENGTH);
    let blocks = params.block_count();
    let argon = Argon2::new(algorithm, version, params);
    let mut bytes = [0; Output::MAX_LENGTH];
    let out = bytes.get_mut(..length)?;
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    argon.hash_password_into_with_memory(password, salt, out, memory.as_mut_slice()).ok()?;
    // A more costly hash may have needed more memory. Freeing it bounds the memory that is
    // retained.
    memory.truncate(usize::try_from(cost.memory).ok()?);
    memory.shrink_to_fit();
    Output::new(out).ok()
}
