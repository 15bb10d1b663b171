//! Problems: the one shape of every answer that is an error (RFC 9457).
//!
//! Invariant: what a client reads comes from the [`Code`]'s entry in the table and from what the domain says is public; a cause goes to the log alone.

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

/// What `type` is, followed by the code: where this server has the code's [`page`].
pub const TYPES: &str = "/problems/";

/// One wrong field of a body, or one wrong parameter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// A JSON pointer (RFC 6901) into the body, or the parameter's name.
    #[schema(example = "/title")]
    pub pointer: String,
    /// A stable word for what is wrong.
    #[schema(example = "invalid_value")]
    pub code: String,
    /// A sentence for people.
    #[schema(example = "Must be at least 3 characters.")]
    pub message: String,
}

/// An error, as it is answered: `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The kind of problem, as the path of a page about it.
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid", max_length = 128, pattern = "^/problems/[a-z_]+$")]
    pub kind: String,
    /// A sentence about all problems of this kind.
    #[schema(example = "The body is invalid.")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    pub status: u16,
    /// A stable word for the kind of problem.
    #[schema(example = "invalid")]
    pub code: String,
    /// A sentence about this very problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// The request's id, as in `X-Request-Id`.
    #[schema(example = "0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e")]
    pub instance: String,
    /// What is wrong where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// OAuth 2's word for it (RFC 6749 section 5.2), where OAuth 2 clients call.
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

/// What may be said beside the code.
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

/// The most characters of a pointer that are told.
const POINTER: usize = 200;

impl Problem {
    /// The most characters of a pointer that are told.
    pub const POINTER: usize = 200;

    /// A problem with a sentence about it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::with(code, More { detail: Some(detail.into()), ..More::default() })
    }

    /// A method that the resource does not have, with those that it has.
    pub fn method_not_allowed(allow: String) -> Self {
        Self::with(Code::MethodNotAllowed, More { allow: Some(allow), ..More::default() })
    }

    /// A range of a file that has so many octets, and none there.
    pub fn range_not_satisfiable(size: u64) -> Self {
        let content_range = Some(format!("bytes */{size}"));
        Self::with(Code::RangeNotSatisfiable, More { content_range, ..More::default() })
    }

    /// After so many milliseconds it may be tried again.
    #[must_use]
    pub fn retry_after(mut self, millis: u64) -> Self {
        self.more.retry_after = Some(millis.div_ceil(1000));
        self
    }

    /// A fault of the server's, with its cause for the log.
    pub fn fault(cause: impl Into<String>) -> Self {
        Self::with(Code::Internal, More { cause: Some(cause.into()), ..More::default() })
    }

    fn with(code: Code, more: More) -> Self {
        Self { code, more: Box::new(more) }
    }

    /// The problem of the request with this id.
    #[must_use]
    pub fn of_request(mut self, id: &str) -> Self {
        id.clone_into(&mut self.more.request_id);
        self
    }

    /// The problem of the operation with this id.
    #[must_use]
    pub fn of_operation(mut self, id: &str) -> Self {
        self.more.oauth = oauth::word(id, self.code, &self.more.errors);
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What only the log may know.
    pub fn cause(&self) -> Option<&str> {
        self.more.cause.as_deref()
    }

    /// The answer, for the request with this id.
    pub fn answer(&self, request_id: &str) -> HttpResponse {
        let error = |field: &FieldError| FieldProblem {
            // A client's own name may be in it, and that may have any length and characters.
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
        // Room is not made within seconds.
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

    /// The problem that a status of the framework's stands for.
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

    /// The problem in an error of the framework's or of ours.
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
            error => Self::new(Code::MalformedBody, format!("The body can't be read: {error}.")),
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

    /// For errors that pass through the edge, which writes the answer again with the request's id, and for those that don't.
    fn error_response(&self) -> HttpResponse {
        let mut response = self.answer(&self.more.request_id);
        if !self.more.request_id.is_empty() {
            crate::http::middleware::dress(response.headers_mut(), &self.more.request_id, false);
        }
        response
    }
}
