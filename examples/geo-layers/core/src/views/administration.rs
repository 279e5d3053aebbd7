//! The page for administrators.

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::html;

use super::page::page;
use crate::identity::Admin;
use crate::service::Service;

pub(crate) async fn show(service: Data<Service>, admin: Admin) -> HttpResponse {
    let content = html! {
        p { (admin.name()) " may change what belongs to others." }
        p { a href={ (service.prefix()) "/statistics/" } { "What became of the records" } }
    };
    page(&service, "Administration", &content)
}
