//! `/api/v1/layers/` and all below it.

use std::future::ready;

use actix_web::http::Method;
use actix_web::http::header::{Allow, LOCATION};
use actix_web::web::{Data, Json, Path, ServiceConfig, get, resource, to};
use actix_web::{HttpResponse, Resource};
use audit_actix::{AuditedConfig as _, add_target, audited, change, data, set_reason, web};
use geo_layers_core::{ApiError, Caller, Service};

use crate::body::GeoJsonBody;
use crate::draft::{Draft, DraftError};
use crate::format::TakesJson;
use crate::layers::{Changed, Layer, Layers};
use crate::{NAME, views};

const LAYERS: &str = "/api/v1/layers/";
const LAYER: &str = "/api/v1/layers/{id}/";

/// Mounts them, and the page.
pub(crate) fn mount(config: &mut ServiceConfig, prefix: &str) {
    config
        .audited_route(LAYERS, web::get().to(list))
        .audited_route(LAYERS, web::post().to(create))
        .audited_route(LAYER, web::get().to(read))
        .audited_route(LAYER, web::put().to(update))
        .audited_route(LAYER, web::delete().to(delete))
        // After the others, for what they do not take.
        .service(only(LAYERS, [Method::GET, Method::POST]))
        .service(only(LAYER, [Method::GET, Method::PUT, Method::DELETE]))
        // Without an annotation: audited because it is under the prefix.
        .route(&format!("{prefix}/layers/"), get().to(views::list));
}

fn only<const N: usize>(path: &str, methods: [Method; N]) -> Resource {
    let refusal = move || ready(HttpResponse::MethodNotAllowed().insert_header(Allow(methods.to_vec())).finish());
    resource(path).default_service(to(refusal))
}

#[audited(action = "layer.list")]
async fn list(service: Data<Service>, _: TakesJson) -> Result<Json<Vec<Layer>>, ApiError> {
    let layers = service.database(NAME, |database| Layers(database).list()).await?;
    data("layers", layers.len());
    Ok(Json(layers))
}

#[audited(action = "layer.create")]
async fn create(
    service: Data<Service>,
    caller: Caller,
    _: TakesJson,
    GeoJsonBody(body): GeoJsonBody,
) -> Result<HttpResponse, ApiError> {
    let work = move |database: &_| -> Result<Layer, ApiError> {
        let new = Draft::parse(&body).and_then(Draft::into_new)?;
        data("layer", &new.name);
        data("features", new.features.len());
        let added = Layers(database).add(&new, caller.name())?;
        added.ok_or(ApiError::Exists { kind: "layer", id: new.name })
    };
    let layer = service.database(NAME, work).await?;
    add_target("layer", layer.id.to_string());
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("{LAYERS}{}/", layer.id))).json(layer))
}

#[audited(action = "layer.read", target = "layer/{id}")]
async fn read(service: Data<Service>, id: Path<i64>) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    let found = service.database(NAME, move |database| Layers(database).read(id)).await?;
    let (layer, text) = found.ok_or_else(|| missing(id))?;
    tell(&layer);
    Ok(HttpResponse::Ok().content_type("application/geo+json").body(text))
}

#[audited(action = "layer.update", target = "layer/{id}")]
async fn update(
    service: Data<Service>,
    caller: Caller,
    id: Path<i64>,
    GeoJsonBody(body): GeoJsonBody,
) -> Result<Json<Layer>, ApiError> {
    let id = id.into_inner();
    let work = move |database: &_| {
        let layers = Layers(database);
        check_right(&layers, &caller, id)?;
        let draft = Draft::parse(&body).and_then(Draft::into_change)?;
        // As many as before may be others.
        if draft.features.is_some() {
            data("replaces_features", true);
        }
        match layers.change(id, &draft)? {
            Changed::Done { old, new } => Ok((old, new)),
            Changed::Gone => Err(missing(id)),
            Changed::Taken(name) => Err(ApiError::Exists { kind: "layer", id: name }),
        }
    };
    let (old, new) = service.database(NAME, work).await?;
    if old.name != new.name {
        change("name", &old.name, &new.name);
    }
    if old.title != new.title {
        change("title", &old.title, &new.title);
    }
    if old.features != new.features {
        change("features", old.features, new.features);
    }
    Ok(Json(new))
}

#[audited(action = "layer.delete", target = "layer/{id}")]
async fn delete(service: Data<Service>, caller: Caller, id: Path<i64>) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    let work = move |database: &_| {
        let layers = Layers(database);
        check_right(&layers, &caller, id)?;
        Ok::<_, ApiError>(layers.delete(id)?)
    };
    service.database(NAME, work).await?.ok_or_else(|| missing(id))?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the record says of a layer that there is.
fn tell(layer: &Layer) {
    data("layer", &layer.name);
    data("features", layer.features);
}

/// Whether the layer is there, and the caller may change it.
fn check_right(layers: &Layers<'_>, caller: &Caller, id: i64) -> Result<(), ApiError> {
    let layer = layers.find(id)?.ok_or_else(|| missing(id))?;
    tell(&layer);
    if layer.owner == caller.name() || caller.is_admin() {
        return Ok(());
    }
    set_reason("the layer is another's, and the role does not allow it");
    Err(ApiError::Forbidden)
}

fn missing(id: i64) -> ApiError {
    ApiError::NotFound { kind: "layer", id: id.to_string() }
}

impl From<DraftError> for ApiError {
    fn from(error: DraftError) -> Self {
        Self::Invalid(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, http::header};

    use super::*;

    #[actix_web::test]
    async fn what_a_path_does_not_take_is_told_with_what_it_does() {
        let app = init_service(App::new().configure(|config| mount(config, "/maps"))).await;
        for (method, path, allowed) in
            [(Method::PUT, "/api/v1/layers/", "GET, POST"), (Method::POST, "/api/v1/layers/7/", "GET, PUT, DELETE")]
        {
            let answer = call_service(&app, TestRequest::with_uri(path).method(method).to_request()).await;
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(answer.headers().get(header::ALLOW).unwrap(), allowed, "{path}");
        }
    }
}
