//! The server: its layers in their order, and its background tasks.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse,
    http::{Method, header},
    middleware::{Compress, Condition, from_fn},
    web::{self, Data},
};
use serde_json::Value;
use taskhub_domain::{Instant, context::Request, repository};
use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};
use utoipa_actix_web::AppExt;

use crate::{
    background::{due_dates, mail::sender::Sender},
    config::Settings,
    http::{
        middleware::{self, cors, limits::Limits},
        problem::{Code, Problem},
        streams,
    },
    keys, listener,
    openapi::{Operations, pages::Written},
    routes, shutdown,
    state::{StartError, State},
};

/// The time limit for requests in progress when the server stops, in seconds.
const FAREWELL: u64 = 20;
/// The time limit for emails in progress when the server stops.
const LAST_MAIL: Duration = Duration::from_secs(5);
/// How often the aggregates are compacted. Until then each write of a task is a row that statistics
/// read.
const FOLDING: Duration = Duration::from_secs(5);
/// How often expired rows are deleted.
const HOUSEKEEPING: Duration = Duration::from_hours(1);
/// How often the blob store is searched for objects without a row, and for unused files.
const SWEEPING: Duration = Duration::from_hours(24);

/// A bound server, ready to run.
pub struct Server {
    /// The address on which it listens.
    pub address: SocketAddr,
    /// The running server, as a future, with the handle to stop it.
    pub running: actix_web::dev::Server,
    /// The background tasks.
    pub background: Background,
}

/// The background tasks of a server. They must be ended before the runtime: a database connection
/// that is dropped after the runtime would abort the process.
pub struct Background {
    tasks: Vec<JoinHandle<()>>,
    sender: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Background {
    /// Ends the tasks. The sender first gets time for the emails in progress, which would otherwise
    /// be sent again.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(LAST_MAIL, &mut self.sender).await.is_err() {
            self.sender.abort();
        }
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            // The only error is that the task was aborted.
            task.await.ok();
        }
    }
}

/// Listens on the configured address.
///
/// # Errors
/// When the address is not available.
pub fn listen(settings: &Settings) -> Result<TcpListener, StartError> {
    let unbound =
        |why| StartError::File { what: format!("The server cannot listen on {}", settings.listen()), why };
    TcpListener::bind(settings.listen()).map_err(unbound)
}

/// Starts a server on a listener. The middleware uses the OpenAPI document.
///
/// # Errors
/// When the listener cannot be used, or a rate limit is 0.
pub fn bind(state: State, listener: TcpListener, document: &Value) -> Result<Server, StartError> {
    let unbound = |why| StartError::File { what: "The server cannot listen".to_owned(), why };
    let address = listener.local_addr().map_err(unbound)?;
    let operations = Data::new(Operations::of(document));
    let written = Data::new(Written::new(document));
    let limits = Limits::new(&state.settings)
        .ok_or_else(|| StartError::Setting("A rate limit must be at least 1.".to_owned()))?;
    let settings = state.settings.clone();
    let sender = Sender::new(&state)?;
    let sends = sender.is_some();
    let patience = streams::patience(settings.heartbeat_seconds);
    let (stop, stopping) = watch::channel(false);
    // Spawned on this runtime, because database connections must be dropped within it.
    let mut tasks = vec![
        tokio::spawn(repository::follow_revocations(state.repository.clone())),
        tokio::spawn(state.repository.clone().watch_feeds()),
        tokio::spawn(limits.clone().forget()),
        tokio::spawn(housekeep(state.clone(), sends)),
        tokio::spawn(fold(state.clone())),
        tokio::spawn(keys::follow(state.clone())),
    ];
    if state.settings.alarms {
        tasks.push(tokio::spawn(due_dates::listen(state.clone())));
    }
    let (stops, shared, counted) = (state.clone(), Data::new(state), Data::new(limits));
    let limited = listener::Limits { workers: settings.workers, patience, farewell: FAREWELL };
    let own = listener.try_clone().map_err(unbound)?;
    let signals = shutdown::Signals::listen().map_err(unbound)?;
    let running = listener::serve(listener, limited, move || {
        App::new()
            .app_data(shared.clone())
            .app_data(operations.clone())
            .app_data(written.clone())
            .app_data(counted.clone())
            .wrap(from_fn(middleware::inner))
            .wrap(Condition::new(
                !shared.settings.cors_origins.is_empty(),
                cors::layer(&shared.settings.cors_origins),
            ))
            .wrap(Compress::default())
            .wrap(from_fn(middleware::outer))
            .configure(routes::pages)
            .into_utoipa_app()
            .configure(routes::api)
            .into_app()
            .default_service(web::to(nothing_here))
    })
    .map_err(unbound)?;
    tasks.push(tokio::spawn(shutdown::at_signal(stops, own, running.handle(), signals)));
    let sender = tokio::spawn(send(sender, stopping));
    Ok(Server { address, running, background: Background { tasks, sender, stop } })
}

