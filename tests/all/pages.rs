//! The pages for people, in a real browser when one is wanted (`TASKHUB_TEST_BROWSER`): they load, nothing is asked of
//! another host, and an operation can be tried out with a token that was pasted in.

use serde_json::json;
use taskhub_tests::{App, Backend, browser::Browser};

type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[test]
fn swagger_ui_authorises_and_executes() {
    in_a_browser(|app, browser| Box::pin(swagger(app, browser)));
}

#[test]
fn redoc_shows_the_document() {
    in_a_browser(|app, browser| Box::pin(redoc(app, browser)));
}

#[test]
fn a_problem_has_a_page() {
    in_a_browser(|app, browser| Box::pin(problem(app, browser)));
}

#[test]
fn the_schema_comes_as_json_and_yaml() {
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

async fn swagger(app: &App, browser: &Browser) -> Done {
    let t = app.tenant().await;
    let project = json!({ "name": "Seen in a browser" });
    let _ = app.post("/projects").by(&t.admin).json(&project).gives(201).await;
    browser.goto(&format!("{}/api/docs/", app.url)).await?;
    browser.click(".btn.authorize").await?;
    browser.type_into("#auth-bearer-value", &t.admin.token).await?;
    browser.click(".auth-btn-wrapper .btn.authorize").await?;
    browser.click(".auth-btn-wrapper .btn-done").await?;
    browser.click("#operations-projects-list_projects .opblock-summary-control").await?;
    browser.click("#operations-projects-list_projects .execute").await?;
    let shown =
        "document.querySelector('#operations-projects-list_projects .live-responses-table')?.innerText";
    browser.wait_for(&format!("{shown}?.includes('Seen in a browser')")).await
}

async fn redoc(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/api/redoc", app.url)).await?;
    browser.wait_for("document.body.innerText.includes('Create a task')").await
}

async fn problem(app: &App, browser: &Browser) -> Done {
    browser.goto(&format!("{}/problems/stale", app.url)).await?;
    browser.wait_for("document.body.innerText.includes('The resource has changed meanwhile.')").await
}
