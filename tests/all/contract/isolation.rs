//! With a valid token of another tenant, a row answers like an absent one.
//!
//! At every position of every request, an id of another tenant gets the same response as an unknown
//! id, and no row of either tenant changes.

use std::cmp::Reverse;

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, every_database};

use super::{
    database::{Database, assert_unchanged},
    fixture::Fixture,
    operation::Operation,
    request::{Position, Request, essence},
    table::{entry, operations},
};

every_database!(
    row_of_another_tenant_answers_like_an_absent_one,
    no_response_shows_data_of_another_tenant,
    cursor_of_another_tenant_is_invalid,
    idempotency_key_of_another_tenant_is_unknown,
);

/// Fails if the response shows something of the tenant.
fn shows_nothing_of(fixture: &Fixture, answer: &Answer, but: &[&str]) {
    let people = &fixture.people;
    let mut secrets: Vec<_> = fixture.ids().map(str::to_owned).collect();
    secrets.extend(people.users().map(|(_, user)| user.id.to_string()));
    secrets.extend([people.id.to_string(), people.slug.clone()]);
    let shown =
        secrets.iter().find(|secret| !but.contains(&secret.as_str()) && answer.text.contains(*secret));
    assert!(shown.is_none(), "{} shows {shown:?} of another tenant: {}", answer.call, answer.text);
}

/// Fails unless the response is that for an unknown id at the position.
fn is_refused(position: Position, request: &Request<'_>, answer: &Answer) {
    let refusal = (answer.status, answer.code());
    match position {
        // An operation of a bulk request names its row in the body.
        Position::Path(_) | Position::Body("/operations/0/id") => {
            assert_eq!(refusal, (404, "not_found"), "{}: {}", answer.call, answer.text);
        }
        Position::Query(_) => {
            if let Some(unknown) = request.entry.unknown_id {
                assert_eq!(refusal, unknown, "{}: {}", answer.call, answer.text);
                return;
            }
            assert_eq!(answer.status, 200, "{}: {}", answer.call, answer.text);
            // A file has only its header.
            if answer.header("content-type").starts_with("text/csv") {
                assert_eq!(answer.text.lines().count(), 1, "{}", answer.call);
            } else {
                assert_eq!(answer.body["results"], json!([]), "{}", answer.call);
            }
        }
        Position::Body(pointer) => {
            assert_eq!(refusal, (422, "invalid"), "{}: {}", answer.call, answer.text);
            assert_eq!(answer.pointer(), pointer, "{}", request.operation.id);
            assert_eq!(answer.body["errors"][0]["code"], "reference_not_found", "{}", answer.call);
        }
    }
}

async fn row_of_another_tenant_answers_like_an_absent_one(app: &App) {
    let database = Database::of(app).await;
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    let rows = async || (database.rows_of(ours.people.id).await, database.rows_of(theirs.people.id).await);
    for operation in operations(&app.document).into_iter().filter(Operation::is_secured) {
        let request = Request::valid(operation, &ours);
        let positions = request.positions();
        let before = rows().await;
        for (position, slot) in &positions {
            let foreign = theirs.id(*slot);
            let answer = request.at(*position, foreign).by(app, &ours.admin).await;
            let unknown = app.clock.now().token_id().to_string();
            let expected = request.at(*position, &unknown).by(app, &ours.admin).await;
            assert_eq!(essence(&answer), essence(&expected), "{} {position:?}", operation.id);
            is_refused(*position, &request, &answer);
            shows_nothing_of(&theirs, &answer, &[foreign]);
        }
        // The same with ids of the other tenant at every position at once.
        if !positions.is_empty() {
            let all = |id: &dyn Fn(usize) -> String| {
                let numbered = positions.iter().enumerate();
                numbered.fold(request.clone(), |request, (number, (position, _))| {
                    request.at(*position, &id(number))
                })
            };
            let answer = all(&|number| theirs.id(positions[number].1).to_owned()).by(app, &ours.admin).await;
            let expected = all(&|_| app.clock.now().token_id().to_string()).by(app, &ours.admin).await;
            assert_eq!(essence(&answer), essence(&expected), "{}", operation.id);
        }
        let after = rows().await;
        assert_unchanged(&before.0, &after.0, operation.id);
        assert_unchanged(&before.1, &after.1, operation.id);
    }
}

