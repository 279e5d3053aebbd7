//! The parameter `format`, by which clients of Django REST framework say what they want.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Query;
use actix_web::{Error, FromRequest, HttpRequest};
use geo_layers_core::ApiError;
use serde::Deserialize;

/// The client takes JSON: it says so by `format=json`, or says nothing.
pub(crate) struct TakesJson;

#[derive(Deserialize)]
struct Asked {
    format: Option<String>,
}

impl FromRequest for TakesJson {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let checked = check(request.query_string());
        ready(checked.map_err(|problem| ApiError::Invalid(problem.to_owned()).before_handler().into()))
    }
}

fn check(query: &str) -> Result<TakesJson, &'static str> {
    match Query::<Asked>::from_query(query).map(|Query(asked)| asked.format) {
        Ok(None) => Ok(TakesJson),
        Ok(Some(format)) if format == "json" => Ok(TakesJson),
        Ok(Some(_)) => Err("format is another; expected json"),
        Err(_) => Err("the query cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_may_be_asked_for() {
        for query in ["", "format=json", "page=2", "page=2&format=json"] {
            assert!(check(query).is_ok(), "{query}");
        }
        for query in ["format=", "format=xml", "format=JSON", "format=json&format=json"] {
            assert!(check(query).is_err(), "{query}");
        }
    }
}
