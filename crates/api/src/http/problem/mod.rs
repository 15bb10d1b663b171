//! Problems: the one format of error responses (RFC 9457).
//!
//! Invariant: a client reads only the [`Code`]'s entry in the table and the public part of a domain
//! error. The cause goes to the log alone.

mod code;
mod fields;
mod oauth;
pub(crate) mod page;

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    error::PayloadError,
    http::{StatusCode, header},
};
use serde::Serialize;
use taskhub_domain::error::FieldError;
use utoipa::ToSchema;

pub use self::{
    code::{Again, Code},
    fields::FIELDS,
};

/// The path of the codes' [`page`]s: `type` is this and the code.
pub const TYPES: &str = "/problems/";

/// An invalid field of a body, or an invalid parameter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// A JSON pointer (RFC 6901) into the body, or the name of the parameter.
    #[schema(example = "/title")]
    pub pointer: String,
    /// A stable code of the error, for programs.
    #[schema(example = "invalid_value")]
    pub code: String,
    /// A message about the error, for people.
    #[schema(example = "Must be at least 3 characters.")]
    pub message: String,
}

/// An error response: `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The kind of problem, as the path of the page about it.
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid", max_length = 128, pattern = "^/problems/[a-z_]+$")]
    pub kind: String,
    /// A summary for people. It is the same for all problems of this kind.
    #[schema(example = "The body is invalid.")]
    pub title: String,
    /// The HTTP status code.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    pub status: u16,
    /// The stable code of the kind of problem, for programs.
    #[schema(example = "invalid")]
    pub code: String,
    /// An explanation of this problem, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// The id of the request, as in `X-Request-Id`.
    #[schema(example = "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e")]
    pub instance: String,
    /// The invalid fields or parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The OAuth 2 error code (RFC 6749 section 5.2), at the endpoints for OAuth 2 clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "invalid_request")]
    pub error: Option<String>,
}

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    more: Box<More>,
}

/// The parts of a problem other than its code.
#[derive(Clone, Debug, Default)]
struct More {
    detail: Option<String>,
    errors: Vec<FieldError>,
    cause: Option<String>,
    allow: Option<String>,
    content_range: Option<String>,
    retry_after: Option<u64>,
    request_id: String,
    oauth: Option<&'static str>,
}

/// The most characters of a pointer in a response.
const POINTER: usize = 200;

impl Problem {
    /// The most characters of a pointer in a response.
    pub const POINTER: usize = 200;

