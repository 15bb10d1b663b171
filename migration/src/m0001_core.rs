//! The core: tenants, users, sessions, projects, tasks, documents, the audit and events.

use sea_orm_migration::prelude::*;

use crate::{
    dialect::{Dialect, id, instant},
    manager::{MigrationTrait, SchemaManager},
    schema::{create, drop_tables, index, reference, stamped, tenant},
};

/// The tables in the order of their creation. They are dropped in the reverse order.
const TABLES: [&str; 12] = [
    "installation",
    "tenant",
    "registration_invitation",
    "user",
    "session",
    "revocation",
    "idempotency",
    "project",
    "task",
    "document",
    "audit",
    "event",
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let d = Dialect(manager.get_database_backend());
        create(manager, tables(d), indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &TABLES).await
    }
}

fn tables(d: Dialect) -> Vec<TableCreateStatement> {
    [tenants(d), people(d), work(d), records(d)].concat()
}

/// The tenants, and the tables that belong to no tenant.
fn tenants(d: Dialect) -> Vec<TableCreateStatement> {
    let installation = d
        .table("installation")
        .col(ColumnDef::new("id").small_integer().not_null().primary_key())
        .col(d.text("secret", 64).not_null())
        .take();
    let tenant = stamped(d.table("tenant").col(id("id").not_null().primary_key()).take())
        .col(d.text("name", 200).not_null())
        .col(d.text("slug", 63).not_null())
        .col(ColumnDef::new("is_active").boolean().not_null())
        .col(d.text("time_zone", 64).not_null())
        .col(d.text("locale", 35).not_null())
        .col(ColumnDef::new("require_if_match").boolean().not_null())
        .take();
    let registration_invitation = d
        .table("registration_invitation")
        .col(id("id").not_null().primary_key())
        .col(d.text("token_hash", 64).not_null())
        .col(instant("created_at").not_null())
        .col(instant("expires_at").not_null())
        .col(instant("used_at").null())
        .take();
    vec![installation, tenant, registration_invitation]
}

/// Users, with their sessions, revocations and idempotency keys.
fn people(d: Dialect) -> Vec<TableCreateStatement> {
    let user = stamped(d.owned("user"))
        .col(d.text("email", 254).not_null())
        .col(d.text("username", 64).not_null())
        .col(d.text("first_name", 100).not_null())
        .col(d.text("last_name", 100).not_null())
        .col(d.text("phone", 32).null())
        .col(d.text("address", 500).null())
        .col(ColumnDef::new("date_of_birth").date().null())
        .col(d.text("time_zone", 64).null())
        .col(d.text("locale", 35).null())
        .col(d.text("role", 16).not_null())
        .col(ColumnDef::new("is_active").boolean().not_null())
        .col(instant("last_login_at").null())
        .col(d.text("password_hash", 255).not_null())
        .foreign_key(&mut tenant("user"))
        .take();
    let session = stamped(d.owned("session"))
        .col(id("user_id").not_null())
        .col(d.text("token_hash", 64).not_null())
        .col(d.text("previous_hash", 64).null())
        .col(instant("rotated_at").not_null())
        .col(instant("expires_at").not_null())
        .col(instant("revoked_at").null())
        .col(d.text("user_agent", 255).null())
        .col(d.text("address", 45).null())
        .foreign_key(reference("session", "user_id", "user").on_delete(ForeignKeyAction::Cascade))
        .take();
    let revocation = d
        .owned("revocation")
        .col(id("subject_id").null())
        .col(id("session_id").null())
        .col(instant("at").not_null())
        .col(instant("expires_at").not_null())
        .take();
    let idempotency = d
        .owned("idempotency")
        .col(d.text("fingerprint", 64).not_null())
        .col(ColumnDef::new("status").small_integer().not_null())
        .col(d.text("location", 255).null())
        .col(d.text("etag", 64).null())
        .col(instant("expires_at").not_null())
        .col(d.long_text("body").not_null())
        .take();
    vec![user, session, revocation, idempotency]
}

