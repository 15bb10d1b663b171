//! Scenario tests of importing and exporting users: an import is atomic, and an export is complete.

use serde_json::{Value, json};
use taskhub_tests::{Answer, App, Backend, Tenant, every_database};

use crate::{poll, sql};

every_database!(
    import_is_atomic,
    import_that_ends_within_quotes_is_refused,
    import_report_counts_lines_with_either_line_ending,
    large_import_updates_the_database_statistics,
    import_without_the_required_columns_is_rejected_with_422,
    idempotency_key_imports_once,
    concurrent_imports_create_each_user_once,
    export_contains_all_users,
    import_reads_files_of_spreadsheets,
    export_can_be_imported,
);

async fn import(app: &App, t: &Tenant, query: &str, file: impl Into<String>) -> Answer {
    app.post(&format!("/users/import{query}"))
        .by(&t.admin)
        .body("text/csv; charset=utf-8", file.into())
        .send()
        .await
}

async fn import_is_atomic(app: &App) {
    let t = app.tenant().await;
    let file = format!(
        "\u{feff}username,email,role,first_name\n\
         grace,Grace@{0}.example,,\"Grace, B.\"\n\
         al,nobody,owner,\n\
         member,new@{0}.example,member,x\n\
         other-one,{1},member,x\n\
         GRACE,grace@{0}.example,admin,x\n\
         short,row@{0}.example\n\
         bell,bell@{0}.example,member,\u{1b}[31m\n",
        t.slug, t.other.email
    );
    for (query, dry_run) in [("?dry_run=true", true), ("", false)] {
        let report = import(app, &t, query, file.clone()).await.expect(200).body;
        let told = ["dry_run", "imported", "rows", "created", "failed"].map(|name| report[name].clone());
        assert_eq!(told, [json!(dry_run), json!(false), json!(7), json!(0), json!(6)]);
        let results = report["results"].as_array().unwrap();
        let errors = |row: usize| -> Vec<(Value, Value)> {
            let all = results[row]["errors"].as_array().unwrap();
            all.iter().map(|error| (error["pointer"].clone(), error["code"].clone())).collect()
        };
        let told = |pointer: &str, code: &str| (json!(pointer), json!(code));
        assert_eq!((&results[0]["row"], &results[0]["status"]), (&json!(2), &json!("valid")));
        assert_eq!(results[0]["email"], json!(format!("Grace@{}.example", t.slug)));
        let (email, username) = (told("/email", "invalid_value"), told("/username", "invalid_value"));
        assert_eq!(errors(1), [told("/role", "invalid_type"), email, username]);
        assert_eq!(errors(2), [told("/username", "taken")]);
        assert_eq!(errors(3), [told("/email", "taken")]);
        assert_eq!(errors(4), [told("/email", "taken"), told("/username", "taken")]);
        assert_eq!(errors(5), [told("", "invalid_row")]);
        assert_eq!(errors(6), [told("/first_name", "control_character")]);
        assert_eq!((&results[6]["row"], &results[6]["status"]), (&json!(8), &json!("failed")));
        assert_eq!(app.get("/users").by(&t.admin).gives(200).await["count"], 4);
    }
    let good =
        format!("email,username,first_name\r\ngrace@{0}.example,grace,\"Grace \"\"B\"\"\"\r\n", t.slug);
    let report = import(app, &t, "?dry_run=false", good).await.expect(200).body;
    assert_eq!((&report["imported"], &report["created"]), (&json!(true), &json!(1)));
    let path = format!("/users/{}", report["results"][0]["id"].as_str().unwrap());
    let user = app.get(&path).by(&t.admin).gives(200).await;
    assert_eq!(
        (&user["first_name"], &user["role"], &user["is_active"]),
        (&json!("Grace \"B\""), &json!("member"), &json!(true))
    );
    let audit =
        app.get(&format!("/audit?row={}", user["id"].as_str().unwrap())).by(&t.admin).gives(200).await;
    assert_eq!((&audit["count"], &audit["results"][0]["action"]), (&json!(1), &json!("create")));
    // No password is valid for the imported user.
    for password in ["", " ", "password", taskhub_auth::NO_PASSWORD] {
        let body = json!({ "username": "grace", "tenant": t.slug, "password": password });
        assert_eq!(
            app.post("/auth/token").json(&body).send().await.expect(401).code(),
            "invalid_credentials"
        );
    }
    for user in [&t.manager, &t.member] {
        let _ = app.post("/users/import").by(user).body("text/csv", "nonsense").gives(403).await;
    }
}

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

async fn large_import_updates_the_database_statistics(app: &App) {
    let t = app.tenant().await;
    let before = analyses(app).await;
    let user = |number| format!("user{number}@{}.example,user{number}", t.slug);
    let users: Vec<_> = (0..100).map(user).collect();
    let file = format!("email,username\n{}\n", users.join("\n"));
    let report = import(app, &t, "", file).await.expect(200).body;
    assert_eq!(report["created"], 100, "{report}");
    let is_done = async || app.backend == Backend::MariaDb || analyses(app).await > before;
    poll::until("the table of users is analysed", is_done).await;
}

