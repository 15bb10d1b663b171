//! Which files can be imported, and what is reported of the others.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::import;

every_database!(
    import_that_ends_within_quotes_is_refused,
    import_report_counts_lines_with_either_line_ending,
    import_without_the_required_columns_is_rejected_with_422,
    import_reads_files_of_spreadsheets,
);

async fn import_without_the_required_columns_is_rejected_with_422(app: &App) {
    let t = app.tenant().await;
    let cases = [
        ("", "/email", "required"),
        ("email\na@b.example\n", "/username", "required"),
        ("email|username\n", "/email", "required"),
        ("email,username,E-Mail\n", "/email", "invalid_value"),
        ("email,username,email\n", "/email", "invalid_value"),
    ];
    for (file, pointer, code) in cases {
        let refused = import(app, &t, "", file).await.expect(422);
        assert_eq!(
            (refused.pointer(), &refused.body["errors"][0]["code"]),
            (pointer, &json!(code)),
            "{file}"
        );
    }
    let empty = import(app, &t, "", "email,username\n").await.expect(200).body;
    assert_eq!((&empty["rows"], &empty["imported"]), (&json!(0), &json!(true)));
    let many = |rows: usize| {
        (0..rows).fold("email,username\n".to_owned(), |all, row| {
            format!("{all}u{row:04}@{}.example,u{row:04}\n", t.slug)
        })
    };
    let refused = import(app, &t, "?dry_run=true", many(1001)).await.expect(422);
    assert_eq!(refused.body["errors"][0]["code"], "too_many");
    let report = import(app, &t, "", many(1000)).await.expect(200).body;
    assert_eq!((&report["created"], &report["results"][999]["row"]), (&json!(1000), &json!(1001)));
    let send = |kind: &str, body: Vec<u8>| app.post("/users/import").by(&t.admin).body(kind, body).send();
    let latin = send("text/csv", b"email,username\nm\xfcller@b.example,muller\n".to_vec()).await.expect(400);
    assert_eq!(latin.code(), "malformed_body");
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "text/csv; charset=windows-1252",
    ] {
        let _ = send(kind, b"email,username\n".to_vec()).await.expect(415);
    }
    let limit = app.state.settings.body_limit as usize;
    assert_eq!(send("text/csv", vec![b'x'; limit + 1]).await.expect(413).code(), "payload_too_large");
    assert_eq!(import(app, &t, "?dry_run=perhaps", "").await.expect(400).pointer(), "dry_run");
}

/// A truncated file would lack users without anyone noticing.
async fn import_that_ends_within_quotes_is_refused(app: &App) {
    let t = app.tenant().await;
    let file =
        format!("email,username,first_name\ngrace@{0}.example,grace,\"Grace\nbell@{0}.example,bell", t.slug);
    let report = import(app, &t, "", file).await.expect(200).body;
    assert_eq!((&report["imported"], &report["failed"]), (&json!(false), &json!(1)), "{report}");
    assert_eq!(report["results"][0]["errors"][0]["code"], "invalid_row");
    assert_eq!(app.get("/users").by(&t.admin).gives(200).await["count"], 4);
}

async fn import_report_counts_lines_with_either_line_ending(app: &App) {
    let t = app.tenant().await;
    let file = "email,username,first_name\n\na@x.example,aa,\"A\nB\"\n\nwrong,bb,\n";
    for ending in ["\n", "\r\n"] {
        let report = import(app, &t, "?dry_run=true", file.replace('\n', ending)).await.expect(200).body;
        let rows: Vec<_> =
            report["results"].as_array().unwrap().iter().map(|row| row["row"].clone()).collect();
        assert_eq!(rows, [3, 6], "{report}");
    }
}

async fn import_reads_files_of_spreadsheets(app: &App) {
    let t = app.tenant().await;
    for (number, separator) in [";", "\t", ","].into_iter().enumerate() {
        let file = format!(
            "\u{feff}E-Mail,USERNAME,First Name,Mobile,,\r\n\
             grace{number}@{0}.example,grace{number},Grace,123,,\r\n\
             alan{number}@{0}.example,alan{number},,,,,,\r\n\
             ,,,,,\r\n",
            t.slug
        );
        let report = import(app, &t, "", file.replace(',', separator)).await.expect(200).body;
        assert_eq!((&report["imported"], &report["created"]), (&json!(true), &json!(2)), "{report}");
        assert_eq!(report["ignored_columns"], json!(["Mobile"]));
        let id = report["results"][0]["id"].as_str().unwrap();
        assert_eq!(app.get(&format!("/users/{id}")).by(&t.admin).gives(200).await["first_name"], "Grace");
    }
}