/// Projects, tasks and documents.
fn work(d: Dialect) -> Vec<TableCreateStatement> {
    let project = stamped(d.owned("project"))
        .col(d.text("name", 200).not_null())
        .col(id("manager_id").null())
        .col(d.text("status", 16).not_null())
        .col(ColumnDef::new("priority").small_integer().not_null())
        .col(instant("start_at").null())
        .col(instant("due_at").null())
        .col(d.long_text("description").null())
        .foreign_key(&mut tenant("project"))
        .foreign_key(&mut reference("project", "manager_id", "user"))
        .take();
    let task = stamped(d.owned("task"))
        .col(d.text("title", 200).not_null())
        .col(id("project_id").null())
        .col(id("owner_id").null())
        .col(id("assignee_id").null())
        .col(d.text("status", 16).not_null())
        .col(ColumnDef::new("priority").small_integer().not_null())
        .col(instant("start_at").null())
        .col(instant("due_at").null())
        .col(ColumnDef::new("estimate_minutes").integer().null())
        .col(instant("completed_at").null())
        .col(due_key())
        .col(d.long_text("description").null())
        .foreign_key(&mut reference("task", "project_id", "project"))
        .foreign_key(&mut reference("task", "owner_id", "user"))
        .foreign_key(&mut reference("task", "assignee_id", "user"))
        .take();
    let document = stamped(d.owned("document"))
        .col(d.text("title", 200).not_null())
        .col(id("project_id").not_null())
        .col(id("author_id").null())
        .col(d.long_text("content").not_null())
        .foreign_key(&mut reference("document", "project_id", "project"))
        .foreign_key(&mut reference("document", "author_id", "user"))
        .take();
    vec![project, task, document]
}

/// The audit and events.
fn records(d: Dialect) -> Vec<TableCreateStatement> {
    let audit = d
        .owned("audit")
        .col(instant("at").not_null())
        .col(d.text("actor_kind", 16).not_null())
        .col(id("actor_id").null())
        .col(d.text("action", 32).not_null())
        .col(d.text("noun", 32).not_null())
        .col(id("row_id").not_null())
        .col(d.text("request_id", 64).null())
        .col(d.text("address", 45).null())
        .col(d.long_text("old_values").null())
        .col(d.long_text("new_values").null())
        .take();
    let event = d
        .owned("event")
        .col(instant("at").not_null())
        .col(d.text("noun", 32).not_null())
        .col(id("row_id").not_null())
        .col(d.text("action", 32).not_null())
        .col(ColumnDef::new("row_version").big_integer().not_null())
        .take();
    vec![audit, event]
}

/// The due date as a sort key that is never null: rows without one come last. It is a generated
/// column, because not all databases can index an expression.
fn due_key() -> ColumnDef {
    let latest = Expr::cust(format!("COALESCE(due_at, {})", i64::MAX));
    ColumnDef::new("due_key").big_integer().generated(latest, true).take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("tenant_slug_key", "tenant", &["slug"]).unique().take(),
        index("registration_invitation_token_key", "registration_invitation", &["token_hash"])
            .unique()
            .take(),
        index("user_email_key", "user", &["tenant_id", "email"]).unique().take(),
        index("user_username_key", "user", &["tenant_id", "username"]).unique().take(),
        index("user_sign_in_idx", "user", &["email"]),
        index("session_user_idx", "session", &["tenant_id", "user_id"]),
        index("revocation_at_idx", "revocation", &["at"]),
        index("idempotency_expires_idx", "idempotency", &["expires_at"]),
        index("project_manager_idx", "project", &["tenant_id", "manager_id"]),
        index("task_project_idx", "task", &["tenant_id", "project_id", "id"]),
        index("task_owner_idx", "task", &["tenant_id", "owner_id", "id"]),
        index("task_assignee_idx", "task", &["tenant_id", "assignee_id", "id"]),
        index("task_status_idx", "task", &["tenant_id", "status", "id"]),
        index("task_due_idx", "task", &["tenant_id", "due_key", "id"]),
        index("document_project_idx", "document", &["tenant_id", "project_id", "id"]),
        index("document_author_idx", "document", &["tenant_id", "author_id"]),
        index("audit_row_idx", "audit", &["tenant_id", "noun", "row_id", "id"]),
        index("audit_actor_idx", "audit", &["tenant_id", "actor_id", "id"]),
    ]
}
