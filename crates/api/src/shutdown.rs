//! The server's end, in an order in which no request is lost:
//!
//! 1. Readiness answers 503, and every answer closes its connection. All else is served as before,
//!    for the grace that is set.
//! 2. No new connection is taken. Those that wait in the accept queue are served.
//! 3. Streams end, and the requests under way are finished within a time limit.

use std::{
    io,
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use actix_web::dev::ServerHandle;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

use crate::state::State;

/// How long the connections in the accept queue, and those whose handshake is under way, have to be
/// taken up.
const QUEUE: Duration = Duration::from_millis(500);

/// Whether the server's end has begun.
#[derive(Debug, Default)]
pub struct Stopping(AtomicBool);

impl Stopping {
    /// Lets readiness and answers know.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Stops a server at a signal: SIGTERM in this order, SIGINT and SIGQUIT at once. `listener` is the
/// server's own socket.
pub(crate) async fn at_signal(
    state: State,
    listener: TcpListener,
    server: ServerHandle,
    mut signals: Signals,
) {
    let graceful = signals.next().await;
    if graceful {
        let grace = Duration::from_secs(state.settings.shutdown_grace_seconds.into());
        tracing::info!(grace = grace.as_secs(), "the server stops");
        state.stopping.begin();
        // Another signal ends the grace.
        tokio::select! {
            () = sleep(grace) => {}
            _ = signals.next() => {}
        }
        refuse_new(&listener);
        sleep(QUEUE).await;
    }
    // The server's is the last one: its end closes the socket.
    drop(listener);
    state.streams.end();
    server.stop(graceful).await;
}

/// The signals to stop. From here on they don't end the process by themselves.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Signals {
    /// Begins to listen to them.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for the next; whether it lets requests finish.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => false,
            _ = self.quit.recv() => false,
        }
    }
}

/// Lets the socket take no new connection, and keeps its queue: a closed socket resets the
/// connections in its queue. The kernel drops requests to connect, so that a client tries again
/// after a second and finds the socket closed.
fn refuse_new(listener: &TcpListener) {
    #[cfg(target_os = "linux")]
    {
        // Classic BPF: load byte 13 of the TCP header, the flags; drop the packet if it has SYN
        // (2), else keep all of it.
        let step = |code, jf, k| socket2::SockFilter::new(code, 0, jf, k);
        let filter = [step(0x30, 0, 13), step(0x45, 1, 2), step(0x06, 0, 0), step(0x06, 0, u32::MAX)];
        if let Err(error) = socket2::SockRef::from(listener).attach_filter(&filter) {
            tracing::debug!(%error, "new connections are taken until the end");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = listener;
}
