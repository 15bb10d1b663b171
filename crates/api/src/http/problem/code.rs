//! The codes of all problems: one table, from which responses, the pages at `/problems/{code}` and
//! `docs/errors` are generated.

use actix_web::http::StatusCode;
use taskhub_domain::error::Kind;

/// Whether the same request can succeed when it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It gets the same response.
    Never,
    /// It may succeed at once.
    Now,
    /// It may succeed after the time in `Retry-After`.
    Later,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal, $again:ident,
        when $when:literal, act $act:literal;)*) => {
        /// A kind of problem, with a stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl serde::Serialize for Code {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in responses.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            /// The title of all problems with this code.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }

            /// Whether the same request can succeed when it is sent again.
            pub const fn again(self) -> Again {
                match self {
                    $(Self::$name => Again::$again,)*
                }
            }

            /// The cause, as Markdown.
            pub(super) const fn when(self) -> &'static str {
                match self {
                    $(Self::$name => $when,)*
                }
            }

            /// What the client can do, as Markdown.
            pub(super) const fn act(self) -> &'static str {
                match self {
                    $(Self::$name => $act,)*
                }
            }
        }
    };
}

codes! {
    /// The body cannot be parsed.
    MalformedBody = "malformed_body", BAD_REQUEST, "The request body is malformed.", Never,
        when "The body is not valid JSON, or a form or a JSON object contains a field twice. Or a \
              form or a CSV file is not UTF-8, or the body is incomplete.",
        act "Correct the body. `detail` says what is wrong and, for JSON, at which line and \
             column.";
    /// A parameter of the path or query.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A parameter is invalid.", Never,
        when "A query parameter is unknown, is sent twice or has an invalid value. Or the \
              `cursor` belongs to another list, filter or sort order.",
        act "Correct the parameter: `errors[].pointer` is its name. If a `cursor` is rejected, \
             start again with an empty one.";
    /// A header.
    InvalidHeader = "invalid_header", BAD_REQUEST, "A header is invalid.", Never,
        when "`detail` says what is wrong with which header. The rules are:\n\n- `If-Match` and \
              `If-None-Match` contain `*` or entity tags.\n- `Idempotency-Key` is sent once and \
              has 1 to 255 visible ASCII characters. Some operations do not accept it.\n- \
              `Repr-Digest` contains digests, such as `sha-256=:…:`.\n- `Prefer: validate-only` \
              has no value, and `Prefer` has at most 1024 ASCII characters.\n- `Last-Event-ID` is \
              a cursor of the change feed.\n- `Range` has at most 4096 characters.\n- Only one \
              credential is sent.\n- A CORS preflight request asks for an origin, a method and \
              headers that are allowed.",
        act "Correct the header.";
    /// No credential, or an invalid one.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid access token is required.", Never,
        when "The request has no access token, and the endpoint requires one. Or the token is \
              malformed, expired, revoked or from another issuer. An invalid token gets this \
              error on every endpoint, public ones included.",
        act "Get a new access token with the refresh token. If the refresh token is rejected, \
             sign in again.";
    /// Sign-in.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The credentials are invalid.", Never,
        when "The sign-in was refused: the user is unknown, the password is wrong, or the user \
              may not sign in. The response does not say which.",
        act "Ask the user for the password again. Each failure counts; after several failures the \
             user must wait (429 `too_many_attempts`).";
    /// Sign-in in two steps.
    SecondFactorRequired = "second_factor_required", UNAUTHORIZED,
        "A second-factor code is required.", Never,
        when "The password is correct, and the user has a second factor, but the request has no \
              `code`.",
        act "Ask the user for the code of the authenticator app or for a recovery code. Send the \
             same request with it in `code`.";
    /// Sign-in of a service.
    InvalidClient = "invalid_client", UNAUTHORIZED, "The client credentials are invalid.", Never,
        when "The client id or the client secret of a service account is wrong or expired. Or the \
              service account is disabled, expired or deleted.",
        act "Check the client id and the secret. An admin can create a new secret (`POST \
             /api/v1/service-accounts/{id}/rotate`).";
    /// Refresh.
    InvalidRefreshToken = "invalid_refresh_token", UNAUTHORIZED,
        "The refresh token is invalid.", Never,
        when "The refresh token is unknown, expired or already used, or its session has ended.",
        act "Sign in again.";
    /// The tenant is suspended.
    TenantSuspended = "tenant_suspended", FORBIDDEN, "The organisation is suspended.", Never,
        when "An operator has suspended the organisation. Its users and services cannot sign in \
              or refresh tokens, and their access tokens are rejected on every endpoint.",
        act "Ask the operator. When the organisation is activated again, access tokens that have \
             not expired are accepted again.";
    /// The policy.
    Forbidden = "forbidden", FORBIDDEN, "You are not allowed to do this.", Never,
        when "The caller sees the resource but has no permission for this action. The error has \
              two other causes:\n\n- The caller used the `Idempotency-Key` with another \
              credential, and the stored response depends on that credential.\n- The access token \
              is an operator's. Operators do not belong to an organisation and cannot access its \
              data.",
        act "Do not repeat the request. `GET /api/v1/auth/permissions` returns what the caller \
             may do, and why.";
    /// The scopes of the token.
    InsufficientScope = "insufficient_scope", FORBIDDEN, "The access token lacks a scope.", Never,
        when "The token of a service account, or a personal access token, lacks the scope that \
              `detail` names.",
        act "Get a token with that scope.";
    /// Sign-in before verification.
    EmailUnverified = "email_unverified", FORBIDDEN,
        "The email address must be verified first.", Never,
        when "The password is correct, but the user has not verified the email address. The \
              organisation requires verification, or the user joined because of the domain of the \
              address.",
        act "Open the link in the verification email, or request a new one (`POST \
             /api/v1/auth/verify-email/request`).";
    /// Links in emails.
    InvalidLink = "invalid_link", FORBIDDEN, "The link is invalid or has expired.", Never,
        when "The token of the link is unknown, expired or already used. Or the account has \
              changed since the email was sent: its email address is different, it is deactivated \
              or, for a password reset, its password is different.",
        act "Request a new link.";
    /// Registration by setting.
    RegistrationClosed = "registration_closed", FORBIDDEN, "Registration is not open.", Never,
        when "The server or the organisation does not accept this registration, or the \
              organisation does not exist. Or the invitation is unknown, expired, used or \
              revoked.",
        act "Ask the operator, or an admin of the organisation, for an invitation.";
    /// Absent or invisible.
    NotFound = "not_found", NOT_FOUND, "The resource was not found.", Never,
        when "The path does not exist, an id in it is not a UUID, or the resource does not exist. \
              A resource that the caller may not see, such as one of another organisation, gets \
              the same response.",
        act "Treat the resource as absent.";
    /// What the client accepts.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE,
        "No acceptable content coding is available.", Never,
        when "`Accept-Encoding` rejects every content coding, `identity` included.",
        act "Accept `identity`.";
    /// The method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "The method is not allowed.", Never,
        when "The path exists, but it does not support this method.",
        act "Use one of the methods in `Allow`.";
    /// The body took too long.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT,
        "The request body took too long to arrive.", Now,
        when "The body did not arrive within 30 seconds. For a file, less than 1 MiB arrived \
              within a minute, or the upload took longer than 12 hours.",
        act "Send the request again over a faster connection, or send less data in each request.";
    /// Conflicts.
    Conflict = "conflict", CONFLICT, "The request conflicts with the current state.", Never,
        when "A value that must be unique is taken: `errors` names the field, with the code \
              `taken`. Or the state of the resource does not allow the change; for example, a \
              cancelled task cannot be completed. `detail` says why.",
        act "Change the request, or resolve the conflict first.";
    /// References.
    InUse = "in_use", CONFLICT, "The resource is in use.", Never,
        when "The resource cannot be deleted because other resources refer to it. `detail` says which.",
        act "Delete or move those resources first. For a user, transfer them to another user with \
             `?transfer_to=`, or deactivate the user instead (`POST \
             /api/v1/users/{id}/deactivate`).";
    /// Admins.
    LastAdmin = "last_admin", CONFLICT, "The organisation would lose its last active admin.", Never,
        when "The request would delete or deactivate the last active admin, or change the admin's \
              role.",
        act "Make another user an admin first.";
    /// Sign-in by email.
    TenantRequired = "tenant_required", CONFLICT, "The organisation must be named.", Never,
        when "The email address and the password are valid in several organisations.",
        act "Send the slug of the organisation in `tenant` too.";
    /// In progress.
    IdempotencyInFlight = "idempotency_in_flight", CONFLICT,
        "A request with this idempotency key is in progress.", Later,
        when "The caller sent the same `Idempotency-Key` again before the first request was \
              finished.",
        act "Wait for the time in `Retry-After`, then send the request again with the same key.";
    /// The change feed.
    CursorExpired = "cursor_expired", GONE, "The cursor has expired.", Never,
        when "Changes after the cursor are no longer stored. They are older than the retention of \
              the change feed (`TASKHUB_FEED_DAYS`, 30 days by default), or the database was \
              restored from a backup.",
        act "Get a new cursor (`GET /api/v1/changes`), read the resources again from their lists, \
             then continue from that cursor.";
    /// If-Match.
    Stale = "stale", PRECONDITION_FAILED, "The resource has changed.", Never,
        when "The current version of the resource is not in `If-Match`: somebody has changed the \
              resource in the meantime. For a change with `If-None-Match`, the current version is \
              in that header, or the header is `*`.",
        act "Get the resource again, apply your change to it, and send it with the new `ETag` in \
             `If-Match`.";
    /// Too large.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE,
        "The request body is too large.", Never,
        when "The body has more bytes than the endpoint accepts.",
        act "Send less data, or split it. The operator sets the limits of JSON bodies and of \
             files.";
    /// The quota of files.
    QuotaExceeded = "quota_exceeded", PAYLOAD_TOO_LARGE,
        "The file quota of the organisation is exceeded.", Never,
        when "With this file the organisation would have more files, or more bytes in them, than \
              its quota allows.",
        act "Delete files, or ask the operator for a larger quota.";
    /// Range.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE,
        "The range is not satisfiable.", Never,
        when "The `Range` starts after the end of the file.",
        act "Request a range within the length that `Content-Range` names, or the whole file.";
    /// The content type.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "The content type of the body is not supported.", Never,
        when "`Content-Type` is missing or is not one that the endpoint accepts, the charset is \
              not UTF-8, or the body is compressed.",
        act "Send the body uncompressed, with one of the content types that the description of \
             the operation names. Most bodies are `application/json`; a PATCH may also be \
             `application/merge-patch+json`.";
    /// Fields.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "The request body is invalid.", Never,
        when "The body is well-formed, but a field is unknown, missing, of the wrong type or out \
              of bounds, or it refers to a resource that the caller does not see. Or the bytes of \
              a file do not match its content type or digest.",
        act "Correct the fields in `errors`. Each has a `pointer` and a stable `code`.";
    /// Another request.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY,
        "The idempotency key was used for another request.", Never,
        when "The same `Idempotency-Key` was sent with a different request within 24 hours.",
        act "Use a new key for each new request.";
    /// If-Match is missing.
    PreconditionRequired = "precondition_required", PRECONDITION_REQUIRED,
        "If-Match is required.", Never,
        when "The setting `require_if_match` of the organisation is on, and a user sent a change \
              without `If-Match`.",
        act "Get the resource, and send its `ETag` in `If-Match`.";
    /// Rate limits.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests.", Later,
        when "The rate limit of the caller, of the organisation or of the client address is \
              exceeded. The limit of open event streams gives the same error.",
        act "Wait for the time in `Retry-After`. `RateLimit` in each response says how many \
             requests are left.";
    /// Failed attempts.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many failed attempts.", Later,
        when "There were too many wrong passwords or codes for this account or from this network. \
              Until the wait is over, the correct password or code is rejected too.",
        act "Wait for the time in `Retry-After`, then try again. A user who has forgotten the \
             password can request a link by email.";
    /// A fault.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal server error.", Now,
        when "The server failed. The cause is in the log of the server, never in the response.",
        act "Report the `instance` to the operator. You can try again; send a POST with its \
             `Idempotency-Key`, so that it takes effect at most once.";
    /// No space.
    StorageFull = "storage_full", INSUFFICIENT_STORAGE, "The storage of the server is full.", Later,
        when "The database or the file system of the server has no space left. The request has \
              changed nothing. Requests that write nothing still work.",
        act "Try again after the operator has freed space; send a POST with its \
             `Idempotency-Key`, so that it takes effect at most once.";
    /// No writes.
    ReadOnly = "read_only", SERVICE_UNAVAILABLE, "The storage of the server is read-only.", Later,
        when "The database or the file system of the server accepts no writes, for example during \
              a failover or maintenance. The request has changed nothing. Requests that write \
              nothing still work.",
        act "Wait for the time in `Retry-After`, then try again; send a POST with its \
             `Idempotency-Key`.";
    /// Overload.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE,
        "The server is temporarily unavailable.", Later,
        when "The server is overloaded, the database does not respond, or a write conflicted with \
              other writes too often.",
        act "Wait for the time in `Retry-After`, then try again; send a POST with its \
             `Idempotency-Key`.";
    /// Shutdown.
    Stopping = "stopping", SERVICE_UNAVAILABLE, "The server is shutting down.", Later,
        when "Only `GET /health/ready` returns this: the server has received the signal to stop. \
              It still handles requests, so that a load balancer has time to notice.",
        act "Send new requests to another node.";
}

