//! Proof that a row was found in the caller's tenant and judged: what `resolve` gives, and what writes and children take.

use std::marker::PhantomData;

use super::resource::Resource;
use crate::{
    Error, Result,
    kernel::{error::Kind, policy::Action},
};

mod sealed {
    pub trait Sealed {}
}

/// What the evidence proves a right to. A type, so that a right to read can't be handed in for one to change.
pub trait Act: sealed::Sealed + Send + Sync {
    /// The policy's name for it.
    const ACTION: Action;
    /// Whether the row will be written, so that it is locked when it is loaded.
    const WRITES: bool;
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident, $action:ident, $writes:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Act for $name {
            const ACTION: Action = Action::$action;
            const WRITES: bool = $writes;
        }
    )*};
}

acts! {
    /// See the row.
    Read, Read, false;
    /// See a user's private fields.
    ReadPrivate, ReadPrivate, false;
    /// Change the row.
    Update, Update, true;
    /// Change one's own profile or password.
    UpdateProfile, UpdateProfile, true;
    /// Change the row in spite of what stands against it.
    Override, Override, true;
    /// Remove the row.
    Delete, Delete, true;
}

/// The rights that let a row be changed.
pub trait Changes: Act {}
impl Changes for Update {}
impl Changes for UpdateProfile {}
impl Changes for Override {}

/// A row that was found in the caller's tenant, and the right to act on it.
#[derive(Clone, Debug)]
pub struct Evidence<N: Resource, A: Act> {
    row: N,
    act: PhantomData<A>,
}

impl<N: Resource, A: Act> Evidence<N, A> {
    pub(super) fn new(row: N, _act: A) -> Self {
        Self { row, act: PhantomData }
    }

    /// The row, as it was loaded.
    pub fn row(&self) -> &N {
        &self.row
    }

    /// The row, for the answer.
    pub fn into_row(self) -> N {
        self.row
    }
}

/// What the caller knows of the row's version (RFC 9110 section 13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// The caller said nothing.
    #[default]
    None,
    /// `If-Match: *`: whatever is there.
    Any,
    /// `If-Match` with entity tags: one of these versions.
    Versions(Vec<i64>),
    /// `If-None-Match` with entity tags: none of these versions, and what else the caller said.
    Not(Vec<i64>, Box<Self>),
}

impl Precondition {
    /// Whether the row is at a version that the caller accepts.
    ///
    /// # Errors
    /// `Stale`.
    pub(super) fn check(&self, version: i64) -> Result<()> {
        match self {
            Self::Versions(accepted) if !accepted.contains(&version) => Err(Error::from(Kind::Stale)),
            Self::Not(refused, _) if refused.contains(&version) => Err(Error::from(Kind::Stale)),
            Self::Not(_, wanted) => wanted.check(version),
            _ => Ok(()),
        }
    }

    /// Whether the caller names the versions that they accept.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::None => true,
            Self::Not(_, wanted) => wanted.is_missing(),
            _ => false,
        }
    }
}
