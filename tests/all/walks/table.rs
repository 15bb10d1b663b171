//! The table of operations: how each one is called in earnest, on the rows of a [`Fixture`](super::fixture::Fixture).
//!
//! Its invariant is that it and the document list the same operations, and the same places for ids of rows. What is new in the document is
//! entered here, or every walk fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    bodies::{
        credentials, document, new_user, password_change, profile, project, refresh, registration, status,
        task, tenant, token, user,
    },
    fixture::{Fixture, Slot},
    operation::{self, Operation},
};

/// Who reaches an operation at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Whoever comes.
    Public,
    /// A credential with these scopes, or one that is not narrowed.
    Scope(&'static [&'static str]),
    /// The same, but no service: it is about the user who calls.
    Person(&'static [&'static str]),
}

/// An operation.
pub(super) struct Entry {
    /// Its `operationId`.
    pub(super) id: &'static str,
    /// What the braces of its path name.
    pub(super) path: &'static [Slot],
    /// The parameters that it can't do without.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The parameters that carry ids of rows.
    pub(super) query_ids: &'static [(&'static str, Slot)],
    /// A body with every field that it takes.
    pub(super) body: Option<fn(&Fixture) -> Value>,
    /// The fields of the body that carry ids of rows, as JSON pointers.
    pub(super) body_ids: &'static [(&'static str, Slot)],
    /// Who reaches it.
    pub(super) reach: Reach,
    /// The tables of which it changes the tenant's rows, beside the record of what was done.
    pub(super) changes: &'static [&'static str],
}

impl Entry {
    const fn new(id: &'static str, reach: Reach) -> Self {
        Self { id, path: &[], query: &[], query_ids: &[], body: None, body_ids: &[], reach, changes: &[] }
    }

    const fn public(id: &'static str) -> Self {
        Self::new(id, Reach::Public)
    }

    const fn scoped(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Reach::Scope(scopes))
    }

    const fn person(id: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(id, Reach::Person(scopes))
    }

    const fn of(self, path: &'static [Slot]) -> Self {
        Self { path, ..self }
    }

    const fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    const fn query_ids(self, query_ids: &'static [(&'static str, Slot)]) -> Self {
        Self { query_ids, ..self }
    }

    const fn body(self, body: fn(&Fixture) -> Value, body_ids: &'static [(&'static str, Slot)]) -> Self {
        Self { body: Some(body), body_ids, ..self }
    }

    const fn changes(self, changes: &'static [&'static str]) -> Self {
        Self { changes, ..self }
    }

    /// Whether it changes anything.
    pub(super) const fn writes(&self) -> bool {
        !self.changes.is_empty()
    }
}

const TASK_FILTERS: &[(&str, Slot)] =
    &[("project", Slot::Project), ("owner", Slot::Assignee), ("assignee", Slot::Assignee)];
const TASK_IDS: &[(&str, Slot)] = &[("/project_id", Slot::Project), ("/assignee_id", Slot::Assignee)];
const PROJECT_IDS: &[(&str, Slot)] = &[("/manager_id", Slot::Assignee)];
const DOCUMENT_IDS: &[(&str, Slot)] = &[("/project_id", Slot::Project)];

