//! Every documented parameter and header is validated, and undocumented parameters are refused.

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, every_database};

use super::{fixture::Fixture, request::Request, table::operations};

every_database!(
    invalid_parameter_is_rejected_with_400,
    valid_parameter_is_accepted,
    unknown_parameter_is_rejected_with_400,
    invalid_header_is_rejected_with_400
);

/// Invalid values for the parameter.
fn wrong(parameter: &Value) -> Vec<String> {
    let schema = &parameter["schema"];
    let mut values = vec!["nonsense".to_owned(), "\u{0}".to_owned(), "x'--".to_owned()];
    if schema["type"] == "integer" {
        let beyond = |name: &str, by: i64| (schema[name].as_i64().unwrap() + by).to_string();
        values.extend([
            beyond("minimum", -1),
            beyond("maximum", 1),
            "-1".to_owned(),
            "1.5".to_owned(),
            String::new(),
        ]);
    }
    if schema["pattern"].is_string() {
        values.extend([String::new(), ",".to_owned()]);
    }
    // A cursor of another list is invalid, whatever it contains.
    let sealed = matches!(parameter["name"].as_str(), Some("cursor" | "since"));
    if let Some(length) = schema["maxLength"].as_u64() {
        values.push("x".repeat(usize::try_from(length).unwrap() + 1));
    }
    if schema["type"] == "string" && schema["format"].is_null() {
        values.retain(|value| !jsonschema::is_valid(schema, &json!(value)) || sealed && !value.is_empty());
    }
    values
}

/// Valid values for the parameter.
fn good(parameter: &Value, request: &Request<'_>, fixture: &Fixture) -> Vec<String> {
    let schema = &parameter["schema"];
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let of = |schema: &Value| good(&json!({ "schema": schema }), request, fixture);
        return alternatives.iter().flat_map(of).collect();
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    }
    if schema["format"] == "uuid" {
        let slot = request.entry.query_ids.iter().find(|(name, _)| parameter["name"] == *name).unwrap().1;
        return vec![fixture.id(slot).to_owned()];
    }
    let ids = parameter["description"].as_str().unwrap_or_default();
    if schema["type"] == "integer" {
        let named = ["minimum", "maximum", "default"].into_iter().filter_map(|name| schema.get(name));
        return named.map(Value::to_string).collect();
    }
    let words = schema["pattern"].as_str().and_then(|pattern| pattern.strip_prefix("^("));
    if let Some(words) = words.filter(|_| !ids.starts_with("Ids")) {
        let words: Vec<_> = words.split(')').next().unwrap().split('|').collect();
        let all = words.iter().map(|word| (*word).to_owned());
        // Two values at once. The first and the last are different sort keys, if there are several.
        let [first, _, .., last] = words.as_slice() else { return all.collect() };
        return all.chain([format!("{first},{last}")]).collect();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("boolean"), _) => vec!["true".to_owned(), "false".to_owned()],
        (_, Some("date-time")) => {
            vec!["2027-01-31T12:00:00Z".to_owned(), "2027-01-31T12:00:00.5+02:00".to_owned()]
        }
        (_, Some("date")) => vec!["1815-12-10".to_owned(), "9999-12-31".to_owned()],
        _ if ids.starts_with("Ids") => {
            let mut values = vec!["01890a5d-ac96-774b-bcce-b302099a8057".to_owned()];
            if ids.contains("`none`") {
                values.push("none".to_owned());
            }
            if ids.contains("`me`") {
                values.push("me".to_owned());
            }
            values
        }
        _ if parameter["name"] == "cursor" => vec![String::new()],
        _ if parameter["name"] == "since" => vec!["oldest".to_owned()],
        _ => {
            vec!["x".to_owned(), "x".repeat(usize::try_from(schema["maxLength"].as_u64().unwrap()).unwrap())]
        }
    }
}

fn refused(answer: &Answer, name: &str) {
    assert_eq!(
        (answer.status, answer.code()),
        (400, "invalid_parameter"),
        "{}: {}",
        answer.call,
        answer.text
    );
    assert_eq!(answer.pointer(), name, "{}: {}", answer.call, answer.text);
}

async fn invalid_parameter_is_rejected_with_400(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document) {
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().unwrap();
            let request = Request::valid(operation, &fixture);
            for value in wrong(parameter) {
                refused(&request.with_query(name, &value).by(app, &fixture.admin).await, name);
            }
            if parameter["required"] == true {
                let mut without = request.clone();
                without.query.retain(|(known, _)| known != name);
                refused(&without.by(app, &fixture.admin).await, name);
            }
            let value = good(parameter, &request, &fixture).swap_remove(0);
            let mut twice = request.with_query(name, &value);
            twice.query.push((name.to_owned(), value));
            refused(&twice.by(app, &fixture.admin).await, name);
        }
    }
}

async fn valid_parameter_is_accepted(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document) {
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().unwrap();
            for value in good(parameter, &Request::valid(operation, &fixture), &fixture) {
                let request = Request::valid(operation, &fixture).with_query(name, &value);
                let answer = request.ask(app, &fixture.admin).await;
                assert!(answer.status < 300, "{} {name}={value}: {}", operation.id, answer.text);
            }
        }
    }
}

async fn unknown_parameter_is_rejected_with_400(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document) {
        let known = operation.parameters("query");
        for name in
            ["unknown", "tenant", "tenant_id", "email", "password_hash", "Page", "page[lt]", "status[in]", ""]
        {
            if known.iter().all(|parameter| parameter["name"] != name) {
                let request = Request::valid(operation, &fixture).with_query(name, "1");
                refused(&request.by(app, &fixture.admin).await, name);
            }
        }
    }
}

async fn invalid_header_is_rejected_with_400(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document) {
        for header in operation.parameters("header") {
            let name = header["name"].as_str().unwrap();
            let wrong = match name {
                "If-Match" | "If-None-Match" => {
                    vec!["3".to_owned(), "\"3".to_owned(), "W/3".to_owned(), String::new()]
                }
                // An invalid range is ignored (RFC 9110, section 14.2), and an invalid request id
                // is replaced.
                "Range" | "If-Range" | "X-Request-Id" => Vec::new(),
                "Last-Event-ID" => vec!["nonsense".to_owned(), "\"3\"".to_owned()],
                "Repr-Digest" => vec!["x".to_owned(), "sha-256=x".to_owned(), "sha-256=:AA==:".to_owned()],
                "Prefer" => ["validate-only=no", "wait=1, Validate-Only=\"1\"", "f\u{fc}r"]
                    .map(str::to_owned)
                    .to_vec(),
                "Idempotency-Key" => vec![String::new(), "two words".to_owned(), "k".repeat(256)],
                _ => panic!("{name}: no wrong values are known"),
            };
            for value in wrong {
                let request = Request::valid(operation, &fixture);
                let answer =
                    request.answer(request.call(app).token(&fixture.admin).header(name, &value)).await;
                assert_eq!(
                    (answer.status, answer.code()),
                    (400, "invalid_header"),
                    "{} {name}: {value}: {}",
                    operation.id,
                    answer.text
                );
            }
        }
    }
}
