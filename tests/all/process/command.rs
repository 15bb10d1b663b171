//! A command of the built program, and what it printed.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use taskhub_tests::encryption_key;

/// Flags that lift the rate limits.
pub(crate) const LIFTED: [&str; 16] = [
    "--rate-principal",
    "1000000000",
    "--rate-principal-burst",
    "1000000000",
    "--rate-tenant",
    "1000000000",
    "--rate-tenant-burst",
    "1000000000",
    "--rate-address",
    "1000000000",
    "--rate-address-burst",
    "1000000000",
    "--rate-sign-in",
    "1000000000",
    "--rate-sign-in-burst",
    "1000000000",
];

/// Flags of a server on a database that the servers of other tests share: the same encryption key,
/// no mail, no scheduler, and no rate limits.
pub(crate) fn shared(database: &str) -> Vec<&str> {
    let mut flags = vec!["--database-url", database, "--encryption-key-file", encryption_key()];
    flags.extend(["--mail", "off", "--alarms", "false", "--access-token-seconds", "3600"]);
    flags.extend(LIFTED);
    flags
}

/// The program in the target folder of the tests, built once.
pub(super) fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let tests = env::current_exe().unwrap();
        let folder = tests.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            // Uses the features of the whole workspace, as the build of the tests does.
            .args(["build", "--quiet", "--locked", "--workspace", "--bin", "taskhub"])
            .arg("--target-dir")
            .arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built =
            cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/api")).status().unwrap();
        assert!(built.success(), "the program does not build");
        folder.join("taskhub")
    })
}

/// The example of a service that verifies tokens, built once.
pub(crate) fn example() -> Command {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = program().parent().unwrap();
    BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--workspace", "--example", "verify"]);
        cargo.arg("--target-dir").arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built =
            cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/auth")).status().unwrap();
        assert!(built.success(), "the example does not build");
    });
    let mut command = Command::new(folder.join("examples/verify"));
    command.env_clear();
    command
}

/// A command of the program in the folder, with an empty environment.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder).env_clear().args(args);
    command
}

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) ok: bool,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The standard output of a command that must succeed.
    pub(crate) fn said(self) -> String {
        assert!(self.ok, "{self:?}");
        self.out
    }

    /// The standard error of a command that must fail.
    pub(crate) fn complained(self) -> String {
        assert!(!self.ok, "{self:?}");
        self.err
    }
}

/// Runs a command with a line on standard input.
pub(crate) fn run(command: &mut Command, line: &str) -> Ran {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads no input may have ended already.
    writeln!(child.stdin.take().unwrap(), "{line}").ok();
    let ended = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        ok: ended.status.success(),
        code: ended.status.code(),
        out: text(ended.stdout),
        err: text(ended.stderr),
    }
}
