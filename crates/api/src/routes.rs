//! The table of routes: the one list of what is served, and the source of the OpenAPI document.

use actix_web::web;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    document::pages,
    v1::{audit, auth, documents, projects, service, tasks, tenant, users},
};

/// Everything that the document describes. Nothing else can be registered under `/api/v1`.
pub(crate) fn api(routes: &mut ServiceConfig) {
    routes
        .service(
            scope("/api/v1/tasks")
                .service(tasks::list_tasks)
                .service(tasks::create_task)
                .service(tasks::list_tasks_by_status)
                .service(tasks::get_task)
                .service(tasks::replace_task)
                .service(tasks::update_task)
                .service(tasks::delete_task)
                .service(tasks::complete_task),
        )
        .service(
            scope("/api/v1/projects")
                .service(projects::list_projects)
                .service(projects::create_project)
                .service(projects::get_projects_statistics)
                .service(projects::get_project)
                .service(projects::replace_project)
                .service(projects::update_project)
                .service(projects::delete_project)
                .service(projects::update_project_status)
                .service(projects::list_project_tasks)
                .service(projects::get_project_statistics),
        )
        .service(
            scope("/api/v1/documents")
                .service(documents::list_documents)
                .service(documents::create_document)
                .service(documents::get_document)
                .service(documents::replace_document)
                .service(documents::update_document)
                .service(documents::delete_document),
        )
        .service(
            scope("/api/v1/users")
                .service(users::list_users)
                .service(users::create_user)
                .service(users::count_active_users)
                .service(users::get_user)
                .service(users::replace_user)
                .service(users::update_user)
                .service(users::delete_user),
        )
        .service(
            scope("/api/v1/tenant")
                .service(tenant::get_tenant)
                .service(tenant::replace_tenant)
                .service(tenant::update_tenant),
        )
        .service(scope("/api/v1/audit").service(audit::list_audit).service(audit::get_audit_entry))
        .service(
            scope("/api/v1/auth")
                .service(auth::register_organisation)
                .service(auth::create_token)
                .service(auth::refresh_token)
                .service(auth::verify_token)
                .service(auth::end_session)
                .service(auth::get_profile)
                .service(auth::replace_profile)
                .service(auth::update_profile)
                .service(auth::change_password),
        )
        .service(service::get_liveness)
        .service(service::get_readiness)
        .service(service::get_jwks);
}

/// The pages for people, and the document itself.
pub(crate) fn pages(routes: &mut web::ServiceConfig) {
    routes
        .service(pages::docs)
        .service(pages::redoc)
        .service(pages::redoc_script)
        .service(pages::schema)
        .service(pages::schema_json)
        .service(pages::schema_yaml)
        .service(pages::swagger());
}

/// What the handlers say of themselves.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    use utoipa_actix_web::AppExt;
    actix_web::App::new().into_utoipa_app().configure(api).split_for_parts().1
}
