//! Lists as CSV files (RFC 4180). They are written page by page, so that memory is bounded.
//!
//! Invariant: no program that opens the file takes a cell for a formula. A cell that would begin as
//! a formula gets a leading apostrophe.

use std::{borrow::Cow, future::Future, sync::Arc};

use actix_web::{HttpMessage, HttpRequest, HttpResponse, http::header, web::Bytes};
use futures::stream;
use taskhub_auth::Principal;
use taskhub_domain::{
    Error, Result,
    list::{Link, Page},
};

use crate::{http::answer::Answered, state::State};

/// A resource as a line of a CSV file.
pub trait Line {
    /// The names of the columns, for the first line of the file.
    const COLUMNS: &'static [&'static str];

    /// The cells.
    fn cells(&self) -> Vec<Cow<'_, str>>;
}

/// A CSV file of all rows of a list. `read` returns the page at a cursor.
///
/// An invalid request gets its error before anything is sent. After a later error the response ends
/// without its final chunk. A caller whose token is revoked meanwhile gets no further page.
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
            tracing::error!(%error, "an export was interrupted");
        }
    })))
}

/// The cell of an optional value.
pub fn cell<'a>(value: Option<impl ToString>) -> Cow<'a, str> {
    value.map(|value| value.to_string()).unwrap_or_default().into()
}

/// A CSV file of a few lines that are already in memory.
///
/// # Errors
/// `Internal`.
pub fn lines<T: Line>(file: &str, lines: &[T]) -> Answered {
    let mut text = write([T::COLUMNS])?;
    text.extend(write(lines.iter().map(Line::cells))?);
    Ok(download(file).body(text))
}

/// The response builder for a CSV file.
fn download(file: &str) -> actix_web::HttpResponseBuilder {
    let disposition = format!("attachment; filename=\"{file}.csv\"");
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/csv; charset=utf-8").insert_header((header::CONTENT_DISPOSITION, disposition));
    answer
}

/// Lines of cells as CSV text.
fn write<C: AsRef<str>>(lines: impl IntoIterator<Item = impl IntoIterator<Item = C>>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for cells in lines {
        let cells = cells.into_iter().map(|cell| harmless(cell.as_ref()).into_owned());
        writer.write_record(cells.map(String::into_bytes)).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.to_string()))
}

/// A cell that no program takes for a formula, with an apostrophe if necessary.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}").into() } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Cells are read back as written, and no cell begins as a formula.
        #[test]
        fn cells_are_read_back_and_are_no_formulas(cells in prop::collection::vec("[-=+@\\t\\r\\n\",'a-zä]{0,5}", 2..4)) {
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
