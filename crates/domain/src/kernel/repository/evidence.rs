//! Evidence: proof that a row was found in the caller's tenant and that the caller was authorised.
//! [`super::Scope::resolve`] returns it; writes and the operations on children take it.
//!
//! Invariant: only the repository makes evidence, after it has authorised the caller.
//! Evidence of a right to read can't be used to write, because the right is a type.

use std::marker::PhantomData;

use super::resource::Resource;
use crate::{
    Error, Result,
    kernel::{error::Kind, policy::Action},
};

mod sealed {
    pub trait Sealed {}
}

/// A right that evidence proves. Each right is a type, so that the right to read can't be passed
/// where the right to update is required.
pub trait Act: sealed::Sealed + Send + Sync {
    /// The action in the policy.
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
    /// Reads the row.
    Read, Read, false;
    /// Reads the private fields of a user.
    ReadPrivate, ReadPrivate, false;
    /// Updates the row.
    Update, Update, true;
    /// Updates the caller's own profile or password.
    UpdateProfile, UpdateProfile, true;
    /// Updates the row in spite of an obstacle, such as completing a blocked task.
    Override, Override, true;
    /// Deletes the row.
    Delete, Delete, true;
}

/// The rights that allow an update of the row.
pub trait Changes: Act {}
impl Changes for Update {}
impl Changes for UpdateProfile {}
impl Changes for Override {}

/// A row that was found in the caller's tenant, and the proof of the right `A` to it.
#[derive(Clone, Debug)]
pub struct Evidence<N: Resource, A: Act> {
    row: N,
    act: PhantomData<A>,
}

impl<N: Resource, A: Act> Evidence<N, A> {
    pub(super) fn new(row: N, _act: A) -> Self {
        Self { row, act: PhantomData }
    }

    /// The row as it was loaded.
    pub fn row(&self) -> &N {
        &self.row
    }

    /// The row, for the response.
    pub fn into_row(self) -> N {
        self.row
    }
}

/// The versions of a row that the caller accepts (RFC 9110 section 13.1). A version of 3 is the
/// entity tag `"3"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// There was no precondition.
    #[default]
    None,
    /// `If-Match: *`: any version.
    Any,
    /// `If-Match` with entity tags: one of these versions.
    Versions(Vec<i64>),
    /// `If-None-Match` with entity tags: none of these versions. The second value is the
    /// precondition of `If-Match`.
    Not(Vec<i64>, Box<Self>),
}

impl Precondition {
    /// Checks that the caller accepts the version of the row.
    ///
    /// # Errors
    /// `Stale` when they don't.
    pub(super) fn check(&self, version: i64) -> Result<()> {
        match self {
            Self::Versions(accepted) if !accepted.contains(&version) => Err(Error::from(Kind::Stale)),
            Self::Not(refused, _) if refused.contains(&version) => Err(Error::from(Kind::Stale)),
            Self::Not(_, wanted) => wanted.check(version),
            _ => Ok(()),
        }
    }

    /// Whether the caller did not name the versions that they accept.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::None => true,
            Self::Not(_, wanted) => wanted.is_missing(),
            _ => false,
        }
    }
}
