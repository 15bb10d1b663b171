//! Uploads: files whose bytes are passed on to the blob store as they arrive, not held in memory.
//!
//! Invariant: no byte is read before the handler has authorised the caller, and the limits are
//! checked while bytes arrive. This module does not know what a file is for.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::BytesMut};
use base64::{Engine, engine::general_purpose::STANDARD};
use taskhub_domain::file::{Received, Receiving, has_room};

use super::{Caller, media_type::served, raw_body::Takes, source::Source};
use crate::{
    http::problem::{Code, Problem},
    state::State,
};

/// The content type of a form with the file as its only part.
pub const FORM: &str = "multipart/form-data";
/// The most bytes of a form besides its file, when its announced length is checked.
const AROUND: u64 = 64 * 1024;
/// So many bytes, or the rest of the file, must arrive within [`PATIENCE`].
const STRETCH: u64 = 1024 * 1024;
/// A slower client would block an upload slot for others.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest time that a file may take. It is less than the day after which the sweep removes an
/// object without a row.
const LONGEST: Duration = Duration::from_hours(12);

/// A body that is read on demand.
pub struct Upload<T> {
    /// The content type, one of those that the operation accepts.
    pub content_type: String,
    /// The name of the file, if a form has it.
    pub name: Option<String>,
    source: Source,
    notifies_nodes: Option<u64>,
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
            let notifies_nodes: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
            let digest = digest(request)?;
            let is_form = content_type == FORM;
            let notifies_nodes =
                notifies_nodes.map(|length| if is_form { length.saturating_sub(AROUND) } else { length });
            let payload = payload.take();
            let source =
                if is_form { Source::form(request.headers(), payload) } else { Source::Body(payload) };
            Ok(Self { content_type, name: None, source, notifies_nodes, digest, marker: PhantomData })
        };
        ready(read())
    }
}

impl<T: Takes> Upload<T> {
    /// Reads up to the start of the file, after which its name is known. Only forms need this.
    ///
    /// # Errors
    /// `Invalid`, `MalformedBody`, `RequestTimeout`.
    pub async fn open(self) -> Result<Self, Problem> {
        let opened = tokio::time::timeout(PATIENCE, self.source.open()).await;
        let (source, name) = opened.map_err(|_| Problem::from(Code::RequestTimeout))??;
        Ok(Self { name, source, ..self })
    }

    /// Writes the file to the blob store, as an object of the caller's tenant that has no row yet.
    ///
    /// # Errors
    /// `PayloadTooLarge`, `QuotaExceeded`, `RequestTimeout`; `Invalid` when the digest differs from
    /// the one that was sent; `Unavailable` when the tenant has too many uploads in progress.
    pub async fn receive(self, state: &State, caller: &Caller) -> Result<Received, Problem> {
        let limit = state.settings.file_limit;
        self.announces_no_more_than(limit)?;
        let _place = state.uploads.of(caller.tenant()).enter().await?;
        has_room(&state.repository, caller, self.notifies_nodes.unwrap_or_default()).await?;
        let id = caller.now().new_id(caller.tenant());
        let mut receiving = state.blob_store.receive(caller.tenant(), id);
        let mut source = self.source;
        let arrival = tokio::time::timeout(LONGEST, arrive(&mut source, &mut receiving, limit));
        arrival.await.map_err(|_| Problem::from(Code::RequestTimeout))??;
        let received = receiving.finish().await?;
        if self.digest.is_some_and(|digest| digest != received.sha256) {
            state.blob_store.remove(caller.tenant(), received.id).await?;
            let wrong = "The received bytes do not match Repr-Digest.";
            return Err(taskhub_domain::Error::field("", "digest_mismatch", wrong).into());
        }
        Ok(received)
    }

    /// Reads the whole body into memory, up to the limit of the operation.
    ///
    /// # Errors
    /// `PayloadTooLarge`, `RequestTimeout`.
    pub async fn bytes(mut self) -> Result<BytesMut, Problem> {
        self.announces_no_more_than(T::MOST as u64)?;
        let arrive = async {
            let mut bytes = BytesMut::new();
            while let Some(piece) = self.source.next().await {
                let piece = piece?;
                if bytes.len() + piece.len() > T::MOST {
                    return Err(Problem::from(Code::PayloadTooLarge));
                }
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        };
        let arrival = tokio::time::timeout(PATIENCE / 2, arrive).await;
        let bytes = arrival.map_err(|_| Problem::from(Code::RequestTimeout))??;
        if self.digest.is_some_and(|digest| digest != taskhub_auth::secret::sha256(&bytes)) {
            let wrong = "The received bytes do not match Repr-Digest.";
            return Err(taskhub_domain::Error::field("", "digest_mismatch", wrong).into());
        }
        Ok(bytes)
    }

    fn announces_no_more_than(&self, limit: u64) -> Result<(), Problem> {
        match self.notifies_nodes {
            Some(length) if length > limit => Err(Code::PayloadTooLarge.into()),
            _ => Ok(()),
        }
    }
}

/// Passes the bytes on; each [`STRETCH`] has its own timeout.
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

/// The SHA-256 in `Repr-Digest` (RFC 9530), if it has one. Other algorithms are ignored.
fn digest(request: &HttpRequest) -> Result<Option<[u8; 32]>, Problem> {
    let wrong =
        || Problem::new(Code::InvalidHeader, "Repr-Digest: must be digests, such as sha-256=:<base64>:.");
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
