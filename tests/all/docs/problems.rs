//! Every problem code has a page, and its `type` links to it.

use std::{collections::BTreeSet, fmt::Write};

use taskhub::http::problem::{Code, FIELDS};
use taskhub_tests::{App, every_database};

use crate::contract::reviewed;

every_database!(problem_type_links_to_its_page);

#[test]
fn every_problem_code_has_a_page() {
    let mut list = "# Error codes\n\n[Errors](../errors.md) describes the format of error responses. These pages are generated \
                    from the tables in `crates/api/src/http/problem`.\n\n\
                    | code | status | title | retry |\n| --- | --- | --- | --- |\n"
        .to_owned();
    let mut names = BTreeSet::from(["README.md".to_owned()]);
    for code in Code::ALL {
        let (name, status) = (code.as_str(), code.status().as_u16());
        writeln!(list, "| [`{name}`]({name}.md) | {status} | {} | {:?} |", code.title(), code.again())
            .unwrap();
        reviewed(&format!("docs/errors/{name}.md"), &code.page());
        names.insert(format!("{name}.md"));
    }
    list += "\nThe column *retry* says when the same request can succeed: `Never`, `Now`, or `Later`, after the number of seconds in \
             `Retry-After`.\n\n## Codes of fields\n\nThe values of `errors[].code`:\n\n| code | meaning |\n| --- | --- |\n";
    for (code, meaning) in FIELDS {
        writeln!(list, "| `{code}` | {meaning} |").unwrap();
    }
    reviewed("docs/errors/README.md", &list);
    assert_eq!(super::names("docs/errors"), names, "a page of a code that there is not");
}

async fn problem_type_links_to_its_page(app: &App) {
    let refused = app.get("/tasks").send().await.expect(401);
    let page = app.get(refused.body["type"].as_str().unwrap()).send().await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src"));
    for code in Code::ALL {
        let page = app.get(&format!("/problems/{}", code.as_str())).send().await.expect(200);
        assert!(page.text.contains(&format!("<h1>{}</h1>", code.as_str())), "{}", page.text);
        assert!(page.text.contains("<h2>Can I retry?</h2>") && !page.text.contains('`'), "{}", page.text);
    }
    assert_eq!(app.get("/problems/made_up").send().await.expect(404).code(), "not_found");
}
