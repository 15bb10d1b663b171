//! Argon2id over a piece of memory that is kept, and its stored form: a PHC string.
//!
//! Fresh memory costs as much as the hashing (page faults), so it is used again and not wiped. What lies in it is as hard to
//! guess from as the stored hash: after the second pass every block depends on all the work.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

use super::Match;
use crate::secret;

/// What hashing one password costs. By default what OWASP names as the least: 19 MiB, two passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

/// What every hash of ours has: one lane, 32 bytes out, under 16 bytes of salt.
const LANES: u32 = 1;
const LENGTH: usize = 32;
const SALT: usize = 16;

/// The most that a stored hash may ask for; one that asks for more is not from here.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// What is stored of a user who has no password yet, and what is compared with when there is no hash: of the same cost as any of today's, and of
/// no known password.
pub const NO_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The memory of one hashing, for use again.
pub(super) type Memory = Vec<Block>;

/// The PHC string of `password` under a fresh salt.
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

/// Whether `password` is the one of `stored`; without one, the same work and no match. `None` if `stored` is not Argon2's.
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

/// The work itself. Outputs compare in constant time.
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
    // What a costlier hash needed is given back, so that the memory kept is bounded.
    memory.truncate(usize::try_from(cost.memory).ok()?);
    memory.shrink_to_fit();
    Output::new(out).ok()
}
