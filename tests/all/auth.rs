//! The stories of `/api/v1/auth`: registering, signing in, sessions, passwords, and what a service's token reaches.

mod password;
mod registration;
mod scopes;
mod session;
mod sign_in;
