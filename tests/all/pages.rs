//! The pages for people, in a real browser when one is wanted (`TASKHUB_TEST_BROWSER`): they load, nothing is asked of
//! another host, an operation can be tried out with a token that was pasted in, and files can be downloaded.

use serde_json::{Value, json};
use taskhub_tests::{App, Backend, User, browser::Browser};

type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[test]
fn swagger_ui_authorises_and_executes() {
    in_a_browser(|app, browser| Box::pin(swagger(app, browser)));
}

#[test]
fn swagger_ui_downloads_files() {
    in_a_browser(|app, browser| Box::pin(swagger_files(app, browser)));
}

#[test]
fn a_problem_has_a_page() {
    in_a_browser(|app, browser| Box::pin(problem(app, browser)));
}

#[test]
fn redoc_shows_and_downloads_the_document() {
    in_a_browser(|app, browser| Box::pin(redoc(app, browser)));
}

#[test]
fn the_schema_comes_as_json_and_yaml() {
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(async {
            let json = app.get("/api/schema").send().await.expect(200);
            assert_eq!(json.body, app.document);
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

type Story = for<'a> fn(&'a App, &'a Browser) -> std::pin::Pin<Box<dyn Future<Output = Done> + 'a>>;

fn in_a_browser(story: Story) {
    if !Browser::wanted() {
        return;
    }
    taskhub_tests::run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let browser = Browser::start().await.unwrap();
            story(app, &browser).await.unwrap();
            assert_eq!(browser.console().await.unwrap(), Vec::<String>::new());
            let own = app.url.trim_start_matches("http://").to_owned();
            assert_eq!(browser.requested_hosts().await.unwrap().into_iter().collect::<Vec<_>>(), [own]);
        })
    });
}

/// Lets Swagger UI send an operation's request, until the answer that it shows has a text.
async fn execute(browser: &Browser, operation: &str, shown: &str) -> Done {
    let block = format!("#operations-{operation}");
    browser.click(&format!("{block} .execute")).await?;
    let answer = format!("document.querySelector('{block} .live-responses-table')?.innerText");
    browser.wait_for(&format!("{answer}?.includes('{shown}')")).await
}

async fn open(browser: &Browser, operation: &str) -> Done {
    browser.click(&format!("#operations-{operation} .opblock-summary-control")).await
}

async fn authorize(browser: &Browser, user: &User) -> Done {
    browser.click(".btn.authorize").await?;
    browser.type_into("#auth-bearer-value", &user.token).await?;
    browser.click(".auth-btn-wrapper .btn.authorize").await?;
    browser.click(".auth-btn-wrapper .btn-done").await
}

async fn swagger(app: &App, browser: &Browser) -> Done {
    let t = app.tenant().await;
    let project = json!({ "name": "Seen in a browser" });
    let _ = app.post("/projects").by(&t.admin).json(&project).gives(201).await;
    browser.goto(&format!("{}/api/docs/", app.url)).await?;
    open(browser, "projects-list_projects").await?;
    // Without a token it is refused, which the browser writes to its console.
    execute(browser, "projects-list_projects", "\"unauthenticated\"").await?;
    let refused = browser.console().await?;
    assert!(refused.len() == 1 && refused[0].contains("401"), "{refused:?}");
    authorize(browser, &t.admin).await?;
    execute(browser, "projects-list_projects", "Seen in a browser").await
}

async fn swagger_files(app: &App, browser: &Browser) -> Done {
    let t = app.tenant().await;
    browser.goto(&format!("{}/api/docs/", app.url)).await?;
    authorize(browser, &t.admin).await?;
    open(browser, "users-export_users").await?;
    execute(browser, "users-export_users", "Download file").await?;
    browser.click("#operations-users-export_users .live-responses-table a[download]").await?;
    let file = browser.downloaded("users.csv").await?;
    assert!(file.contains(&t.admin.email) && file.contains(&t.member.email), "{file}");
    // The document itself is a link, in a tab of its own.
    let link = browser.execute("return document.querySelector('.info a.link').href", &[]).await?;
    assert_eq!(link, format!("{}/api/schema", app.url));
    browser.goto(link.as_str().unwrap()).await?;
    browser.wait_for("document.body.innerText.includes('list_projects')").await
}

async fn redoc(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/api/redoc", app.url)).await?;
    browser.wait_for("document.body.innerText.includes('Create a task')").await?;
    browser.click("a[download]").await?;
    let file = browser.downloaded("openapi.json").await?;
    assert_eq!(serde_json::from_str::<Value>(&file)?, app.document);
    Ok(())
}

async fn problem(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/problems/stale", app.url)).await?;
    browser.wait_for("document.body.innerText.includes('The resource has changed meanwhile.')").await
}
