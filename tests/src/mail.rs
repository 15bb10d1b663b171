//! The mail that servers under test have sent, as its recipients get it.
//!
//! Servers on one database send each other's mail, as nodes do. So all servers of this process
//! write into one folder.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    process,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use mail_parser::{MessageParser, MimeHeaders};

use crate::App;

/// The time limit for the arrival of a mail.
const DEADLINE: Duration = Duration::from_secs(20);

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("taskhub-tests-mail-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
});
static INBOXES: LazyLock<Mutex<Inboxes>> = LazyLock::new(Mutex::default);

/// A mail that arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The subject.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The token in its link; empty without a link.
    pub token: String,
}

impl Mail {
    /// Parses the source of a mail. Returns its recipient, too.
    pub fn read(octets: &[u8]) -> (String, Self) {
        let message = MessageParser::default().parse(octets).unwrap();
        let to = message.to().unwrap().first().unwrap().address().unwrap().to_owned();
        let kind = message.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("alternative")));
        let text = message.body_text(0).unwrap().into_owned();
        let token = text.split_once("#token=").map(|(_, rest)| rest.split_whitespace().next().unwrap());
        let token = token.unwrap_or_default().to_owned();
        let html = message.body_html(0).unwrap().into_owned();
        (to, Self { subject: message.subject().unwrap().to_owned(), text, html, token })
    }
}

#[derive(Default)]
struct Inboxes {
    read: HashSet<PathBuf>,
    /// By address, in the order of their creation.
    mails: HashMap<String, BTreeMap<String, Mail>>,
    /// The last mail per address that a test has taken.
    taken: HashMap<String, String>,
}

impl Inboxes {
    fn look(&mut self, folder: &Path) {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "eml") && self.read.insert(path.clone()) {
                let (to, mail) = Mail::read(&fs::read(&path).unwrap());
                let id = path.file_stem().unwrap().to_string_lossy().into_owned();
                self.mails.entry(to).or_default().insert(id, mail);
            }
        }
    }

    fn take(&mut self, address: &str, about: &str) -> Option<Mail> {
        let taken = self.taken.get(address).cloned().unwrap_or_default();
        let mails = self.mails.get(address)?;
        let is_new = |(id, mail): &(&String, &Mail)| **id > taken && mail.text.contains(about);
        let (id, mail) = mails.iter().rev().find(is_new)?;
        self.taken.insert(address.to_owned(), id.clone());
        Some(mail.clone())
    }
}

/// Links the mail folder of the server to the common one.
pub(crate) fn share(data: &Path) {
    std::os::unix::fs::symlink(&*FOLDER, data.join("mail")).unwrap();
}

impl App {
    /// The newest mail to the address that has not been taken yet. Waits for it.
    pub async fn mail_to(&self, address: &str) -> Mail {
        self.mail_with(address, "").await
    }

    /// Like [`Self::mail_to`], for a mail with a link to a page below `/account/`.
    pub async fn mail_about(&self, address: &str, page: &str) -> Mail {
        self.mail_with(address, &format!("/account/{page}#")).await
    }

    /// Like [`Self::mail_to`], for a mail that contains these words.
    pub async fn mail_with(&self, address: &str, words: &str) -> Mail {
        let waiting = async {
            loop {
                if let Some(mail) = self.mails().take(address, words) {
                    break mail;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        waited.unwrap_or_else(|_| panic!("no mail to {address} with {words:?}"))
    }

    /// The number of mails for the address.
    pub fn count_mail(&self, address: &str) -> usize {
        self.mails().mails.get(address).map_or(0, BTreeMap::len)
    }

    #[expect(clippy::unused_self, reason = "a server's mail, although all servers share their folder")]
    fn mails(&self) -> std::sync::MutexGuard<'static, Inboxes> {
        let mut inboxes = INBOXES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inboxes.look(&FOLDER);
        inboxes
    }
}
