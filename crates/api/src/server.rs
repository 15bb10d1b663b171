//! The server: its layers, in their order, and its background work.

use std::{
    any::Any,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_cors::Cors;
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{Method, header},
    middleware::{Compress, Condition, from_fn},
    web::{self, Data},
};
use serde_json::Value;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use taskhub_domain::{context::Request, session};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::MissedTickBehavior,
};
use utoipa_actix_web::AppExt;

use crate::{
    alarms,
    config::Settings,
    document::{Operations, pages::Written},
    edge::{self, limits::Limits},
    keys,
    mail::sender::Sender,
    problem::{Code, Problem},
    routes,
    state::{StartError, State},
    streams,
};

/// How long the requests under way may take when the server stops, in seconds.
const FAREWELL: u64 = 20;
/// How long the mail in hand may take then.
const LAST_MAIL: Duration = Duration::from_secs(5);
/// How often what was tallied is folded: until then each write of a task is a row that statistics read.
const FOLDING: Duration = Duration::from_secs(5);
/// How often what has expired is forgotten.
const HOUSEKEEPING: Duration = Duration::from_hours(1);

/// A bound server, ready to run.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its future, and the handle to stop it.
    pub running: actix_web::dev::Server,
    /// What it does beside answering.
    pub background: Background,
}

/// What a server does beside answering. It is to be ended before its runtime is: a connection that goes after that takes the process with it.
pub struct Background {
    tasks: Vec<JoinHandle<()>>,
    sender: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Background {
    /// Ends it; first the sender is given time for the mail that it has in hand, which would else be sent again.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(LAST_MAIL, &mut self.sender).await.is_err() {
            self.sender.abort();
        }
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            // That it was aborted is no news.
            task.await.ok();
        }
    }
}

/// Takes the address that is set.
///
/// # Errors
/// When it is not to be had.
pub fn listen(settings: &Settings) -> Result<TcpListener, StartError> {
    let unbound =
        |why| StartError::File { what: format!("The server can't listen on {}", settings.listen), why };
    TcpListener::bind(settings.listen).map_err(unbound)
}

/// Puts a server on its address, which goes by a document.
///
/// # Errors
/// When the address can't be used, or a limit is no limit.
pub fn bind(state: State, listener: TcpListener, document: &Value) -> Result<Server, StartError> {
    let unbound = |why| StartError::File { what: "The server can't listen".to_owned(), why };
    let address = listener.local_addr().map_err(unbound)?;
    let operations = Data::new(Operations::of(document));
    let written = Data::new(Written::new(document));
    let limits = Limits::new(&state.settings)
        .ok_or_else(|| StartError::Setting("A rate limit allows nothing.".to_owned()))?;
    let settings = state.settings.clone();
    let sender = Sender::new(&state)?;
    let sends = sender.is_some();
    let patience = streams::patience(settings.heartbeat_seconds);
    let (stop, stopping) = watch::channel(false);
    // The runtime drops these within itself, which connections to a database need.
    let mut tasks = vec![
        tokio::spawn(session::watch(state.store.clone())),
        tokio::spawn(state.store.clone().watch_feeds()),
        tokio::spawn(say_farewell(state.clone())),
        tokio::spawn(limits.clone().forget()),
        tokio::spawn(housekeep(state.clone(), sends)),
        tokio::spawn(fold(state.clone())),
        tokio::spawn(keys::follow(state.clone())),
    ];
    if state.settings.alarms {
        tasks.push(tokio::spawn(alarms::listen(state.clone())));
    }
    let (shared, counted) = (Data::new(state), Data::new(limits));
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(operations.clone())
            .app_data(written.clone())
            .app_data(counted.clone())
            .wrap(from_fn(edge::inner))
            .wrap(Condition::new(!shared.settings.cors_origins.is_empty(), cors(&shared.settings)))
            .wrap(Compress::default())
            .wrap(from_fn(edge::outer))
            .configure(routes::pages)
            .into_utoipa_app()
            .configure(routes::api)
            .into_app()
            .default_service(web::to(nothing_here))
    })
    .shutdown_timeout(FAREWELL)
    .client_request_timeout(Duration::from_secs(15))
    .on_connect(move |connection, _| bear_with(connection, patience))
    .keep_alive(Duration::from_secs(75));
    if let Some(workers) = settings.workers {
        server = server.workers(usize::from(workers));
    }
    let server = server.listen_auto_h2c(listener).map_err(unbound)?;
    let running = server.run();
    let sender = tokio::spawn(send(sender, stopping));
    Ok(Server { address, running, background: Background { tasks, sender, stop } })
}

