//! The page of observations.

use actix_web::HttpResponse;
use actix_web::web::Data;
use geo_layers_core::{ApiError, Service, page};
use maud::{Markup, html};

use crate::NAME;
use crate::observations::{Observation, Observations};

pub(crate) async fn list(service: Data<Service>) -> Result<HttpResponse, ApiError> {
    let observations = service.database(NAME, |database| Observations(database).list()).await?;
    Ok(page(&service, "Survey", &content(&observations)))
}

fn content(observations: &[Observation]) -> Markup {
    html! {
        ul {
            @for seen in observations { li { (seen.timestamp) ", " (seen.observer) ": " (seen.note) } }
        }
        @if observations.is_empty() { p { "Nobody has seen anything yet." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_note_becomes_markup_and_no_number_is_shown() {
        let seen = Observation {
            id: 1,
            observer: "ana".to_owned(),
            timestamp: "2026-01-01T00:00:00.000Z".to_owned(),
            note: "<b>wet</b>".to_owned(),
            phone: Some("600 000 000".to_owned()),
            geometry: "null".to_owned(),
        };
        let page = content(&[seen]).into_string();
        assert!(page.contains("<li>2026-01-01T00:00:00.000Z, ana: &lt;b&gt;wet&lt;/b&gt;</li>"), "{page}");
        assert!(!page.contains("600"), "{page}");
    }
}
