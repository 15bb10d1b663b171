//! Measures how long a sign-in takes for a known and for an unknown user. It prints the times and
//! asserts nothing: `cargo test --release -p taskhub-tests --test all -- --ignored --nocapture
//! known_and_unknown`.

use std::time::{Duration, Instant};

use serde_json::json;
use taskhub_tests::{App, Backend, run};

/// Sign-ins of each kind.
const TRIES: u32 = 200;

#[test]
#[ignore = "a measurement"]
fn known_and_unknown_users_take_the_same_time() {
    run(Backend::Sqlite, |app| Box::pin(measure(app)));
}

#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a measurement, for people")]
async fn measure(app: &App) {
    let t = app.tenant().await;
    let emails = [t.member.email.clone(), format!("nobody@{}.example", t.slug)];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..TRIES {
        for (email, times) in emails.iter().zip(&mut times) {
            // Resets the login throttle.
            app.clock.advance(Duration::from_hours(2));
            let body = json!({ "email": email, "password": "another-password", "tenant": t.slug });
            let begun = Instant::now();
            let _ = app.post("/auth/token").json(&body).gives(401).await;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times[times.len() * part / 100];
        let mean = times.iter().sum::<f64>() / f64::from(TRIES);
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / f64::from(TRIES - 1);
        (mean, variance, format!("median {:.2} ms, p10 {:.2}, p90 {:.2}", at(50), at(10), at(90)))
    });
    let t = (known.0 - unknown.0) / ((known.1 + unknown.1) / f64::from(TRIES)).sqrt();
    eprintln!(
        "known:   {}\nunknown: {}\nWelch's t: {t:.2} (beyond 2 would tell them apart)",
        known.2, unknown.2
    );
}
