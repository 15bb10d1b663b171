//! Tenants, users and everything by which somebody signs in.
//!
//! This area knows the kernel. Its resources know each other; no other layer has cycles.

pub mod access_token;
pub mod invitation;
pub mod link;
pub mod mail;
pub mod picture;
pub mod second_factor;
pub mod service_account;
pub mod session;
pub mod tenant;
pub mod user;
