//! What follows when a user leaves a project, a team or the organisation: what is theirs passes to
//! another user, and assignments that they can no longer see are cleared.
//!
//! Invariant: these operations stand above all resources. No resource imports this module.

mod assignments;
mod member;
mod transfer;
mod user;

pub(crate) use self::assignments::Assignments;
pub use self::{member::remove_member, user::remove_user};