    /// A problem with a detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::with(code, More { detail: Some(detail.into()), ..More::default() })
    }

    /// The problem of an unsupported method, with the methods for `Allow`.
    pub fn method_not_allowed(allow: String) -> Self {
        Self::with(Code::MethodNotAllowed, More { allow: Some(allow), ..More::default() })
    }

    /// The problem of a range that starts after the end of a file of this size in bytes.
    pub fn range_not_satisfiable(size: u64) -> Self {
        let content_range = Some(format!("bytes */{size}"));
        Self::with(Code::RangeNotSatisfiable, More { content_range, ..More::default() })
    }

    /// Sets `Retry-After` from a number of milliseconds.
    #[must_use]
    pub fn retry_after(mut self, millis: u64) -> Self {
        self.more.retry_after = Some(millis.div_ceil(1000));
        self
    }

    /// An internal error, with its cause for the log.
    pub fn fault(cause: impl Into<String>) -> Self {
        Self::with(Code::Internal, More { cause: Some(cause.into()), ..More::default() })
    }

    fn with(code: Code, more: More) -> Self {
        Self { code, more: Box::new(more) }
    }

    /// Sets the id of the request.
    #[must_use]
    pub fn of_request(mut self, id: &str) -> Self {
        id.clone_into(&mut self.more.request_id);
        self
    }

    /// Sets the OAuth 2 error code, if the operation with this id has one.
    #[must_use]
    pub fn of_operation(mut self, id: &str) -> Self {
        self.more.oauth = oauth::word(id, self.code, &self.more.errors);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The cause, for the log alone.
    pub fn cause(&self) -> Option<&str> {
        self.more.cause.as_deref()
    }

    /// The response to the request with this id.
    pub fn answer(&self, request_id: &str) -> HttpResponse {
        let error = |field: &FieldError| FieldProblem {
            // The pointer may contain a name from the client, with any length and characters.
            pointer: field.pointer.chars().filter(|c| !c.is_control()).take(POINTER).collect(),
            code: field.code.to_owned(),
            message: field.message.clone(),
        };
        let body = ProblemBody {
            kind: format!("{TYPES}{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            code: self.code.as_str().to_owned(),
            detail: self.more.detail.clone(),
            instance: request_id.to_owned(),
            errors: self.more.errors.iter().map(error).collect(),
            error: self.more.oauth.map(str::to_owned),
        };
        let mut response = HttpResponse::build(self.code.status());
        response.content_type("application/problem+json");
        if self.code.status() == StatusCode::UNAUTHORIZED {
            let client = self.code == Code::InvalidClient;
            let challenge = if client { "Basic realm=\"TaskHub\", charset=\"UTF-8\"" } else { "Bearer" };
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        // Freeing space takes longer than a few seconds.
        let pause = if self.code == Code::StorageFull { 60 } else { 1 };
        let passes = (self.code.again() == Again::Later).then_some(pause);
        if let Some(seconds) = self.more.retry_after.or(passes) {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(allow) = &self.more.allow {
            response.insert_header((header::ALLOW, allow.clone()));
        }
        if let Some(range) = &self.more.content_range {
            response.insert_header((header::CONTENT_RANGE, range.clone()));
        }
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }

    /// The problem for an error status of the framework.
    pub fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::BAD_REQUEST => Code::InvalidParameter,
            StatusCode::FORBIDDEN => Code::Forbidden,
            StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            status if status.is_client_error() => Code::InvalidParameter,
            _ => Code::Internal,
        };
        code.into()
    }

    /// The problem in an error of TaskHub or of the framework.
    pub fn find(error: &actix_web::Error) -> Self {
        if let Some(problem) = error.as_error::<Self>() {
            return problem.clone();
        }
        let code = Self::of_status(error.as_response_error().status_code()).code;
        Self::with(code, More { cause: Some(error.to_string()), ..More::default() })
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::with(code, More::default())
    }
}

impl From<taskhub_domain::Error> for Problem {
    fn from(error: taskhub_domain::Error) -> Self {
        let more = More {
            detail: error.detail().map(str::to_owned),
            errors: error.fields().to_vec(),
            cause: error.cause().map(ToString::to_string),
            retry_after: error.retry_after().map(|wait| wait.as_secs().max(1)),
            ..More::default()
        };
        Self::with(error.kind().into(), more)
    }
}

impl From<taskhub_domain::error::Kind> for Problem {
    fn from(kind: taskhub_domain::error::Kind) -> Self {
        Code::from(kind).into()
    }
}

impl From<taskhub_auth::PasswordError> for Problem {
    fn from(error: taskhub_auth::PasswordError) -> Self {
        match error {
            taskhub_auth::PasswordError::Busy => Code::Unavailable.into(),
            taskhub_auth::PasswordError::Internal => Code::Internal.into(),
        }
    }
}

impl From<PayloadError> for Problem {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::Overflow => Code::PayloadTooLarge.into(),
            _ => Self::new(Code::MalformedBody, "The connection ended before the whole body arrived."),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// Also for errors that do not pass through the middleware, which writes the response again
    /// with the request id.
    fn error_response(&self) -> HttpResponse {
        let mut response = self.answer(&self.more.request_id);
        if !self.more.request_id.is_empty() {
            crate::http::middleware::dress(response.headers_mut(), &self.more.request_id, false);
        }
        response
    }
}
