//! The pages that links in emails open if no front end is configured (`TASKHUB_APP_URL`). A page
//! reads the token from the fragment and sends it to the API when the user presses the button.
//! Opening a page does not use the token up.

use actix_web::{HttpResponse, get, http::header};

const SCRIPT: &str = include_str!("../../assets/account/account.js");
const STYLE: &str = include_str!("../../assets/account/account.css");
const VERIFY_EMAIL: &str = include_str!("../../assets/account/verify-email.html");
const RESET_PASSWORD: &str = include_str!("../../assets/account/reset-password.html");
const ACCEPT_INVITATION: &str = include_str!("../../assets/account/accept-invitation.html");

/// The content security policy of the pages: they load from and send to this server alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn page(html: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}

fn asset(content_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(text)
}

#[get("/account/verify-email")]
pub(crate) async fn verify_email() -> HttpResponse {
    page(VERIFY_EMAIL)
}

#[get("/account/reset-password")]
pub(crate) async fn reset_password() -> HttpResponse {
    page(RESET_PASSWORD)
}

#[get("/account/accept-invitation")]
pub(crate) async fn accept_invitation() -> HttpResponse {
    page(ACCEPT_INVITATION)
}

#[get("/account/account.js")]
pub(crate) async fn script() -> HttpResponse {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

#[get("/account/account.css")]
pub(crate) async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}
