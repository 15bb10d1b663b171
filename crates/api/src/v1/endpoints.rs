//! Macros that declare the endpoints which most resources have.
//!
//! A module names each endpoint (its name is the `operationId`) and gives its text for the OpenAPI
//! document. The macros add the parameters, the responses and `routes`, which registers the
//! handlers. The handlers only call [`resource`](super::resource), which holds the behaviour.
//!
//! Invariant: every generated response and parameter names its resource, from `one` and `many`.
//!
//! The macros import actix's `delete`, `get`, `patch`, `post` and `put` into the module that calls
//! them, because utoipa recognises these attributes by name only.

/// Declares `routes`, which registers the endpoints of a module.
macro_rules! served {
    ($($endpoint:ident)*) => {
        use actix_web::{delete, get, patch, post, put};

        /// Registers the endpoints of this module.
        pub(crate) fn routes(routes: &mut utoipa_actix_web::service_config::ServiceConfig) {
            routes$(.service($endpoint))*;
        }
    };
}
pub(super) use served;

/// The seven endpoints of a resource.
///
/// `one` and `many` are what the document calls the resource. `removal` completes "No content: the
/// label …", the description of the response to `DELETE`.
macro_rules! endpoints {
    (
        one $one:literal, many $many:literal, removal $removal:literal;
        $resource:ident by $input:ident, tagged $tag:literal;
        $(#[$list_doc:meta])* $list:ident;
        $(#[$create_doc:meta])* $create:ident;
        $(#[$get_doc:meta])* $get:ident;
        $(#[$replace_doc:meta])* $replace:ident;
        $(#[$update_doc:meta])* $update:ident;
        $(#[$delete_doc:meta])* $delete:ident;
        $(#[$history_doc:meta])* $history:ident;
    ) => {
        crate::v1::endpoints::served!($list $create $get $replace $update $delete $history);

        $(#[$list_doc])*
        #[utoipa::path(
            tag = $tag,
            security(("token" = [taskhub_domain::scopes::read::<$resource>()])),
            params(crate::http::parameters::ListOf<$resource>),
            responses((
                status = 200,
                description = concat!("One page of ", $many, "."),
                body = crate::http::answer::List<$resource>,
            ))
        )]
        #[get("")]
        pub(crate) async fn $list(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            query: crate::http::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::list::<$resource>(&caller, &app, (), &query, &request).await
        }

        $(#[$create_doc])*
        #[utoipa::path(
            tag = $tag,
            security(("token" = [taskhub_domain::scopes::write::<$resource>()])),
            request_body = $input,
            responses((status = 201, description = concat!("The new ", $one, "."), body = $resource))
        )]
        #[post("")]
        pub(crate) async fn $create(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            body: crate::http::extract::Body<$input>,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::create::<$resource>(&caller, &app, (), body).await
        }

        $(#[$get_doc])*
        #[utoipa::path(
            tag = $tag,
            security(("token" = [taskhub_domain::scopes::read::<$resource>()])),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
                crate::http::extract::IfNoneMatch,
            ),
            responses((status = 200, description = concat!("The ", $one, "."), body = $resource))
        )]
        #[get("/{id}")]
        pub(crate) async fn $get(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            id: crate::http::extract::Id,
            query: crate::http::extract::Parameters,
            known: crate::http::extract::IfNoneMatch,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::get_then::<$resource>(&caller, &app, id, query, &known).await
        }

        $(#[$replace_doc])*
        #[utoipa::path(
            tag = $tag,
            security(("token" = [taskhub_domain::scopes::write::<$resource>()])),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
            ),
            request_body = $input,
            responses((
                status = 200,
                description = concat!("The ", $one, " after the change."),
                body = $resource,
            ))
        )]
        #[put("/{id}")]
        pub(crate) async fn $replace(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            id: crate::http::extract::Id,
            pre: crate::http::extract::IfMatch,
            body: crate::http::extract::Body<$input>,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::update::<$resource>(&caller, &app, id, pre, body).await
        }

        $(#[$update_doc])*
        #[utoipa::path(
            tag = $tag,
            security(("token" = [taskhub_domain::scopes::write::<$resource>()])),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
            ),
            request_body = $input,
            responses((
                status = 200,
                description = concat!("The ", $one, " after the change."),
                body = $resource,
            ))
        )]
        #[patch("/{id}")]
        pub(crate) async fn $update(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            id: crate::http::extract::Id,
            pre: crate::http::extract::IfMatch,
            body: crate::http::extract::Body<$input>,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::update::<$resource>(&caller, &app, id, pre, body).await
        }

        $(#[$delete_doc])*
        #[utoipa::path(
            tag = $tag,
            security(("token" = [taskhub_domain::scopes::write::<$resource>()])),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
            ),
            responses((
                status = 204,
                description = concat!("No content: the ", $one, " ", $removal, "."),
            ))
        )]
        #[delete("/{id}")]
        pub(crate) async fn $delete(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            id: crate::http::extract::Id,
            pre: crate::http::extract::IfMatch,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::remove::<$resource>(&caller, &app, id, pre).await
        }

        crate::v1::endpoints::history! {
            one $one;
            $resource, tagged $tag;
            $(#[$history_doc])* $history;
        }
    };
}
pub(super) use endpoints;

