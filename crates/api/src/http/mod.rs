//! What all endpoints share: the middleware around them, the extractors of their parameters, their
//! responses, and the one conversion of errors to problems.

pub(crate) mod account_pages;
pub mod answer;
pub mod authentication;
pub(crate) mod chart;
pub mod export;
pub mod extract;
pub mod middleware;
pub(crate) mod parameters;
pub mod problem;
pub(crate) mod streams;
