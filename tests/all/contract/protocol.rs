//! HTTP itself, on every path of the OpenAPI document.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use taskhub_tests::{Answer, App, every_database};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    fixture::Fixture,
    operation::METHODS,
    request::{Request, essence},
    response,
    table::operations,
};

every_database!(
    unsupported_method_gets_405_with_allow,
    head_answers_like_get_without_a_body,
    trailing_slash_is_ignored,
    unknown_path_gets_404_problem,
    malformed_id_in_a_path_gets_404,
    body_must_be_json_within_the_size_limit,
    bytes_must_have_an_accepted_type_and_size,
    valid_request_id_is_kept,
);

const JSON: &str = "application/json";
/// The maximum size in bytes of a body of this content type.
fn most(kind: &str) -> usize {
    if matches!(kind, "text/csv" | "text/markdown") { 1024 * 1024 } else { 5 * 1024 * 1024 }
}

fn allowed(answer: &Answer) -> BTreeSet<String> {
    answer.header("allow").split(", ").map(str::to_owned).collect()
}

async fn unsupported_method_gets_405_with_allow(app: &App) {
    let fixture = Fixture::new(app).await;
    let mut paths: BTreeMap<&str, Vec<Request<'_>>> = BTreeMap::new();
    for operation in operations(&app.document) {
        paths.entry(operation.path).or_default().push(Request::valid(operation, &fixture));
    }
    for (path, requests) in paths {
        let mut expected: BTreeSet<String> =
            requests.iter().map(|it| it.operation.method.to_owned()).collect();
        if expected.contains("GET") {
            expected.insert("HEAD".to_owned());
        }
        expected.insert("OPTIONS".to_owned());
        let bare = Request { query: Vec::new(), ..requests[0].clone() };
        let target = bare.target();
        let options = app.call("OPTIONS", &target).send().await.expect(204);
        response::check_any(&options);
        assert_eq!(allowed(&options), expected, "OPTIONS {path}");
        let others = METHODS.iter().map(|it| it.to_uppercase()).filter(|it| !expected.contains(it));
        for other in others {
            let method = Method::from_bytes(other.as_bytes()).unwrap();
            let answer = app.call(method.as_str(), &target).token(&fixture.admin).send().await;
            assert_eq!(answer.status, 405, "{} → {}", answer.call, answer.text);
            response::check_any(&answer);
            assert_eq!(allowed(&answer), expected, "{other} {path}");
        }
    }
}

async fn head_answers_like_get_without_a_body(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document).into_iter().filter(|it| it.method == "GET") {
        let request = Request::valid(operation, &fixture);
        let get = request.by(app, &fixture.admin).await.expect(200);
        let head =
            request.answer(app.call("HEAD", &request.target()).token(&fixture.admin)).await.expect(200);
        assert_eq!(head.text, "", "{}", operation.id);
        let headers = |answer: &Answer| {
            let mut headers = essence(answer).2;
            headers.retain(|(name, _)| name != "content-length" && name != "transfer-encoding");
            headers
        };
        assert_eq!(headers(&head), headers(&get), "{}", operation.id);
    }
}

async fn trailing_slash_is_ignored(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document).into_iter().filter(|it| it.method == "GET") {
        let request = Request::valid(operation, &fixture);
        let target = request.target();
        let slash = match target.split_once('?') {
            Some((path, query)) => format!("{path}/?{query}"),
            None => format!("{target}/"),
        };
        let answer = request.answer(app.get(&slash).token(&fixture.admin)).await;
        assert_eq!(essence(&answer), essence(&request.by(app, &fixture.admin).await), "{slash}");
    }
}

async fn unknown_path_gets_404_problem(app: &App) {
    let fixture = Fixture::new(app).await;
    let mut paths = vec!["/api/nothing".to_owned(), "/health/nothing".to_owned(), "/api/v2/tasks".to_owned()];
    for operation in operations(&app.document) {
        let request = Request { query: Vec::new(), ..Request::valid(operation, &fixture) };
        paths.push(format!("{}/nothing/nothing", request.target()));
    }
    for path in paths {
        for method in METHODS {
            let answer = app.call(&method.to_uppercase(), &path).token(&fixture.admin).send().await;
            response::check_any(&answer);
            assert_eq!((answer.status, answer.code()), (404, "not_found"), "{method} {path}");
        }
    }
}

