//! A small SMTP server (RFC 5321) with configurable responses.

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

/// The response to a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// The mail is refused with this response after its data was sent.
    Refused(&'static str),
    /// The command gets this response.
    At(&'static str, &'static str),
    /// The mail is accepted after a delay.
    Slow(Duration),
    /// The connection is closed without a response.
    HungUp,
}

/// The server. It accepts mail by default.
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
    /// Starts a server on a free port, with the responses to the first mails.
    pub(crate) async fn start(fates: &[Fate]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let fates = Arc::new(Mutex::new(fates.iter().copied().collect()));
        let server = Self { url, fates, seen: Arc::default() };
        let taking = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taking = taking.clone();
                // A conversation ends when the client ends it.
                tokio::spawn(async move { taking.converse(stream).await.ok() });
            }
        });
        server
    }

    /// Appends the response to one of the next mails.
    pub(crate) fn next(&self, fate: Fate) {
        self.fates.lock().unwrap().push_back(fate);
    }

    /// The accepted mails for an address.
    pub(crate) fn accepted(&self, address: &str) -> Vec<Mail> {
        let seen = self.seen.lock().unwrap();
        seen.accepted.iter().filter(|(to, _)| to == address).map(|(_, mail)| mail.clone()).collect()
    }

    /// The number of mails sent to the server, accepted or not.
    pub(crate) fn tries(&self) -> usize {
        self.seen.lock().unwrap().tries
    }

    /// The source of the last mail.
    pub(crate) fn raw(&self) -> String {
        self.seen.lock().unwrap().raw.clone()
    }

    /// The response that refuses the command, if the next mail has one for it.
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
