//! The endpoints that most nouns have, each with its name, which is the `operationId`, and its words for the document; and `routes`, which serves them.
//! What they do is in [`noun`](super::noun).
//!
//! They bring actix's `delete`, `get`, `patch`, `post` and `put` into the module that uses them, because utoipa knows them by these names alone.

/// Serves endpoints.
macro_rules! served {
    ($($endpoint:ident)*) => {
        use actix_web::{delete, get, patch, post, put};

        /// Serves the endpoints.
        pub(crate) fn routes(routes: &mut utoipa_actix_web::service_config::ServiceConfig) {
            routes$(.service($endpoint))*;
        }
    };
}
pub(super) use served;

/// The seven endpoints of a noun.
macro_rules! endpoints {
    (
        $noun:ident by $input:ident, tagged $tag:literal;
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
        #[utoipa::path(tag = $tag, responses((status = 200, description = "A page of them.", body = crate::answer::List<$noun>)))]
        #[get("")]
        pub(crate) async fn $list(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            query: crate::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::answer::Answered {
            crate::v1::noun::list::<$noun>(&caller, &app, &query, &request).await
        }

        $(#[$create_doc])*
        #[utoipa::path(tag = $tag, request_body = $input, responses((status = 201, description = "What was made.", body = $noun)))]
        #[post("")]
        pub(crate) async fn $create(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::create::<$noun>(&caller, &app, body).await
        }

        $(#[$get_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), responses((status = 200, description = "As it is.", body = $noun)))]
        #[get("/{id}")]
        pub(crate) async fn $get(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            query: crate::extract::Parameters,
            known: crate::extract::IfNoneMatch,
        ) -> crate::answer::Answered {
            crate::v1::noun::get_then::<$noun>(&caller, &app, id, query, &known).await
        }

        $(#[$replace_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), request_body = $input, responses((status = 200, description = "As it is now.", body = $noun)))]
        #[put("/{id}")]
        pub(crate) async fn $replace(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            pre: crate::extract::IfMatch,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::update::<$noun>(&caller, &app, id, pre, body).await
        }

        $(#[$update_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), request_body = $input, responses((status = 200, description = "As it is now.", body = $noun)))]
        #[patch("/{id}")]
        pub(crate) async fn $update(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            pre: crate::extract::IfMatch,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::update::<$noun>(&caller, &app, id, pre, body).await
        }

        $(#[$delete_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), responses((status = 204, description = "It is gone.")))]
        #[delete("/{id}")]
        pub(crate) async fn $delete(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            pre: crate::extract::IfMatch,
        ) -> crate::answer::Answered {
            crate::v1::noun::remove::<$noun>(&caller, &app, id, pre).await
        }

        crate::v1::endpoints::history! {
            $noun, tagged $tag;
            $(#[$history_doc])* $history;
        }
    };
}
pub(super) use endpoints;

/// The seven endpoints of a noun whose rows lie in others: as [`endpoints`]; `at` the paths of all
/// of a row's, of one, and of what happened to it, and `by` what they call its own id. The module
/// of a noun whose removal takes more than an id names its own endpoint for it, `removed by`.
macro_rules! endpoints_within {
    (
        $noun:ident by $input:ident, tagged $tag:literal, at $all:literal, $one:literal, $past:literal, by $id:literal;
        $(#[$list_doc:meta])* $list:ident;
        $(#[$create_doc:meta])* $create:ident;
        $(#[$get_doc:meta])* $get:ident;
        $(#[$replace_doc:meta])* $replace:ident;
        $(#[$update_doc:meta])* $update:ident;
        $(#[$delete_doc:meta])* $delete:ident;
        $(#[$history_doc:meta])* $history:ident;
    ) => {
        crate::v1::endpoints::endpoints_within! {
            $noun by $input, tagged $tag, at $all, $one, $past, by $id, removed by $delete;
            $(#[$list_doc])* $list;
            $(#[$create_doc])* $create;
            $(#[$get_doc])* $get;
            $(#[$replace_doc])* $replace;
            $(#[$update_doc])* $update;
            $(#[$history_doc])* $history;
        }

        $(#[$delete_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what it lies in."), ($id = uuid::Uuid, Path, description = "Its own id.")), responses((status = 204, description = "It is gone.")))]
        #[delete($one)]
        pub(crate) async fn $delete(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            ids: crate::extract::Within,
            pre: crate::extract::IfMatch,
        ) -> crate::answer::Answered {
            crate::v1::noun::remove_within::<$noun>(&caller, &app, ids, pre).await
        }
    };
    (
        $noun:ident by $input:ident, tagged $tag:literal, at $all:literal, $one:literal, $past:literal, by $id:literal, removed by $delete:ident;
        $(#[$list_doc:meta])* $list:ident;
        $(#[$create_doc:meta])* $create:ident;
        $(#[$get_doc:meta])* $get:ident;
        $(#[$replace_doc:meta])* $replace:ident;
        $(#[$update_doc:meta])* $update:ident;
        $(#[$history_doc:meta])* $history:ident;
    ) => {
        crate::v1::endpoints::served!($list $create $get $replace $update $delete $history);

        $(#[$list_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what they lie in.")), responses((status = 200, description = "A page of them.", body = crate::answer::List<$noun>)))]
        #[get($all)]
        pub(crate) async fn $list(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            query: crate::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::answer::Answered {
            crate::v1::noun::list_within::<$noun>(&caller, &app, id, &query, &request).await
        }

        $(#[$create_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what it lies in.")), request_body = $input, responses((status = 201, description = "What was made.", body = $noun)))]
        #[post($all)]
        pub(crate) async fn $create(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::create_within::<$noun>(&caller, &app, id, body).await
        }

        $(#[$get_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what it lies in."), ($id = uuid::Uuid, Path, description = "Its own id.")), responses((status = 200, description = "As it is.", body = $noun)))]
        #[get($one)]
        pub(crate) async fn $get(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            ids: crate::extract::Within,
            query: crate::extract::Parameters,
            known: crate::extract::IfNoneMatch,
        ) -> crate::answer::Answered {
            crate::v1::noun::get_within_then::<$noun>(&caller, &app, ids, query, &known).await
        }

        $(#[$replace_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what it lies in."), ($id = uuid::Uuid, Path, description = "Its own id.")), request_body = $input, responses((status = 200, description = "As it is now.", body = $noun)))]
        #[put($one)]
        pub(crate) async fn $replace(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            ids: crate::extract::Within,
            pre: crate::extract::IfMatch,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::update_within::<$noun>(&caller, &app, ids, pre, body).await
        }

        $(#[$update_doc])*
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what it lies in."), ($id = uuid::Uuid, Path, description = "Its own id.")), request_body = $input, responses((status = 200, description = "As it is now.", body = $noun)))]
        #[patch($one)]
        pub(crate) async fn $update(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            ids: crate::extract::Within,
            pre: crate::extract::IfMatch,
            body: crate::extract::Body<$input>,
        ) -> crate::answer::Answered {
            crate::v1::noun::update_within::<$noun>(&caller, &app, ids, pre, body).await
        }

        crate::v1::endpoints::history! {
            $noun, tagged $tag, at $past, by $id;
            $(#[$history_doc])* $history;
        }
    };
}
pub(super) use endpoints_within;

/// The endpoint of what happened to a noun's rows, with its name; `at` its path, and `by` what the path calls a row's own id, where the rows lie in
/// others. The module that uses it imports actix's `get`.
macro_rules! history {
    ($noun:ident, tagged $tag:literal; $(#[$doc:meta])* $name:ident;) => {
        $(#[$doc])*
        ///
        /// Who did what when, for those who see it. The newest comes first.
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "Its id.")), responses((status = 200, description = "A page of changes.", body = crate::answer::List<taskhub_domain::audit::ChangeLine>)))]
        #[get("/{id}/history")]
        pub(crate) async fn $name(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            id: crate::extract::Id,
            query: crate::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::answer::Answered {
            crate::v1::noun::changes::<$noun>(&caller, &app, id, &query, &request).await
        }
    };
    ($noun:ident, tagged $tag:literal, at $path:literal, by $id:literal; $(#[$doc:meta])* $name:ident;) => {
        $(#[$doc])*
        ///
        /// Who did what when, for those who see it. The newest comes first.
        #[utoipa::path(tag = $tag, params(("id" = uuid::Uuid, Path, description = "The id of what it lies in."), ($id = uuid::Uuid, Path, description = "Its own id.")), responses((status = 200, description = "A page of changes.", body = crate::answer::List<taskhub_domain::audit::ChangeLine>)))]
        #[get($path)]
        pub(crate) async fn $name(
            caller: crate::extract::Caller,
            app: crate::v1::App,
            ids: crate::extract::Within,
            query: crate::extract::Parameters,
            request: actix_web::HttpRequest,
        ) -> crate::answer::Answered {
            crate::v1::noun::changes_within::<$noun>(&caller, &app, ids, &query, &request).await
        }
    };
}
pub(super) use history;
