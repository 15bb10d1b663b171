//! The table tells the truth: every operation answers its request with success, and changes what the table says and nothing else. Without this, a
//! request that is refused in another walk would prove nothing.

use std::time::Duration;

use taskhub_tests::{App, every_database};

use super::{
    database::{Database, changed},
    fixture::Fixture,
    request::Request,
    table::operations,
};

every_database!(every_operation_works_and_changes_what_it_should);

async fn every_operation_works_and_changes_what_it_should(app: &App) {
    let database = Database::of(app).await;
    let mut fixture = Fixture::new(app).await;
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        let before = database.rows_of(fixture.people.id).await;
        // What is stamped with the present instant is to differ.
        app.clock.advance(Duration::from_secs(1));
        let answer = if operation.is_secured() {
            request.by(app, &request.token).await
        } else {
            request.answer(request.call(app)).await
        };
        assert!(answer.status < 300, "{}: {} {}", operation.id, answer.status, answer.text);
        let after = database.rows_of(fixture.people.id).await;
        let mut expected: Vec<_> = request.entry.changes.to_vec();
        if request.entry.writes() {
            expected.extend(["audit", "event", "feed"]);
            expected.sort_unstable();
            fixture = Fixture::new(app).await;
        }
        assert_eq!(changed(&before, &after), expected, "{}", operation.id);
    }
}
