//! A small server that takes mail (RFC 5321), and does as it is told with it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use taskhub_tests::Mail;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What is done with a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is refused with these words, once it was sent.
    Refused(&'static str),
    /// A command is answered with these words.
    At(&'static str, &'static str),
    /// It is accepted, after a while.
    Slow(Duration),
    /// The connection is closed instead of an answer.
    HungUp,
}

/// The server. What is not told otherwise is accepted.
#[derive(Clone)]
pub(crate) struct SmtpServer {
    pub(crate) url: String,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    accepted: Vec<(String, Mail)>,
    tries: usize,
    raw: String,
}

impl SmtpServer {
    /// Starts one on a port of its own, with what is done with the first mails.
    pub(crate) async fn start(fates: &[Fate]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let fates = Arc::new(Mutex::new(fates.iter().copied().collect()));
        let server = Self { url, fates, seen: Arc::default() };
        let taking = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taking = taking.clone();
                // A conversation ends as its other side wishes.
                tokio::spawn(async move { taking.converse(stream).await.ok() });
            }
        });
        server
    }

    /// Lets this be done with one of the next mails.
    pub(crate) fn next(&self, fate: Fate) {
        self.fates.lock().unwrap().push_back(fate);
    }

    /// The mails that were accepted for an address.
    pub(crate) fn accepted(&self, address: &str) -> Vec<Mail> {
        let seen = self.seen.lock().unwrap();
        seen.accepted.iter().filter(|(to, _)| to == address).map(|(_, mail)| mail.clone()).collect()
    }

    /// How many mails were sent, whatever became of them.
    pub(crate) fn tries(&self) -> usize {
        self.seen.lock().unwrap().tries
    }

    /// The last mail as it came.
    pub(crate) fn raw(&self) -> String {
        self.seen.lock().unwrap().raw.clone()
    }

    /// The words by which a command is refused, if it is the next one that is to be.
    fn refusal(&self, verb: &str) -> Option<&'static str> {
        let mut fates = self.fates.lock().unwrap();
        match fates.front() {
            Some(Fate::At(refused, words)) if *refused == verb => {
                let words = *words;
                fates.pop_front();
                Some(words)
            }
            _ => None,
        }
    }

    async fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 ready\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            let answer = match (self.refusal(&verb), verb.as_str()) {
                (Some(words), _) => words,
                (_, "EHLO") => "250-here\r\n250 8BITMIME\r\n",
                (_, "MAIL" | "RCPT" | "RSET" | "NOOP") => "250 fine\r\n",
                (_, "DATA") => {
                    write.write_all(b"354 go on\r\n").await?;
                    let mut mail = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        mail += line.strip_prefix('.').unwrap_or(&line);
                        mail += "\r\n";
                    }
                    let fate = self.fates.lock().unwrap().pop_front();
                    self.seen.lock().unwrap().tries += 1;
                    if let Some(Fate::Slow(pause)) = fate {
                        tokio::time::sleep(pause).await;
                    }
                    let mut seen = self.seen.lock().unwrap();
                    match fate {
                        Some(Fate::HungUp) => return Ok(()),
                        Some(Fate::Refused(words)) => words,
                        Some(Fate::Slow(_) | Fate::At(..)) | None => {
                            seen.accepted.push(Mail::read(mail.as_bytes()));
                            seen.raw = mail;
                            "250 taken\r\n"
                        }
                    }
                }
                (_, "QUIT") => {
                    write.write_all(b"221 goodbye\r\n").await?;
                    return Ok(());
                }
                _ => "502 unknown\r\n",
            };
            write.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }
}
