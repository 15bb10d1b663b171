//! The HTML pages in a real browser, if `TASKHUB_TEST_BROWSER` is set. They load without requests
//! to another host, operations can be tried out with either authorisation, and downloads arrive.

mod documents;
mod swagger;
mod writes;

use serde_json::Value;
use taskhub_tests::{
    App, Backend, Tenant,
    browser::{self, Browser},
};

type Done = browser::Result<()>;

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
