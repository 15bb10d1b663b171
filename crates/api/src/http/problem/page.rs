//! A page for each code, to which `type` refers. The same text is in `docs/errors`.
//!
//! Invariant: every code has a page, generated from its entry in the table and from a response that
//! [`Problem`] itself writes.

use std::{fmt::Write, time::Duration};

use actix_web::{HttpResponse, body::MessageBody, get, http::header, web::Path};
use pulldown_cmark::{Parser, html};
use taskhub_domain::{Error, error::Kind};

use super::{Again, Code, Problem, TYPES};

/// The request id in the examples.
const REQUEST: &str = "01a1f7ec-7b74-7336-b1aa-6d67b9411c8c";
/// The content security policy of a page: it loads nothing but its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

impl Code {
    /// The page of the code, as Markdown.
    pub fn page(self) -> String {
        let again = match self.again() {
            Again::Never => "No: the same request gets the same response.",
            Again::Now => "Yes: the same request may succeed.",
            Again::Later => "Yes, after the number of seconds in `Retry-After`.",
        };
        let (code, title, status) = (self.as_str(), self.title(), self.status());
        let (when, act, example) = (self.when(), self.act(), example(self));
        format!(
            "# {code}\n\n{title} Status **{status}**, `type` `{TYPES}{code}`.\n\n## Cause\n\n{when}\n\n\
             ## What to do\n\n{act}\n\n## Can I retry?\n\n{again}\n\n## Example\n\n```http\n{example}\n```\n"
        )
    }
}

/// A response with a code, without the headers that every response has.
fn example(code: Code) -> String {
    let answer = problem(code).answer(REQUEST);
    let mut headers: Vec<_> = answer.headers().iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    let mut text = format!("HTTP/1.1 {}", answer.status());
    for (name, value) in headers {
        // Writing to a string cannot fail.
        write!(text, "\n{name}: {}", value.to_str().unwrap_or_default()).ok();
    }
    let octets = answer.into_body().try_into_bytes().unwrap_or_default();
    let body: serde_json::Value = serde_json::from_slice(&octets).unwrap_or_default();
    write!(text, "\n\n{body:#}").ok();
    text
}

/// A typical problem with a code.
fn problem(code: Code) -> Problem {
    match code {
        Code::MalformedBody => Problem::new(code, "The body is not valid JSON: error at line 1, column 11."),
        Code::InvalidParameter => Error::parameter("colour", "There is no such parameter.").into(),
        Code::InvalidHeader => {
            Problem::new(code, "Idempotency-Key: must be 1 to 255 visible ASCII characters, sent once.")
        }
        Code::InsufficientScope => Problem::new(code, "The token needs the scope users:read."),
        Code::MethodNotAllowed => Problem::method_not_allowed("GET, HEAD, OPTIONS".to_owned()),
        Code::Conflict => Problem::new(code, "A cancelled task cannot be completed. Reopen it first."),
        Code::RangeNotSatisfiable => Problem::range_not_satisfiable(1024),
        Code::Invalid => Error::field("/title", "invalid_value", "Must be at least 3 characters.").into(),
        Code::TooManyAttempts => Error::wait(Kind::TooManyAttempts, Duration::from_secs(16)).into(),
        code => code.into(),
    }
}

#[get("/problems/{code}")]
pub(crate) async fn of_code(code: Path<String>) -> Result<HttpResponse, Problem> {
    let known = Code::ALL.iter().find(|known| known.as_str() == code.as_str());
    let page = known.ok_or(Code::NotFound)?.page();
    let mut text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{code} · TaskHub</title><link rel=\"icon\" href=\"data:,\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>:root {{ color-scheme: light dark }} \
         body {{ font-family: system-ui, sans-serif; line-height: 1.5; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }} \
         pre {{ overflow-x: auto }}</style></head><body>"
    );
    html::push_html(&mut text, Parser::new(&page));
    text.push_str("</body></html>");
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(text))
}
