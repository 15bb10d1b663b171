//! Where the bytes of a file come from: the body is the file, or a form that a browser sends (RFC 7578) has it as its one part.
//!
//! Invariant: a part is handed on as it comes, and beside the file a form has nothing that would be ignored.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    dev::Payload,
    http::header::{DispositionParam, HeaderMap},
    web::Bytes,
};
use futures::StreamExt;
use taskhub_domain::Error;

use crate::problem::{Code, Problem};

/// The name of the part that is the file.
const PART: &str = "file";

/// What a file is read from.
#[expect(clippy::large_enum_variant, reason = "there is one for each upload, and uploads are bounded")]
pub(super) enum Source {
    /// The body.
    Body(Payload),
    /// A form whose part was not looked for yet.
    Form(Multipart),
    /// A form and its file, until that is read to its end.
    ///
    /// `Multipart` waits without being woken while a `Field` of it is alive, even one that was read to
    /// its end: the field must be dropped before the form is asked for the next one.
    Part(Multipart, Option<Field>),
}

impl Source {
    pub(super) fn form(headers: &HeaderMap, payload: Payload) -> Self {
        Self::Form(Multipart::new(headers, payload))
    }

    /// Reads up to the file; of a form's, the name that it was sent with.
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

/// The name of a part's file. Some browsers send the path that it has on their machine.
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
    let message = format!("Expected a form of one part, the file, with the name `{PART}` and a file name.");
    Error::field(format!("/{PART}"), "invalid_value", message).into()
}

fn unreadable(error: MultipartError) -> Problem {
    match error {
        MultipartError::Payload(error) => error.into(),
        _ => {
            Problem::new(Code::MalformedBody, "The body is not a whole form (multipart/form-data, RFC 7578).")
        }
    }
}
