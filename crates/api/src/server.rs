//! The server: its layers, in their order, and its background work.

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

/// How long the requests under way may take when the server stops, in seconds.
const FAREWELL: u64 = 20;
/// How long the mail in hand may take then.
const LAST_MAIL: Duration = Duration::from_secs(5);
/// How often what was tallied is folded: until then each write of a task is a row that statistics read.
const FOLDING: Duration = Duration::from_secs(5);
/// How often what has expired is forgotten.
const HOUSEKEEPING: Duration = Duration::from_hours(1);
/// How often files are looked for that no row speaks of, or that nothing refers to.
const SWEEPING: Duration = Duration::from_hours(24);

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
        |why| StartError::File { what: format!("The server can't listen on {}", settings.listen()), why };
    TcpListener::bind(settings.listen()).map_err(unbound)
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

/// Folds what was tallied, again and again.
async fn fold(state: State) {
    let mut ticks = tokio::time::interval(FOLDING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let system = state.repository.system("folding what was tallied", Request::default());
        if let Err(error) = state.repository.compact_deltas(&system).await {
            tracing::warn!(%error, "what was tallied can't be folded");
        }
    }
}

/// Forgets what has expired, again and again.
async fn housekeep(state: State, sends: bool) {
    let mut ticks = tokio::time::interval(HOUSEKEEPING);
    let (mut since, mut swept) = (None, None::<Instant>);
    loop {
        ticks.tick().await;
        let now = state.repository.clock().now();
        forget(&state, sends, since).await;
        // Files that were let go are removed each time; to look for lost ones takes reading all.
        if swept.is_none_or(|at| now >= at.plus(SWEEPING)) {
            swept = Some(now);
            let system = state.repository.system("sweeping files", Request::default());
            warn(state.repository.sweep_files(&system, &state.blob_store).await, "files can't be swept");
        }
        // Clocks differ, and a transaction may take a while.
        since = Some(now.minus(HOUSEKEEPING));
    }
}

/// Forgets what has expired. What grows by new rows is looked for among those that were created since an instant; at the start among all.
pub async fn forget(state: &State, sends: bool, since: Option<Instant>) {
    let (repository, kept) = (&state.repository, Duration::from_hours(24) * state.settings.feed_days);
    let system = repository.system("forgetting what has expired", Request::default());
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
    // Where mail is sent, what can't be delivered is given up by whoever tried.
    if !sends {
        outcomes.push(repository.forget_mail(&system).await);
    }
    for outcome in outcomes {
        warn(outcome, "what has expired can't be forgotten");
    }
    // Also what a server of an older version wrote meanwhile.
    let indexed = repository.index_missing(&system, since).await;
    warn(indexed, "the words of some rows can't be made: they are not found yet");
    warn(repository.optimize(&system).await, "the statistics of the database can't be brought up to date");
}

fn warn(outcome: taskhub_domain::Result<()>, what: &'static str) {
    if let Err(error) = outcome {
        tracing::warn!(%error, what);
    }
}
