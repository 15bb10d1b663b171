//! The table of routes: the one list of all endpoints, and the source of the OpenAPI document.

use actix_web::web;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    http::account_pages as account,
    http::problem::page,
    openapi::pages,
    v1::{
        access_tokens, attachments, audit, auth, changes, clients, comments, contents, dashboard, documents,
        invitations, labels, members, milestones, notifications, pictures, projects, reminders, reports,
        request_types, requests, search, service, service_accounts, tasks, teams, tenant, time_entries,
        timer, users, watchers,
    },
};

/// All endpoints in the OpenAPI document. Nothing else can be registered under `/api/v1`.
pub(crate) fn api(routes: &mut ServiceConfig) {
    work(routes);
    places(routes);
    custom(routes);
    time(routes);
    people(routes);
    identity(routes);
}

/// Tasks and their children, labels and notifications.
fn work(routes: &mut ServiceConfig) {
    routes
        .service(
            scope("/api/v1/tasks")
                .service(tasks::list_tasks_by_status)
                .service(tasks::list_deleted_tasks)
                .service(tasks::purge_task)
                .service(tasks::get_deleted_task)
                .service(tasks::list_deleted_task_history)
                .service(tasks::change_tasks)
                .configure(tasks::routes)
                .service(tasks::complete_task)
                .service(tasks::reopen_task)
                .service(tasks::restore_task)
                .service(tasks::move_task)
                .service(tasks::list_task_dependencies)
                .service(tasks::create_task_dependency)
                .service(tasks::get_task_dependency)
                .service(tasks::list_task_dependency_history)
                .service(tasks::delete_task_dependency)
                .configure(comments::routes)
                .service(comments::list_comment_versions)
                .service(watchers::list_watchers)
                .service(watchers::create_watcher)
                .service(watchers::get_watcher)
                .service(watchers::list_watcher_history)
                .service(watchers::delete_watcher)
                .configure(reminders::routes)
                .service(attachments::list_task_attachments)
                .service(attachments::create_task_attachment)
                .service(attachments::get_task_attachment)
                .service(attachments::get_task_attachment_content)
                .service(attachments::list_task_attachment_history)
                .service(attachments::delete_task_attachment)
                .configure(time_entries::routes)
                .service(timer::start_timer)
                .service(timer::stop_timer),
        )
        .service(scope("/api/v1/labels").configure(labels::routes))
        .service(
            scope("/api/v1/notifications")
                .service(notifications::list_notifications)
                .service(notifications::count_unread_notifications)
                .service(notifications::read_all_notifications)
                .service(notifications::get_notification)
                .service(notifications::delete_notification)
                .service(notifications::read_notification),
        );
}

/// Teams, projects and documents.
fn places(routes: &mut ServiceConfig) {
    routes
        .service(scope("/api/v1/teams").configure(teams::routes).configure(members::routes))
        .service(
            scope("/api/v1/projects")
                .service(projects::list_projects)
                .service(projects::create_project)
                .service(projects::get_projects_statistics)
                .service(projects::get_project)
                .service(projects::list_project_history)
                .service(projects::replace_project)
                .service(projects::update_project)
                .service(projects::delete_project)
                .service(projects::update_project_status)
                .service(projects::list_project_tasks)
                .service(projects::get_project_statistics)
                .configure(milestones::routes),
        )
        .service(
            scope("/api/v1/documents")
                .service(documents::list_documents)
                .service(documents::create_document)
                .service(documents::change_documents)
                .service(documents::get_document)
                .service(documents::list_document_history)
                .service(documents::replace_document)
                .service(documents::update_document)
                .service(documents::delete_document)
                .service(contents::get_document_content)
                .service(contents::replace_document_content)
                .service(contents::list_document_versions)
                .service(contents::get_document_version)
                .service(contents::get_document_version_content)
                .service(contents::get_document_version_diff)
                .service(contents::restore_document_version),
        );
}

/// Clients and their requests, search, the change feed and the audit log.
fn custom(routes: &mut ServiceConfig) {
    routes
        .service(scope("/api/v1/clients").configure(clients::routes).service(clients::list_client_requests))
        .service(scope("/api/v1/request-types").configure(request_types::routes))
        .service(
            scope("/api/v1/requests")
                .service(requests::change_requests)
                .service(requests::get_requests_dashboard)
                .configure(requests::routes)
                .service(requests::update_request_status),
        )
        .service(scope("/api/v1/search").service(search::search_rows))
        .service(scope("/api/v1/changes").service(changes::get_changes))
        .service(scope("/api/v1/events").service(changes::stream_events))
        .service(scope("/api/v1/audit").service(audit::list_audit).service(audit::get_audit_entry));
}

