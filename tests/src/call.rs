//! Requests and their responses.

use reqwest::{Method, header::HeaderMap};
use serde_json::Value;
use taskhub::http::problem::FIELDS;

use crate::{App, User, conformance};

/// A request under construction.
pub struct Call<'a> {
    app: &'a App,
    name: String,
    request: reqwest::RequestBuilder,
}

impl<'a> Call<'a> {
    pub(crate) fn new(app: &'a App, method: &str, path: &str) -> Self {
        let outside = ["/api", "/account", "/health", "/problems", "/.well-known"]
            .iter()
            .any(|prefix| path.starts_with(prefix));
        let base = if outside { "" } else { "/api/v1" };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let name = format!("{method} {base}{path}");
        let request = app.client.request(method, format!("{}{base}{path}", app.url));
        Self { app, name, request }
    }

    /// Authenticates as the user.
    #[must_use]
    pub fn by(self, user: &User) -> Self {
        self.token(&user.token)
    }

    /// Authenticates with an access token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        Self { request: self.request.bearer_auth(token), ..self }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        Self { request: self.request.json(body), ..self }
    }

    /// Sets a body of any content type.
    #[must_use]
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.header("content-type", content_type).body(body), ..self }
    }

    /// Sends the request.
    pub async fn send(self) -> Answer {
        let (client, request) = self.request.build_split();
        let request = request.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let (method, url) = (request.method().clone(), request.url().clone());
        let mut response =
            client.execute(request).await.unwrap_or_else(|error| panic!("{}: {error:?}", self.name));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // A stream does not end: only its first chunk is read.
        let octets = if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            response.chunk().await.unwrap().unwrap_or_default().to_vec()
        } else {
            response.bytes().await.unwrap().to_vec()
        };
        let text = String::from_utf8_lossy(&octets).into_owned();
        if status >= 500 {
            self.app.faults.lock().unwrap().push(format!("{} → {status} {text}", self.name));
        }
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let problem = headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
        for error in body["errors"].as_array().into_iter().flatten().filter(|_| problem) {
            let known = FIELDS.iter().any(|(code, _)| error["code"] == *code);
            assert!(known, "{}: a field's code that no table has: {text}", self.name);
        }
        let answer = Answer { call: self.name, status, headers, octets, text, body };
        conformance().check(&method, url.path(), url.query().unwrap_or_default(), &answer);
        answer
    }

    /// Sends the request. The body of the response can be read as a stream.
    pub async fn open(self) -> reqwest::Response {
        self.request.send().await.unwrap()
    }

    /// Sends the request and fails unless the response has this status. Returns the body.
    pub async fn gives(self, status: u16) -> Value {
        self.send().await.expect(status).body
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The method and path of the request.
    pub call: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes of the body.
    pub octets: Vec<u8>,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is not JSON.
    pub body: Value,
}

impl Answer {
    /// Fails unless the response has this status.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.call, self.text);
        self
    }

    /// The value of a header; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code of the problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The pointer of the first error of the problem.
    pub fn pointer(&self) -> &str {
        self.body["errors"][0]["pointer"].as_str().unwrap_or_default()
    }
}
