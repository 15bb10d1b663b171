//! TaskHub over HTTP: settings, the edge, the endpoints, the OpenAPI document and the command line.
//!
//! One request walks four rooms: the [`edge`] (who is calling), an [`extract`]or (what they sent), a handler in `v1` (about ten
//! lines), and the store of `taskhub-domain`. An error of any of them becomes one [`problem`].

mod alarms;
pub mod answer;
mod chart;
pub mod cli;
pub mod config;
pub mod document;
pub mod edge;
pub mod entrance;
pub mod export;
pub mod extract;
mod fair_queue;
mod incidents;
pub mod keys;
pub mod link_requests;
mod listener;
pub mod logs;
pub mod mail;
mod outside;
pub mod problem;
mod routes;
pub mod server;
pub mod shutdown;
pub mod state;
mod streams;
mod v1;