async fn malformed_id_in_a_path_gets_404(app: &App) {
    let fixture = Fixture::new(app).await;
    let all = operations(&app.document);
    for operation in all.iter().filter(|it| it.path.contains('{')) {
        let request = Request::valid(*operation, &fixture);
        for wrong in ["1", "export", "%00", "01890a5d-ac96-774b-bcce-b302099a805", "..%2f..", "*"] {
            let request = request.with_path(wrong);
            if all.iter().any(|other| other.path == request.target()) {
                continue;
            }
            let answer = request.by(app, &fixture.admin).await;
            // It is no other path, either, and an escaped path is not another spelling.
            let refusal = (answer.status, answer.code());
            assert_eq!(refusal, (404, "not_found"), "{} {wrong}: {}", operation.id, answer.text);
        }
    }
}

async fn body_must_be_json_within_the_size_limit(app: &App) {
    let fixture = Fixture::new(app).await;
    let limit = app.state.settings.body_limit as usize;
    for operation in operations(&app.document).into_iter().filter(|it| it.body().is_some()) {
        let request = Request::valid(operation, &fixture);
        let send = async |kind: &str, body: &str| {
            let call = request.bare(app).token(&fixture.admin).body(kind, body.to_owned());
            let answer = request.answer(call).await;
            (answer.status, answer.code().to_owned())
        };
        for kind in
            ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", "*/*"]
        {
            assert_eq!(
                send(kind, "{}").await,
                (415, "unsupported_media_type".to_owned()),
                "{} {kind}",
                operation.id
            );
        }
        let none = request.answer(request.bare(app).token(&fixture.admin)).await;
        assert_eq!(none.status, 415, "{} without a body: {}", operation.id, none.text);
        for broken in ["", "{", "{\"title\": nothing}", "{} {}", "\u{feff}{}", "{\"a\":1,}", "[1", "NaN"] {
            let refusal = send("application/json", broken).await;
            assert_eq!(refusal, (400, "malformed_body".to_owned()), "{} {broken}", operation.id);
        }
        let deep = "[".repeat(100_000);
        assert_eq!(send("application/json", &deep).await.0, 400, "{}: a deep body", operation.id);
        for other in ["[]", "null", "\"text\"", "1"] {
            let refusal = send("application/json; charset=utf-8", other).await;
            assert_eq!(refusal, (422, "invalid".to_owned()), "{} {other}", operation.id);
        }
        if operation.method == "PATCH" {
            let refusal = send("application/merge-patch+json", "[]").await;
            assert_eq!(refusal, (422, "invalid".to_owned()), "{}", operation.id);
        }
        // The limit applies to an announced size and to a chunked body.
        let announced =
            raw(app, &request, &fixture.admin, JSON, &format!("content-length: {}", limit + 1), &[]).await;
        assert_eq!(announced, (413, "payload_too_large".to_owned()), "{}", operation.id);
        let piece = format!("{:x}\r\n{}\r\n", limit / 4, " ".repeat(limit / 4));
        let more = "1\r\n \r\n".to_owned();
        let pieces = [piece.clone(), piece.clone(), piece.clone(), piece, more];
        let chunked = raw(app, &request, &fixture.admin, JSON, "transfer-encoding: chunked", &pieces).await;
        assert_eq!(chunked, (413, "payload_too_large".to_owned()), "{} in pieces", operation.id);
        let full = format!("{}{{", " ".repeat(limit - 1));
        assert_eq!(send("application/json", &full).await.0, 400, "{}: a body of the limit", operation.id);
    }
}

async fn bytes_must_have_an_accepted_type_and_size(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document).into_iter().filter(|it| !it.bytes().is_empty()) {
        let request = Request::valid(operation, &fixture);
        let served = operation.bytes();
        let send = async |kind: &str, body: Vec<u8>| {
            let call = request.bare(app).token(&fixture.admin).body(kind, body);
            let answer = request.answer(call).await;
            (answer.status, answer.code().to_owned())
        };
        let wrong: &[_] = if operation.takes_any() {
            &["image/*", "*/*", "rubbish", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded"]
        } else {
            &["image/gif", "image/svg+xml", "image/*", "application/octet-stream", JSON, "text/html"]
        };
        for kind in wrong.iter().filter(|kind| !served.contains(kind)) {
            let refusal = send(kind, request.bytes.clone().unwrap().1).await;
            assert_eq!(refusal, (415, "unsupported_media_type".to_owned()), "{} {kind}", operation.id);
        }
        let none = request.answer(request.bare(app).token(&fixture.admin)).await;
        assert_eq!(none.status, 415, "{} without a body: {}", operation.id, none.text);
        let encoded = request.call(app).token(&fixture.admin).header("content-encoding", "gzip");
        assert_eq!(request.answer(encoded).await.status, 415, "{} compressed", operation.id);
        for kind in &served {
            let most = most(kind);
            // Any bytes are a valid file, and any characters a valid text.
            let broken = match *kind {
                super::table::FILE => Vec::new(),
                "text/markdown" => vec![vec![0; most]],
                _ => vec![Vec::new(), b"rubbish".to_vec(), vec![0; most]],
            };
            for broken in broken {
                let refusal = send(kind, broken).await;
                assert_eq!(refusal, (422, "invalid".to_owned()), "{} {kind}", operation.id);
            }
            let announced = format!("content-length: {}", most + 1);
            let announced = raw(app, &request, &fixture.admin, kind, &announced, &[]).await;
            assert_eq!(announced, (413, "payload_too_large".to_owned()), "{} {kind}", operation.id);
            let piece = format!("{:x}\r\n{}\r\n", most / 4, " ".repeat(most / 4));
            let pieces = [piece.clone(), piece.clone(), piece.clone(), piece, "1\r\n \r\n".to_owned()];
            let chunked =
                raw(app, &request, &fixture.admin, kind, "transfer-encoding: chunked", &pieces).await;
            assert_eq!(chunked, (413, "payload_too_large".to_owned()), "{} {kind} in pieces", operation.id);
        }
    }
}