/// Bounds for how long a client may take nothing of what waits for it: a connection that is full is not asked for more, and would be kept for ever.
fn bear_with(connection: &dyn Any, patience: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(connection) = connection.downcast_ref::<tokio::net::TcpStream>()
        && let Err(error) = SockRef::from(connection).set_tcp_user_timeout(Some(patience))
    {
        tracing::debug!(%error, "a connection is not bounded");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, patience);
}

fn cors(settings: &Settings) -> Cors {
    let exposed = [
        "etag",
        "location",
        "link",
        "deprecation",
        "sunset",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "x-request-id",
        "idempotency-replayed",
        "accept-ranges",
        "content-disposition",
        "x-truncated",
        "content-range",
        "repr-digest",
        "preference-applied",
    ];
    settings
        .cors_origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::RANGE,
            header::IF_RANGE,
        ])
        .allowed_headers([
            "idempotency-key",
            "last-event-id",
            "prefer",
            "repr-digest",
            "x-request-id",
            "traceparent",
        ])
        .expose_headers(exposed)
        .max_age(3600)
}

/// What no route matched: another method of a path that there is, or no such path.
async fn nothing_here(request: HttpRequest, operations: Data<Operations>) -> Result<HttpResponse, Problem> {
    match operations.allow(request.path()) {
        methods if methods.is_empty() => Err(Code::NotFound.into()),
        methods if request.method() == Method::OPTIONS => {
            Ok(HttpResponse::NoContent().insert_header((header::ALLOW, methods)).finish())
        }
        methods => Err(Problem::method_not_allowed(methods)),
    }
}

/// Sends mail, where any is sent.
async fn send(sender: Option<Sender>, stopping: watch::Receiver<bool>) {
    if let Some(sender) = sender {
        sender.run(stopping).await;
    }
}

/// Ends the streams of changes when the server is told to stop, which waits for what is under way.
async fn say_farewell(state: State) {
    let told = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = told(SignalKind::terminate()) => {}
        _ = told(SignalKind::interrupt()) => {}
    }
    state.streams.end();
}

/// Folds what was tallied, again and again.
async fn fold(state: State) {
    let mut ticks = tokio::time::interval(FOLDING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let system = state.store.system("folding what was tallied", Request::default());
        if let Err(error) = state.store.fold_tallies(&system).await {
            tracing::warn!(%error, "what was tallied can't be folded");
        }
    }
}

/// Forgets what has expired, again and again.
async fn housekeep(state: State, sends: bool) {
    let mut ticks = tokio::time::interval(HOUSEKEEPING);
    let kept = Duration::from_hours(24) * state.settings.feed_days;
    loop {
        ticks.tick().await;
        let system = state.store.system("forgetting what has expired", Request::default());
        let mut outcomes = vec![
            state.store.forget_answers(&system).await,
            state.store.forget_revocations(&system).await,
            state.store.forget_sessions(&system).await,
            state.store.forget_guesses(&system).await,
            state.store.forget_links(&system).await,
            state.store.purge_tasks(&system).await,
            state.store.forget_notifications(&system).await,
            state.store.forget_events(&system, kept).await,
            state.store.sweep_files(&system, &state.depot).await,
        ];
        // Where mail is sent, what can't be delivered is given up by whoever tried.
        if !sends {
            outcomes.push(state.store.forget_mail(&system).await);
        }
        for outcome in outcomes {
            if let Err(error) = outcome {
                tracing::warn!(%error, "what has expired can't be forgotten");
            }
        }
        // Also what a server of an older version wrote meanwhile.
        if let Err(error) = state.store.index_missing(&system).await {
            tracing::warn!(%error, "the words of some rows can't be made: they are not found yet");
        }
    }
}
