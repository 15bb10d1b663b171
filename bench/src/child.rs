//! A server in its own process: starting, waiting until it is alive, measuring and stopping.
//!
//! Invariant: no server outlives its [`Server`]. CPU time and memory are those of that process
//! alone, from `/proc`, so they leave out the load generator and the database server.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{Result, load::Connection};

/// The time limit for the start of a server.
const PATIENCE: Duration = Duration::from_secs(30);

/// `/proc/<pid>/stat` counts hundredths of a second (`USER_HZ`) on every supported Linux.
const TICK: Duration = Duration::from_millis(10);

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A running server. Dropping it ends the process.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first 200 of `/health/live`.
    pub(crate) start_up: Duration,
}

impl Server {
    /// Runs `command`, which must listen on `address`, until it is alive. Its standard output goes
    /// to `/dev/null`, and its standard error to the file `errors`.
    pub(crate) async fn start(command: &mut Command, address: SocketAddr, errors: &Path) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(errors)?);
        let started = Instant::now();
        let mut server = Self { process: command.spawn()?, address, start_up: Duration::ZERO };
        while !alive(address).await {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("the server ended with {status}: {}", fs::read_to_string(errors)?).into());
            }
            if started.elapsed() > PATIENCE {
                return Err(format!(
                    "the server is not alive after {PATIENCE:?}: {}",
                    fs::read_to_string(errors)?
                )
                .into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        server.start_up = started.elapsed();
        Ok(server)
    }

    /// CPU time so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The second field is the name of the program in parentheses, which may contain blanks;
        // utime and stime are the 14th and 15th.
        let (_, fields) = stat.rsplit_once(')').ok_or("no program name in /proc/<pid>/stat")?;
        let ticks = fields
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u32>)
            .sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }

    /// Resident memory in MiB.
    pub(crate) fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or("no VmRSS in /proc/<pid>/status")?;
        let kibibytes: u32 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(f64::from(kibibytes) / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn alive(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    connection.exchange(LIVE).await.is_ok_and(|answer| answer.status == 200)
}

/// An unused address of this machine.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Runs `command` to its end. A failure includes its output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ended with {}: {said}", command.get_program().display(), output.status).into())
}
