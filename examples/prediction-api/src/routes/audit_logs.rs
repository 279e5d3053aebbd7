//! The audit trail, for those who may read it.

use std::str::FromStr as _;

use audit_axum::{audited, data};
use audit_store::{Cursor, Filter, FilterError, MAX_LIMIT, QueryError};
use axum::extract::{FromRequestParts, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;

use crate::app::App;
use crate::caller::Admin;
use crate::error::{ApiError, Told};
use crate::limits::WithinLimits;
use crate::routes::refusals::{ForAdmins, ForUsers};

/// How many records a page has when nobody says.
const DEFAULT_LIMIT: usize = 100;

/// The answer, as the API's description has it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "a schema; the store writes the page")]
pub(crate) struct Records {
    #[schema(value_type = Vec<Object>)]
    records: Vec<()>,
    next: Option<String>,
}

/// What the query string asks for: the store's filters by their names, `cursor` and `limit`.
#[derive(Debug)]
pub(crate) struct Question {
    filter: Filter,
    cursor: Option<Cursor>,
    limit: usize,
}

/// Gives records, the newest first
///
/// All filters that are given must hold. Reading is recorded, too.
// The store's page: each record has the very bytes of its line.
#[audited(action = "audit.read")]
#[utoipa::path(
    get, path = "/admin/audit_logs", tag = "Audit", security(("token" = [])),
    params(
        ("limit" = Option<u16>, Query, description = "how many records at most, from 1 to 1,000; 100 unless given"),
        ("cursor" = Option<String>, Query, description = "the `next` of the page before, asked with the same filters"),
        ("user" = Option<String>, Query, description = "exactly this name"),
        ("action" = Option<String>, Query, description = "exactly this action, such as `auth.login`"),
        ("outcome" = Option<String>, Query, description = "`success`, `denied`, `rejected`, `failed` or `unknown`"),
        ("status" = Option<String>, Query, description = "such as `404`, `400-499`, `4xx`, `500-`"),
        ("method" = Option<String>, Query, description = "exactly this method"),
        ("path" = Option<String>, Query, description = "how the path begins"),
        ("route" = Option<String>, Query, description = "exactly this template"),
        ("ip" = Option<String>, Query, description = "an IPv4 or IPv6 address"),
        ("target" = Option<String>, Query, description = "`model`, or `model/v2`"),
        ("since" = Option<String>, Query, description = "RFC 3339 with its offset; included"),
        ("until" = Option<String>, Query, description = "RFC 3339 with its offset; not included"),
        ("event_id" = Option<String>, Query, description = "the answer's header `audit-id`"),
    ),
    responses(
        (status = 200, description = "A page of records, and where the next begins.", body = Records),
        (status = 400, description = "A parameter is wrong, and named.", body = Told),
        ForUsers,
        ForAdmins,
    ),
)]
pub(crate) async fn audit_logs(
    _: WithinLimits,
    State(app): State<App>,
    _admin: Admin,
    Question { filter, cursor, limit }: Question,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), ApiError> {
    let work = {
        let app = app.clone();
        move || -> Result<(usize, Vec<u8>), ApiError> {
            let page = app.store().query(&filter, cursor.as_ref(), limit).map_err(refused)?;
            Ok((page.records.len(), serde_json::to_vec(&page)?))
        }
    };
    let (returned, page) = app.read(work).await??;
    data("returned", returned);
    Ok(([(CONTENT_TYPE, "application/json")], page))
}

impl FromRequestParts<App> for Question {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        Self::read(parts.uri.query().unwrap_or_default()).map_err(ApiError::before_handler)
    }
}

impl Question {
    fn read(query: &str) -> Result<Self, ApiError> {
        let mut question = Self { filter: Filter::new(), cursor: None, limit: DEFAULT_LIMIT };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if seen.iter().any(|known| *known == name) {
                return Err(parameter(&name, format!("parameter {name} is given twice")));
            }
            match &*name {
                "cursor" => {
                    let cursor = Cursor::from_str(&value).map_err(|error| parameter("cursor", error.to_string()))?;
                    question.cursor = Some(cursor);
                }
                "limit" => question.limit = read_limit(&value)?,
                name if Filter::NAMES.contains(&name) => {
                    question.filter = question.filter.set(name, &value).map_err(|error| wrong_filter(&error))?;
                }
                unknown => return Err(no_such_parameter(unknown)),
            }
            seen.push(name.into_owned());
        }
        question.filter.validate().map_err(|error| wrong_filter(&error))?;
        Ok(question)
    }
}

fn read_limit(value: &str) -> Result<usize, ApiError> {
    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        let value = shortened(value);
        parameter("limit", format!("limit is {value:?}; expected a number from 1 to {MAX_LIMIT}"))
    })
}

fn no_such_parameter(name: &str) -> ApiError {
    let name = shortened(name);
    let names = Filter::NAMES.join(", ");
    parameter(&name, format!("there is no parameter {name:?}; expected one of {names}, cursor, limit"))
}

fn wrong_filter(error: &FilterError) -> ApiError {
    let name = match error {
        FilterError::Value { name, .. } => name,
        FilterError::Unknown { name } => name.as_str(),
        FilterError::EmptyTimeRange => "since",
        _ => "filter",
    };
    parameter(name, error.to_string())
}

/// What the client can mend, and what it cannot.
fn refused(error: QueryError) -> ApiError {
    match error {
        QueryError::Filter(error) => wrong_filter(&error),
        QueryError::Cursor(error) => parameter("cursor", error.to_string()),
        QueryError::Limit { .. } => parameter("limit", error.to_string()),
        error => ApiError::Query(error),
    }
}

fn parameter(name: &str, message: String) -> ApiError {
    ApiError::Parameter { name: name.to_owned(), message }
}

/// What a message quotes of something that a client sent.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_parameter(query: &str) -> String {
        match Question::read(query) {
            Err(ApiError::Parameter { name, message }) if message.contains(&name) => name,
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn nothing_asks_for_everything() {
        let question = Question::read("").unwrap();
        assert_eq!((question.filter, question.cursor, question.limit), (Filter::new(), None, 100));
    }

    #[test]
    fn filters_are_decoded() {
        let question = Question::read("user=ana+b%C3%A1&path=%2Fapi&status=4xx&limit=1000").unwrap();
        assert_eq!(question.filter, Filter::new().user("ana bá").path_prefix("/api").status(400..500));
        assert_eq!(question.limit, 1000);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, name) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=", "limit"),
            ("limit=-1", "limit"),
            ("cursor=x", "cursor"),
            ("cursor=", "cursor"),
            ("user=", "user"),
            ("outcome=good", "outcome"),
            ("status=abc", "status"),
            ("status=500-400", "status"),
            ("ip=localhost", "ip"),
            ("since=yesterday", "since"),
            ("until=2026-11-22", "until"),
            ("since=2026-11-22T10:00:00Z&until=2026-11-22T10:00:00Z", "since"),
            ("event_id=1", "event_id"),
            ("target=%2F", "target"),
            ("users=ana", "users"),
            ("offset=10", "offset"),
            ("user=ana&user=eva", "user"),
        ] {
            assert_eq!(refused_parameter(query), name, "{query}");
        }
    }
}
