//! Scenario tests of rate limits: which allowance a request counts against, and what the headers
//! report.

/// Runs the tests on SQLite only: the limits do not depend on the database.
macro_rules! on_sqlite {
    ($($scenario:ident),* $(,)?) => {$(
        mod $scenario {
            #[test]
            fn sqlite() {
                taskhub_tests::run(taskhub_tests::Backend::Sqlite, |app| Box::pin(super::$scenario(app)));
            }
        }
    )*};
}

mod address;
mod bulk;
mod proxy;
mod which;

use taskhub_tests::{Answer, App};

/// A server with one small allowance: a burst of that size, and one more request an hour.
async fn strict(app: &App, which: &str, burst: &str, more: &[&str]) -> App {
    let (hourly, at_once) = (format!("--rate-{which}"), format!("--rate-{which}-burst"));
    let mut flags = vec![hourly.as_str(), "1", at_once.as_str(), burst];
    flags.extend(more);
    app.second(&flags).await
}

fn limited(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (429, "rate_limited"), "{}", answer.text);
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

/// The value of `RateLimit` without the time.
fn left(answer: &Answer) -> String {
    answer.header("ratelimit").split(";t=").next().unwrap().to_owned()
}
