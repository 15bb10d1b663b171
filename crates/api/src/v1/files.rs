//! Downloads of stored files, and the removal of received files that are not used.
//!
//! Invariant: a browser never renders what a client uploaded. A download is always an attachment of
//! a fixed content type. A page that opens it nevertheless is in a sandbox.
//!
//! This module does not know who may read a file: handlers check that first.

use std::ops::Range;

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::header::{self, HeaderName},
    web::Bytes,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use data_encoding::HEXLOWER;
use futures::{Stream, TryStreamExt};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use taskhub_domain::{
    Error,
    document::Content,
    file::{FileInfo, Received},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::App;
use crate::http::{
    answer::Answered,
    extract::{ANY, Caller, FORM, IfNoneMatch, Takes},
    problem::{Code, Problem},
};

/// Runs work to its end even when the client disconnects, so that a received file either gets a row
/// or is removed.
pub(super) async fn to_the_end(work: impl Future<Output = Answered> + 'static) -> Answered {
    actix_web::rt::spawn(work).await.map_err(Error::internal)?
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(as = File, value_type = String, format = Binary)]
pub(crate) struct AnyFile(#[expect(dead_code, reason = "only described")] Vec<u8>);

/// A form with a file as its only part, as browsers send it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct FileForm {
    /// The file. The name in the form becomes the name of the file, unless the query parameter
    /// `name` is sent.
    #[schema(value_type = String, format = Binary, example = "bytes")]
    file: Vec<u8>,
}

/// The content type of every file that is sent.
pub(crate) const FILE: &str = "application/octet-stream";
/// The content type of the text of a document.
pub(crate) const TEXT: &str = "text/markdown";

impl Takes for AnyFile {
    const TYPES: &'static [&'static str] = &[FILE, FORM, ANY];
    /// The setting for the size of files is the limit.
    const MOST: usize = usize::MAX;
}

/// The content of a document: a file or a text.
pub(crate) struct FileOrText;

impl Takes for FileOrText {
    const TYPES: &'static [&'static str] = &[FILE, TEXT, FORM, ANY];
    /// The limit of a text: four bytes for each character, and some more.
    const MOST: usize = 1024 * 1024;
}

/// The characters of a file name that need no escape (RFC 8187 section 3.2.1).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What the headers of a download are made of.
struct Sent<'a> {
    name: &'a str,
    kind: &'static str,
    tag: String,
    sha256: &'a str,
    size: u64,
}

/// Sends a stored file, or the requested range of it.
pub(super) async fn send(
    request: &HttpRequest,
    app: &App,
    caller: &Caller,
    known: &IfNoneMatch,
    (id, info): (Uuid, &FileInfo),
    tag: Option<String>,
) -> Answered {
    let FileInfo { name, sha256, .. } = info;
    let tag = tag.unwrap_or_else(|| format!("\"{sha256}\""));
    let size = u64::try_from(info.size).unwrap_or_default();
    let sent = Sent { name, kind: FILE, tag, sha256, size };
    if known.has(&sent.tag) {
        return Ok(sent.head(HttpResponse::NotModified()).finish());
    }
    match range(request, &sent)? {
        None => {
            let bytes = read(app, caller, id, info, None).await?;
            Ok(sent.head(HttpResponse::Ok()).body(SizedStream::new(size, bytes)))
        }
        Some(part) if part.is_empty() => Err(Problem::range_not_satisfiable(size)),
        Some(part) => {
            let bytes = read(app, caller, id, info, Some(part.clone())).await?;
            let mut answer = sent.head(HttpResponse::PartialContent());
            let place = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            answer.insert_header((header::CONTENT_RANGE, place));
            Ok(answer.body(SizedStream::new(part.end - part.start, bytes)))
        }
    }
}

/// The bytes of a stored file. When reading fails midway, the status was already sent: the
/// connection is closed, and the error is logged here.
async fn read(
    app: &App,
    caller: &Caller,
    id: Uuid,
    info: &FileInfo,
    part: Option<Range<u64>>,
) -> Result<impl Stream<Item = taskhub_domain::Result<Bytes>> + use<>, Error> {
    let bytes = app.blob_store.read(caller.tenant(), id, info, part).await?;
    Ok(bytes.inspect_err(|error| {
        tracing::error!(cause = error.cause().map(tracing::field::display), "reading a file failed midway");
    }))
}

/// Sends the content of a document or of one of its versions.
pub(super) async fn send_content(
    request: &HttpRequest,
    app: &App,
    caller: &Caller,
    known: &IfNoneMatch,
    content: Content,
    tag: Option<String>,
) -> Answered {
    match content {
        Content::File { id, info } => send(request, app, caller, known, (id, &info), tag).await,
        Content::Text { title, text } => {
            let sha256 = HEXLOWER.encode(&taskhub_auth::secret::sha256(text.as_bytes()));
            let tag = tag.unwrap_or_else(|| format!("\"{sha256}\""));
            let name = format!("{}.md", title.replace(['/', '\\'], "-"));
            let (kind, bytes) = ("text/markdown; charset=utf-8", Bytes::from(text));
            let sent = Sent { name: &name, kind, tag, sha256: &sha256, size: bytes.len() as u64 };
            if known.has(&sent.tag) {
                return Ok(sent.head(HttpResponse::NotModified()).finish());
            }
            match range(request, &sent)? {
                None => Ok(sent.head(HttpResponse::Ok()).body(bytes)),
                Some(part) if part.is_empty() => Err(Problem::range_not_satisfiable(sent.size)),
                Some(Range { start, end }) => {
                    let mut answer = sent.head(HttpResponse::PartialContent());
                    let place = format!("bytes {start}-{}/{}", end - 1, sent.size);
                    answer.insert_header((header::CONTENT_RANGE, place));
                    let bound = |at: u64| usize::try_from(at).unwrap_or_default();
                    Ok(answer.body(bytes.slice(bound(start)..bound(end))))
                }
            }
        }
    }
}

