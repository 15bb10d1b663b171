//! The built program as a separate process: its commands, and a server that can be stopped and
//! killed.

mod command;
mod served;

pub(crate) use command::{LIFTED, Ran, command, example, run, shared};
pub(crate) use served::Served;