async fn no_response_shows_data_of_another_tenant(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    let before = Database::of(app).await.rows_of(theirs.people.id).await;
    for operation in operations(&app.document).into_iter().filter(Operation::is_secured) {
        let mut request = Request::valid(operation, &ours);
        if operation.parameters("query").iter().any(|it| it["name"] == "page_size") {
            request = request.with_query("page_size", "200");
        }
        let answer = request.ask(app, &request.token).await;
        assert!(answer.status < 300, "{}: {}", operation.id, answer.text);
        shows_nothing_of(&theirs, &answer, &[]);
    }
    assert_unchanged(
        &before,
        &Database::of(app).await.rows_of(theirs.people.id).await,
        "another tenant's work",
    );
}

async fn cursor_of_another_tenant_is_invalid(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    for operation in operations(&app.document).into_iter().filter(Operation::is_secured) {
        let takes = operation.parameters("query").iter().any(|it| it["name"] == "cursor");
        if !takes {
            continue;
        }
        let list = |fixture| Request::valid(operation, fixture).with_query("page_size", "1");
        let begin = list(&theirs).with_query("cursor", "").by(app, &theirs.admin).await.expect(200);
        let Some(next) = begin.body["next"].as_str() else { continue };
        let next = reqwest::Url::parse(next).unwrap();
        let cursor = next.query_pairs().find(|(name, _)| name == "cursor").unwrap().1.into_owned();
        let _ = list(&theirs).with_query("cursor", &cursor).by(app, &theirs.admin).await.expect(200);
        let answer = list(&ours).with_query("cursor", &cursor).by(app, &ours.admin).await;
        let expected = list(&ours).with_query("cursor", "made-up").by(app, &ours.admin).await.expect(400);
        assert_eq!(essence(&answer), essence(&expected), "{}", operation.id);
    }
}

async fn idempotency_key_of_another_tenant_is_unknown(app: &App) {
    let (mut ours, mut theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    let takes = |name: &str, parameters: Vec<&Value>| parameters.iter().any(|it| it["name"] == name);
    // Deletions come last, child rows before parents, because the other operations need the rows.
    let (deletions, mut all): (Vec<_>, Vec<_>) =
        operations(&app.document).into_iter().partition(|it| it.method == "DELETE");
    let changes = all.len();
    all.extend(deletions);
    all[changes..].sort_by_key(|it| Reverse(it.path.len()));
    let mut deleted = Vec::new();
    for (number, operation) in all.into_iter().enumerate() {
        let entry = entry(operation.id);
        let row = entry.path.last().filter(|_| number >= changes);
        if number == changes || row.is_some_and(|row| deleted.contains(row)) {
            (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
            deleted.clear();
        }
        deleted.extend(row);
        if entry.ends_session || !takes("Idempotency-Key", operation.parameters("header")) {
            continue;
        }
        let key = app.clock.now().token_id().to_string();
        let send = async |fixture: &Fixture| {
            let request = Request::valid(operation, fixture);
            let call = request.call(app).token(&request.token).header("idempotency-key", &key);
            request.answer(call).await
        };
        let first = send(&theirs).await;
        let second = send(&ours).await;
        for answer in [&first, &second] {
            assert!(answer.status < 300, "{}: {}", operation.id, answer.text);
            assert_eq!(answer.header("idempotency-replayed"), "", "{}", operation.id);
        }
        shows_nothing_of(&theirs, &second, &[]);
    }
}
