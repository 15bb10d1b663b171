//! Every operation that changes something honours `Idempotency-Key` or refuses it: no key is
//! ignored.

use taskhub_tests::{App, every_database};

use super::{
    database::{Database, assert_unchanged},
    fixture::Fixture,
    operation::Operation,
    request::Request,
    table::operations,
};

every_database!(idempotency_key_is_honoured_or_refused);

async fn idempotency_key_is_honoured_or_refused(app: &App) {
    let database = Database::of(app).await;
    let mut fixture = Fixture::new(app).await;
    let writes = |it: &Operation<'_>| it.method != "GET";
    for operation in operations(&app.document).into_iter().filter(writes) {
        let request = Request::valid(operation, &fixture);
        let send = || request.answer(request.valid_call(app).header("idempotency-key", "one"));
        if operation.parameters("header").iter().all(|it| it["name"] != "Idempotency-Key") {
            let before = database.rows_of(fixture.people.id).await;
            assert_eq!(send().await.expect(400).code(), "invalid_header", "{}", operation.id);
            assert_unchanged(&before, &database.rows_of(fixture.people.id).await, operation.id);
            continue;
        }
        let first = send().await;
        assert!(first.status < 300, "{}: {} {}", operation.id, first.status, first.text);
        assert_eq!(first.header("idempotency-replayed"), "", "{}", operation.id);
        let after = database.rows_of(fixture.people.id).await;
        let again = send().await;
        if request.entry.ends_session {
            // A replay is refused like any other request with the ended session.
            assert_eq!(again.status, 401, "{}", operation.id);
        } else {
            assert_eq!((again.status, &again.text), (first.status, &first.text), "{}", operation.id);
            for name in ["etag", "location", "content-type"] {
                assert_eq!(again.header(name), first.header(name), "{}: {name}", operation.id);
            }
            assert_eq!(again.header("idempotency-replayed"), "true", "{}", operation.id);
        }
        assert_unchanged(&after, &database.rows_of(fixture.people.id).await, operation.id);
        fixture = Fixture::new(app).await;
    }
}
