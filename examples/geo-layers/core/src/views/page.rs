//! What all pages have.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use maud::{DOCTYPE, Markup, html};

use crate::service::Service;

/// A whole page, of its content.
#[must_use]
pub fn page(service: &Service, title: &str, content: &Markup) -> HttpResponse {
    let prefix = service.prefix();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) " – geo-layers" }
                link rel="stylesheet" href={ (prefix) "/static/style.css" };
            }
            body {
                h1 { (title) }
                (content)
            }
        }
    };
    HttpResponse::Ok().content_type(ContentType::html()).body(page.into_string())
}
