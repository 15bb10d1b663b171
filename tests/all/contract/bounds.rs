//! Every bound that the OpenAPI document states for a body is enforced, on every operation with the
//! field.
//!
//! All fields of a body but one are valid. The response is 422 and points at the invalid field. A
//! value exactly on a bound is accepted.

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, every_database};

use super::{broken::Field, fixture::Fixture, operation::Operation, request::Request, table::operations};

every_database!(
    value_outside_a_bound_is_rejected_with_422,
    value_on_a_bound_is_accepted,
    exactly_the_required_fields_are_required,
    unknown_field_is_rejected_with_422,
);

fn fields<'a>(operation: &Operation<'a>) -> Vec<Field<'a>> {
    let fields = operation.fields().into_iter();
    fields.map(|(pointer, property)| Field::new(operation, pointer, property)).collect()
}

/// A valid request that accepts the field.
fn base<'a>(operation: Operation<'a>, fixture: &Fixture, pointer: &str) -> Request<'a> {
    let request = Request::valid(operation, fixture);
    let other = request.entry.other_bodies.iter().find(|(pointers, _)| pointers.contains(&pointer));
    match other {
        Some((_, body)) => Request { body: Some(body(fixture)), ..request },
        None => request,
    }
}

async fn send(app: &App, request: &Request<'_>) -> Answer {
    if request.operation.is_secured() {
        return request.ask(app, &request.token).await;
    }
    request.answer(request.call(app)).await
}

fn is_blamed(answer: &Answer, pointer: &str) -> bool {
    let errors = answer.body["errors"].as_array();
    // An error in an item of a list points at the item.
    let at = |error: &Value| {
        let found = error["pointer"].as_str().unwrap_or_default();
        found == pointer || found.strip_prefix(pointer).is_some_and(|rest| rest.starts_with("/0"))
    };
    answer.status == 422 && errors.is_some_and(|all| all.iter().any(at))
}

/// Whether the error is of a rule that spans fields, which no schema can express. The fields of a bulk
/// operation depend on its action.
fn is_cross_field(request: &Request<'_>, answer: &Answer) -> bool {
    let (code, pointer) = (&answer.body["errors"][0]["code"], answer.pointer());
    let rules = request.entry.cross_field;
    let is_bulk = request.operation.path.ends_with("/bulk") && pointer.starts_with("/operations/0");
    is_bulk || rules.iter().any(|(known, start)| code == known && pointer.starts_with(start))
}

async fn value_outside_a_bound_is_rejected_with_422(app: &App) {
    let fixture = Fixture::new(app).await;
    let mut wrong = Vec::new();
    for operation in operations(&app.document) {
        for field in fields(&operation) {
            let base = base(operation, &fixture, &field.pointer);
            for (what, value) in field.broken() {
                let answer = send(app, &base.with_field(&field.pointer, value)).await;
                if !is_blamed(&answer, &field.pointer) {
                    wrong.push(format!(
                        "{} {}: {what} → {} {}",
                        operation.id, field.pointer, answer.status, answer.text
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "not refused, or not there: {wrong:#?}");
}

async fn value_on_a_bound_is_accepted(app: &App) {
    let mut fixture = Fixture::new(app).await;
    let mut wrong = Vec::new();
    for operation in operations(&app.document) {
        for field in fields(&operation) {
            for value in field.bounds() {
                let change =
                    base(operation, &fixture, &field.pointer).with_field(&field.pointer, value.clone());
                let answer = send(app, &change).await;
                // Unknown credentials and a wrong old password are valid input, but rejected.
                let accepted =
                    if operation.is_secured() { answer.status < 300 } else { answer.status != 422 };
                let code = &answer.body["errors"][0]["code"];
                // So are a short name that another row has, and a reminder in the past.
                let other = ["wrong_password", "invalid_code", "taken", "passed"].iter().any(|it| code == it);
                // So is a status of a client request that skips another.
                let early = operation.path.starts_with("/api/v1/requests")
                    && (field.pointer.as_str(), &value, answer.code())
                        == ("/status", &json!("completed"), "conflict");
                if !accepted && !other && !early && !is_cross_field(&change, &answer) {
                    wrong.push(format!(
                        "{} {}: {value} → {} {}",
                        operation.id, field.pointer, answer.status, answer.text
                    ));
                }
                // Public operations are not sent as dry runs, and may use up a credential.
                if answer.status < 300 && !operation.is_secured() && change.entry.writes() {
                    fixture = Fixture::new(app).await;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "not taken: {wrong:#?}");
}

async fn exactly_the_required_fields_are_required(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document) {
        let Some(schema) = operation.body() else { continue };
        let mut objects = vec![(String::new(), schema)];
        for (pointer, property) in operation.fields() {
            let inner = operation.resolve(property);
            if inner["properties"].is_object() {
                objects.push((pointer, inner));
            }
        }
        for (at, schema) in objects {
            let required = schema["required"].as_array().into_iter().flatten();
            for pointer in required.map(|name| format!("{at}/{}", name.as_str().unwrap())) {
                let answer = send(app, &Request::valid(operation, &fixture).without_field(&pointer)).await;
                assert!(is_blamed(&answer, &pointer), "{} without {pointer}: {}", operation.id, answer.text);
                assert_eq!(answer.body["errors"][0]["code"], "required", "{} {pointer}", operation.id);
            }
            // Optional fields can be omitted.
            let all = schema["properties"].as_object().unwrap().keys();
            let is_required = |name: &&String| {
                schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == *name))
            };
            let optional = all.filter(|name| !is_required(name)).map(|name| format!("{at}/{name}"));
            let less = optional.fold(Request::valid(operation, &fixture), |request, pointer| {
                request.without_field(&pointer)
            });
            let answer = send(app, &less).await;
            assert!(
                answer.status != 422 || is_cross_field(&less, &answer),
                "{} with what is required: {}",
                operation.id,
                answer.text
            );
        }
    }
}

async fn unknown_field_is_rejected_with_422(app: &App) {
    let fixture = Fixture::new(app).await;
    let unknown = [
        "id",
        "tenant_id",
        "tenant",
        "owner_id",
        "author_id",
        "version",
        "created_at",
        "password_hash",
        "is_admin",
        "Title",
        "",
    ];
    for operation in operations(&app.document) {
        let Some(schema) = operation.body() else { continue };
        let inner = fields(&operation)
            .into_iter()
            .filter(|field| field.kind() == "object")
            .map(|field| field.pointer);
        for at in std::iter::once(String::new()).chain(inner) {
            for name in unknown {
                let known = if at.is_empty() { !schema["properties"][name].is_null() } else { false };
                if known {
                    continue;
                }
                let pointer = format!("{at}/{name}");
                for value in [json!("x"), Value::Null] {
                    let request = Request::valid(operation, &fixture).with_field(&pointer, value);
                    let answer = send(app, &request).await;
                    assert!(is_blamed(&answer, &pointer), "{} with {pointer}: {}", operation.id, answer.text);
                    assert_eq!(
                        answer.body["errors"][0]["code"], "unknown_field",
                        "{} {pointer}",
                        operation.id
                    );
                }
            }
        }
    }
}
