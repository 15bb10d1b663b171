//! TaskHub over HTTP: settings, middleware, endpoints, the OpenAPI document and the command line.
//!
//! One request passes through four modules: the [`middleware`](http::middleware) (who is calling),
//! the [extractors](http::extract) (what they sent), a handler in `v1` (about ten lines), and the
//! repository of `taskhub-domain`. An error of any of them becomes one [problem](http::problem).

pub mod background;
pub mod cli;
pub mod config;
pub mod http;
pub mod keys;
mod listener;
pub mod logs;
pub mod openapi;
mod preflight;
mod routes;
pub mod server;
pub mod shutdown;
pub mod state;
mod v1;
