//! A child row is not found below another parent, whether of the same tenant or of another one.
//!
//! Every list below a row declares what it contains ([`List`]): the child rows of that row, or others.

use serde_json::{Value, json};
use taskhub_tests::{App, every_database};

use super::{
    fixture::Fixture,
    request::{Position, Request, essence},
    table::{List, entry, operations},
};

every_database!(
    every_nested_list_is_declared,
    child_is_found_only_below_its_parent,
    list_of_children_contains_only_those_of_the_parent,
    row_cannot_be_moved_to_a_parent_of_another_tenant,
);

async fn every_nested_list_is_declared(app: &App) {
    for operation in operations(&app.document).into_iter().filter(|it| it.method == "GET" && it.is_nested()) {
        assert_eq!(entry(operation.id).list.is_some(), operation.is_list(), "{}: the list", operation.id);
    }
}

/// Every combination of a parent with a child of another one gets the response for unknown ids.
async fn child_is_found_only_below_its_parent(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    for operation in operations(&app.document).into_iter().filter(|it| it.path_parameters().len() > 1) {
        let request = Request::valid(operation, &ours);
        let expected =
            request.with_path(&app.clock.now().token_id().to_string()).by(app, &ours.admin).await.expect(404);
        for (number, slot) in entry(operation.id).path.iter().enumerate() {
            for other in [ours.id(slot.sibling()), theirs.id(*slot)] {
                let answer = request.at(Position::Path(number), other).by(app, &ours.admin).await;
                assert_eq!(essence(&answer), essence(&expected), "{} with {other}", operation.id);
            }
        }
    }
}

/// The list of a parent contains exactly its child rows, and no filter adds others.
async fn list_of_children_contains_only_those_of_the_parent(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    for operation in operations(&app.document) {
        let Some(List::Children { field, filter }) = entry(operation.id).list else { continue };
        let (request, id) = (Request::valid(operation, &ours), operation.id);
        let parents = async |request: &Request<'_>| -> Vec<Value> {
            let answer = request.by(app, &ours.admin).await.expect(200);
            let rows = answer.body["results"].as_array().unwrap().iter();
            let mut parents: Vec<_> = rows.map(|row| row[field].clone()).collect();
            parents.dedup();
            parents
        };
        let (slot, own) = (request.entry.path[0], &request.path[0]);
        assert_eq!(parents(&request).await, [json!(own)], "{id}");
        let Some((filter, empty)) = filter else { continue };
        assert_eq!(parents(&request.with_query(filter, own)).await, [json!(own)], "{id}");
        for other in [ours.id(slot.sibling()), theirs.id(slot), "none"] {
            assert!(parents(&request.with_query(filter, other)).await.is_empty(), "{id}, {filter}={other}");
            let both = format!("{other},{own}");
            assert_eq!(parents(&request.with_query(filter, &both)).await, [json!(own)], "{id}");
        }
        let empty = request.at(Position::Path(0), ours.id(empty));
        assert!(parents(&empty).await.is_empty(), "{id}");
    }
}

/// A row can be moved to another parent of its tenant, but not to a parent of another tenant.
async fn row_cannot_be_moved_to_a_parent_of_another_tenant(app: &App) {
    let (ours, theirs) = (Fixture::new(app).await, Fixture::new(app).await);
    let operations = operations(&app.document);
    let moves = operations.iter().filter(|it| it.method == "PATCH" && !entry(it.id).path.is_empty());
    for operation in moves {
        let request = Request::valid(*operation, &ours);
        let get = operations.iter().find(|it| it.method == "GET" && it.path == operation.path).copied();
        let Some(get) = get.map(|operation| Request::valid(operation, &ours)) else { continue };
        let seen = async || get.by(app, &ours.admin).await.expect(200).body;
        for (pointer, slot) in request.entry.body_ids {
            let mut change = request.clone();
            change.body = Some(json!({}));
            let before = seen().await;
            let foreign = change.with_field(pointer, json!(theirs.id(*slot)));
            let _ = foreign.by(app, &ours.admin).await.expect(422);
            assert_eq!(seen().await, before, "{} {pointer}", operation.id);
            let other = ours.id(slot.sibling());
            let answer = change.with_field(pointer, json!(other)).by(app, &ours.admin).await.expect(200);
            assert_eq!(answer.body.pointer(pointer), Some(&json!(other)), "{} {pointer}", operation.id);
        }
    }
}
