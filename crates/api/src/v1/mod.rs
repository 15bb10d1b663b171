//! The endpoints of `/api/v1`, one file for each resource.
//!
//! Invariant: a handler only converts between HTTP and an operation of the domain. It decides no
//! right and knows no table. [`resource`] has what the handlers of all resources share; [`endpoints`]
//! declares the handlers that most resources have.

pub(crate) mod access_tokens;
pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod changes;
pub(crate) mod clients;
pub(crate) mod comments;
pub(crate) mod contents;
pub(crate) mod dashboard;
pub(crate) mod documents;
mod endpoints;
pub(crate) mod files;
pub(crate) mod invitations;
pub(crate) mod labels;
pub(crate) mod members;
pub(crate) mod milestones;
pub(crate) mod notifications;
pub(crate) mod pictures;
pub(crate) mod projects;
pub(crate) mod reminders;
pub(crate) mod reports;
pub(crate) mod request_types;
pub(crate) mod requests;
mod resource;
pub(crate) mod search;
pub(crate) mod service;
pub(crate) mod service_accounts;
pub(crate) mod tasks;
pub(crate) mod teams;
pub(crate) mod tenant;
pub(crate) mod time_entries;
pub(crate) mod timer;
pub(crate) mod users;
pub(crate) mod watchers;

use actix_web::web::Data;

use crate::state::State;

/// The state that all handlers share.
pub(crate) type App = Data<State>;
