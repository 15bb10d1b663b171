//! ReDoc, the page of a problem, and the OpenAPI document.

use serde_json::Value;
use taskhub_tests::{App, Backend, browser::Browser};

use super::{Done, in_a_browser};

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
