//! Scenario tests of `/api/v1/auth`: registration, signing in, sessions, passwords, and the reach
//! of service tokens.

mod introspection;
mod joining;
mod links;
mod login_throttle;
mod narrowed;
mod own_sessions;
mod password;
mod registration;
mod revoking;
mod scopes;
mod second_factor;
mod session;
mod sign_in;
mod timing;
