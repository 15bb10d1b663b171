//! Scenario tests of recurring tasks.

mod dates;
mod invalid;
mod next;