impl From<Kind> for Code {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Unauthenticated => Self::Unauthenticated,
            Kind::InvalidCredentials => Self::InvalidCredentials,
            Kind::SecondFactorRequired => Self::SecondFactorRequired,
            Kind::InvalidClient => Self::InvalidClient,
            Kind::EmailUnverified => Self::EmailUnverified,
            Kind::TooManyAttempts => Self::TooManyAttempts,
            Kind::InvalidRefreshToken => Self::InvalidRefreshToken,
            Kind::TenantRequired => Self::TenantRequired,
            Kind::TenantSuspended => Self::TenantSuspended,
            Kind::Forbidden => Self::Forbidden,
            Kind::InsufficientScope => Self::InsufficientScope,
            Kind::InvalidLink => Self::InvalidLink,
            Kind::RegistrationClosed => Self::RegistrationClosed,
            Kind::NotFound => Self::NotFound,
            Kind::CursorExpired => Self::CursorExpired,
            Kind::InvalidParameter => Self::InvalidParameter,
            Kind::Malformed => Self::MalformedBody,
            Kind::Invalid => Self::Invalid,
            Kind::Stale => Self::Stale,
            Kind::PreconditionRequired => Self::PreconditionRequired,
            Kind::Conflict => Self::Conflict,
            Kind::InUse => Self::InUse,
            Kind::LastAdmin => Self::LastAdmin,
            Kind::QuotaExceeded => Self::QuotaExceeded,
            Kind::IdempotencyInFlight => Self::IdempotencyInFlight,
            Kind::IdempotencyMismatch => Self::IdempotencyMismatch,
            Kind::StorageFull => Self::StorageFull,
            Kind::ReadOnly => Self::ReadOnly,
            Kind::Unavailable => Self::Unavailable,
            Kind::Internal => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Code;

    #[test]
    fn codes_are_unique_and_errors() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(
            Code::ALL.iter().all(|code| code.status().is_client_error() || code.status().is_server_error())
        );
    }
}
