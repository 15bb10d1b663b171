//! The table is true: every operation succeeds with its request and changes exactly the rows that
//! the table names. Without this, a refused request in another test would prove nothing. A dry run
//! (`Prefer: validate-only`) gets the same response and changes nothing.

use std::{fs, time::Duration};

use serde_json::Value;
use taskhub_tests::{Answer, App, every_database};
use uuid::Uuid;

use super::{
    database::{Database, assert_unchanged, changed},
    fixture::Fixture,
    request::Request,
    table::operations,
};

every_database!(every_operation_succeeds_and_changes_what_the_table_says);

async fn every_operation_succeeds_and_changes_what_the_table_says(app: &App) {
    let database = Database::of(app).await;
    let mut fixture = Fixture::new(app).await;
    let mut wrong = Vec::new();
    for operation in operations(&app.document) {
        let request = Request::valid(operation, &fixture);
        let before = database.rows_of(fixture.people.id).await;
        // The timestamps of the next request must differ.
        app.clock.advance(Duration::from_secs(1));
        let kept = files(app, &fixture);
        let dry_run = request.answer(request.valid_call(app).header("prefer", "validate-only")).await;
        assert_eq!(files(app, &fixture), kept, "{}: files that were only tried", operation.id);
        let unchanged = database.rows_of(fixture.people.id).await;
        let answer = request.answer(request.valid_call(app)).await;
        assert!(answer.status < 300, "{}: {} {}", operation.id, answer.status, answer.text);
        if operation.method != "GET" {
            assert_unchanged(&before, &unchanged, operation.id);
            wrong.extend(difference(&request, &dry_run, &answer));
        }
        let after = database.rows_of(fixture.people.id).await;
        let mut expected: Vec<_> = request.entry.changes.to_vec();
        if request.entry.writes() {
            expected.extend(["audit", "event", "feed"]);
            expected.sort_unstable();
            fixture = Fixture::new(app).await;
        }
        let changed = changed(&before, &after);
        if changed != expected {
            wrong.push(format!("{}: changed {changed:?} instead of {expected:?}", operation.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The number of the tenant's files in the blob store.
fn files(app: &App, fixture: &Fixture) -> usize {
    let folder = app.state.settings.data_dir.join("files").join(fixture.people.id.to_string());
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// The difference between the responses to the dry run and to the committed request; `None` if
/// there is none.
fn difference(request: &Request<'_>, dry_run: &Answer, answer: &Answer) -> Option<String> {
    let knows = request.operation.parameters("header").iter().any(|it| it["name"] == "Prefer");
    let applied = (dry_run.header("preference-applied"), answer.header("preference-applied"));
    let made = |answer: &Answer| !answer.header("location").is_empty();
    let heads = |answer: &Answer| (answer.status, answer.header("etag").to_owned(), made(answer));
    let same = knows
        && applied == ("validate-only", "")
        && heads(dry_run) == heads(answer)
        && alike(&dry_run.body, &answer.body);
    let wrong = || {
        format!(
            "{}: {} {} is not {} {}",
            dry_run.call, dry_run.status, dry_run.text, answer.status, answer.text
        )
    };
    (!same).then(wrong)
}

/// Whether two bodies are equal, except for the ids of new rows and for secrets, which a dry run
/// does not show.
fn alike(dry_run: &Value, answer: &Value) -> bool {
    // The rank of a new row begins with an id.
    let is_id =
        |text: &str| [text, text.get(..32).unwrap_or_default()].iter().any(|it| Uuid::parse_str(it).is_ok());
    let id = |value: &Value| value.as_str().is_some_and(is_id);
    match (dry_run, answer) {
        (Value::Object(dry_run), Value::Object(answer)) => {
            dry_run.len() == answer.len()
                && dry_run
                    .iter()
                    .all(|(name, value)| answer.get(name).is_some_and(|answer| alike(value, answer)))
        }
        (Value::Array(dry_run), Value::Array(answer)) => {
            dry_run.len() == answer.len()
                && dry_run.iter().zip(answer).all(|(dry_run, answer)| alike(dry_run, answer))
        }
        (dry_run, answer) if dry_run == "validate-only" => answer.is_string() && answer != dry_run,
        (dry_run, answer) => dry_run == answer || (id(dry_run) && id(answer)),
    }
}
