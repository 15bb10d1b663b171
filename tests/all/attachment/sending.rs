//! The two ways to upload a file: as the request body with its own content type, or in a form as
//! browsers send it.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{OCTETS, task, text};

every_database!(
    file_is_uploaded_with_any_content_type,
    file_is_uploaded_in_a_multipart_form,
    form_without_exactly_one_file_is_rejected,
);

/// A form as browsers send it. Each part is a disposition and a content.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (disposition, content) in parts {
        let head = format!(
            "--frontier\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: image/png\r\n\r\n"
        );
        form.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    form.extend(b"--frontier--\r\n");
    form
}

const FORM: &str = "multipart/form-data; boundary=frontier";

async fn file_is_uploaded_with_any_content_type(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    for kind in ["image/png", "application/pdf", "text/plain; charset=windows-1252", "application/json"] {
        let path = format!("/tasks/{task}/attachments?name=x");
        let made = app.post(&path).by(&t.member).body(kind, b"\xe4 file".to_vec()).gives(201).await;
        let content = format!("/tasks/{task}/attachments/{}/content", text(&made["id"]));
        let got = app.get(&content).by(&t.member).send().await.expect(200);
        assert_eq!(
            (got.octets.as_slice(), got.header("content-type")),
            (&b"\xe4 file"[..], OCTETS),
            "{kind}"
        );
    }
}

async fn file_is_uploaded_in_a_multipart_form(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let path = format!("/tasks/{task}/attachments");
    let send = |query: &str, body: Vec<u8>| {
        app.post(&format!("{path}{query}")).by(&t.member).body(FORM, body).send()
    };
    // The boundary is found wherever the stream is cut into chunks.
    let octets = [b"\x89PNG\r\n--front\r\n--frontie\r\n".as_slice(), &vec![7; 300_000]].concat();
    for (disposition, query, name) in [
        ("name=\"file\"; filename=\"Größe.png\"", "", "Größe.png"),
        ("name=file; filename=\"x.png\"; filename*=UTF-8''%C3%BC.png", "", "ü.png"),
        ("name=file; filename=\"C:\\\\fakepath\\\\plan.png\"", "", "plan.png"),
        ("name=file; filename=\"x.png\"", "?name=mine.png", "mine.png"),
    ] {
        let made = send(query, form(&[(disposition, &octets)])).await.expect(201);
        assert_eq!(
            (&made.body["name"], &made.body["size"]),
            (&json!(name), &json!(octets.len())),
            "{disposition}"
        );
        let content = format!("{path}/{}/content", text(&made.body["id"]));
        assert!(app.get(&content).by(&t.member).send().await.expect(200).octets == octets, "{disposition}");
    }
    let limit = usize::try_from(app.state.settings.file_limit).unwrap();
    let part = "name=file; filename=x";
    let _ = send("", form(&[(part, &vec![0; limit])])).await.expect(201);
    assert_eq!(send("", form(&[(part, &vec![0; limit + 1])])).await.expect(413).code(), "payload_too_large");
    // A caller who cannot attach is refused before the form is read.
    let stranger = app.tenant().await;
    let _ = app.post(&path).by(&stranger.member).body(FORM, "rubbish").gives(404).await;
}

async fn form_without_exactly_one_file_is_rejected(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let path = format!("/tasks/{task}/attachments");
    let send = |body: Vec<u8>| app.post(&path).by(&t.member).body(FORM, body).send();
    let file: (&str, &[u8]) = ("name=file; filename=x", b"x");
    let no_file: (&str, &[u8]) = ("name=file", b"x");
    let picture: (&str, &[u8]) = ("name=picture; filename=x", b"x");
    for parts in [&[][..], &[no_file], &[picture], &[no_file, file], &[file, picture], &[file, file]] {
        let refused = send(form(parts)).await.expect(422);
        assert_eq!((refused.code(), refused.pointer()), ("invalid", "/file"), "{parts:?}");
    }
    let whole = form(&[file]);
    for broken in [b"".to_vec(), b"rubbish".to_vec(), whole[..whole.len() - 20].to_vec()] {
        assert_eq!(send(broken).await.expect(400).code(), "malformed_body");
    }
    for name in ["", "..", " "] {
        let refused = send(form(&[(&format!("name=file; filename=\"{name}\""), b"x")])).await.expect(400);
        assert_eq!(refused.pointer(), "name");
    }
    // A file sent as the body has no name except that in the query.
    let refused = app.post(&path).by(&t.member).body("image/png", b"x".to_vec()).send().await.expect(400);
    assert_eq!(refused.pointer(), "name");
    assert!(refused.text.contains("unless a form names the file"), "{}", refused.text);
    let list = app.get(&path).by(&t.member).gives(200).await;
    assert_eq!(list["count"], 0);
}
