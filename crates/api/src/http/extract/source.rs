//! The source of an uploaded file: the body itself, or a form (RFC 7578) with the file as its only
//! part.
//!
//! Invariant: the bytes are passed on as they arrive. A form with any other part is rejected, so
//! that nothing in it is ignored.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    dev::Payload,
    http::header::{DispositionParam, HeaderMap},
    web::Bytes,
};
use futures::StreamExt;
use taskhub_domain::Error;

use crate::http::problem::{Code, Problem};

/// The name of the part with the file.
const PART: &str = "file";

/// The source from which a file is read.
#[expect(clippy::large_enum_variant, reason = "there is one for each upload, and uploads are bounded")]
pub(super) enum Source {
    /// The body is the file.
    Body(Payload),
    /// A form before its part is opened.
    Form(Multipart),
    /// A form with its file, until the file is read to its end.
    ///
    /// `Multipart` is never woken while one of its `Field`s is alive, even one that was read to its
    /// end. So the field must be dropped before the next one is requested.
    Part(Multipart, Option<Field>),
}

impl Source {
    pub(super) fn form(headers: &HeaderMap, payload: Payload) -> Self {
        Self::Form(Multipart::new(headers, payload))
    }

    /// Reads up to the start of the file. Returns the name of the file if a form has it.
    pub(super) async fn open(self) -> Result<(Self, Option<String>), Problem> {
        let mut form = match self {
            Self::Form(form) => form,
            opened => return Ok((opened, None)),
        };
        let part = form.next().await.ok_or_else(wrong_parts)?.map_err(unreadable)?;
        let name = file_name(&part);
        if part.name() != Some(PART) || name.is_none() {
            return Err(wrong_parts());
        }
        Ok((Self::Part(form, Some(part)), name))
    }

    /// The next bytes of the file.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Problem>> {
        match self {
            Self::Body(payload) => payload.next().await.map(|piece| piece.map_err(Problem::from)),
            Self::Form(_) => Some(Err(wrong_parts())),
            Self::Part(form, part) => {
                if let Some(field) = part {
                    if let Some(piece) = field.next().await {
                        return Some(piece.map_err(unreadable));
                    }
                    *part = None;
                }
                form.next().await.map(|more| more.map_err(unreadable).and_then(|_| Err(wrong_parts())))
            }
        }
    }
}

/// The name of the file in a part. Some browsers send its local path, which is cut off.
fn file_name(part: &Field) -> Option<String> {
    let disposition = part.content_disposition()?;
    let extended = disposition.parameters.iter().find_map(|parameter| match parameter {
        DispositionParam::FilenameExt(name) => String::from_utf8(name.value.clone()).ok(),
        _ => None,
    });
    let name = extended.or_else(|| disposition.get_filename().map(str::to_owned))?;
    name.rsplit(['/', '\\']).next().map(str::to_owned)
}

fn wrong_parts() -> Problem {
    let message =
        format!("The form must have exactly one part: the file, with the name `{PART}` and a file name.");
    Error::field(format!("/{PART}"), "invalid_value", message).into()
}

fn unreadable(error: MultipartError) -> Problem {
    match error {
        MultipartError::Payload(error) => error.into(),
        _ => Problem::new(
            Code::MalformedBody,
            "The body is not a complete form (multipart/form-data, RFC 7578).",
        ),
    }
}
