//! What can go wrong, for the caller and for the log.
//!
//! Invariant: what a client may read ([`Kind`], `detail`, `fields`) and what only the log may ([`Error::cause`]) are apart.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use serde::Serialize;
use utoipa::ToSchema;

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in a way that a client can act upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No valid credential.
    Unauthenticated,
    /// The sign-in was refused.
    InvalidCredentials,
    /// The password was right, and a code of the second factor is needed too.
    SecondFactorRequired,
    /// The client's id and secret were refused.
    InvalidClient,
    /// The user must verify their email first.
    EmailUnverified,
    /// Too many failures before: wait.
    TooManyAttempts,
    /// The refresh token is unknown, expired, or was used before.
    InvalidRefreshToken,
    /// Several tenants match a sign-in; it must name one.
    TenantRequired,
    /// The tenant is suspended.
    TenantSuspended,
    /// Seen, but not allowed.
    Forbidden,
    /// The credential's scopes don't reach that far.
    InsufficientScope,
    /// A link by mail is unknown, expired, used, or of an account that is another by now.
    InvalidLink,
    /// New organisations can't be registered (without an invitation).
    RegistrationClosed,
    /// Absent, or invisible to the caller.
    NotFound,
    /// What a cursor of the feed goes on with is not kept any more.
    CursorExpired,
    /// A parameter of the query string is wrong.
    InvalidParameter,
    /// The body can't be read.
    Malformed,
    /// The body is wrong; the fields say where.
    Invalid,
    /// The row changed since the version that the caller named.
    Stale,
    /// The tenant demands `If-Match`.
    PreconditionRequired,
    /// The row clashes with another.
    Conflict,
    /// Other rows refer to the row.
    InUse,
    /// The tenant would lose its last active admin.
    LastAdmin,
    /// The tenant's files take all that they may.
    QuotaExceeded,
    /// A request with the same idempotency key is under way.
    IdempotencyInFlight,
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// The database or the file system has no room left: nothing can be written.
    StorageFull,
    /// The database or the file system accepts no writes at present.
    ReadOnly,
    /// Too much at once, or the database does not answer: try again later.
    Unavailable,
    /// A fault of the server's.
    Internal,
}

/// One wrong field of a body, or one wrong parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) into the body, or the parameter's name.
    #[schema(example = "/email")]
    pub pointer: String,
    /// A stable word for what is wrong.
    #[schema(example = "taken")]
    pub code: &'static str,
    /// A sentence for people.
    #[schema(example = "Another user has this value already.")]
    pub message: String,
}

impl FieldError {
    /// The most that are told at once.
    pub(crate) const MOST: usize = 20;
    /// The most characters of a pointer: a client's own names are in it.
    const LONGEST: usize = 200;

    /// As much of a pointer as is told.
    pub(crate) fn bounded(pointer: &str) -> String {
        pointer.chars().take(Self::LONGEST).collect()
    }
}

/// An operation's failure.
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
    /// What a client can act upon.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A sentence for people about this very failure.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// What is wrong where.
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// What the log may know, and no client.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync)> {
        self.cause.as_deref()
    }

    /// A failure with its cause for the log.
    pub(crate) fn caused(kind: Kind, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { cause: Some(Arc::from(cause.into())), ..kind.into() }
    }

    /// The failure, with a sentence about it.
    #[must_use]
    pub(crate) fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A failure with a sentence about it.
    pub fn with(kind: Kind, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..kind.into() }
    }

    /// A refusal that ends by itself.
    pub fn wait(kind: Kind, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..kind.into() }
    }

    /// For how long to wait before another try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// A body with one wrong field.
    pub fn field(pointer: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), code, message: message.into() }])
    }

    /// A body with wrong fields.
    pub fn invalid(mut fields: Vec<FieldError>) -> Self {
        fields.truncate(FieldError::MOST);
        for field in &mut fields {
            field.pointer = FieldError::bounded(&field.pointer);
            field.message = FieldError::bounded(&field.message);
        }
        Self { fields, ..Kind::Invalid.into() }
    }

    /// A wrong parameter of the query string.
    pub fn parameter(name: &str, message: impl Into<String>) -> Self {
        let field = FieldError {
            pointer: FieldError::bounded(name),
            code: "invalid_parameter",
            message: message.into(),
        };
        Self { fields: vec![field], ..Kind::InvalidParameter.into() }
    }

    /// A body's reference to what is absent or invisible: the one answer for both.
    pub fn reference(field: &str) -> Self {
        Self::field(
            format!("/{field}"),
            "reference_not_found",
            "There is no such row, or you may not see it.",
        )
    }

    /// The error of a part of a body: its pointers begin where the part is.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        for field in &mut self.fields {
            field.pointer = format!("/{parent}{}", field.pointer);
        }
        self
    }

    /// The error, and where it is.
    #[must_use]
    pub(crate) fn with_field(mut self, field: FieldError) -> Self {
        self.fields.push(field);
        self
    }

    /// A fault of the server's, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::caused(Kind::Internal, cause)
    }

    /// A value that must be unique and is taken.
    pub(crate) fn taken(field: &str) -> Self {
        let message = "Another row has this value already.".to_owned();
        let field = FieldError { pointer: format!("/{field}"), code: "taken", message };
        Self { fields: vec![field], ..Kind::Conflict.into() }
    }

    /// A failure that may pass when the transaction is tried again; `Unavailable` when it does not.
    pub(crate) fn transient(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { transient: true, ..Self::unavailable(cause) }
    }

    /// A reference whose row went away between being resolved and being written: tried again, and a conflict when that does not help.
    pub(crate) fn gone(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let detail = Some("Something that this refers to was removed meanwhile.".to_owned());
        Self { kind: Kind::Conflict, detail, ..Self::transient(cause) }
    }

    /// Whether the transaction is worth another try.
    pub(crate) fn is_transient(&self) -> bool {
        self.transient
    }

    /// Whether the database can't be written at all, whatever was asked of it.
    pub(crate) fn is_of_database(&self) -> bool {
        !self.transient && matches!(self.kind, Kind::StorageFull | Kind::ReadOnly | Kind::Unavailable)
    }

    /// A failure that passes: overload, or a database that does not answer.
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