impl Sent<'_> {
    /// The headers of a whole file, a range of it and a 304 response.
    fn head(&self, mut answer: actix_web::HttpResponseBuilder) -> actix_web::HttpResponseBuilder {
        answer
            .insert_header((header::ETAG, self.tag.clone()))
            .insert_header((header::ACCEPT_RANGES, "bytes"))
            .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
            .insert_header((header::CONTENT_DISPOSITION, attached(self.name)))
            .insert_header((HeaderName::from_static("repr-digest"), repr_digest(self.sha256)))
            // Ranges refer to the stored bytes, so nothing may compress the response.
            .insert_header((header::CONTENT_ENCODING, "identity"))
            .content_type(self.kind);
        answer
    }
}

/// The `Content-Disposition` of a download: the name in UTF-8, and in ASCII for clients that cannot
/// read that (RFC 6266 appendix D).
fn attached(name: &str) -> String {
    // Some clients decode `%41` here too. A quote or a backslash would end the name early.
    let plain = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN))
}

/// The most characters of a `Range` header, as of every parameter in the OpenAPI document.
const LONGEST_RANGE: usize = 4096;

/// The requested range; empty if it begins after the end. `None` sends the whole content: for
/// several ranges, for an invalid range (RFC 9110 section 14.2), and for an outdated `If-Range`
/// (section 13.1.5).
fn range(request: &HttpRequest, sent: &Sent<'_>) -> Result<Option<Range<u64>>, Problem> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(header::RANGE) else { return Ok(None) };
    if range.len() > LONGEST_RANGE {
        return Err(Problem::new(Code::InvalidHeader, "Range: must be at most 4096 characters."));
    }
    if text(header::IF_RANGE).is_some_and(|tag| tag != sent.tag) {
        return Ok(None);
    }
    Ok(part(range, sent.size))
}

/// The bytes of a range. The header type of actix is not used: it takes the valid ranges of a set
/// and ignores the others, accepts a sign before a number, and compares the unit with letter case.
fn part(range: &str, size: u64) -> Option<Range<u64>> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", last) => Some(size.saturating_sub(number(last)?)..size),
        (first, "") => number(first).map(|first| first..size.max(first)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last)
                .then(|| if first < size { first..last.saturating_add(1).min(size) } else { size..size })
        }
    }
}

/// `Repr-Digest` (RFC 9530) of a digest in hexadecimal.
fn repr_digest(sha256: &str) -> String {
    let bytes = sha256
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    format!("sha-256=:{}:", STANDARD.encode(bytes.collect::<Vec<_>>()))
}

/// Removes a received file whose request was rejected. When it is not known whether the write was
/// committed, the object stays, and the sweep decides.
pub(super) async fn give_back(app: &App, caller: &Caller, received: &Received, error: &Error) {
    let refused = caller.is_dry_run() || Code::from(error.kind()).status().is_client_error();
    if refused && let Err(error) = app.blob_store.remove(caller.tenant(), received.id).await {
        tracing::warn!(%error, id = %received.id, "could not remove the file of a rejected request");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{attached, part};

    #[test]
    fn a_download_has_a_name_for_every_client() {
        for (name, header) in [
            ("plan.pdf", "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf"),
            ("Größe 1.txt", "attachment; filename=\"Gr__e 1.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.txt"),
            ("a\"; b=\\%41", "attachment; filename=\"a_; b=__41\"; filename*=UTF-8''a%22%3B%20b%3D%5C%2541"),
        ] {
            assert_eq!(attached(name), header);
        }
    }

    #[test]
    fn parts_are_read_as_the_rfc_has_them() {
        for (range, expected) in [
            ("bytes=0-0", Some(0..1)),
            ("bytes=2-5", Some(2..6)),
            ("Bytes=8-100", Some(8..10)),
            ("bytes=3-", Some(3..10)),
            ("bytes=-4", Some(6..10)),
            ("bytes=-40", Some(0..10)),
            ("bytes=-0", Some(10..10)),
            ("bytes=10-", Some(10..10)),
            ("bytes=10-20", Some(10..10)),
            ("bytes=99999999999999999999-", Some(u64::MAX..u64::MAX)),
            ("bytes=5-2", None),
            ("bytes=0-1,4-5", None),
            ("bytes=a-b", None),
            ("bytes=+1-2", None),
            ("bytes=-", None),
            ("items=0-1", None),
            ("bytes", None),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-0", 0), Some(0..0));
    }

    proptest! {
        #[test]
        fn a_part_lies_within(range in "bytes=[0-9]{0,3}-[0-9]{0,3}", size in 0..1000u64) {
            if let Some(part) = part(&range, size).filter(|part| !part.is_empty()) {
                prop_assert!(part.end <= size);
            }
        }
    }
}