/// All operations.
pub(super) const TABLE: &[Entry] = &[
    Entry::scoped("list_tasks", &["tasks:read"]).query_ids(TASK_FILTERS),
    Entry::scoped("create_task", &["tasks:write"]).body(task, TASK_IDS).changes(&["task"]),
    Entry::scoped("list_tasks_by_status", &["tasks:read"])
        .query(&[("status", "todo")])
        .query_ids(TASK_FILTERS),
    Entry::scoped("get_task", &["tasks:read"]).of(&[Slot::Task]),
    Entry::scoped("replace_task", &["tasks:write"]).of(&[Slot::Task]).body(task, TASK_IDS).changes(&["task"]),
    Entry::scoped("update_task", &["tasks:write"]).of(&[Slot::Task]).body(task, TASK_IDS).changes(&["task"]),
    Entry::scoped("delete_task", &["tasks:write"]).of(&[Slot::Task]).changes(&["task"]),
    Entry::scoped("complete_task", &["tasks:write"]).of(&[Slot::Task]).changes(&["task"]),
    Entry::scoped("list_projects", &["projects:read"]).query_ids(&[("manager", Slot::Assignee)]),
    Entry::scoped("create_project", &["projects:write"]).body(project, PROJECT_IDS).changes(&["project"]),
    Entry::scoped("get_projects_statistics", &["projects:read", "tasks:read"]),
    Entry::scoped("get_project", &["projects:read"]).of(&[Slot::Project]),
    Entry::scoped("replace_project", &["projects:write"])
        .of(&[Slot::Project])
        .body(project, PROJECT_IDS)
        .changes(&["project"]),
    Entry::scoped("update_project", &["projects:write"])
        .of(&[Slot::Project])
        .body(project, PROJECT_IDS)
        .changes(&["project"]),
    Entry::scoped("delete_project", &["projects:write"]).of(&[Slot::EmptyProject]).changes(&["project"]),
    Entry::scoped("update_project_status", &["projects:write"])
        .of(&[Slot::Project])
        .body(status, &[])
        .changes(&["project"]),
    Entry::scoped("list_project_tasks", &["projects:read", "tasks:read"])
        .of(&[Slot::Project])
        .query_ids(TASK_FILTERS),
    Entry::scoped("get_project_statistics", &["projects:read", "tasks:read"]).of(&[Slot::Project]),
    Entry::scoped("list_documents", &["documents:read"])
        .query_ids(&[("project", Slot::Project), ("author", Slot::Assignee)]),
    Entry::scoped("create_document", &["documents:write"])
        .body(document, DOCUMENT_IDS)
        .changes(&["document"]),
    Entry::scoped("get_document", &["documents:read"]).of(&[Slot::Document]),
    Entry::scoped("replace_document", &["documents:write"])
        .of(&[Slot::Document])
        .body(document, DOCUMENT_IDS)
        .changes(&["document"]),
    Entry::scoped("update_document", &["documents:write"])
        .of(&[Slot::Document])
        .body(document, DOCUMENT_IDS)
        .changes(&["document"]),
    Entry::scoped("delete_document", &["documents:write"]).of(&[Slot::Document]).changes(&["document"]),
    Entry::scoped("list_users", &["users:read"]),
    Entry::scoped("create_user", &["users:write"]).body(new_user, &[]).changes(&["user"]),
    Entry::scoped("count_active_users", &["users:read"]),
    Entry::scoped("get_user", &["users:read"]).of(&[Slot::Spare]),
    Entry::scoped("replace_user", &["users:write"]).of(&[Slot::Spare]).body(user, &[]).changes(&["user"]),
    Entry::scoped("update_user", &["users:write"]).of(&[Slot::Spare]).body(user, &[]).changes(&["user"]),
    Entry::scoped("delete_user", &["users:write"]).of(&[Slot::Spare]).changes(&["revocation", "user"]),
    Entry::scoped("get_tenant", &["tenant:read"]),
    Entry::scoped("replace_tenant", &["tenant:write"]).body(tenant, &[]).changes(&["tenant"]),
    Entry::scoped("update_tenant", &["tenant:write"]).body(tenant, &[]).changes(&["tenant"]),
    Entry::scoped("list_audit", &["audit:read"]).query_ids(&[("row", Slot::Task), ("actor", Slot::Assignee)]),
    Entry::scoped("get_audit_entry", &["audit:read"]).of(&[Slot::Audit]),
    Entry::public("register_organisation").body(registration, &[]),
    Entry::public("create_token").body(credentials, &[]).changes(&["session", "user"]),
    Entry::public("refresh_token").body(refresh, &[]).changes(&["session"]),
    Entry::public("verify_token").body(token, &[]),
    Entry::person("end_session", &["sessions:write"]).changes(&["revocation", "session"]),
    Entry::person("get_profile", &["users:read"]),
    Entry::person("replace_profile", &["users:write"]).body(profile, &[]).changes(&["user"]),
    Entry::person("update_profile", &["users:write"]).body(profile, &[]).changes(&["user"]),
    Entry::person("change_password", &["users:write"]).body(password_change, &[]).changes(&["user"]),
    Entry::public("get_liveness"),
    Entry::public("get_readiness"),
    Entry::public("get_jwks"),
];

/// The entry of an operation.
pub(super) fn entry(id: &str) -> &'static Entry {
    TABLE.iter().find(|entry| entry.id == id).unwrap_or_else(|| panic!("{id} is not in the table"))
}

/// The document's operations, once the table and the document agree.
pub(super) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let operations = operation::all(document);
    let told: BTreeSet<_> = operations.iter().map(|operation| operation.id).collect();
    let known: BTreeSet<_> = TABLE.iter().map(|entry| entry.id).collect();
    assert_eq!(told.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in the table");
    assert_eq!(known.difference(&told).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in the document");
    assert_eq!(known.len(), TABLE.len(), "an entry stands twice");
    operations.iter().for_each(agree);
    operations
}

/// The entry has every place for an id that the document has, and no more.
fn agree(operation: &Operation<'_>) {
    let id = operation.id;
    let entry = entry(id);
    assert_eq!(entry.path.len(), operation.path_parameters().len(), "{id}: the path");
    assert_eq!(entry.reach == Reach::Public, !operation.is_secured(), "{id}: the security");
    assert_eq!(entry.body.is_some(), operation.body().is_some(), "{id}: the body");
    let ids = |parameter: &&&Value| {
        parameter["description"].as_str().unwrap_or_default().starts_with("Ids")
            || parameter["schema"]["format"] == "uuid"
    };
    let parameters = operation.parameters("query");
    let told: BTreeSet<_> = parameters.iter().filter(ids).map(|it| it["name"].as_str().unwrap()).collect();
    let known: BTreeSet<_> = entry.query_ids.iter().map(|(name, _)| *name).collect();
    assert_eq!(known, told, "{id}: the parameters that carry ids");
    let mut fields = BTreeMap::new();
    if let Some(schema) = operation.body() {
        leaves(operation, schema, "", &mut fields);
    }
    let told: BTreeSet<_> =
        fields.iter().filter(|(_, it)| it["format"] == "uuid").map(|(pointer, _)| pointer.as_str()).collect();
    let known: BTreeSet<_> = entry.body_ids.iter().map(|(pointer, _)| *pointer).collect();
    assert_eq!(known, told, "{id}: the fields that carry ids");
}

/// The fields of a body by their pointers, with those of the objects in it.
pub(super) fn leaves<'a>(
    operation: &Operation<'a>,
    schema: &'a Value,
    at: &str,
    found: &mut BTreeMap<String, &'a Value>,
) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let some = property["oneOf"].as_array().and_then(|all| all.iter().find(|it| it["type"] != "null"));
        let inner = operation.resolve(some.unwrap_or(property));
        if inner["properties"].is_object() {
            leaves(operation, inner, &at, found);
        }
        found.insert(at, property);
    }
}
