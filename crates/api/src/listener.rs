//! The listener: HTTP/1.1 and HTTP/2 without TLS on one port, with a time limit for each step.
//!
//! The server of the framework distinguishes the two by the first bytes and waits for those without
//! a limit. This module combines the parts of the framework with a time limit for the first bytes.

use std::{fmt, io, net, time::Duration};

use actix_http::{HttpService, Request, Response, error::DispatchError};
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{body::MessageBody, dev::AppConfig};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::{net::TcpStream, time::sleep};

/// The time limit for the first bytes of a connection, and for the head of a request.
const HEAD: Duration = Duration::from_secs(15);
/// The same while the server is shutting down, for bytes that are already in transit.
const LAST: Duration = Duration::from_millis(100);
/// The longest time that a connection stays open between two requests.
const IDLE: Duration = Duration::from_secs(75);

/// The settings of all connections.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The number of worker threads; by default one for each core.
    pub(crate) workers: Option<u16>,
    /// The longest time during which a client may read nothing.
    pub(crate) patience: Duration,
    /// The time limit in seconds for requests in progress when the server stops.
    pub(crate) farewell: u64,
}

/// Starts to accept connections for an application.
///
/// # Errors
/// When the listener cannot be used.
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

/// Returns the connection as soon as the client has sent something.
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

/// Limits the time during which a client may read nothing. Otherwise a connection with a full
/// buffer would stay open for ever.
fn bear_with(connection: &TcpStream, patience: Duration) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(connection).set_tcp_user_timeout(Some(patience)) {
        tracing::debug!(%error, "the timeout of a connection cannot be set");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, patience);
}
