//! A wrong setting is refused with a sentence.

use tempfile::TempDir;

use crate::{
    cli::taskhub,
    process::{command, run},
};

#[test]
fn invalid_setting_is_refused_with_a_message() {
    let folder = TempDir::new().unwrap();
    let wrong = [
        ("--database-url oracle://db", "expected sqlite://…, postgres://… or mysql://…"),
        ("--database-url sqlite::memory:", "a database in memory is not supported"),
        ("--database-url postgres://hub:secret@db:99999/hub", "a port from 1 to 65535"),
        ("--listen nonsense", "expected an address and a port from 0 to 65535, such as 0.0.0.0:8080"),
        ("--listen 127.0.0.1:99999", "expected an address and a port from 0 to 65535, such as 0.0.0.0:8080"),
        ("--port 99999", "1..=65535"),
        ("--public-url ftp://example.com", "expected http://… or https://…"),
        ("--cors-origins https://example.com/path", "without a path"),
        ("--trusted-proxies somewhere", "invalid IP address"),
        ("--workers 0", "1..=256"),
        ("--rate-principal 0", "1..=1000000000"),
        ("--access-token-seconds 1", "10..=86400"),
        ("--body-limit 1", "1024..=67108864"),
        ("--token-algorithm none", "--token-algorithm"),
        ("--registration sometimes", "possible values: open, invitation, closed"),
        ("--mail sometimes", "expected off, files, smtp://user:password@host:port or smtps://…"),
        ("--mail-from nobody", "--mail-from"),
        ("--app-url app.example.com", "expected http://… or https://…"),
        ("--profile staging", "possible values: development, production"),
        ("--log inof", "“inof” is neither a level"),
        ("--log info,taskhub=loud", "“taskhub=loud” is neither a level"),
        ("--database-url-file nowhere", "DATABASE_URL_FILE cannot be read from nowhere"),
        ("--mail smtp://mail.invalid", "the host mail.invalid was not found"),
        ("--files file:///proc", "the folder /proc is not writable"),
        ("--files s3://bucket", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"),
        ("--signing-keys-file nowhere.json", "The signing keys in nowhere.json cannot be read"),
        ("--profile production --public-url https://example.com", "There are no signing keys"),
        ("--nonsense", "unexpected argument"),
    ];
    for (flags, sentence) in wrong {
        let args: Vec<_> = ["serve"].into_iter().chain(flags.split(' ')).collect();
        // Port 0 is free, whatever else runs on this machine.
        let mut serve = command(folder.path(), &args);
        let complaint = run(serve.env("TASKHUB_LISTEN", "127.0.0.1:0"), "").complained();
        assert!(complaint.contains(sentence), "{flags}: {complaint}");
        assert!(!complaint.contains("panicked"), "{complaint}");
        assert!(!folder.path().join("taskhub-data/taskhub.db").exists(), "{flags}: the database was made");
    }
    let mut by_variable = command(folder.path(), &["serve"]);
    let complaint = run(by_variable.env("TASKHUB_LISTEN", "nonsense"), "").complained();
    assert!(complaint.contains("expected an address and a port"), "{complaint}");
    // The password of the database does not appear in the message.
    let mut misspelt = command(folder.path(), &["serve"]);
    let complaint =
        run(misspelt.env("DATABASE_URL", "postgress://hub:wide-green-rivers@db/hub"), "").complained();
    assert!(complaint.contains("expected sqlite://…, postgres://… or mysql://…"), "{complaint}");
    assert!(!complaint.contains("wide-green-rivers"), "{complaint}");
    // The password of the mail server does not, either.
    let mut misspelt = command(folder.path(), &["serve"]);
    let complaint =
        run(misspelt.env("TASKHUB_MAIL", "smpt://hub:wide-green-rivers@mail.example"), "").complained();
    assert!(
        complaint.contains("expected off, files") && !complaint.contains("wide-green-rivers"),
        "{complaint}"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let flags = format!("serve --listen {}", taken.local_addr().unwrap());
    let complaint = taskhub(folder.path(), &flags).complained();
    assert!(complaint.contains("cannot listen on 127.0.0.1:"), "{complaint}");
}
