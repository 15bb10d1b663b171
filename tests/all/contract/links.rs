//! The links of the OpenAPI document are correct: each finds the new row for its creator.

use taskhub_tests::{Answer, App, every_database};

use super::{fixture::Fixture, operation::Operation, request::Request, table::operations};

every_database!(every_link_finds_the_new_row);

async fn every_link_finds_the_new_row(app: &App) {
    let fixture = Fixture::new(app).await;
    let all = operations(&app.document);
    let mut followed = 0;
    for operation in &all {
        let Some(links) = operation.object["responses"]["201"]["links"].as_object() else { continue };
        let request = Request::valid(*operation, &fixture);
        let made = request.answer(request.valid_call(app)).await.expect(201);
        for (name, link) in links {
            let target = all.iter().find(|one| one.id == link["operationId"]).unwrap();
            let path = target.path_parameters().into_iter();
            let path = path.map(|parameter| {
                value(operation, &request, &made, link["parameters"][parameter].as_str().unwrap())
            });
            let next = Request { path: path.collect(), ..Request::valid(*target, &fixture) };
            let answer = next.ask(app, &request.token).await;
            let found = !matches!(answer.status, 400 | 404);
            assert_eq!(
                found, !next.entry.absent_at_first,
                "{name} of {}: {} {}",
                operation.id, answer.call, answer.text
            );
            followed += 1;
        }
    }
    assert!(followed > 100, "{followed}");
}

/// The value of a runtime expression (OpenAPI 3.1, section 4.8.20.3) for a request and its
/// response.
fn value(operation: &Operation<'_>, request: &Request<'_>, made: &Answer, expression: &str) -> String {
    if let Some(pointer) = expression.strip_prefix("$response.body#") {
        return made.body.pointer(pointer).and_then(|value| value.as_str()).unwrap().to_owned();
    }
    let name = expression.strip_prefix("$request.path.").unwrap();
    let place = operation.path_parameters().iter().position(|one| *one == name).unwrap();
    request.path[place].clone()
}