/// The response when no route matches: the path does not exist, or does not have the method.
async fn nothing_here(request: HttpRequest, operations: Data<Operations>) -> Result<HttpResponse, Problem> {
    match operations.allow(request.path()) {
        methods if methods.is_empty() => Err(Code::NotFound.into()),
        methods if request.method() == Method::OPTIONS => {
            Ok(HttpResponse::NoContent().insert_header((header::ALLOW, methods)).finish())
        }
        methods => Err(Problem::method_not_allowed(methods)),
    }
}

/// Sends emails, unless they are off.
async fn send(sender: Option<Sender>, stopping: watch::Receiver<bool>) {
    if let Some(sender) = sender {
        sender.run(stopping).await;
    }
}

/// Compacts the aggregates periodically.
async fn fold(state: State) {
    let mut ticks = tokio::time::interval(FOLDING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let system = state.repository.system("compacting aggregates", Request::default());
        if let Err(error) = state.repository.compact_deltas(&system).await {
            tracing::warn!(%error, "the aggregates cannot be compacted");
        }
    }
}

/// Deletes expired rows and unused files periodically.
async fn housekeep(state: State, sends: bool) {
    let mut ticks = tokio::time::interval(HOUSEKEEPING);
    let (mut since, mut swept) = (None, None::<Instant>);
    loop {
        ticks.tick().await;
        let now = state.repository.clock().now();
        forget(&state, sends, since).await;
        // Discarded files are deleted each time. The search for lost ones has to list all files, so
        // it runs seldom.
        if swept.is_none_or(|at| now >= at.plus(SWEEPING)) {
            swept = Some(now);
            let system = state.repository.system("sweeping files", Request::default());
            warn(
                state.repository.sweep_files(&system, &state.blob_store).await,
                "unused files cannot be deleted",
            );
        }
        // The overlap allows for clock differences and long transactions.
        since = Some(now.minus(HOUSEKEEPING));
    }
}

/// Deletes expired rows. Some deletions look only at rows that were created after `since`, if it is
/// given.
pub async fn forget(state: &State, sends: bool, since: Option<Instant>) {
    let (repository, kept) = (&state.repository, Duration::from_hours(24) * state.settings.feed_days);
    let system = repository.system("deleting expired rows", Request::default());
    let mut outcomes = vec![
        repository.forget_answers(&system).await,
        repository.forget_revocations(&system).await,
        repository.forget_sessions(&system).await,
        repository.forget_guesses(&system).await,
        repository.forget_links(&system).await,
        repository.purge_tasks(&system).await,
        repository.forget_notifications(&system, since).await,
        repository.forget_events(&system, kept).await,
        repository.remove_discarded(&system, &state.blob_store).await,
    ];
    // Otherwise the sender gives up emails that cannot be delivered.
    if !sends {
        outcomes.push(repository.forget_mail(&system).await);
    }
    for outcome in outcomes {
        warn(outcome, "expired rows cannot be deleted");
    }
    // Includes rows that a server of an older version has written meanwhile.
    let indexed = repository.index_missing(&system, since).await;
    warn(indexed, "some rows cannot be indexed for search yet");
    warn(repository.optimize(&system).await, "the statistics of the database cannot be updated");
}

fn warn(outcome: taskhub_domain::Result<()>, what: &'static str) {
    if let Err(error) = outcome {
        tracing::warn!(%error, what);
    }
}
