//! The permissions of every role, as one table for review: `roles.txt`.
//!
//! A row is an operation on a row of some kind; a column is a relation of the caller to it. Each
//! cell is the response of a running server for the same rows. Writing operations run as dry runs
//! (`Prefer: validate-only`); [`super::valid`] checks that dry runs tell the truth.

use std::fmt::Write;

use serde_json::Value;
use taskhub_tests::{Answer, App, User, every_database};
use uuid::Uuid;

use super::{
    fixture::{Fixture, Slot},
    operation::Operation,
    request::{Position, Request},
    reviewed,
    table::{Reach, operations},
};

every_database!(permissions_of_every_role_match_the_reviewed_table);

/// The columns.
const CALLERS: [&str; 7] = ["admin", "manager", "lead", "author", "assignee", "member", "service"];

const LEGEND: &str = "\
# Who may do what. Written by the walk over the roles with TASKHUB_REVIEW=1, and compared with it ever after.
#
#   admin     an admin                        author    a member who owns the task or wrote the document
#   manager   a manager                       assignee  a member to whom the task is assigned
#   lead      a member who is named the       member    a member who has nothing to do with the row
#             project's manager               service   a service with just the scopes of the operation
#
# A team's project is managed by the admin, and its team by the lead; the author is its member. All other projects belong
# to no team. A cell is the status; of a list also how many rows the caller sees (of 4 projects, one of them the team's; of
# 7 tasks, one of them personal, one the team's; of 2 documents; of 1 milestone, in the shared project; of 2 teams; of 8
# users; of 1 invitation, the manager's; of 1 service account; of 1 personal access token, the author's), of a user whether
# all fields are shown or the directory's. What is said about the task, and the reminder and the notification, is the admin's;
# time on the task is the author's, and the admin's timer runs on the team's task. The admin has a picture, and the
# lead has begun a second factor.

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

fn caller(app: &App, fixture: &Fixture, name: &str, reach: Reach) -> Caller {
    if let Some(user) = user(fixture, name) {
        return Caller { id: Some(user.id), token: user.token.clone() };
    }
    let (Reach::Scope(scopes) | Reach::Person(scopes) | Reach::Session(scopes)) = reach else {
        panic!("nobody is asked")
    };
    Caller { id: None, token: fixture.people.service(app, scopes) }
}

/// The rows on which an operation is tried, by their names in the table.
fn variants(operation: &Operation<'_>, request: &Request<'_>) -> Vec<(&'static str, Option<Slot>)> {
    match (operation.id, request.entry.path) {
        ("create_task", _) => {
            vec![
                ("in a project", Some(Slot::Project)),
                ("a team's", Some(Slot::TeamProject)),
                ("personal", None),
            ]
        }
        ("create_project", _) => vec![("shared", None), ("a team's", Some(Slot::Team))],
        ("delete_project", _) => vec![("", None)],
        (_, [Slot::Task]) => vec![
            ("in a project", Some(Slot::Task)),
            ("a team's", Some(Slot::TeamTask)),
            ("personal", Some(Slot::PersonalTask)),
        ],
        (_, [Slot::Project]) => vec![("shared", Some(Slot::Project)), ("a team's", Some(Slot::TeamProject))],
        (_, [Slot::Spare]) => vec![("another", Some(Slot::Spare)), ("oneself", None)],
        _ => vec![("", None)],
    }
}

/// The request for such a row.
fn about<'a>(
    request: Request<'a>,
    fixture: &Fixture,
    variant: (&str, Option<Slot>),
    caller: &Caller,
) -> Option<Request<'a>> {
    // A shared row belongs to no team.
    let request = match request.body.as_ref().and_then(|body| body.get("team_id")) {
        Some(_) if variant.0 == "shared" => request.with_field("/team_id", Value::Null),
        _ => request,
    };
    // A subtask follows its parent, and setting a parent requires another right than changing the
    // task.
    let request = if matches!(request.operation.id, "create_task" | "replace_task" | "update_task") {
        request.with_field("/parent_id", Value::Null)
    } else {
        request
    };
    Some(match variant {
        ("personal", None) => request.with_field("/project_id", Value::Null),
        ("oneself", _) => request.at(Position::Path(0), &caller.id?.to_string()),
        (_, Some(_)) if request.operation.id == "create_project" => request,
        (_, Some(slot)) if request.operation.id == "create_task" => {
            // That an assignee must see the project is another rule.
            request.with_field("/project_id", fixture.id(slot).into()).with_field("/assignee_id", Value::Null)
        }
        (_, Some(slot)) => request.at(Position::Path(0), fixture.id(slot)),
        _ => request,
    })
}

/// The text of the cell for a response.
fn cell(answer: &Answer) -> String {
    let mut cell = answer.status.to_string();
    let fields = |row: &Value| if row.get("email").is_some() { " all" } else { " directory" };
    if let Some(rows) = answer.body["results"].as_array() {
        let of_a_user = answer.call.contains("/users/") && answer.call.ends_with("/changes");
        let grows = of_a_user || answer.call.ends_with("/audit") || answer.call.ends_with("/history");
        let shown = if grows { String::new() } else { format!(" x{}", rows.len()) };
        cell += &shown;
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
        for variant in variants(&operation, &request) {
            let mut cells = Vec::new();
            for (name, session) in CALLERS.iter().zip(&sessions) {
                let mut caller = caller(app, &fixture, name, request.entry.reach);
                if let (Reach::Session(_), Some(session)) = (request.entry.reach, session) {
                    caller.token.clone_from(session);
                }
                cells.push(match about(request.clone(), &fixture, variant, &caller) {
                    Some(request) => cell(&request.ask(app, &caller.token).await),
                    None => "-".to_owned(),
                });
            }
            line(operation.id, variant.0, &cells);
        }
    }
    reviewed("tests/all/contract/roles.txt", &text);
}
