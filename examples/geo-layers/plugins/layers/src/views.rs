//! The page of layers.

use actix_web::HttpResponse;
use actix_web::web::Data;
use geo_layers_core::{ApiError, Service, page};
use maud::{Markup, html};

use crate::NAME;
use crate::layers::{Layer, Layers};

pub(crate) async fn list(service: Data<Service>) -> Result<HttpResponse, ApiError> {
    let layers = service.database(NAME, |database| Layers(database).list()).await?;
    Ok(page(&service, "Layers", &content(&layers)))
}

fn content(layers: &[Layer]) -> Markup {
    html! {
        ul {
            @for layer in layers {
                li {
                    a href={ "/api/v1/layers/" (layer.id) "/" } {
                        (layer.title.as_ref().unwrap_or(&layer.name))
                    }
                    " (" (layer.features) " features, of " (layer.owner) ")"
                }
            }
        }
        @if layers.is_empty() { p { "There are none yet." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_markup() {
        let name = "<script>alert(1)</script>".to_owned();
        let layer = Layer { id: 3, name, title: None, features: 2, owner: "a&b".to_owned() };
        let page = content(&[layer]).into_string();
        let item = r#"<a href="/api/v1/layers/3/">&lt;script&gt;alert(1)&lt;/script&gt;</a> (2 features, of a&amp;b)"#;
        assert!(page.contains(item), "{page}");
    }
}
