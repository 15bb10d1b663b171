//! A caller is authorised before the body is validated: a caller without the right gets 403,
//! whatever the body is.

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, every_database};

use super::{fixture::Fixture, operation::Operation, request::Request, table::operations};

every_database!(caller_is_authorised_before_the_body_is_validated);

/// Bodies that no operation accepts, for each content type of an operation.
fn malformed(operation: &Operation<'_>) -> Vec<(String, Vec<u8>)> {
    let bodies: [Value; 4] = [
        json!({ "no_such_field": 1 }),
        json!([]),
        json!({ "operations": [{ "action": "create" }, { "action": "update", "id": 1 }, { "action": "delete" }] }),
        json!({ "operations": [{ "action": "none" }] }),
    ];
    if operation.body().is_some() {
        let json = || "application/json".to_owned();
        let readable = bodies.iter().map(|body| (json(), body.to_string().into_bytes()));
        return readable.chain([(json(), b"{".to_vec())]).collect();
    }
    let kinds = operation.bytes().into_iter().filter(|kind| kind.starts_with("text/"));
    kinds.map(|kind| (kind.to_owned(), b"\xff\xfe,\n".to_vec())).collect()
}

async fn caller_is_authorised_before_the_body_is_validated(app: &App) {
    let fixture = Fixture::new(app).await;
    let narrowed = fixture.people.service(app, &["labels:read"]);
    let mut refused = 0;
    for operation in operations(&app.document).into_iter().filter(Operation::is_secured) {
        let request = Request::valid(operation, &fixture);
        for token in [&fixture.bystander.token, &narrowed] {
            // A refusal before the preference is read has no `Preference-Applied`.
            let dry_run = request.call(app).token(token).header("prefer", "validate-only");
            let valid = request.answer(dry_run).await;
            // A body may name rows that the caller cannot change. Then it is read before the
            // refusal.
            let by_rows = operation.method == "POST" && valid.code() == "forbidden" && !request.entry.by_role;
            if valid.status != 403 || by_rows {
                continue;
            }
            for (kind, bytes) in malformed(&operation) {
                let call = request.bare(app).token(token).body(&kind, bytes.clone());
                let answer: Answer = request.answer(call).await;
                let body = String::from_utf8_lossy(&bytes);
                assert_eq!((answer.status, answer.code()), (403, valid.code()), "{}: {body}", operation.id);
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}
