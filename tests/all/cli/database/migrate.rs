//! Migrating the database up and down.

use tempfile::TempDir;

use crate::cli::taskhub;

#[test]
fn migrations_run_up_and_down() {
    let folder = TempDir::new().unwrap();
    let status = || taskhub(folder.path(), "migrate status").said();
    assert!(status().lines().all(|line| line.starts_with("missing ")), "{}", status());
    let up = taskhub(folder.path(), "migrate up").said();
    assert!(up.contains("applied m0001_core"), "{up}");
    assert_eq!(taskhub(folder.path(), "migrate").said(), up);
    assert_eq!(status(), up);
    let down = taskhub(folder.path(), &format!("migrate down --yes --steps {}", up.lines().count())).said();
    assert!(down.contains("deletes table task with 0 rows") && !down.contains("applied"), "{down}");
    assert_eq!(taskhub(folder.path(), "migrate up").said(), up);
    // A server that may not migrate refuses to start on an old schema.
    let _ = taskhub(folder.path(), &format!("migrate down --yes --steps {}", up.lines().count())).said();
    let complaint = taskhub(folder.path(), "serve --migrate false --listen 127.0.0.1:0").complained();
    assert!(complaint.contains("lacks migrations") && complaint.contains("m0001_core"), "{complaint}");
}

#[test]
fn migrate_down_lists_losses_and_requires_confirmation() {
    let folder = TempDir::new().unwrap();
    let _ = taskhub(folder.path(), "tenant create Acme").said();
    let applied = || {
        let status = taskhub(folder.path(), "migrate status").said();
        status.lines().filter(|line| line.starts_with("applied ")).count()
    };
    let (all, steps) = (applied(), "--steps 1000");
    let ran = taskhub(folder.path(), &format!("migrate down {steps}"));
    assert!(!ran.ok && ran.out.contains("deletes table tenant with 1 rows"), "{ran:?}");
    assert!(ran.err.contains("--yes") && applied() == all, "{ran:?}");
    let production = "--profile production --public-url https://hub.example.com";
    let complaint = taskhub(folder.path(), &format!("migrate down {steps} --yes {production}")).complained();
    assert!(complaint.contains("--in-production") && applied() == all, "{complaint}");
    let both = format!("migrate down {steps} --yes --in-production {production}");
    let _ = taskhub(folder.path(), &both).said();
    assert_eq!(applied(), 0);
}
