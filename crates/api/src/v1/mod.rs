//! The endpoints, a file a noun.

pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod documents;
mod noun;
pub(crate) mod projects;
pub(crate) mod service;
pub(crate) mod tasks;
pub(crate) mod tenant;
pub(crate) mod users;

use actix_web::web::Data;

use crate::state::State;

/// What the handlers share.
pub(crate) type App = Data<State>;
