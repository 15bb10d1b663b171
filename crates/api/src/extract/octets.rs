//! Bodies of octets: of a content type that the operation names, bounded while they are read, and not looked at yet.

use std::marker::PhantomData;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};

use super::{
    body::{Reading, read},
    media_type::served,
};

/// What octets an operation takes. The bound is its own, whatever JSON bodies are bound to.
pub trait Takes: 'static {
    /// The content types.
    const TYPES: &'static [&'static str];
    /// The most octets that are held in memory.
    const MOST: usize;
}

/// A body of octets.
pub struct Octets<T> {
    /// Their content type, one of those that the operation takes.
    pub content_type: String,
    /// They themselves.
    pub octets: Bytes,
    marker: PhantomData<T>,
}

impl<T: Takes> FromRequest for Octets<T> {
    type Error = crate::problem::Problem;
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
