//! Binary bodies that are read into memory, of a content type that the operation accepts, up to its
//! limit.

use std::marker::PhantomData;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};

use super::{
    body::{Reading, read},
    media_type::served,
};

/// The binary bodies that an operation accepts. Their limit does not depend on that of JSON bodies.
pub trait Takes: 'static {
    /// The accepted content types.
    const TYPES: &'static [&'static str];
    /// The most bytes that are held in memory.
    const MOST: usize;
}

/// A binary body.
pub struct RawBody<T> {
    /// The content type, one of those that the operation accepts.
    pub content_type: String,
    /// The bytes.
    pub octets: Bytes,
    marker: PhantomData<T>,
}

impl<T: Takes> FromRequest for RawBody<T> {
    type Error = crate::http::problem::Problem;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = served(request, T::TYPES);
        let reading = read(request, payload, T::MOST);
        Box::pin(async move {
            let content_type = content_type?;
            Ok(Self { content_type, octets: reading.await?, marker: PhantomData })
        })
    }
}
