//! Reports as CSV and SVG.

use serde_json::json;
use taskhub_tests::{App, every_database};

use super::{make, task, work};

every_database!(reports_are_exported_as_csv_and_svg);

async fn reports_are_exported_as_csv_and_svg(app: &App) {
    let t = app.tenant().await;
    let name = "=<script>alert(1)</script>";
    let project = make(app, &t.manager, "/projects", json!({ "name": name })).await;
    let path = task(app, &t.manager, &project, &t.member, json!({})).await;
    work(app, &t.member, &path, 30).await;
    for report in ["individual", "workload", "completion", "time-by-project"] {
        let at = format!("/reports/{report}");
        let by_parameter = app.get(&format!("{at}?format=csv")).by(&t.manager).send().await.expect(200);
        assert_eq!(by_parameter.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(
            by_parameter.header("content-disposition"),
            format!("attachment; filename=\"{report}.csv\"")
        );
        let by_header = app.get(&at).by(&t.manager).header("accept", "text/csv, */*;q=0.1").send().await;
        assert_eq!(by_header.expect(200).text, by_parameter.text);
        let lines = csv::Reader::from_reader(by_parameter.text.as_bytes()).records().count();
        let told = app.get(&at).by(&t.manager).gives(200).await;
        assert_eq!(lines, told["results"].as_array().unwrap().len(), "{report}");
        let drawn = app.get(&format!("{at}?format=svg")).by(&t.manager).send().await;
        if report == "individual" {
            assert_eq!(drawn.expect(400).pointer(), "format");
            continue;
        }
        let drawn = drawn.expect(200);
        assert_eq!(drawn.header("content-type"), "image/svg+xml");
        assert_eq!(drawn.header("x-content-type-options"), "nosniff");
        assert!(drawn.header("content-security-policy").ends_with("; sandbox"));
        assert!(drawn.text.starts_with("<svg") && !drawn.text.contains("<script"), "{}", drawn.text);
        let by_header = app.get(&at).by(&t.manager).header("accept", "image/svg+xml").send().await;
        assert_eq!(by_header.expect(200).text, drawn.text);
    }
    let file = app.get("/reports/time-by-project?format=csv").by(&t.admin).send().await.expect(200);
    let mut reader = csv::Reader::from_reader(file.text.as_bytes());
    assert_eq!(&reader.records().next().unwrap().unwrap()[1], format!("'{name}"));
}
