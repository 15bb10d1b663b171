//! A request for a contract test: a valid one from the table, and variants of it.

use reqwest::Url;
use serde_json::Value;
use taskhub_tests::{Answer, App, Call};

use super::{
    fixture::{Fixture, Slot},
    operation::Operation,
    response,
    table::{Entry, entry},
};

/// A request for an operation.
#[derive(Clone)]
pub(super) struct Request<'a> {
    pub(super) operation: Operation<'a>,
    pub(super) entry: &'static Entry,
    /// The values of the path parameters.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// A body that is not JSON: its content type and its bytes.
    pub(super) bytes: Option<(&'static str, Vec<u8>)>,
    /// The token of the caller in a valid request.
    pub(super) token: String,
}

/// A position of a request with the id of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Position {
    /// The path parameter with this number.
    Path(usize),
    /// The query parameter with this name.
    Query(&'static str),
    /// The field of the body with this pointer.
    Body(&'static str),
}

impl<'a> Request<'a> {
    /// The request in the table for the operation.
    pub(super) fn valid(operation: Operation<'a>, fixture: &Fixture) -> Self {
        let entry = entry(operation.id);
        let path = entry.path.iter().map(|slot| fixture.id(*slot).to_owned()).collect();
        let given = entry.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        // Of the parameters with ids of rows, only the required ones.
        let needed = operation.parameters("query").into_iter().filter(|it| it["required"] == true);
        let needed: Vec<_> = needed.filter_map(|it| it["name"].as_str()).collect();
        let ids = entry.query_ids.iter().filter(|(name, _)| needed.contains(name));
        let ids = ids.map(|(name, slot)| ((*name).to_owned(), fixture.id(*slot).to_owned()));
        let query = given.chain(ids).collect();
        let bytes = entry.bytes.map(|(kind, bytes)| (kind, bytes(fixture)));
        let (body, token) = (entry.body.map(|body| body(fixture)), (entry.by)(fixture).to_owned());
        Self { operation, entry, path, query, body, bytes, token }
    }

    /// Every position for the id of a row, with the kind of row.
    pub(super) fn positions(&self) -> Vec<(Position, Slot)> {
        let Entry { path, query_ids, body_ids, .. } = self.entry;
        let path = path.iter().enumerate().map(|(number, slot)| (Position::Path(number), *slot));
        let query = query_ids.iter().map(|(name, slot)| (Position::Query(name), *slot));
        let body = body_ids.iter().map(|(pointer, slot)| (Position::Body(pointer), *slot));
        path.chain(query).chain(body).collect()
    }

    /// The same request with another id at the position.
    pub(super) fn at(&self, position: Position, id: &str) -> Self {
        let mut request = self.clone();
        match position {
            Position::Path(number) => id.clone_into(&mut request.path[number]),
            Position::Query(name) => return request.with_query(name, id),
            Position::Body(pointer) => return request.with_field(pointer, id.into()),
        }
        request
    }

    /// The same request with the id in every path parameter.
    pub(super) fn with_path(&self, id: &str) -> Self {
        Self { path: self.path.iter().map(|_| id.to_owned()).collect(), ..self.clone() }
    }

    /// The same request with the parameter, which replaces one of the same name.
    pub(super) fn with_query(&self, name: &str, value: &str) -> Self {
        let mut request = self.clone();
        request.query.retain(|(known, _)| known != name);
        request.query.push((name.to_owned(), value.to_owned()));
        request
    }

    /// The same request with the field of the body, which may be new.
    pub(super) fn with_field(&self, pointer: &str, value: Value) -> Self {
        let mut request = self.clone();
        let mut at = request.body.as_mut().unwrap();
        for step in pointer.split('/').skip(1) {
            at = match step.parse::<usize>() {
                Ok(place) => {
                    if !at.is_array() {
                        *at = Value::Array(Vec::new());
                    }
                    let items = at.as_array_mut().unwrap();
                    items.resize(items.len().max(place + 1), Value::Null);
                    &mut items[place]
                }
                Err(_) => at.as_object_mut().unwrap().entry(step).or_insert(Value::Null),
            };
        }
        *at = value;
        request
    }

    /// The same request without the field of the body.
    pub(super) fn without_field(&self, pointer: &str) -> Self {
        let mut request = self.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match request.body.as_mut().unwrap().pointer_mut(parent).unwrap() {
            Value::Array(items) => drop(items.remove(name.parse().unwrap())),
            fields => drop(fields.as_object_mut().unwrap().remove(name)),
        }
        request
    }

    /// Its path and query.
    pub(super) fn target(&self) -> String {
        let mut path = self.operation.path.to_owned();
        for (name, value) in self.operation.path_parameters().iter().zip(&self.path) {
            path = path.replacen(&format!("{{{name}}}"), value, 1);
        }
        if self.query.is_empty() {
            return path;
        }
        let url = Url::parse_with_params("http://localhost", &self.query).unwrap();
        format!("{path}?{}", url.query().unwrap())
    }

    /// The call without a body and without a credential.
    pub(super) fn bare<'b>(&self, app: &'b App) -> Call<'b> {
        app.call(self.operation.method, &self.target())
    }

    /// The call with its body and without a credential.
    pub(super) fn call<'b>(&self, app: &'b App) -> Call<'b> {
        match (&self.body, &self.bytes) {
            (Some(body), _) => self.bare(app).json(body),
            (None, Some((kind, bytes))) => self.bare(app).body(kind, bytes.clone()),
            (None, None) => self.bare(app),
        }
    }

    /// The call with its body and the valid token.
    pub(super) fn valid_call<'b>(&self, app: &'b App) -> Call<'b> {
        if self.operation.is_secured() { self.call(app).token(&self.token) } else { self.call(app) }
    }

    /// Sends the request with a token. Checks the response.
    pub(super) async fn by(&self, app: &App, token: &str) -> Answer {
        self.answer(self.call(app).token(token)).await
    }

    /// Sends the request with a token, as a dry run if it writes. A dry run is authorised like a
    /// committed request (see [`super::valid`]).
    pub(super) async fn ask(&self, app: &App, token: &str) -> Answer {
        if self.operation.method == "GET" {
            return self.by(app, token).await;
        }
        let call = self.call(app).token(token).header("prefer", "validate-only");
        let answer = self.answer(call).await;
        assert_eq!(answer.header("preference-applied"), "validate-only", "{}", answer.call);
        answer
    }

    /// Sends a call of this operation. Checks the response.
    pub(super) async fn answer(&self, call: Call<'_>) -> Answer {
        let answer = call.send().await;
        response::check(&self.operation, &answer);
        answer
    }
}

/// What two responses to the same request have in common: everything except the request id and the
/// time.
pub(super) fn essence(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("instance");
    }
    let compared = answer.headers.iter().filter(|(name, _)| {
        // Whether the connection is kept depends on whether an unread body had arrived.
        !matches!(name.as_str(), "x-request-id" | "date" | "ratelimit" | "ratelimit-policy" | "connection")
    });
    let mut headers: Vec<_> = compared
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    (answer.status, body, headers)
}
