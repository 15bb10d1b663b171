//! Measures TaskHub beside the bare limit of its machine and database: one command, one table.
//!
//! Invariant: TaskHub and the bare server of [`bare`] get the same requests over the same
//! connections, in short alternating rounds, on the same data. Each runs in its own process with
//! the same number of workers. A response with an unexpected status ends the run.
//! `docs/internals/performance.md` explains the table.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, the environment and random ids by itself"
)]

mod bare;
mod child;
mod load;
mod place;
mod storm;
mod table;
mod taskhub;

use std::{
    env::current_exe,
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};

use clap::Parser;

use crate::{
    child::{Server, free_address},
    load::{Connection, Plan, Pressure, Requests, Sample, measure},
    place::{Database, POSTGRES, Place, sqlite},
    storm::{Scene, measure_storm},
    table::{Operation, Report, Resources, median},
    taskhub::{Caller, TaskHub},
};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

/// TaskHub beside the bare limit of its machine and its database
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Subcommand>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    /// The bare server, as the benchmark starts it
    Bare(bare::Arguments),
}

#[derive(clap::Args)]
struct Options {
    /// Length of each measured window, in seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Rounds of each operation on each server; the table shows the medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Keep-alive connections
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Tasks in the database
    #[arg(long, default_value_t = 100_000)]
    tasks: u32,
    /// Worker threads of each server; by default one per processor
    #[arg(long)]
    workers: Option<usize>,
    /// The binary of the server; by default that of this source tree, built with `--release`
    #[arg(long)]
    taskhub: Option<PathBuf>,
    /// Databases to measure; by default SQLite, and PostgreSQL if `TASKHUB_TEST_POSTGRES_URL` is set
    #[arg(long, value_delimiter = ',')]
    database: Vec<Database>,
}

/// The first page by cursor.
const FIRST_PAGE: &str = "/api/v1/tasks?cursor=&page_size=50";

/// The body of a new task.
const NEW_TASK: &str =
    r#"{"title":"Measure the write","description":"One task and its audit row in one durable transaction."}"#;

/// The number of tasks compared between the two servers.
const SPOT_CHECKS: usize = 100;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Subcommand::Bare(bare)) => actix_web::rt::System::new().block_on(bare::serve(bare)),
        None => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::from)
            .and_then(|runtime| runtime.block_on(bench(&arguments.options))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Measures every database and prints its table as soon as it is complete.
async fn bench(options: &Options) -> Result<()> {
    let databases = match options.database.as_slice() {
        [] if std::env::var_os(POSTGRES).is_some() => &[Database::Sqlite, Database::Postgres],
        [] => &[Database::Sqlite][..],
        chosen => chosen,
    };
    for &database in databases {
        let place = Place::make(database, current_exe()?.with_file_name("taskhub-bench-data")).await?;
        let report = compare(options, &place).await;
        place.remove().await?;
        print(&report?);
    }
    Ok(())
}

/// The report of one database.
async fn compare(options: &Options, place: &Place) -> Result<Report> {
    let workers = match options.workers {
        Some(workers) => workers,
        None => available_parallelism()?.get(),
    };
    let fresh = fresh_start_up(options, place, workers).await?;
    let binary = options.taskhub.clone();
    let taskhub = TaskHub::new(binary, place.directory.clone(), place.url.clone(), workers)?;
    say(&format!("{}: seeding {} tasks", place.database, options.tasks));
    taskhub.seed(options.tasks)?;
    place.flush().await?;
    let [caller, neighbour] = taskhub.callers()?;
    let bare_url = place.copy()?;

    let mut existing = Vec::new();
    for _ in 0..options.rounds {
        existing.push(taskhub.serve(free_address()?).await?.start_up);
    }
    let bare = serve_bare(place, &bare_url, &caller, workers).await?;
    let taskhub = taskhub.serve(free_address()?).await?;
    let idle = (bare.resident()?, taskhub.resident()?);

    let ids = caller.task_ids(&taskhub).await?;
    same_answers(&caller, &ids, &bare, &taskhub).await?;
    let mut storms = Vec::new();
    for scene in scenes(&caller, &neighbour, &ids) {
        say(&format!("{}: measuring {} while others {}", place.database, scene.measured, scene.disturbance));
        storms.push(measure_storm(&taskhub, scene, options).await?);
    }
    let mut operations = Vec::new();
    for (name, plan, has_twin) in plans(&caller, ids) {
        say(&format!("{}: measuring {name}", place.database));
        let plan = Arc::new(plan);
        let (mut of_bare, mut of_taskhub) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            if has_twin {
                of_bare.push(sample(&bare, &plan, options).await?);
            }
            of_taskhub.push(sample(&taskhub, &plan, options).await?);
        }
        operations.push(Operation::new(name, &of_bare, &of_taskhub));
    }
    Ok(Report {
        title: format!(
            "{}, {} tasks, {} connections, {workers} workers, median of {} rounds of {} s",
            place.database, options.tasks, options.connections, options.rounds, options.seconds
        ),
        operations,
        storms,
        bare: Resources {
            fresh: None,
            existing: Some(bare.start_up),
            idle: idle.0,
            loaded: bare.resident()?,
        },
        taskhub: Resources { fresh, existing: median(existing), idle: idle.1, loaded: taskhub.resident()? },
    })
}