/// How often the table of users was analysed, or the number of its rows at that time.
async fn analyses(app: &App) -> i64 {
    let query = match app.backend {
        Backend::Sqlite => "SELECT MAX(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = 'user'",
        Backend::Postgres => "SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'user'",
        // MariaDB has no such counter.
        Backend::MariaDb => return 0,
    };
    // SQLite has no such table before the first ANALYZE.
    sql::number(app, query).await.unwrap_or_default()
}

async fn idempotency_key_imports_once(app: &App) {
    let t = app.tenant().await;
    let file = format!("email,username\ngrace@{}.example,grace\n", t.slug);
    let send = |query: &str, key: &str| {
        let call = app.post(&format!("/users/import{query}")).by(&t.admin).header("idempotency-key", key);
        call.body("text/csv", file.clone()).send()
    };
    let tried = send("?dry_run=true", "one").await.expect(200);
    // The committed import is another request than the dry run.
    assert_eq!(send("", "one").await.expect(422).code(), "idempotency_mismatch");
    assert_eq!(send("?dry_run=true", "one").await.expect(200).body, tried.body);
    let done = send("", "two").await.expect(200);
    let again = send("", "two").await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &done.body));
    let other = send("", "three").await.expect(200).body;
    assert_eq!((&other["imported"], &other["failed"]), (&json!(false), &json!(1)));
}

async fn concurrent_imports_create_each_user_once(app: &App) {
    let t = app.tenant().await;
    let rows = |name: &str| format!("{name}@{0}.example,{name}\nshared@{0}.example,shared\n", t.slug);
    let names = ["one", "two", "three", "four"];
    let imports = names.map(|name| import(app, &t, "", format!("email,username\n{}", rows(name))));
    let reports = futures::future::join_all(imports).await;
    let done: Vec<_> = reports.into_iter().map(|answer| answer.expect(200).body).collect();
    assert_eq!(done.iter().filter(|report| report["imported"] == true).count(), 1);
    let refused = done.iter().filter(|report| report["imported"] == false);
    assert!(refused.clone().all(|report| report["results"][1]["errors"][0]["code"] == "taken"), "{done:?}");
    assert_eq!(
        app.get("/users?username=one,two,three,four,shared").by(&t.admin).gives(200).await["count"],
        2
    );
}

async fn export_contains_all_users(app: &App) {
    let t = app.tenant().await;
    let rows = (0..430)
        .map(|row| format!("u{row}@{}.example,u{row:03},\"Ann, \"\"the\"\" {row}\",member\n", t.slug));
    let file = format!("email,username,first_name,role\n{}", rows.collect::<String>());
    assert_eq!(import(app, &t, "", file).await.expect(200).body["created"], 430);
    let formulas = json!({ "first_name": "=HYPERLINK(1)", "last_name": "@sum" });
    let _ = app.patch("/auth/profile").by(&t.other).json(&formulas).gives(200).await;
    let export = async |query: &str| {
        let answer = app.get(&format!("/users/export{query}")).by(&t.admin).send().await.expect(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"users.csv\"");
        let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
        let columns: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(columns[..5], ["id", "email", "username", "first_name", "last_name"]);
        assert_eq!(columns[5..], ["role", "is_active", "created_at", "last_login_at"]);
        reader.records().map(|record| record.unwrap()).collect::<Vec<_>>()
    };
    let all = export("?sort=username").await;
    assert_eq!(all.len(), 434);
    let names: Vec<_> = all.iter().map(|row| row[2].to_owned()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    assert_eq!((&all[4][1], &all[4][3]), (&*format!("u0@{}.example", t.slug), "Ann, \"the\" 0"));
    let other = &export("?username=other").await[0];
    assert_eq!((&other[3], &other[4], &other[6], &other[8]), ("'=HYPERLINK(1)", "'@sum", "true", ""));
    assert_eq!(export("?q=u42&role=member").await.len(), 11);
    assert_eq!(export("?is_active=false").await.len(), 0);
    for user in [&t.manager, &t.member] {
        assert_eq!(app.get("/users/export").by(user).send().await.expect(403).code(), "forbidden");
    }
    for wrong in ["page=1", "page_size=5", "cursor=", "fields=id", "role=owner", "sort=email"] {
        let _ = app.get(&format!("/users/export?{wrong}")).by(&t.admin).gives(400).await;
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

async fn export_can_be_imported(app: &App) {
    let (from, to) = (app.tenant().await, app.tenant().await);
    let file = format!("email,username,first_name,role\ngrace@{}.example,grace,-Grace,manager\n", from.slug);
    let _ = import(app, &from, "", file).await.expect(200);
    let exported = app.get("/users/export?username=grace").by(&from.admin).send().await.expect(200).text;
    let report = import(app, &to, "", exported).await.expect(200).body;
    assert_eq!((&report["imported"], &report["created"]), (&json!(true), &json!(1)), "{report}");
    assert_eq!(report["ignored_columns"], json!(["id", "is_active", "created_at", "last_login_at"]));
    let path = format!("/users/{}", report["results"][0]["id"].as_str().unwrap());
    let user = app.get(&path).by(&to.admin).gives(200).await;
    assert_eq!((&user["first_name"], &user["role"]), (&json!("-Grace"), &json!("manager")));
}
