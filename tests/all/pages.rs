//! The HTML pages in a real browser, if `TASKHUB_TEST_BROWSER` is set. They load without requests
//! to another host, operations can be tried out with either authorisation, and downloads arrive.

use serde_json::{Value, json};
use taskhub_tests::{
    App, Backend, Tenant,
    browser::{self, Browser},
};

type Done = browser::Result<()>;

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
fn swagger_ui_writes() {
    in_a_browser(|app, browser| Box::pin(writes(app, browser)));
}

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn swagger_ui_sends_and_downloads_files() {
    in_a_browser(|app, browser| Box::pin(files(app, browser)));
}

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn swagger_ui_links_to_the_schema() {
    in_a_browser(|app, browser| Box::pin(schema(app, browser)));
}

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn redoc_shows_the_document_and_downloads_it() {
    in_a_browser(|app, browser| Box::pin(redoc(app, browser)));
}

#[test]
#[cfg_attr(not(browser), ignore = "TASKHUB_TEST_BROWSER is not set")]
fn problem_page_is_shown() {
    in_a_browser(|app, browser| Box::pin(problem(app, browser)));
}

#[test]
fn schema_is_served_as_json_and_yaml() {
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(async {
            let json = app.get("/api/schema").send().await.expect(200);
            assert_eq!(json.body, *app.document);
            for (path, accept) in [("/api/schema.yaml", "*/*"), ("/api/schema", "application/yaml")] {
                let yaml = app.get(path).header("accept", accept).send().await.expect(200);
                assert_eq!(yaml.header("content-type"), "application/yaml");
                assert!(yaml.text.starts_with("openapi: 3.1"), "{}", &yaml.text[..80]);
            }
            for page in ["/api/docs/", "/api/redoc"] {
                let page = app.get(page).send().await.expect(200);
                assert!(
                    page.header("content-security-policy")
                        .starts_with("default-src 'none'; script-src 'self'")
                );
            }
        })
    });
}

type Scenario = for<'a> fn(&'a App, &'a Browser) -> std::pin::Pin<Box<dyn Future<Output = Done> + 'a>>;

fn in_a_browser(scenario: Scenario) {
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let browser = Browser::start().await.unwrap();
            scenario(app, &browser).await.unwrap();
            assert_eq!(browser.console().await.unwrap(), Vec::<String>::new());
            let own = app.url.trim_start_matches("http://").to_owned();
            assert_eq!(browser.requested_hosts().await.unwrap().into_iter().collect::<Vec<_>>(), [own]);
        })
    });
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

async fn schema(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/api/docs/", app.url)).await?;
    browser.follow(".info a.link[href$='/api/schema']").await?;
    browser.wait_for("document.querySelector('pre')?.textContent.endsWith('}')").await?;
    let shown = browser.execute("return document.querySelector('pre').textContent", &[]).await?;
    assert_eq!(serde_json::from_str::<Value>(shown.as_str().unwrap())?, *app.document);
    Ok(())
}

async fn redoc(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/api/redoc", app.url)).await?;
    browser.wait_for("document.body.innerText.includes('Create a task')").await?;
    browser.click("a[download]").await?;
    let file = browser.downloaded("schema", ".json").await?;
    assert_eq!(serde_json::from_slice::<Value>(&file)?, *app.document);
    Ok(())
}

async fn problem(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/problems/stale", app.url)).await?;
    browser.wait_for("document.body.innerText.includes('The resource has changed.')").await
}

/// Opens Swagger UI and enters the token of the admin.
async fn authorised(app: &App, browser: &Browser, t: &Tenant) -> Done {
    browser.goto(&format!("{}/api/docs/", app.url)).await?;
    browser.click(".btn.authorize").await?;
    browser.type_into("#auth-bearer-value", &t.admin.token).await?;
    browser.click(".auth-btn-wrapper .btn.authorize").await?;
    browser.click(".auth-btn-wrapper .btn-done").await
}

/// Fails unless the console has exactly one message, that of the refused request.
async fn refused(browser: &Browser, status: u16) -> Done {
    let lines = browser.console().await?;
    let told = |line: &String| line.contains(&format!("the server responded with a status of {status}"));
    assert!(lines.len() == 1 && lines.iter().all(told), "{lines:?}");
    Ok(())
}

/// An operation that is tried out on the page of Swagger UI.
struct Tried<'a> {
    browser: &'a Browser,
    operation: &'static str,
}

impl Tried<'_> {
    /// A CSS selector within the operation.
    fn within(&self, css: &str) -> String {
        format!("#operations-{} {css}", self.operation)
    }

    async fn open(&self) -> Done {
        self.browser.click(&self.within(".opblock-summary-control")).await
    }

    async fn parameter(&self, name: &str, value: &str) -> Done {
        let field = format!("tr[data-param-name='{name}'] input");
        self.browser.type_into(&self.within(&field), value).await
    }

    async fn body(&self, body: &Value) -> Done {
        let field = self.within("textarea.body-param__text");
        // Swagger UI fills an empty field with the example, before or after the text is typed.
        self.browser.type_over(&field, &body.to_string()).await?;
        self.browser.wait_for(&format!("document.querySelector(\"{field}\").value === '{body}'")).await
    }

    /// Executes the operation. The previous response is cleared first, so that the new one is read.
    async fn execute(&self) -> Done {
        let earlier = format!("document.querySelector(\"{}\")", self.within(".btn-clear"));
        let _ = self.browser.execute(&format!("{earlier}?.click()"), &[]).await?;
        self.browser.wait_for(&format!("!({})", self.shown(""))).await?;
        self.browser.click(&self.within(".execute")).await
    }

    /// The displayed response, as a JavaScript expression.
    fn shown(&self, css: &str) -> String {
        format!(
            "document.querySelector(\"{}\")?.textContent",
            self.within(&format!(".live-responses-table {css}"))
        )
    }

    async fn status(&self, status: u16) -> Done {
        let shown = self.shown("tbody .response-col_status");
        self.browser.wait_for(&format!("{shown}?.startsWith('{status}')")).await
    }

    async fn shows(&self, text: &str) -> Done {
        self.browser.wait_for(&format!("{}?.includes('{text}')", self.shown(""))).await
    }

    /// The body of the response.
    async fn answer(&self) -> browser::Result<Value> {
        let shown = self.shown(".response-col_description .highlight-code code");
        self.browser.wait_for(&shown).await?;
        let text = self.browser.execute(&format!("return {shown}"), &[]).await?;
        Ok(serde_json::from_str(text.as_str().unwrap_or_default())?)
    }

    /// The file that the response offers for download.
    async fn download(&self, name: &str) -> browser::Result<Vec<u8>> {
        self.browser.click(&self.within(".live-responses-table a[download]")).await?;
        self.browser.downloaded(name, "").await
    }
}
