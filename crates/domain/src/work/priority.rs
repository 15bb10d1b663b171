//! Priorities, of projects and of tasks.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::repository::row::enumeration;

/// The priority of a task or project.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    DeriveActiveEnum,
    EnumIter,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum Priority {
    /// Can wait.
    Low = 1,
    /// The usual.
    #[default]
    Medium = 2,
    /// Soon.
    High = 3,
    /// Now.
    Urgent = 4,
}

impl Priority {
    /// The words, in the order of their numbers.
    pub(crate) const WORDS: &'static [&'static str] = &["low", "medium", "high", "urgent"];
}

enumeration!(Priority as i16);
