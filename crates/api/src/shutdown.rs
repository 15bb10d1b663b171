//! Graceful shutdown, in an order in which no request is lost:
//!
//! 1. The readiness check returns 503, and every response closes its connection. During the
//!    configured grace period, the server still serves requests.
//! 2. New connections are not accepted. Those in the accept queue are served.
//! 3. Streams end, and requests in progress are finished within a time limit.

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

/// The time for connections in the accept queue, and for handshakes in progress, to be accepted.
const QUEUE: Duration = Duration::from_millis(500);

/// Whether the server is shutting down.
#[derive(Debug, Default)]
pub struct Stopping(AtomicBool);

impl Stopping {
    /// Starts the shutdown, as the readiness check and responses show it.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the shutdown has started.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Stops a server after a signal: gracefully after SIGTERM, at once after SIGINT and SIGQUIT.
/// `listener` is the server's own socket.
pub(crate) async fn at_signal(
    state: State,
    listener: TcpListener,
    server: ServerHandle,
    mut signals: Signals,
) {
    let graceful = signals.next().await;
    if graceful {
        let grace = Duration::from_secs(state.settings.shutdown_grace_seconds.into());
        tracing::info!(grace = grace.as_secs(), "the server is shutting down");
        state.stopping.begin();
        // Another signal ends the grace period.
        tokio::select! {
            () = sleep(grace) => {}
            _ = signals.next() => {}
        }
        refuse_new(&listener);
        sleep(QUEUE).await;
    }
    // Only the server still holds the socket; it is closed when the server stops.
    drop(listener);
    state.streams.end();
    server.stop(graceful).await;
}

/// The signals to stop. While this exists, they do not end the process themselves.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Signals {
    /// Starts to listen to the signals.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for the next signal. Returns whether it asks for a graceful shutdown.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.terminate.recv() => true,
            _ = self.interrupt.recv() => false,
            _ = self.quit.recv() => false,
        }
    }
}

/// Stops the socket from accepting new connections but keeps its queue; closing the socket would
/// reset the connections in the queue. The kernel drops new connection requests. A client retries
/// after a second and finds the socket closed.
fn refuse_new(listener: &TcpListener) {
    #[cfg(target_os = "linux")]
    {
        // Classic BPF: load byte 13 of the TCP header, the flags; drop the packet if it has SYN
        // (2), else keep all of it.
        let step = |code, jf, k| socket2::SockFilter::new(code, 0, jf, k);
        let filter = [step(0x30, 0, 13), step(0x45, 1, 2), step(0x06, 0, 0), step(0x06, 0, u32::MAX)];
        if let Err(error) = socket2::SockRef::from(listener).attach_filter(&filter) {
            tracing::debug!(%error, "new connections are accepted until the server stops");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = listener;
}
