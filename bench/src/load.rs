//! The load: many keep-alive connections, each sending one request after the other, all on the
//! caller's thread.
//!
//! Invariant: the generator does as little as possible between two requests, because it shares the
//! cores with the server. Requests are prebuilt bytes, and it reads only the status and the length
//! of a response. It knows HTTP/1.1 and nothing of TaskHub: the requests and the expected status
//! are given.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::sleep,
};

use crate::Result;

/// The requests to send repeatedly.
pub(crate) struct Plan {
    /// The whole request, or all of it except the id.
    pub(crate) requests: Requests,
    /// The expected status.
    pub(crate) status: u16,
    /// Whether the server may also refuse it because of overload (503). A refused request is not
    /// counted.
    pub(crate) may_be_refused: bool,
}

/// The bytes of a request.
pub(crate) enum Requests {
    /// The same request each time.
    Same(Vec<u8>),
    /// A request with a random id of `ids` between `head` and `tail`.
    AnyOf { head: Vec<u8>, ids: Vec<String>, tail: Vec<u8> },
}

/// The duration of the load and its number of connections.
#[derive(Clone, Copy)]
pub(crate) struct Pressure {
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
}

/// The results of one measured window.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) requests_per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// CPU time of the server, user and system, divided by the number of responses.
    pub(crate) cpu: Duration,
}

/// A response: its status and its body.
#[derive(PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(self.body))
    }
}

const WARM_UP: u8 = 0;
const MEASURE: u8 = 1;
const STOP: u8 = 2;

/// Puts the server at `address` under load and measures a window of it, after a warm-up. `cpu`
/// returns the CPU time that the server has used so far. Fails on the first response with another
/// status than that of the plan.
pub(crate) async fn measure(
    address: SocketAddr,
    plan: &Arc<Plan>,
    pressure: Pressure,
    cpu: impl Fn() -> Result<Duration>,
) -> Result<Sample> {
    let phase = Arc::new(AtomicU8::new(WARM_UP));
    let mut workers = JoinSet::new();
    for seed in 1..=pressure.connections {
        let random = Random::new(seed as u64);
        workers.spawn(work(Connection::open(address).await?, Arc::clone(plan), Arc::clone(&phase), random));
    }
    sleep(pressure.warm_up).await;

    let (started, cpu_before) = (Instant::now(), cpu()?);
    phase.store(MEASURE, Ordering::Relaxed);
    sleep(pressure.window).await;
    phase.store(STOP, Ordering::Relaxed);
    let (elapsed, cpu_used) = (started.elapsed(), cpu()?.saturating_sub(cpu_before));

    let mut latencies = Vec::new();
    while let Some(worker) = workers.join_next().await {
        latencies.extend(worker??);
    }
    latencies.sort_unstable();
    let requests = u32::try_from(latencies.len())?;
    if requests == 0 {
        return Err("no request was answered in the measured window".into());
    }
    Ok(Sample {
        requests_per_second: f64::from(requests) / elapsed.as_secs_f64(),
        p50: percentile(&latencies, 50),
        p99: percentile(&latencies, 99),
        cpu: cpu_used / requests,
    })
}

/// Sends the requests of one connection until the end. Returns the latencies in the measured
/// window, in microseconds.
async fn work(
    mut connection: Connection,
    plan: Arc<Plan>,
    phase: Arc<AtomicU8>,
    mut random: Random,
) -> Result<Vec<u32>> {
    let mut latencies = Vec::with_capacity(1 << 16);
    let mut request = Vec::new();
    loop {
        plan.requests.write(&mut random, &mut request);
        let sent = Instant::now();
        let answer = connection.exchange(&request).await?;
        if answer.status == 503 && plan.may_be_refused {
            continue;
        }
        if answer.status != plan.status {
            return Err(format!("expected {}, was answered {answer}", plan.status).into());
        }
        match phase.load(Ordering::Relaxed) {
            MEASURE => latencies.push(u32::try_from(sent.elapsed().as_micros())?),
            STOP => return Ok(latencies),
            _ => {}
        }
    }
}

fn percentile(sorted: &[u32], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    Duration::from_micros(sorted.get(rank).copied().unwrap_or_default().into())
}

impl Requests {
    /// Replaces `{id}` in `request` by a random id.
    pub(crate) fn any_of(request: &str, ids: Vec<String>) -> Self {
        let (head, tail) = request.split_once("{id}").unwrap_or((request, ""));
        Self::AnyOf { head: head.into(), ids, tail: tail.into() }
    }

    fn write(&self, random: &mut Random, request: &mut Vec<u8>) {
        request.clear();
        match self {
            Self::Same(bytes) => request.extend_from_slice(bytes),
            Self::AnyOf { head, ids, tail } => {
                request.extend_from_slice(head);
                if let Some(id) = ids.get(random.below(ids.len())) {
                    request.extend_from_slice(id.as_bytes());
                }
                request.extend_from_slice(tail);
            }
        }
    }
}

/// A keep-alive connection and its read buffer.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(1 << 16) })
    }

    /// Sends `request` and reads the response, which must state its length.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            self.read().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        let end = head.size + head.content_length;
        while self.buffer.len() < end {
            self.read().await?;
        }
        let body = self.buffer.get(head.size..end).unwrap_or_default();
        Ok(Answer { status: head.status, body })
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

/// The head of a response, as far as the generator reads it.
struct Head {
    status: u16,
    size: usize,
    content_length: usize,
}

impl Head {
    /// Parses the head, once `buffer` holds all of it.
    fn parse(buffer: &[u8]) -> Result<Option<Self>> {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?;
        let status = text.get(9..12).ok_or("no status line")?.parse()?;
        let content_length = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim().parse())
            .transpose()?;
        let content_length = match (status, content_length) {
            (_, Some(length)) => length,
            (204 | 304, None) => 0,
            _ => return Err("the answer does not say its length".into()),
        };
        Ok(Some(Self { status, size: end + 4, content_length }))
    }
}

/// A generator of the same numbers in every run: xorshift64*, seeded through a multiplication so
/// that neighbouring seeds diverge at once.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(number).unwrap_or_default() % bound.max(1)
    }
}