/// Sends the head of a request and parts of a body that never ends. Returns the status and the
/// code.
async fn raw(
    app: &App,
    request: &Request<'_>,
    token: &str,
    kind: &str,
    length: &str,
    pieces: &[String],
) -> (u16, String) {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{} {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: {kind}\r\n\
         connection: close\r\n{length}\r\n\r\n",
        request.operation.method,
        request.target()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in pieces {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    // The server may keep the connection for the rest of the body, so the length of the response is
    // read from its head.
    let mut answer = Vec::new();
    let read = async {
        loop {
            let text = String::from_utf8_lossy(&answer).into_owned();
            let whole = text.split_once("\r\n\r\n").filter(|(head, body)| {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                length.is_some_and(|length| length.parse::<usize>().unwrap() <= body.len())
            });
            if let Some((head, body)) = whole {
                break (head.to_owned(), body.to_owned());
            }
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "an incomplete response: {text}");
        }
    };
    let (head, body) = tokio::time::timeout(Duration::from_secs(20), read).await.unwrap();
    let status = head.split(' ').nth(1).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    (status.parse().unwrap(), body["code"].as_str().unwrap_or_default().to_owned())
}

async fn valid_request_id_is_kept(app: &App) {
    let fixture = Fixture::new(app).await;
    for operation in operations(&app.document).into_iter().filter(|it| it.method == "GET") {
        let request = Request::valid(operation, &fixture);
        let send = async |id: &str| {
            let call = request.call(app).token(&fixture.admin).header("x-request-id", id);
            request.answer(call).await.header("x-request-id").to_owned()
        };
        assert_eq!(send("My-id_1.2").await, "My-id_1.2");
        for wrong in ["", "with space", "<script>", &"x".repeat(65)] {
            assert_ne!(send(wrong).await, wrong, "{}", operation.id);
        }
    }
}
