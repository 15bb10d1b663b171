//! Files on their way in: bytes that are not kept in memory, but handed on as they come.
//!
//! Invariant: nothing is read before the handler has found out that the caller may send it, and what is read is counted while it comes.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::BytesMut};
use base64::{Engine, engine::general_purpose::STANDARD};
use taskhub_domain::file::{Received, Receiving, has_room};

use super::{Caller, media_type::served, octets::Takes, source::Source};
use crate::{
    problem::{Code, Problem},
    state::State,
};

/// A form, whose one part is the file.
pub const FORM: &str = "multipart/form-data";
/// What a form has around its file at most, as far as it is announced.
const AROUND: u64 = 64 * 1024;
/// So many octets, or the last of a file, come within [`PATIENCE`].
const STRETCH: u64 = 1024 * 1024;
/// A slower client takes a place away from others.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a file may take in all: less than a day, after which an object without a row goes.
const LONGEST: Duration = Duration::from_hours(12);

/// A body of octets that is read when it is asked for.
pub struct Upload<T> {
    /// Their content type, one of those that the operation takes.
    pub content_type: String,
    /// The file's name, where a form has one.
    pub name: Option<String>,
    source: Source,
    announced: Option<u64>,
    digest: Option<[u8; 32]>,
    marker: PhantomData<T>,
}

impl<T: Takes> FromRequest for Upload<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut read = || {
            let content_type = served(request, T::TYPES)?;
            let length = request.headers().get(header::CONTENT_LENGTH);
            let announced: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
            let digest = digest(request)?;
            let is_form = content_type == FORM;
            let announced =
                announced.map(|length| if is_form { length.saturating_sub(AROUND) } else { length });
            let payload = payload.take();
            let source =
                if is_form { Source::form(request.headers(), payload) } else { Source::Body(payload) };
            Ok(Self { content_type, name: None, source, announced, digest, marker: PhantomData })
        };
        ready(read())
    }
}

impl<T: Takes> Upload<T> {
    /// Reads up to the file, whose name is known then. Only a form has anything before it.
    ///
    /// # Errors
    /// `Invalid`, `MalformedBody`, `RequestTimeout`.
    pub async fn open(self) -> Result<Self, Problem> {
        let opened = tokio::time::timeout(PATIENCE, self.source.open()).await;
        let (source, name) = opened.map_err(|_| Problem::from(Code::RequestTimeout))??;
        Ok(Self { name, source, ..self })
    }

    /// Lets the octets into the depot, as an object of the caller's tenant of which no row speaks yet.
    ///
    /// # Errors
    /// `PayloadTooLarge`, `QuotaExceeded`, `RequestTimeout`; `Invalid` when they are not those of the digest that was sent; `Unavailable` when
    /// the tenant has too many files under way.
    pub async fn receive(self, state: &State, caller: &Caller) -> Result<Received, Problem> {
        let limit = state.settings.file_limit;
        self.announces_no_more_than(limit)?;
        let _place = state.uploads.of(caller.tenant()).enter().await?;
        has_room(&state.store, caller, self.announced.unwrap_or_default()).await?;
        let id = caller.now().new_id(caller.tenant());
        let mut receiving = state.depot.receive(caller.tenant(), id);
        let mut source = self.source;
        let arrival = tokio::time::timeout(LONGEST, arrive(&mut source, &mut receiving, limit));
        arrival.await.map_err(|_| Problem::from(Code::RequestTimeout))??;
        let received = receiving.finish().await?;
        if self.digest.is_some_and(|digest| digest != received.sha256) {
            state.depot.remove(caller.tenant(), received.id).await?;
            let wrong = "The octets that came are not those of Repr-Digest.";
            return Err(taskhub_domain::Error::field("", "digest_mismatch", wrong).into());
        }
        Ok(received)
    }

    /// All octets, where they are few.
    ///
    /// # Errors
    /// `PayloadTooLarge`, `RequestTimeout`.
    pub async fn octets(mut self) -> Result<BytesMut, Problem> {
        self.announces_no_more_than(T::MOST as u64)?;
        let arrive = async {
            let mut octets = BytesMut::new();
            while let Some(piece) = self.source.next().await {
                let piece = piece?;
                if octets.len() + piece.len() > T::MOST {
                    return Err(Problem::from(Code::PayloadTooLarge));
                }
                octets.extend_from_slice(&piece);
            }
            Ok(octets)
        };
        let arrival = tokio::time::timeout(PATIENCE / 2, arrive).await;
        let octets = arrival.map_err(|_| Problem::from(Code::RequestTimeout))??;
        if self.digest.is_some_and(|digest| digest != taskhub_auth::secret::sha256(&octets)) {
            let wrong = "The octets that came are not those of Repr-Digest.";
            return Err(taskhub_domain::Error::field("", "digest_mismatch", wrong).into());
        }
        Ok(octets)
    }

    fn announces_no_more_than(&self, limit: u64) -> Result<(), Problem> {
        match self.announced {
            Some(length) if length > limit => Err(Code::PayloadTooLarge.into()),
            _ => Ok(()),
        }
    }
}

/// Hands the octets on, a stretch at a time.
async fn arrive(source: &mut Source, receiving: &mut Receiving, limit: u64) -> Result<(), Problem> {
    loop {
        let end = receiving.size() + STRETCH;
        let stretch = async {
            while receiving.size() < end {
                let Some(piece) = source.next().await else { return Ok(true) };
                let piece = piece?;
                if receiving.size() + piece.len() as u64 > limit {
                    return Err(Problem::from(Code::PayloadTooLarge));
                }
                receiving.take(piece).await?;
            }
            Ok(false)
        };
        let arrived = tokio::time::timeout(PATIENCE, stretch).await;
        if arrived.map_err(|_| Problem::from(Code::RequestTimeout))?? {
            return Ok(());
        }
    }
}

/// The SHA-256 of `Repr-Digest` (RFC 9530), if it has one; digests of other algorithms say nothing here.
fn digest(request: &HttpRequest) -> Result<Option<[u8; 32]>, Problem> {
    let wrong =
        || Problem::new(Code::InvalidHeader, "Repr-Digest: expected digests, like sha-256=:<base64>:.");
    let mut found = None;
    for value in request.headers().get_all("Repr-Digest") {
        for member in value.to_str().map_err(|_| wrong())?.split(',') {
            let (name, value) = member.trim().split_once('=').ok_or_else(wrong)?;
            let value =
                value.strip_prefix(':').and_then(|value| value.strip_suffix(':')).ok_or_else(wrong)?;
            let digest = STANDARD.decode(value).map_err(|_| wrong())?;
            if name == "sha-256" {
                found = Some(digest.try_into().map_err(|_| wrong())?);
            }
        }
    }
    Ok(found)
}
