//! The permissions of every role, as one table for review: `roles.txt`.
//!
//! A row is an operation on a row of some kind; a column is a relation of the caller to it. Each
//! cell is the response of a running server for the same rows. Writing operations run as dry runs
//! (`Prefer: validate-only`); [`super::valid`] checks that a dry run gets the response of the
//! committed request.

use std::fmt::Write;

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, User, every_database};
use uuid::Uuid;

use super::{
    fixture::{Fixture, Slot},
    operation::Operation,
    request::{Position, Request},
    reviewed,
    table::{Credential, Entry, List, operations},
};

every_database!(permissions_of_every_role_match_the_reviewed_table);

/// The columns.
const CALLERS: [&str; 7] = ["admin", "manager", "lead", "author", "assignee", "member", "service"];

const LEGEND: &str = "\
# The permissions of every role. A test writes this file with TASKHUB_REVIEW=1, and otherwise compares it.
#
# A row is an operation, and the kind of row on which it is called. A column is a caller:
#
#   admin     an admin
#   manager   a manager
#   lead      a member who is the manager of the projects and of the teams
#   author    a member who owns the task and wrote the document
#   assignee  a member to whom the task is assigned
#   member    a member without a relation to the row
#   service   a service account that has only the scopes of the operation
#
# A cell is the status. A list also shows how many rows the caller sees (x2). A user also shows which fields the
# caller sees: all, or only those of the directory. A cell with - has no request: a service account is not a user.
#
# The rows of the tenant:
#
#   projects            4; one of them belongs to a team and is managed by the admin
#   tasks               7; one of them is personal, and one is the admin's in the project of the team
#   teams               2, managed by the lead; the author is a member of the one with a project
#   documents           2
#   milestones          1 in the shared project
#   users               8; the admin has a picture, and the lead is setting up a second factor
#   invitations         1, sent by the manager
#   service accounts    1
#   access tokens       1, the author's
#   time entries        the author's on the task, and the admin's running timer on the task of the team
#   comments, watchers, reminders and notifications of the task are the admin's

";

/// A caller: the id, if it is a user, and the token.
struct Caller {
    id: Option<Uuid>,
    token: String,
}

/// The user of a column, except for that of the service account.
fn user<'a>(fixture: &'a Fixture, name: &str) -> Option<&'a User> {
    let people = &fixture.people;
    Some(match name {
        "admin" => &people.admin,
        "manager" => &people.manager,
        "lead" => &fixture.lead,
        "author" => &people.member,
        "assignee" => &people.other,
        "member" => &fixture.bystander,
        _ => return None,
    })
}

fn caller(app: &App, fixture: &Fixture, name: &str, credential: Credential) -> Caller {
    if let Some(user) = user(fixture, name) {
        return Caller { id: Some(user.id), token: user.token.clone() };
    }
    Caller { id: None, token: fixture.people.service(app, credential.scopes().unwrap()) }
}

/// The row on which an operation is tried.
#[derive(Clone, Copy)]
enum Target {
    /// That of the valid request.
    Same,
    /// Another row in the path.
    Row(Slot),
    /// The caller.
    Oneself,
    /// Other fields of the body.
    Fields(&'static [(&'static str, Option<Slot>)]),
}

/// The rows on which an operation is tried, by their names in the table.
fn targets(entry: &Entry) -> Vec<(&'static str, Target)> {
    if !entry.variants.is_empty() {
        return entry.variants.iter().map(|(name, fields)| (*name, Target::Fields(fields))).collect();
    }
    match entry.path {
        [Slot::Task] => vec![
            ("in a project", Target::Row(Slot::Task)),
            ("a team's", Target::Row(Slot::TeamTask)),
            ("personal", Target::Row(Slot::PersonalTask)),
        ],
        [Slot::Project] => {
            vec![("shared", Target::Row(Slot::Project)), ("a team's", Target::Row(Slot::TeamProject))]
        }
        [Slot::Spare] => vec![("another", Target::Row(Slot::Spare)), ("oneself", Target::Oneself)],
        _ => vec![("", Target::Same)],
    }
}

/// The request for such a row; `None` if the caller is not a user.
fn about<'a>(
    mut request: Request<'a>,
    fixture: &Fixture,
    (name, target): (&str, Target),
    caller: &Caller,
) -> Option<Request<'a>> {
    // A shared project belongs to no team. A subtask follows its parent, and setting a parent
    // requires another right than changing the task.
    for (field, is_cleared) in [("team_id", name == "shared"), ("parent_id", true)] {
        if is_cleared && request.body.as_ref().is_some_and(|body| body.get(field).is_some()) {
            request = request.with_field(&format!("/{field}"), Value::Null);
        }
    }
    Some(match target {
        Target::Same => request,
        Target::Row(slot) => request.at(Position::Path(0), fixture.id(slot)),
        Target::Oneself => request.at(Position::Path(0), &caller.id?.to_string()),
        Target::Fields(fields) => fields.iter().fold(request, |request, (pointer, slot)| {
            request.with_field(pointer, json!(slot.map(|slot| fixture.id(slot))))
        }),
    })
}

/// The text of the cell for a response.
fn cell(entry: &Entry, answer: &Answer) -> String {
    let mut cell = answer.status.to_string();
    let fields = |row: &Value| if row.get("email").is_some() { " all" } else { " directory" };
    if let Some(rows) = answer.body["results"].as_array() {
        // The number of records grows.
        if !matches!(entry.list, Some(List::Records)) {
            write!(cell, " x{}", rows.len()).unwrap();
        }
        // The row of the caller shows all fields to every caller.
        if answer.call.ends_with("/users") {
            cell += if rows.iter().all(|row| fields(row) == " all") { " all" } else { " directory" };
        }
    } else if answer.status == 200 && answer.body.get("username").is_some() {
        cell += fields(&answer.body);
    }
    cell
}

async fn permissions_of_every_role_match_the_reviewed_table(app: &App) {
    let fixture = Fixture::new(app).await;
    let mut sessions = Vec::new();
    for name in CALLERS {
        sessions.push(match user(&fixture, name) {
            Some(user) => Some(user.sign_in(app).await.0),
            None => None,
        });
    }
    let mut text = LEGEND.to_owned();
    let mut line = |id: &str, what: &str, cells: &[String]| {
        let mut line = format!("{id:<24}{what:<14}");
        for cell in cells {
            write!(line, "{cell:<17}").unwrap();
        }
        writeln!(text, "{}", line.trim_end()).unwrap();
    };
    line("", "", &CALLERS.map(str::to_owned));
    for operation in operations(&app.document).into_iter().filter(Operation::is_secured) {
        let request = Request::valid(operation, &fixture);
        for target in targets(request.entry) {
            let mut cells = Vec::new();
            for (name, session) in CALLERS.iter().zip(&sessions) {
                let mut caller = caller(app, &fixture, name, request.entry.credential);
                if let (Credential::Session(_), Some(session)) = (request.entry.credential, session) {
                    caller.token.clone_from(session);
                }
                cells.push(match about(request.clone(), &fixture, target, &caller) {
                    Some(request) => cell(request.entry, &request.ask(app, &caller.token).await),
                    None => "-".to_owned(),
                });
            }
            line(operation.id, target.0, &cells);
        }
    }
    reviewed("tests/all/contract/roles.txt", &text);
}
