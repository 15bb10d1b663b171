//! Filters, sorting and sparse fields: only those that the resource declares are accepted.

mod filter;
mod sort;
mod undeclared;
