//! The stories of `/api/v1/auth`: registering, signing in, sessions, passwords, and what a service's token reaches.

mod guess;
mod introspection;
mod joining;
mod links;
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