/// The seven endpoints of a child resource.
///
/// `one`, `many` and `removal` are as in [`endpoints`]; `of` is what the document calls the parent.
/// `at` is followed by three paths: of the collection, of one row and of its history. `by` is the
/// name of the path parameter for the row's own id. A module that needs a special `DELETE` declares
/// that handler itself and names it after `removed by`; `removal` is left out then.
macro_rules! endpoints_within {
    (
        one $one:literal, many $many:literal, of $parent:literal, removal $removal:literal;
        $resource:ident by $input:ident, tagged $tag:literal,
        at $all:literal, $row:literal, $past:literal, by $id:literal;
        $(#[$list_doc:meta])* $list:ident;
        $(#[$create_doc:meta])* $create:ident;
        $(#[$get_doc:meta])* $get:ident;
        $(#[$replace_doc:meta])* $replace:ident;
        $(#[$update_doc:meta])* $update:ident;
        $(#[$delete_doc:meta])* $delete:ident;
        $(#[$history_doc:meta])* $history:ident;
    ) => {
        crate::v1::endpoints::endpoints_within! {
            one $one, many $many, of $parent;
            $resource by $input, tagged $tag, at $all, $row, $past, by $id, removed by $delete;
            $(#[$list_doc])* $list;
            $(#[$create_doc])* $create;
            $(#[$get_doc])* $get;
            $(#[$replace_doc])* $replace;
            $(#[$update_doc])* $update;
            $(#[$history_doc])* $history;
        }

        $(#[$delete_doc])*
        #[utoipa::path(
            tag = $tag,
            security((
                "token" = [
                    taskhub_domain::scopes::parent::<$resource>(),
                    taskhub_domain::scopes::write::<$resource>(),
                ]
            )),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $parent, ".")),
                ($id = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
            ),
            responses((
                status = 204,
                description = concat!("No content: the ", $one, " ", $removal, "."),
            ))
        )]
        #[delete($row)]
        pub(crate) async fn $delete(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            ids: crate::http::extract::Within,
            pre: crate::http::extract::IfMatch,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::remove::<$resource>(&caller, &app, ids, pre).await
        }
    };
    (
        one $one:literal, many $many:literal, of $parent:literal;
        $resource:ident by $input:ident, tagged $tag:literal,
        at $all:literal, $row:literal, $past:literal, by $id:literal, removed by $delete:ident;
        $(#[$list_doc:meta])* $list:ident;
        $(#[$create_doc:meta])* $create:ident;
        $(#[$get_doc:meta])* $get:ident;
        $(#[$replace_doc:meta])* $replace:ident;
        $(#[$update_doc:meta])* $update:ident;
        $(#[$history_doc:meta])* $history:ident;
    ) => {
        crate::v1::endpoints::served!($list $create $get $replace $update $delete $history);

        $(#[$list_doc])*
        #[utoipa::path(
            tag = $tag,
            security((
                "token" = [
                    taskhub_domain::scopes::parent::<$resource>(),
                    taskhub_domain::scopes::read::<$resource>(),
                ]
            )),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $parent, ".")),
                crate::http::parameters::ListOf<$resource>,
            ),
            responses((
                status = 200,
                description = concat!("One page of ", $many, "."),
                body = crate::http::answer::List<$resource>,
            ))
        )]
        #[get($all)]
        pub(crate) async fn $list(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            id: crate::http::extract::Id,
            query: crate::http::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::list::<$resource>(&caller, &app, id, &query, &request).await
        }

        $(#[$create_doc])*
        #[utoipa::path(
            tag = $tag,
            security((
                "token" = [
                    taskhub_domain::scopes::parent::<$resource>(),
                    taskhub_domain::scopes::write::<$resource>(),
                ]
            )),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $parent, ".")),
            ),
            request_body = $input,
            responses((status = 201, description = concat!("The new ", $one, "."), body = $resource))
        )]
        #[post($all)]
        pub(crate) async fn $create(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            id: crate::http::extract::Id,
            body: crate::http::extract::Body<$input>,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::create::<$resource>(&caller, &app, id, body).await
        }

        $(#[$get_doc])*
        #[utoipa::path(
            tag = $tag,
            security((
                "token" = [
                    taskhub_domain::scopes::parent::<$resource>(),
                    taskhub_domain::scopes::read::<$resource>(),
                ]
            )),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $parent, ".")),
                ($id = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
                crate::http::extract::IfNoneMatch,
            ),
            responses((status = 200, description = concat!("The ", $one, "."), body = $resource))
        )]
        #[get($row)]
        pub(crate) async fn $get(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            ids: crate::http::extract::Within,
            query: crate::http::extract::Parameters,
            known: crate::http::extract::IfNoneMatch,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::get_then::<$resource>(&caller, &app, ids, query, &known).await
        }

        $(#[$replace_doc])*
        #[utoipa::path(
            tag = $tag,
            security((
                "token" = [
                    taskhub_domain::scopes::parent::<$resource>(),
                    taskhub_domain::scopes::write::<$resource>(),
                ]
            )),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $parent, ".")),
                ($id = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
            ),
            request_body = $input,
            responses((
                status = 200,
                description = concat!("The ", $one, " after the change."),
                body = $resource,
            ))
        )]
        #[put($row)]
        pub(crate) async fn $replace(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            ids: crate::http::extract::Within,
            pre: crate::http::extract::IfMatch,
            body: crate::http::extract::Body<$input>,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::update::<$resource>(&caller, &app, ids, pre, body).await
        }

        $(#[$update_doc])*
        #[utoipa::path(
            tag = $tag,
            security((
                "token" = [
                    taskhub_domain::scopes::parent::<$resource>(),
                    taskhub_domain::scopes::write::<$resource>(),
                ]
            )),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $parent, ".")),
                ($id = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
            ),
            request_body = $input,
            responses((
                status = 200,
                description = concat!("The ", $one, " after the change."),
                body = $resource,
            ))
        )]
        #[patch($row)]
        pub(crate) async fn $update(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            ids: crate::http::extract::Within,
            pre: crate::http::extract::IfMatch,
            body: crate::http::extract::Body<$input>,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::update::<$resource>(&caller, &app, ids, pre, body).await
        }

        crate::v1::endpoints::history! {
            one $one, of $parent;
            $resource, tagged $tag, at $past, by $id;
            $(#[$history_doc])* $history;
        }
    };
}
pub(super) use endpoints_within;

