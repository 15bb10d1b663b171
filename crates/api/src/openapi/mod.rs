//! The OpenAPI document: the contract at the handlers, and what applies to every operation.
//!
//! A handler says in `#[utoipa::path]` what is special to its operation: the parameters, the
//! required scopes (`security`), and in `extensions`
//! - `x-problems`: the problem codes that only some operations return ([`problems`]),
//! - `x-idempotency-key`: `false` if its response is not stored ([`contract`]),
//! - `x-deprecated-at`, `x-sunset`: its deprecation ([`deprecation`]).
//!
//! This module adds the rest: common headers, the problems that any operation can return, and the
//! headers of conditional requests and idempotency keys. [`Operations`] is the document as the
//! middleware reads it: the operation of a path, its parameters and scopes, the methods of a path,
//! and deprecations.
//!
//! Invariant: this module does not know what any single operation does.

mod bounds;
mod bulk;
mod contract;
mod deprecation;
mod examples;
mod headers;
mod links;
pub mod pages;
mod problems;
mod shapes;

use serde_json::Value;
use taskhub_domain::list;
use utoipa::OpenApi;

pub use crate::http::middleware::operations::{Operation, Operations};
use crate::http::problem::ProblemBody;

/// The introduction of the API, in Markdown.
const INTRODUCTION: &str = include_str!("introduction.md").trim_ascii_end();

#[derive(OpenApi)]
#[openapi(
    info(
        title = "TaskHub",
        description = INTRODUCTION,
        contact(name = "The operator of this server"),
        license(name = "GPL-3.0-or-later", url = "https://www.gnu.org/licenses/gpl-3.0.html")
    ),
    tags(
        (name = "auth", description = "Registration, sign-in and sign-out, and the caller's own profile, sessions and second factor."),
        (name = "tenant", description = "The settings of the organisation."),
        (name = "users", description = "The users of the organisation."),
        (name = "service-accounts", description = "Accounts for programs of the organisation, with limited scopes."),
        (name = "access-tokens", description = "Personal access tokens, with which the programs of a user call the API."),
        (name = "teams", description = "Teams and their members. The projects of a team are visible only to the team, their managers and admins."),
        (name = "invitations", description = "Invitations by email to join the organisation."),
        (name = "projects", description = "Projects, which contain tasks and documents, and their milestones."),
        (name = "tasks", description = "Tasks, with subtasks, dependencies, a manual order, recurrence, watchers and a trash."),
        (name = "labels", description = "Labels, which group tasks across projects."),
        (name = "comments", description = "Comments on tasks."),
        (name = "reminders", description = "Reminders of tasks, each for the user who set it."),
        (name = "notifications", description = "The inbox of the caller."),
        (name = "attachments", description = "Files that are attached to tasks."),
        (name = "time-entries", description = "Time that users tracked on tasks, and timers."),
        (name = "reports", description = "Statistics on users, teams and projects over a period."),
        (name = "clients", description = "Clients: the customers of the organisation."),
        (name = "requests", description = "Requests of clients, and the types of requests."),
        (name = "documents", description = "Texts and files of projects, with all their versions."),
        (name = "search", description = "Full-text search over several resource types."),
        (name = "changes", description = "The changes of all resources that the caller sees, as a list and as a stream."),
        (name = "audit", description = "The audit log: who did what, when and from where."),
        (name = "service", description = "The health of the server and its public keys.")
    ),
    components(schemas(ProblemBody))
)]
pub(crate) struct Base;

/// Builds the document of the routes, with the default settings.
///
/// # Errors
/// If the document cannot be serialised as JSON.
pub fn build() -> serde_json::Result<Value> {
    build_with(list::PAGE_SIZE)
}

/// Builds the document of a server with `page_size` as the default size of a page.
///
/// # Errors
/// As [`build`].
pub fn build_with(page_size: u64) -> serde_json::Result<Value> {
    let mut base = Base::openapi();
    let routes = crate::routes::document();
    base.paths.merge(routes.paths);
    if let (Some(components), Some(more)) = (&mut base.components, routes.components) {
        components.schemas.extend(more.schemas);
    }
    let mut document = serde_json::to_value(base)?;
    contract::apply(&mut document);
    bulk::apply(&mut document);
    shapes::apply(&mut document);
    shapes::prune(&mut document);
    bounds::apply(&mut document);
    examples::apply(&mut document);
    links::apply(&mut document);
    contract::set_page_size(&mut document, page_size);
    shapes::share(&mut document);
    problems::unmark(&mut document);
    Ok(document)
}
