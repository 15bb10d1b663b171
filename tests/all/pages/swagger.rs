//! Swagger UI: authorisation, and the link to the schema.

use serde_json::{Value, json};
use taskhub_tests::{App, browser::Browser};

use super::{Done, Tried, authorised, in_a_browser, refused};

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn swagger_ui_authorises_and_executes() {
    in_a_browser(|app, browser| Box::pin(swagger(app, browser)));
}

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn swagger_ui_authorises_a_client() {
    in_a_browser(|app, browser| Box::pin(client(app, browser)));
}

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn swagger_ui_links_to_the_schema() {
    in_a_browser(|app, browser| Box::pin(schema(app, browser)));
}

async fn swagger(app: &App, browser: &Browser) -> Done {
    let t = app.tenant().await;
    let project = json!({ "name": "Seen in a browser" });
    let _ = app.post("/projects").by(&t.admin).json(&project).gives(201).await;
    let list = Tried { browser, operation: "projects-list_projects" };
    authorised(app, browser, &t).await?;
    list.open().await?;
    list.execute().await?;
    list.shows("Seen in a browser").await?;
    browser.click(&list.within(".live-responses-table .download-contents")).await?;
    let file: Value = serde_json::from_slice(&browser.downloaded("response", ".json").await?)?;
    assert_eq!(file, app.get("/projects").by(&t.admin).gives(200).await);
    // After logging out, requests are anonymous.
    browser.click(".btn.authorize").await?;
    browser.click(".auth-btn-wrapper .btn:not(.authorize, .btn-done)").await?;
    browser.find("#auth-bearer-value").await?;
    browser.click(".auth-btn-wrapper .btn-done").await?;
    list.execute().await?;
    list.shows("\"unauthenticated\"").await?;
    refused(browser, 401).await
}

async fn client(app: &App, browser: &Browser) -> Done {
    let t = app.tenant().await;
    let service = json!({ "name": "introspector", "scopes": ["tasks:read"] });
    let service = app.post("/service-accounts").by(&t.admin).json(&service).gives(201).await;
    let [id, secret] = ["id", "client_secret"].map(|name| service[name].as_str().unwrap());
    browser.goto(&format!("{}/api/docs/", app.url)).await?;
    browser.click(".btn.authorize").await?;
    browser.type_into("#auth-basic-username", id).await?;
    browser.type_into("#auth-basic-password", secret).await?;
    browser.click("form:has(#auth-basic-username) .btn.authorize").await?;
    browser.click(".auth-btn-wrapper .btn-done").await?;
    let introspect = Tried { browser, operation: "auth-introspect_token" };
    introspect.open().await?;
    introspect.body(&json!({ "token": "of-nobody" })).await?;
    introspect.execute().await?;
    introspect.status(200).await?;
    assert_eq!(introspect.answer().await?, json!({ "active": false }));
    Ok(())
}

async fn schema(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/api/docs/", app.url)).await?;
    browser.follow(".info a.link[href$='/api/schema']").await?;
    browser.wait_for("document.querySelector('pre')?.textContent.endsWith('}')").await?;
    let shown = browser.execute("return document.querySelector('pre').textContent", &[]).await?;
    assert_eq!(serde_json::from_str::<Value>(shown.as_str().unwrap())?, *app.document);
    Ok(())
}
