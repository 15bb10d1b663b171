//! Documents and their versions.

use serde_json::{Value, json};

use super::{Entry, FILE, Fixture, Slot, bulk, file};

const IDS: &[(&str, Slot)] = &[("/project_id", Slot::Project)];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::scoped("list_documents", &["documents:read"])
        .query_ids(&[("project", Slot::Project), ("author", Slot::Assignee)]),
    Entry::scoped("create_document", &["documents:write"]).body(document, IDS).changes(&[
        "document",
        "document_version",
        "search_text",
    ]),
    Entry::scoped("change_documents", &["documents:write"])
        .body(
            document_changes,
            &[("/operations/0/id", Slot::Document), ("/operations/0/body/project_id", Slot::Project)],
        )
        .changes(&["document", "document_version", "search_text"]),
    Entry::scoped("get_document", &["documents:read"]).path(&[Slot::Document]),
    Entry::scoped("replace_document", &["documents:write"])
        .path(&[Slot::Document])
        .body(document, IDS)
        .changes(&["document", "document_version", "search_text"]),
    Entry::scoped("update_document", &["documents:write"])
        .path(&[Slot::Document])
        .body(document, IDS)
        .changes(&["document", "document_version", "search_text"]),
    Entry::scoped("delete_document", &["documents:write"]).path(&[Slot::Document]).changes(&[
        "document",
        "document_version",
        "search_text",
    ]),
    Entry::scoped("get_document_content", &["documents:read"]).path(&[Slot::Document]),
    Entry::scoped("replace_document_content", &["documents:write"])
        .path(&[Slot::Document])
        .bytes(FILE, file)
        .changes(&["document", "document_version", "file", "tenant"]),
    Entry::history("list_document_history", &["documents:read", "history:read"]).path(&[Slot::Document]),
    Entry::scoped("list_document_versions", &["documents:read"])
        .path(&[Slot::Document])
        .query_ids(&[("saved_by", Slot::Assignee)])
        .children("document_id"),
    Entry::scoped("get_document_version", &["documents:read"]).path(&[Slot::Document, Slot::Version]),
    Entry::scoped("get_document_version_content", &["documents:read"]).path(&[Slot::Document, Slot::Version]),
    Entry::scoped("get_document_version_diff", &["documents:read"])
        .path(&[Slot::Document, Slot::Version])
        .query_ids(&[("against", Slot::Version)])
        .unknown_id(400, "invalid_parameter"),
    Entry::scoped("restore_document_version", &["documents:read", "documents:write"])
        .path(&[Slot::OtherDocument, Slot::OtherVersion])
        .changes(&["document", "document_version", "search_text"]),
];

fn document(fixture: &Fixture) -> Value {
    json!({ "title": "Decisions", "project_id": fixture.id(Slot::Project), "content": "None." })
}

fn document_changes(fixture: &Fixture) -> Value {
    bulk(fixture, Slot::Document, &document(fixture))
}