/// The endpoint that lists the history of a row.
///
/// `one` is what the document calls the resource. For a child resource, `of` is what it calls the
/// parent, `at` the path, and `by` the name of the path parameter for the row's own id. The module
/// that calls this imports actix's `get`.
macro_rules! history {
    (one $one:literal; $resource:ident, tagged $tag:literal; $(#[$doc:meta])* $name:ident;) => {
        $(#[$doc])*
        ///
        /// Each entry says who made a change, when, and the old and new values of the changed
        /// fields. The newest entry comes first. Admins get all entries. Other callers get the
        /// entries since the resource, or one that contains it, last moved to another project or
        /// team.
        #[utoipa::path(
            tag = $tag,
            security(("token" = [taskhub_domain::scopes::read::<$resource>(), "history:read"])),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
                crate::http::parameters::ListOf<taskhub_domain::audit::Change>,
            ),
            responses((
                status = 200,
                description = concat!("One page of the history of the ", $one, "."),
                body = crate::http::answer::List<taskhub_domain::audit::ChangeLine>,
            ))
        )]
        #[get("/{id}/history")]
        pub(crate) async fn $name(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            id: crate::http::extract::Id,
            query: crate::http::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::changes::<$resource>(&caller, &app, id, &query, &request).await
        }
    };
    (
        one $one:literal, of $parent:literal;
        $resource:ident, tagged $tag:literal, at $path:literal, by $id:literal;
        $(#[$doc:meta])* $name:ident;
    ) => {
        $(#[$doc])*
        ///
        /// Each entry says who made a change, when, and the old and new values of the changed
        /// fields. The newest entry comes first. Admins get all entries. Other callers get the
        /// entries since the resource, or one that contains it, last moved to another project or
        /// team.
        #[utoipa::path(
            tag = $tag,
            security((
                "token" = [
                    taskhub_domain::scopes::parent::<$resource>(),
                    taskhub_domain::scopes::read::<$resource>(),
                    "history:read",
                ]
            )),
            params(
                ("id" = uuid::Uuid, Path, description = concat!("The id of the ", $parent, ".")),
                ($id = uuid::Uuid, Path, description = concat!("The id of the ", $one, ".")),
                crate::http::parameters::ListOf<taskhub_domain::audit::Change>,
            ),
            responses((
                status = 200,
                description = concat!("One page of the history of the ", $one, "."),
                body = crate::http::answer::List<taskhub_domain::audit::ChangeLine>,
            ))
        )]
        #[get($path)]
        pub(crate) async fn $name(
            caller: crate::http::extract::Caller,
            app: crate::v1::App,
            ids: crate::http::extract::Within,
            query: crate::http::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::http::answer::Answered {
            crate::v1::resource::changes::<$resource>(&caller, &app, ids, &query, &request).await
        }
    };
}
pub(super) use history;
