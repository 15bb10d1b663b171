//! How connections are taken: HTTP/1.1 and HTTP/2 on one plain port, with a limit on the time for
//! each step.
//!
//! The framework's own server tells the two apart by the first bytes, and waits for those without a
//! limit. This module puts its parts together with a limit before them.

use std::{fmt, io, net, time::Duration};

use actix_http::{HttpService, Request, Response, error::DispatchError};
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{body::MessageBody, dev::AppConfig};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::{net::TcpStream, time::sleep};

/// How long a client may take for its first bytes, and for the head of a request.
const HEAD: Duration = Duration::from_secs(15);
/// The same, when the server stops: what was sent before is on its way.
const LAST: Duration = Duration::from_millis(100);
/// How long a connection stays open between two requests.
const IDLE: Duration = Duration::from_secs(75);

/// What is set for all connections.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// How many worker threads there are; one for each core if it is not set.
    pub(crate) workers: Option<u16>,
    /// For how long a client may take nothing of what is sent to it.
    pub(crate) patience: Duration,
    /// How many seconds requests under way may take when the server stops.
    pub(crate) farewell: u64,
}

/// Starts to take connections for an application.
///
/// # Errors
/// When the listener can't be used.
pub(crate) fn serve<I, S, B>(
    listener: net::TcpListener,
    limits: Limits,
    application: impl Fn() -> I + Send + Clone + 'static,
) -> io::Result<Server>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let mut server = Server::build().disable_signals().shutdown_timeout(limits.farewell);
    if let Some(workers) = limits.workers {
        server = server.workers(usize::from(workers));
    }
    let (stops, address) = (server.graceful_shutdown_signal(), listener.local_addr()?);
    let server = server.listen("taskhub", listener, move || {
        let (waiting, serving) = (stops.clone(), stops.clone());
        let application = application().into_factory().map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stops = serving.clone();
                async move { stops.notified().await }
            })
            .keep_alive(IDLE)
            .client_request_timeout(HEAD)
            .local_addr(address)
            .on_connect_ext(move |connection: &TcpStream, _| bear_with(connection, limits.patience))
            .finish(map_config(application, |()| AppConfig::default()))
            .tcp_auto_h2c();
        fn_service(move |connection| first_bytes(connection, waiting.clone())).and_then(http)
    })?;
    Ok(server.run())
}

/// The connection, once something was sent on it.
async fn first_bytes(
    connection: TcpStream,
    stops: GracefulShutdownSignal,
) -> Result<TcpStream, DispatchError> {
    let stopped = async {
        stops.notified().await;
        sleep(LAST).await;
    };
    tokio::select! {
        biased;
        sent = connection.readable() => sent?,
        () = sleep(HEAD) => return Err(DispatchError::SlowRequestTimeout),
        () = stopped => return Err(DispatchError::DisconnectTimeout),
    }
    Ok(connection)
}

/// Bounds for how long a client may take nothing of what waits for it. A connection that is full
/// would be kept for ever otherwise.
fn bear_with(connection: &TcpStream, patience: Duration) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(connection).set_tcp_user_timeout(Some(patience)) {
        tracing::debug!(%error, "a connection is not bounded");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, patience);
}
