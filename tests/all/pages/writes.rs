//! Swagger UI changes rows, and sends and downloads files.

use serde_json::json;
use taskhub_tests::{App, browser::Browser};

use super::{Done, Tried, authorised, in_a_browser, refused};

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn swagger_ui_writes() {
    in_a_browser(|app, browser| Box::pin(writes(app, browser)));
}

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn swagger_ui_sends_and_downloads_files() {
    in_a_browser(|app, browser| Box::pin(files(app, browser)));
}

async fn writes(app: &App, browser: &Browser) -> Done {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.admin).json(&json!({ "title": "To be done" })).gives(201).await;
    authorised(app, browser, &t).await?;

    let label = Tried { browser, operation: "labels-create_label" };
    label.open().await?;
    label.body(&json!({ "name": "Tried out", "color": "#00ff7f" })).await?;
    label.execute().await?;
    label.status(201).await?;
    let id = label.answer().await?["id"].as_str().unwrap().to_owned();
    let made = app.get(&format!("/labels/{id}")).by(&t.admin).gives(200).await;
    assert_eq!((&made["name"], &made["color"]), (&json!("Tried out"), &json!("#00ff7f")));
    label.body(&json!({ "name": "", "color": "green" })).await?;
    label.execute().await?;
    label.status(422).await?;
    let problem = label.answer().await?;
    assert_eq!(problem["code"], "invalid", "{problem}");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(2), "{problem}");
    refused(browser, 422).await?;

    let id = task["id"].as_str().unwrap();
    let complete = Tried { browser, operation: "tasks-complete_task" };
    complete.open().await?;
    complete.parameter("id", id).await?;
    complete.execute().await?;
    complete.status(200).await?;
    assert_eq!(app.get(&format!("/tasks/{id}")).by(&t.admin).gives(200).await["status"], "done");
    complete.parameter("If-Match", "\"1\"").await?;
    complete.execute().await?;
    complete.status(412).await?;
    assert_eq!(complete.answer().await?["code"], "stale");
    refused(browser, 412).await
}

async fn files(app: &App, browser: &Browser) -> Done {
    let t = app.tenant().await;
    let task = app.post("/tasks").by(&t.admin).json(&json!({ "title": "Draw it" })).gives(201).await;
    let task = task["id"].as_str().unwrap();
    // Binary content, which does not survive being read and written as text.
    let octets: Vec<u8> = (0..=255).cycle().take(70_001).collect();
    authorised(app, browser, &t).await?;

    let send = Tried { browser, operation: "attachments-create_task_attachment" };
    send.open().await?;
    send.parameter("id", task).await?;
    send.parameter("name", "plan.bin").await?;
    browser.type_into(&send.within("input[type=file]"), &browser.file("sent.bin", &octets)?).await?;
    send.execute().await?;
    send.status(201).await?;
    let made = send.answer().await?;
    assert_eq!((&made["name"], &made["size"]), (&json!("plan.bin"), &json!(octets.len())));

    let content = Tried { browser, operation: "attachments-get_task_attachment_content" };
    content.open().await?;
    content.parameter("id", task).await?;
    content.parameter("attachment_id", made["id"].as_str().unwrap()).await?;
    content.execute().await?;
    content.status(200).await?;
    assert!(content.download("plan.bin").await? == octets, "other octets than those that were sent");

    let export = Tried { browser, operation: "users-export_users" };
    export.open().await?;
    export.parameter("sort", "username").await?;
    export.execute().await?;
    export.status(200).await?;
    let told = app.get("/users/export?sort=username").by(&t.admin).send().await.expect(200);
    assert!(told.text.contains(&t.member.email), "{}", told.text);
    assert_eq!(String::from_utf8(export.download("users.csv").await?)?, told.text);
    Ok(())
}
