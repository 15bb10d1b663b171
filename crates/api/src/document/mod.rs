//! The OpenAPI document: the handlers' own descriptions, and what holds on every operation.
//!
//! Handlers say what is special to them; the rest (security, the headers of the contract, the parameters of lists, the problems that any
//! operation can answer) is added here, from the same tables that the server goes by.

mod bounds;
mod bulk;
mod contract;
mod deprecation;
mod examples;
mod headers;
mod links;
pub mod pages;
mod parameters;
mod problems;
mod scopes;
mod shapes;

use serde_json::Value;
use taskhub_domain::list;
use utoipa::OpenApi;

pub use crate::edge::operations::{Operation, Operations};
use crate::problem::ProblemBody;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "TaskHub",
        description = "A multi-tenant work-management API: organisations manage their users, projects, tasks and documents, each in a \
                       workspace of their own. The tenant comes from the access token alone.",
        contact(name = "Whoever runs this server"),
        license(name = "GPL-3.0-or-later", url = "https://www.gnu.org/licenses/gpl-3.0.html")
    ),
    tags(
        (name = "auth", description = "Registering, signing in and out, and one's own profile"),
        (name = "tenant", description = "The organisation's settings"),
        (name = "users", description = "The people of the organisation"),
        (name = "service-accounts", description = "The organisation's programs, and what they may do"),
        (name = "access-tokens", description = "What a user's own programs call with"),
        (name = "teams", description = "People who work together, and whose projects only they see"),
        (name = "invitations", description = "Asking people into the organisation by mail"),
        (name = "projects", description = "What tasks and documents belong to"),
        (name = "tasks", description = "What is to be done"),
        (name = "labels", description = "What tasks are sorted into, across projects"),
        (name = "comments", description = "What people say about a task"),
        (name = "reminders", description = "What one wants to be told of a task, and when"),
        (name = "notifications", description = "What one is told"),
        (name = "attachments", description = "Files that lie at tasks"),
        (name = "time-entries", description = "Time that was worked on tasks, and timers"),
        (name = "reports", description = "Figures of people, teams and projects"),
        (name = "clients", description = "Those for whom an organisation works"),
        (name = "requests", description = "What clients ask for, and kinds of it"),
        (name = "documents", description = "Texts and files of a project, and what they were"),
        (name = "search", description = "Finding rows of several kinds by their words"),
        (name = "changes", description = "What was changed, in order, as it happens"),
        (name = "audit", description = "Who did what, when, from where"),
        (name = "service", description = "The server's health and keys")
    ),
    components(schemas(ProblemBody))
)]
pub(crate) struct Base;

/// The document of the routes, with the settings' defaults.
///
/// # Errors
/// When the document can't be written as JSON.
pub fn build() -> serde_json::Result<Value> {
    build_with(list::PAGE_SIZE)
}

/// The document of a server on which a page of a list has so many rows when the request does not say.
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
    parameters::set_page_size(&mut document, page_size);
    shapes::share(&mut document);
    Ok(document)
}
