//! Lists as files of comma-separated values (RFC 4180): written by the page, so that the memory they take is bounded, however long they are.
//!
//! Invariant: no cell is a formula to the program that opens the file. One that would begin as one is led by an apostrophe.

use std::{borrow::Cow, future::Future, sync::Arc};

use actix_web::{HttpMessage, HttpRequest, HttpResponse, http::header, web::Bytes};
use futures::stream;
use taskhub_auth::Principal;
use taskhub_domain::{
    Error, Result,
    list::{Link, Page},
};

use crate::{http::answer::Answered, state::State};

/// What a line of a file has of a row.
pub trait Line {
    /// The names of its cells: the file's first line.
    const COLUMNS: &'static [&'static str];

    /// Its cells.
    fn cells(&self) -> Vec<Cow<'_, str>>;
}

/// A file of all rows of a list, page after page from the cursors that `read` is given. What is wrong with the request is answered before
/// anything is sent; a file that breaks off later has no end. A caller whose token is revoked meanwhile gets no further page.
///
/// # Errors
/// Those of the first page.
pub async fn csv<T, F, R>(state: &State, request: &HttpRequest, file: &str, read: F) -> Answered
where
    T: Line + 'static,
    F: Fn(String) -> R + 'static,
    R: Future<Output = Result<Page<T>>>,
{
    let first = read(String::new()).await?;
    let header = write([T::COLUMNS])?;
    let (state, principal) = (state.clone(), request.extensions().get::<Arc<Principal>>().cloned());
    let read = Arc::new(read);
    let pages = stream::try_unfold(Some((header, first)), move |page| {
        let (read, state, principal) = (read.clone(), state.clone(), principal.clone());
        async move {
            let Some((mut text, page)) = page else { return Ok(None) };
            text.extend(write(page.results.iter().map(Line::cells))?);
            let following = match page.next {
                Some(Link::Cursor(cursor)) => {
                    let refused = principal.and_then(|it| state.repository.revocations().refuse(&it));
                    refused.map_or(Ok(()), |kind| Err(Error::from(kind)))?;
                    Some((Vec::new(), read(cursor).await?))
                }
                _ => None,
            };
            Ok(Some((Bytes::from(text), following)))
        }
    });
    Ok(download(file).streaming(futures::TryStreamExt::inspect_err(pages, |error: &Error| {
        if error.cause().is_some() {
            tracing::error!(%error, "an export broke off");
        }
    })))
}

/// A cell of what may be missing.
pub fn cell<'a>(value: Option<impl ToString>) -> Cow<'a, str> {
    value.map(|value| value.to_string()).unwrap_or_default().into()
}

/// A file of a few lines, which are there already.
///
/// # Errors
/// A fault of the server's.
pub fn lines<T: Line>(file: &str, lines: &[T]) -> Answered {
    let mut text = write([T::COLUMNS])?;
    text.extend(write(lines.iter().map(Line::cells))?);
    Ok(download(file).body(text))
}

/// The answer that a file comes in.
fn download(file: &str) -> actix_web::HttpResponseBuilder {
    let disposition = format!("attachment; filename=\"{file}.csv\"");
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/csv; charset=utf-8").insert_header((header::CONTENT_DISPOSITION, disposition));
    answer
}

/// Lines of cells as text.
fn write<C: AsRef<str>>(lines: impl IntoIterator<Item = impl IntoIterator<Item = C>>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for cells in lines {
        let cells = cells.into_iter().map(|cell| harmless(cell.as_ref()).into_owned());
        writer.write_record(cells.map(String::into_bytes)).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.to_string()))
}

/// A cell that no program takes for a formula.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}").into() } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is written is read again, and no cell begins as a formula.
        #[test]
        fn cells_stay_what_they_are_and_harmless(cells in prop::collection::vec("[-=+@\\t\\r\\n\",'a-zä]{0,5}", 2..4)) {
            let text = write([&cells]).unwrap();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
            let read = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(read.len(), cells.len());
            for (read, cell) in read.iter().zip(&cells) {
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r']));
                prop_assert!(read == cell || read.strip_prefix('\'') == Some(cell));
            }
        }
    }
}
