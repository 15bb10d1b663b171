//! Background tasks: emails, due dates, requests for links by email, and security events for the
//! audit log.

pub(crate) mod due_dates;
pub(crate) mod fair_queue;
pub mod link_requests;
pub mod mail;
pub(crate) mod security_events;