/// Time entries, reports and the dashboard.
fn time(routes: &mut ServiceConfig) {
    routes
        .service(
            scope("/api/v1/time-entries")
                .service(time_entries::list_time_entries)
                .service(time_entries::get_time_totals)
                .service(time_entries::export_time_entries)
                .service(time_entries::get_time_entry_by_id)
                .service(time_entries::replace_time_entry_by_id)
                .service(time_entries::update_time_entry_by_id)
                .service(time_entries::delete_time_entry_by_id),
        )
        .service(scope("/api/v1/timer").service(timer::get_timer))
        .service(
            scope("/api/v1/reports")
                .service(reports::get_individual_report)
                .service(reports::get_team_report)
                .service(reports::get_workload_report)
                .service(reports::get_completion_report)
                .service(reports::get_time_by_project_report),
        )
        .service(scope("/api/v1/dashboard").service(dashboard::get_dashboard));
}

/// The organisation, its users and its invitations.
fn people(routes: &mut ServiceConfig) {
    routes
        .service(
            scope("/api/v1/users")
                .service(users::list_users)
                .service(users::create_user)
                .service(users::change_users)
                .service(users::count_active_users)
                .service(users::import_users)
                .service(users::export_users)
                .service(users::get_user)
                .service(users::replace_user)
                .service(users::update_user)
                .service(users::delete_user)
                .service(users::deactivate_user)
                .service(users::reactivate_user)
                .service(users::list_user_history)
                .service(users::list_user_changes)
                .service(pictures::get_user_picture)
                .service(auth::sessions::list_user_sessions)
                .service(auth::totp::delete_second_factor),
        )
        .service(
            scope("/api/v1/tenant")
                .service(tenant::get_tenant)
                .service(tenant::list_tenant_history)
                .service(tenant::replace_tenant)
                .service(tenant::update_tenant),
        )
        .service(
            scope("/api/v1/invitations")
                .service(invitations::list_invitations)
                .service(invitations::create_invitation)
                .service(invitations::get_invitation)
                .service(invitations::list_invitation_history)
                .service(invitations::delete_invitation)
                .service(invitations::resend_invitation),
        );
}

/// Service accounts, access tokens, authentication and the service endpoints.
fn identity(routes: &mut ServiceConfig) {
    routes
        .service(
            scope("/api/v1/service-accounts")
                .service(service_accounts::list_service_accounts)
                .service(service_accounts::create_service_account)
                .service(service_accounts::get_service_account)
                .service(service_accounts::list_service_account_history)
                .service(service_accounts::replace_service_account)
                .service(service_accounts::update_service_account)
                .service(service_accounts::delete_service_account)
                .service(service_accounts::rotate_service_account),
        )
        .service(
            scope("/api/v1/access-tokens")
                .service(access_tokens::list_access_tokens)
                .service(access_tokens::create_access_token)
                .service(access_tokens::get_access_token)
                .service(access_tokens::delete_access_token),
        )
        .service(
            scope("/api/v1/auth")
                .service(auth::register::register_account)
                .service(auth::token::create_token)
                .service(auth::token::refresh_token)
                .service(auth::token::verify_token)
                .service(auth::revoke::revoke_token)
                .service(auth::introspect::introspect_token)
                .service(auth::token::end_session)
                .service(auth::profile::get_profile)
                .service(auth::profile::replace_profile)
                .service(auth::profile::update_profile)
                .service(pictures::replace_picture)
                .service(pictures::delete_picture)
                .service(auth::password::change_password)
                .service(auth::links::verify_email)
                .service(auth::links::request_email_verification)
                .service(auth::links::request_password_reset)
                .service(auth::links::confirm_password_reset)
                .service(auth::permission::get_permissions)
                .service(auth::sessions::list_sessions)
                .service(auth::sessions::delete_session)
                .service(auth::sessions::end_other_sessions)
                .service(auth::totp::get_totp)
                .service(auth::totp::create_totp)
                .service(auth::totp::confirm_totp)
                .service(auth::totp::replace_recovery_codes)
                .service(auth::totp::disable_totp),
        )
        .service(service::get_liveness)
        .service(service::get_readiness)
        .service(service::get_jwks)
        .service(auth::metadata::get_authorization_server);
}

/// The pages for people, and the OpenAPI document.
pub(crate) fn pages(routes: &mut web::ServiceConfig) {
    routes
        .service(account::verify_email)
        .service(account::reset_password)
        .service(account::accept_invitation)
        .service(account::script)
        .service(account::style)
        .service(page::of_code)
        .service(pages::docs)
        .service(pages::redoc)
        .service(pages::redoc_script)
        .service(pages::schema)
        .service(pages::schema_json)
        .service(pages::schema_yaml)
        .service(pages::swagger());
}

/// The OpenAPI document as the handlers declare it.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    use utoipa_actix_web::AppExt;
    actix_web::App::new().into_utoipa_app().configure(api).split_for_parts().1
}
