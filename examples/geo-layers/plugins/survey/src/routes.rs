//! The plugin's own paths.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Json, ServiceConfig, get};
use audit_actix::{AuditedConfig as _, add_target, audit_exempt, audited, web};
use geo_layers_core::{ApiError, Caller, Service, Visitor};

use crate::observations::{Observation, Observations};
use crate::sighting::{Sighting, SightingError};
use crate::{NAME, views};

const OBSERVATIONS: &str = "/survey/api/v1/observations/";
/// A path that follows no pattern.
pub(crate) const CUSTOM: &str = "/custom-endpoint/";

/// Mounts them, and the page.
pub(crate) fn mount(config: &mut ServiceConfig, prefix: &str) {
    config
        .audited_route(OBSERVATIONS, web::post().to(observe))
        .audited_route("/survey/health", web::get().to(health))
        .route(OBSERVATIONS, get().to(list))
        .route(CUSTOM, get().to(custom))
        .route(&format!("{prefix}/survey/"), get().to(views::list));
}

/// A body of at most 256 KiB, as actix-web has it where nothing else is said.
#[audited(action = "survey.observe")]
async fn observe(service: Data<Service>, caller: Caller, body: Bytes) -> Result<HttpResponse, ApiError> {
    let work = move |database: &_| -> Result<Observation, ApiError> {
        let seen = Sighting::parse(&body)?;
        Ok(Observations(database).add(caller.name(), &seen)?)
    };
    let observation = service.database(NAME, work).await?;
    add_target("observation", observation.id.to_string());
    Ok(HttpResponse::Created().json(observation))
}

async fn list(service: Data<Service>, Visitor(caller): Visitor) -> Result<Json<Vec<Observation>>, ApiError> {
    let mut observations = service.database(NAME, |database| Observations(database).list()).await?;
    if caller.is_none() {
        observations.iter_mut().for_each(|observation| observation.phone = None);
    }
    Ok(Json(observations))
}

async fn custom() -> &'static str {
    "ok"
}

#[audit_exempt(reason = "asked every few seconds by whatever watches the service")]
async fn health() -> &'static str {
    "ok"
}

impl From<SightingError> for ApiError {
    fn from(error: SightingError) -> Self {
        Self::Invalid(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service};
    use audit_actix::{AuditMiddleware, Auditor, Output};
    use audit_core::testing::MemorySink;

    use super::*;
    use crate::audit;

    #[actix_web::test]
    async fn what_is_included_is_recorded_and_what_is_exempt_is_not() {
        let sink = MemorySink::new();
        let auditor = audit(Auditor::builder()).output(Output::None).sink(sink.clone()).build().unwrap();
        let app = App::new().configure(|config| mount(config, "/maps")).wrap(AuditMiddleware::new(auditor.clone()));
        let app = init_service(app).await;
        for path in
            ["/custom-endpoint/?landowner_phone=600000000", "/survey/health", "/survey/other", "/survey/api/other"]
        {
            drop(call_service(&app, TestRequest::with_uri(path).to_request()).await);
        }
        auditor.shutdown(Duration::from_secs(10));
        let paths: Vec<_> = sink.records().iter().map(|record| record["path"].clone()).collect();
        assert_eq!(paths, [CUSTOM, "/survey/api/other"]);
        assert_eq!(sink.records()[0]["query_params"]["landowner_phone"], "[FILTERED]");
    }
}
