//! The server's work beside requests: email, due dates, requests for links, and security events on
//! their way to the audit.

pub(crate) mod due_dates;
pub(crate) mod fair_queue;
pub mod link_requests;
pub mod mail;
pub(crate) mod security_events;
