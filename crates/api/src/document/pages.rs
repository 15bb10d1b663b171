//! Pages that show the OpenAPI document (Swagger UI and ReDoc), and the document as JSON and YAML.
//!
//! Invariant: the pages load nothing from other hosts; everything that they need is in the binary.

use std::sync::OnceLock;

use actix_web::{
    HttpResponse, get,
    http::header,
    web::{self, Bytes, Data},
};
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

/// The script of ReDoc, as released; see `assets/README.md`.
const REDOC: &str = include_str!("../../assets/redoc.standalone.js");
/// The content security policy of the ReDoc page.
const REDOC_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; \
                            connect-src 'self'; worker-src blob:; frame-ancestors 'none'";

/// The serialised document. The YAML is made on the first request for it.
#[derive(Debug)]
pub struct Written {
    json: Bytes,
    yaml: OnceLock<Bytes>,
}

impl Written {
    /// Serialises the document as JSON.
    pub fn new(document: &serde_json::Value) -> Self {
        let json = serde_json::to_string_pretty(document).unwrap_or_default();
        Self { json: json.into(), yaml: OnceLock::new() }
    }

    /// The document as JSON.
    pub(crate) fn json(&self) -> &Bytes {
        &self.json
    }

    /// The document as YAML. The first call takes long.
    pub(crate) fn yaml(&self) -> &Bytes {
        let write = || {
            let document: serde_json::Value = serde_json::from_slice(&self.json).unwrap_or_default();
            yaml_serde::to_string(&document).unwrap_or_default().into()
        };
        self.yaml.get_or_init(write)
    }
}

/// Swagger UI at `/api/docs/`, which makes no requests to other hosts.
pub(crate) fn swagger() -> SwaggerUi {
    let config = Config::new([Url::new("TaskHub", "/api/schema")])
        .validator_url("none")
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .persist_authorization(false);
    SwaggerUi::new("/api/docs/{_:.*}").config(config)
}

#[get("/api/docs")]
pub(crate) async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/api/docs/")).finish()
}

#[get("/api/redoc")]
pub(crate) async fn redoc() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, REDOC_POLICY))
        .body(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>TaskHub</title><link rel=\"icon\" href=\"data:,\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head>\
             <body style=\"margin:0\"><redoc spec-url=\"/api/schema\"></redoc>\
             <script src=\"/api/redoc.js\"></script></body></html>",
        )
}

#[get("/api/redoc.js")]
pub(crate) async fn redoc_script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(REDOC)
}

#[get("/api/schema")]
pub(crate) async fn schema(request: actix_web::HttpRequest, document: Data<Written>) -> HttpResponse {
    let accept =
        request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("yaml") { yaml(document).await } else { json(&document) }
}

#[get("/api/schema.json")]
pub(crate) async fn schema_json(document: Data<Written>) -> HttpResponse {
    json(&document)
}

#[get("/api/schema.yaml")]
pub(crate) async fn schema_yaml(document: Data<Written>) -> HttpResponse {
    yaml(document).await
}

fn json(document: &Written) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.json().clone())
}

async fn yaml(document: Data<Written>) -> HttpResponse {
    let written = web::block(move || document.yaml().clone()).await.unwrap_or_default();
    HttpResponse::Ok().content_type("application/yaml").body(written)
}
