//! The page of permissions for people, `docs/permissions.md`: the policy table in words.

use std::fmt::Write;

use taskhub_domain::policy::{Action, POLICY, ResourceType, Rule};

use crate::contract::reviewed;

/// The start of the page of permissions.
const ROLES: &str = "\
# Permissions

The actions that each role may take on each resource. This page is generated from the policy table.
[Tenancy](tenancy.md#roles) explains the roles, and `GET /auth/permissions` answers for one resource.

A cell contains the conditions under which a role may act. One of them is enough.

| condition | the caller may act on |
| --- | --- |
";

/// The names of relations in the policy, the condition in the table, and its meaning.
const CONDITIONS: [(&str, &str, &str); 12] = [
    ("oneself", "themselves", "their own user"),
    ("owner", "own", "what belongs to them; dependencies of their own tasks"),
    ("author", "created by them", "what they wrote, sent or added"),
    ("assignee", "assigned to them", "tasks that are assigned to them, and dependencies of these tasks"),
    (
        "project_visible",
        "projects they see",
        "projects without a team, of their teams, or that they manage, and everything in these projects",
    ),
    (
        "manages_project",
        "projects they manage",
        "projects whose manager they are, or whose team they manage, and everything in these projects; with the role `manager` \
         also all projects without a team",
    ),
    ("team_member", "their teams", "teams that they are a member of"),
    ("manages_team", "teams they manage", "teams whose manager they are"),
    ("task_visible", "tasks they see", "everything that belongs to a task that they see"),
    ("personal", "personal", "tasks without a project, and everything that belongs to them"),
    ("personal_owner", "own personal", "their own tasks without a project"),
    ("personal_assignee", "personal, assigned to them", "tasks without a project that are assigned to them"),
];

/// The roles of the columns.
const COLUMNS: [&str; 4] = ["admin", "manager", "member", "service account"];

#[test]
fn page_of_permissions_matches_the_policy() {
    let mut page = ROLES.to_owned();
    for (_, condition, meaning) in CONDITIONS {
        writeln!(page, "| {condition} | {meaning} |").unwrap();
    }
    page += "
- Every action on a row needs the right to read it. A row that the caller may not read gets 404.
- A service account and a personal access token also need the scope. A service account owns nothing.
- A new row needs the right to see the project or the task that it belongs to.
- Some operations have further rules: a manager can invite members only. Those on second factors need a
  session, which a service account does not have.

";
    writeln!(page, "| resource | action | {} |\n|{}", COLUMNS.join(" | "), " --- |".repeat(6)).unwrap();
    // Actions with the same conditions share a line.
    let mut lines: Vec<(ResourceType, Vec<&str>, String)> = Vec::new();
    for (resource, action, rules) in POLICY {
        // Nobody in an organisation creates one.
        if (*resource, *action) == (ResourceType::Tenant, Action::Create) {
            continue;
        }
        let cells = COLUMNS.map(|role| conditions(role, *resource, *action, rules)).join(" | ");
        match lines.last_mut() {
            Some((last, actions, same)) if last == resource && *same == cells => {
                actions.push(verb(*resource, *action));
            }
            _ => lines.push((*resource, vec![verb(*resource, *action)], cells)),
        }
    }
    let mut last = None;
    for (resource, actions, cells) in lines {
        let name = if last.replace(resource) == Some(resource) { String::new() } else { name(resource) };
        writeln!(page, "| {name} | {} | {cells} |", actions.join(", ")).unwrap();
    }
    reviewed("docs/permissions.md", &page);
}

/// The conditions under which a role may do an action, in words.
fn conditions(role: &str, resource: ResourceType, action: Action, rules: &[Rule]) -> String {
    let is_service = role == "service account";
    let mut found = Vec::new();
    for rule in rules.iter().map(ToString::to_string) {
        let (needed, relation) = match rule.split_once(" and ") {
            Some((needed, relation)) => (needed, relation),
            None if ["anybody", "admin", "manager", "member"].contains(&rule.as_str()) => (rule.as_str(), ""),
            None => ("anybody", rule.as_str()),
        };
        let is_admin = is_service || role == "admin";
        let is_role = needed == "anybody" || needed == role || (needed == "admin" && is_service);
        // Admins see everything, and only users have rows of their own.
        let sees_all = is_admin && ["task_visible", "project_visible"].contains(&relation);
        let is_own = ["oneself", "owner", "author", "assignee", "personal_owner", "personal_assignee"]
            .contains(&relation);
        if !is_role || is_service && is_own {
            continue;
        }
        if relation.is_empty() || sees_all {
            return if is_service && needs_a_user(resource, action) { "no" } else { "yes" }.to_owned();
        }
        found.push(CONDITIONS.iter().find(|(name, ..)| *name == relation).unwrap().1);
    }
    if found.is_empty() { "no".to_owned() } else { found.join("; ") }
}

/// Whether the new row is of a user.
fn needs_a_user(resource: ResourceType, action: Action) -> bool {
    use ResourceType::{AccessToken, SecondFactor, Session};
    action == Action::Create && [AccessToken, SecondFactor, Session].contains(&resource)
}

/// The name of a resource type for people.
fn name(resource: ResourceType) -> String {
    match resource {
        ResourceType::Tenant => "settings of the organisation".to_owned(),
        ResourceType::ClientRequest => "request of a client".to_owned(),
        ResourceType::Audit => "audit of the organisation".to_owned(),
        ResourceType::History => "history of what a user did".to_owned(),
        ResourceType::Change => "history of a row".to_owned(),
        _ => resource.as_str().replace('_', " "),
    }
}

/// The name of an action for people.
fn verb(resource: ResourceType, action: Action) -> &'static str {
    match (resource, action) {
        (ResourceType::Session, Action::Create) => "begin",
        (ResourceType::Session, Action::Update) => "end",
        (ResourceType::AccessToken, Action::Update) => "use",
        (_, Action::ReadPrivate) => "read private fields",
        (_, Action::UpdateProfile) => "update the profile",
        (_, Action::Override) => "complete while blocked",
        _ => action.as_str(),
    }
}