/// The start-up time of TaskHub without a database. Only on SQLite: elsewhere an operator creates
/// the database.
async fn fresh_start_up(options: &Options, place: &Place, workers: usize) -> Result<Option<Duration>> {
    let mut start_ups = Vec::new();
    if place.database == Database::Sqlite {
        for round in 0..options.rounds {
            let directory = place.directory.join(format!("fresh-{round}"));
            fs::create_dir(&directory)?;
            let url = sqlite(&directory.join("taskhub.db"));
            let taskhub = TaskHub::new(options.taskhub.clone(), directory, url, workers)?;
            start_ups.push(taskhub.serve(free_address()?).await?.start_up);
        }
    }
    Ok(median(start_ups))
}

/// Starts the bare server, which is this program, on the data that TaskHub has filled.
async fn serve_bare(place: &Place, url: &str, caller: &Caller, workers: usize) -> Result<Server> {
    let address = free_address()?;
    let mut command = Command::new(current_exe()?);
    command.args(["bare", "--url", url, "--listen", &address.to_string(), "--workers", &workers.to_string()]);
    command.args(["--tenant", &caller.tenant.to_string(), "--user", &caller.user.to_string()]);
    Server::start(&mut command, address, &place.directory.join("bare.err")).await
}

/// The storms: the latency of a caller while others sign in, and while another tenant sends bulk
/// requests.
fn scenes(caller: &Caller, neighbour: &Caller, ids: &[String]) -> [Scene; 3] {
    let get = || Plan {
        requests: Requests::any_of(&caller.request("GET", "/api/v1/tasks/{id}", ""), ids.to_vec()),
        status: 200,
        may_be_refused: false,
    };
    let post = |caller: &Caller, path, body: &str, status, may_be_refused| Plan {
        requests: Requests::Same(caller.request("POST", path, body).into_bytes()),
        status,
        may_be_refused,
    };
    let bulk = || post(neighbour, "/api/v1/tasks/bulk", &new_tasks(), 200, true);
    let sign_in =
        Plan { requests: Requests::Same(caller.sign_in().into_bytes()), status: 200, may_be_refused: true };
    let create = post(caller, "/api/v1/tasks", NEW_TASK, 201, false);
    let neighbours = "of another tenant create 100 tasks in each request";
    [
        Scene { measured: "get one", calls: get(), disturbance: "sign in", storm: sign_in },
        Scene { measured: "get one", calls: get(), disturbance: neighbours, storm: bulk() },
        Scene { measured: "create", calls: create, disturbance: neighbours, storm: bulk() },
    ]
}

/// A bulk request that creates the maximum number of tasks.
fn new_tasks() -> String {
    let create = format!(r#"{{"action":"create","body":{NEW_TASK}}}"#);
    format!(r#"{{"operations":[{}]}}"#, vec![create; 100].join(","))
}

/// The operations: a name, the requests, and whether the bare server has them, too. Writing
/// operations come last.
fn plans(caller: &Caller, ids: Vec<String>) -> [(&'static str, Plan, bool); 5] {
    let read = |path| Plan {
        requests: Requests::Same(caller.request("GET", path, "").into_bytes()),
        status: 200,
        may_be_refused: false,
    };
    let get = Plan {
        requests: Requests::any_of(&caller.request("GET", "/api/v1/tasks/{id}", ""), ids),
        status: 200,
        may_be_refused: false,
    };
    let create = Plan {
        requests: Requests::Same(caller.request("POST", "/api/v1/tasks", NEW_TASK).into_bytes()),
        status: 201,
        may_be_refused: false,
    };
    [
        ("get one", get, true),
        ("list 50 by cursor", read(FIRST_PAGE), true),
        ("list 50 by page, with the exact count", read("/api/v1/tasks?page=1&page_size=50"), false),
        ("figures of all projects", read("/api/v1/projects/statistics"), false),
        ("create", create, true),
    ]
}

async fn sample(server: &Server, plan: &Arc<Plan>, options: &Options) -> Result<Sample> {
    let pressure = Pressure {
        connections: options.connections,
        warm_up: Duration::from_millis(500),
        window: Duration::from_secs(options.seconds),
    };
    measure(server.address, plan, pressure, || server.cpu()).await
}

/// Fails unless both servers respond alike: a task byte for byte, and the tasks of a page.
async fn same_answers(caller: &Caller, ids: &[String], bare: &Server, taskhub: &Server) -> Result<()> {
    let (mut bare, mut taskhub) =
        (Connection::open(bare.address).await?, Connection::open(taskhub.address).await?);
    for id in ids.iter().step_by(ids.len() / SPOT_CHECKS + 1) {
        let request = caller.request("GET", &format!("/api/v1/tasks/{id}"), "");
        let bare = bare.exchange(request.as_bytes()).await?;
        let taskhub = taskhub.exchange(request.as_bytes()).await?;
        if bare != taskhub || bare.status != 200 {
            return Err(format!("the bare server answers {bare}, TaskHub {taskhub}").into());
        }
    }
    let request = caller.request("GET", FIRST_PAGE, "");
    let bare = bare.exchange(request.as_bytes()).await?;
    let taskhub = taskhub.exchange(request.as_bytes()).await?;
    if bare.results()? != taskhub.results()? {
        return Err(format!("the bare server answers {bare}, TaskHub {taskhub}").into());
    }
    Ok(())
}

/// Reports the progress of the run.
#[expect(clippy::print_stderr, reason = "a command's progress, apart from its output")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "a command's output")]
fn print(report: &Report) {
    println!("{report}");
}
