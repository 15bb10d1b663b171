//! First walk: without a credential that is good for it, no operation does or tells anything.
//!
//! Whoever is not known gets 401 before anything of the request is looked at, so that the answer is the same whether the body is JSON, the id an
//! id, or the row there. Whoever is known and does not reach that far gets 403, for rows that exist and rows that don't.

use taskhub_tests::{Answer, App, Call, every_database};
use uuid::Uuid;

use super::{
    database::{Database, assert_unchanged},
    fixture::Fixture,
    request::{Request, essence},
    table::{Reach, operations},
    tokens::{Bad, out_of_reach, refused_everywhere},
};

every_database!(
    nobody_gets_in_without_a_good_credential,
    nobody_reaches_beyond_their_scopes,
    a_bad_credential_is_never_taken_for_none,
);

fn with<'a>(call: Call<'a>, bad: &Bad) -> Call<'a> {
    bad.headers.iter().fold(call, |call, value| call.header("authorization", value))
}

fn refused(request: &Request<'_>, bad: &Bad, answer: &Answer) {
    let told = (answer.status, answer.code());
    assert_eq!(told, bad.refusal, "{}, {}: {}", request.operation.id, bad.what, answer.text);
}

async fn nobody_gets_in_without_a_good_credential(app: &App) {
    let (database, fixture) = (Database::of(app).await, Fixture::new(app).await);
    let mut all = refused_everywhere(app, &fixture).await;
    all.push(Bad { what: "nothing", headers: Vec::new(), refusal: (401, "unauthenticated") });
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        if request.entry.reach == Reach::Public {
            continue;
        }
        let before = database.rows_of(fixture.people.id).await;
        for bad in &all {
            let told = request.answer(with(request.call(app), bad)).await;
            refused(&request, bad, &told);
            let unknown = request.with_path("no-id").with_query("unknown", "1");
            let mut others = vec![unknown.call(app)];
            if operation.body().is_some() {
                others.push(request.bare(app).body("application/json", "{\"title\": "));
                others.push(request.bare(app).body("text/plain", "title"));
            }
            for other in others {
                let answer = request.answer(with(other, bad)).await;
                assert_eq!(essence(&answer), essence(&told), "{}, {}", operation.id, bad.what);
            }
        }
        assert_unchanged(&before, &database.rows_of(fixture.people.id).await, operation.id);
    }
}

async fn nobody_reaches_beyond_their_scopes(app: &App) {
    let (database, fixture) = (Database::of(app).await, Fixture::new(app).await);
    let people = &fixture.people;
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        let (Reach::Scope(scopes) | Reach::Person(scopes)) = request.entry.reach else { continue };
        let before = database.rows_of(people.id).await;
        for (number, mut bad) in scopes.iter().enumerate().flat_map(|(number, scope)| {
            out_of_reach(app, people, scope).into_iter().map(move |bad| (number, bad))
        }) {
            if matches!(request.entry.reach, Reach::Person(_)) {
                let person = bad.what.starts_with("an admin's") && operation.id != "end_session";
                bad.refusal.1 = if person { "insufficient_scope" } else { "forbidden" };
            }
            let told = request.answer(with(request.call(app), &bad)).await;
            refused(&request, &bad, &told);
            // The first scope is the one for the row of the path; who has it may know whether that is there.
            if number > 0 {
                continue;
            }
            let absent = request.with_path(&Uuid::from_u128(7).to_string());
            let answer = request.answer(with(absent.call(app), &bad)).await;
            assert_eq!(essence(&answer), essence(&told), "{}, {}", operation.id, bad.what);
        }
        assert_unchanged(&before, &database.rows_of(people.id).await, operation.id);
    }
}

async fn a_bad_credential_is_never_taken_for_none(app: &App) {
    let fixture = Fixture::new(app).await;
    let all = refused_everywhere(app, &fixture).await;
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        if request.entry.reach == Reach::Public {
            for bad in &all {
                refused(&request, bad, &request.answer(with(request.call(app), bad)).await);
            }
        }
    }
}
