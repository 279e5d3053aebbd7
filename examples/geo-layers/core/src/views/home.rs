//! The first page.

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::html;

use super::page::page;
use crate::identity::Visitor;
use crate::service::Service;

pub(crate) async fn show(service: Data<Service>, Visitor(caller): Visitor) -> HttpResponse {
    let prefix = service.prefix();
    let content = html! {
        p {
            @match &caller {
                Some(caller) => {
                    (caller.name()) " is logged in. "
                    form method="post" action={ (prefix) "/auth/logout/" } { button { "Log out" } }
                }
                None => a href={ (prefix) "/auth/login/" } { "Log in" },
            }
        }
        h2 { "Plugins" }
        ul {
            @for plugin in service.plugins() { li { (plugin.name) } }
        }
    };
    page(&service, "Map server", &content)
}
