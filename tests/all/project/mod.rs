//! Scenario tests of projects.

mod basics;
mod status;
