//! The errors of operations.
//!
//! Invariant: the text for clients ([`Kind`], `detail`, `fields`) and the cause for the log
//! ([`Error::cause`]) are separate fields. A cause never reaches a client.
//!
//! This module does not know HTTP. The API crate maps each [`Kind`] to a status and a problem code.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use serde::Serialize;
use utoipa::ToSchema;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error, on which a client can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// There is no valid credential.
    Unauthenticated,
    /// The user of the login is unknown or inactive, or the password is wrong.
    InvalidCredentials,
    /// The password is right, and a code of the second factor is required.
    SecondFactorRequired,
    /// The id or the secret of the OAuth client is wrong.
    InvalidClient,
    /// The user must verify their email address first.
    EmailUnverified,
    /// There were too many failed attempts. The caller must wait.
    TooManyAttempts,
    /// The refresh token is unknown, expired or already used.
    InvalidRefreshToken,
    /// The login matches users of several tenants, so it must name the tenant.
    TenantRequired,
    /// The tenant is suspended.
    TenantSuspended,
    /// The caller sees the resource, but may not do this.
    Forbidden,
    /// The scopes of the credential do not allow this.
    InsufficientScope,
    /// The link from a mail is unknown, expired or used, or its account has changed since.
    InvalidLink,
    /// Registration is not open, or the invitation is not valid.
    RegistrationClosed,
    /// The resource does not exist, or the caller does not see it.
    NotFound,
    /// The events after the cursor of the change feed are no longer stored.
    CursorExpired,
    /// A query parameter is wrong.
    InvalidParameter,
    /// The body is malformed.
    Malformed,
    /// The body is invalid. The fields say where.
    Invalid,
    /// The version of the row is not the one in the precondition.
    Stale,
    /// The tenant requires `If-Match`.
    PreconditionRequired,
    /// The request conflicts with the present state, for example with a unique value.
    Conflict,
    /// Other rows refer to the row.
    InUse,
    /// The tenant would lose its last active admin.
    LastAdmin,
    /// The files of the tenant have reached their quota.
    QuotaExceeded,
    /// A request with the same idempotency key is in progress.
    IdempotencyInFlight,
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// The database or the file system is full. No write succeeds.
    StorageFull,
    /// The database or the file system is read-only at present.
    ReadOnly,
    /// The server is overloaded, or the database does not respond. A later attempt may succeed.
    Unavailable,
    /// The server has a fault.
    Internal,
}

/// An error in a field of the body or in a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) to the field in the body, or the name of the parameter.
    #[schema(example = "/email")]
    pub pointer: String,
    /// A stable code for the error.
    #[schema(example = "taken")]
    pub code: &'static str,
    /// A message for people. Its text may change.
    #[schema(example = "Another user has this value already.")]
    pub message: String,
}

impl FieldError {
    /// The greatest number of errors that are reported at once.
    pub(crate) const MOST: usize = 20;
    /// The greatest length of a pointer or message, in characters. A pointer contains names that
    /// the client chose.
    const LONGEST: usize = 200;

    /// Cuts a text to the greatest length.
    pub(crate) fn bounded(pointer: &str) -> String {
        pointer.chars().take(Self::LONGEST).collect()
    }
}

/// The error of an operation.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    detail: Option<String>,
    fields: Vec<FieldError>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    transient: bool,
    retry_after: Option<Duration>,
}

impl Error {
    /// The kind of the error.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A message for people about this error.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The errors in single fields or parameters.
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// The cause, for the log only.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync)> {
        self.cause.as_deref()
    }

    /// An error with a cause for the log.
    pub(crate) fn caused(kind: Kind, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { cause: Some(Arc::from(cause.into())), ..kind.into() }
    }

    /// Adds a message for people.
    #[must_use]
    pub(crate) fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// An error with a message for people.
    pub fn with(kind: Kind, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..kind.into() }
    }

    /// An error that ends after a time.
    pub fn wait(kind: Kind, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..kind.into() }
    }

    /// The time to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// `Invalid`: one field of the body is wrong.
    pub fn field(pointer: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), code, message: message.into() }])
    }

    /// `Invalid`: several fields of the body are wrong. At most 20 are reported.
    pub fn invalid(mut fields: Vec<FieldError>) -> Self {
        fields.truncate(FieldError::MOST);
        for field in &mut fields {
            field.pointer = FieldError::bounded(&field.pointer);
            field.message = FieldError::bounded(&field.message);
        }
        Self { fields, ..Kind::Invalid.into() }
    }

    /// `InvalidParameter`: a query parameter is wrong.
    pub fn parameter(name: &str, message: impl Into<String>) -> Self {
        let field = FieldError {
            pointer: FieldError::bounded(name),
            code: "invalid_parameter",
            message: message.into(),
        };
        Self { fields: vec![field], ..Kind::InvalidParameter.into() }
    }

    /// `Invalid`: a field refers to a row that does not exist or that the caller does not see. Both
    /// have the same error, so that it does not reveal which rows exist.
    pub fn reference(field: &str) -> Self {
        Self::field(
            format!("/{field}"),
            "reference_not_found",
            "There is no such resource, or you may not see it.",
        )
    }

    /// Moves the error of a part of a body below `parent`: its pointers begin with the name of the
    /// part.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        for field in &mut self.fields {
            field.pointer = format!("/{parent}{}", field.pointer);
        }
        self
    }

    /// Adds an error in a field.
    #[must_use]
    pub(crate) fn with_field(mut self, field: FieldError) -> Self {
        self.fields.push(field);
        self
    }

    /// `Internal`: a fault of the server, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::caused(Kind::Internal, cause)
    }

    /// `Conflict`: the value of a field must be unique, and another row has it.
    pub(crate) fn taken(field: &str) -> Self {
        let message = "Another resource has this value already. Use a different value.".to_owned();
        let field = FieldError { pointer: format!("/{field}"), code: "taken", message };
        Self { fields: vec![field], ..Kind::Conflict.into() }
    }

    /// An error that may not occur again when the transaction is retried. It is `Unavailable` if
    /// all retries fail.
    pub(crate) fn transient(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { transient: true, ..Self::unavailable(cause) }
    }

    /// A referenced row was deleted after it was resolved and before the write. The transaction is
    /// retried; the error is `Conflict` if all retries fail.
    pub(crate) fn gone(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let detail = Some("A resource that the request refers to was deleted in the meantime.".to_owned());
        Self { kind: Kind::Conflict, detail, ..Self::transient(cause) }
    }

    /// Whether the transaction should be retried.
    pub(crate) fn is_transient(&self) -> bool {
        self.transient
    }

    /// Whether the database accepts no writes at all, independent of the request.
    pub(crate) fn is_of_database(&self) -> bool {
        !self.transient && matches!(self.kind, Kind::StorageFull | Kind::ReadOnly | Kind::Unavailable)
    }

    /// `Unavailable`: the server is overloaded or the database does not respond.
    pub fn unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::caused(Kind::Unavailable, cause)
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, detail: None, fields: Vec::new(), cause: None, transient: false, retry_after: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        for field in &self.fields {
            write!(f, "; {}: {}", field.pointer, field.message)?;
        }
        if let Some(cause) = &self.cause {
            write!(f, " ({cause})")?;
        }
        Ok(())
    }
}

impl StdError for Error {}
