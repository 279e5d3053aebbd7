//! Every filter finds what it should and nothing else, alone and together, from code and from text.

mod support;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use audit_core::Outcome;
use audit_store::{Filter, FilterError, QueryError};
use support::{event_id, put, record, store};

/// Seconds from the epoch to 2026-11-22T10:00:00Z.
const TEN: u64 = 1_795_341_600;

fn at(micros: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(TEN) + Duration::from_micros(micros)
}

/// Number n stands n microseconds after ten o'clock.
fn records() -> Vec<String> {
    [
        r#""user":"ana","action":"layer.create","outcome":"success","status_code":201,"method":"POST","path":"/api/v1/layers","route":"/api/v1/layers","ip_address":"203.0.113.7","target_type":"layer","target_id":"rivers""#,
        r#""user":"ana","action":"layer.delete","outcome":"denied","status_code":403,"method":"DELETE","path":"/api/v1/layers/rivers","route":"/api/v1/layers/{name}","ip_address":"2001:DB8::7","target_type":"layer","target_id":"rivers/old""#,
        r#""user":"bo","action":"layer.create","outcome":"failed","status_code":500,"method":"POST","path":"/api/v1%/x","route":"/api/{any}","ip_address":"203.0.113.70","target_type":"layer","target_id":"roads""#,
        r#""user":"Ana","action":"http.request","outcome":"rejected","status_code":404,"method":"GET","path":"/api/v10/ü\u00ff","ip_address":"unix:"#,
        r#""user":"an\u0061\"","action":"job.cleanup","outcome":"unknown","target_type":"layers""#,
        r#""action":"job.start""#,
    ]
    .iter()
    .zip(0..)
    .map(|(members, number)| record(number, number, &if members.ends_with("unix:") { format!("{members}\"") } else { (*members).to_owned() }))
    .collect()
}

#[test]
fn each_filter_finds_its_records() {
    let (store, _directory) = store();
    put(&store, &records());
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let f = Filter::new;
    let cases: Vec<(Filter, &[u64])> = vec![
        (f(), &[5, 4, 3, 2, 1, 0]),
        (f().user("ana"), &[1, 0]),
        (f().user("Ana"), &[3]),
        (f().user("ana\""), &[4]),
        (f().user("' OR 1 --"), &[]),
        (f().action("layer.create"), &[2, 0]),
        (f().action("layer"), &[]),
        (f().outcome(Outcome::Success), &[0]),
        (f().outcome(Outcome::Denied), &[1]),
        (f().outcome(Outcome::Rejected), &[3]),
        (f().outcome(Outcome::Failed), &[2]),
        (f().outcome(Outcome::Unknown), &[4]),
        (f().status(403..=404), &[3, 1]),
        (f().status(404..500), &[3]),
        (f().status(404..), &[3, 2]),
        (f().status(..=403), &[1, 0]),
        (f().status(502..), &[]),
        (f().status(..), &[5, 4, 3, 2, 1, 0]),
        (f().method("POST"), &[2, 0]),
        (f().method("post"), &[]),
        (f().path_prefix("/api/v1"), &[3, 2, 1, 0]),
        (f().path_prefix("/api/v1/layers"), &[1, 0]),
        (f().path_prefix("/api/v1%"), &[2]),
        (f().path_prefix("/api/v1_"), &[]),
        (f().path_prefix("/API"), &[]),
        (f().path_prefix("/api/v10/ü"), &[3]),
        (f().path_prefix("/api/v10/üÿ"), &[3]),
        (f().path_prefix("/api/v10/üÿ\u{10ffff}"), &[]),
        (f().path_prefix("\u{10ffff}"), &[]),
        (f().route("/api/v1/layers/{name}"), &[1]),
        (f().route("/api/v1/layers/rivers"), &[]),
        (f().ip(ip("203.0.113.7")), &[0]),
        (f().ip(ip("2001:db8:0::7")), &[1]),
        (f().ip(ip("203.0.113.8")), &[]),
        (f().target("layer"), &[2, 1, 0]),
        (f().target("layer/rivers"), &[0]),
        (f().target("layer/rivers/old"), &[1]),
        (f().target("layers"), &[4]),
        (f().target("layers/rivers"), &[]),
        (f().since(at(3)), &[5, 4, 3]),
        (f().until(at(3)), &[2, 1, 0]),
        (f().since(at(2)).until(at(4)), &[3, 2]),
        (f().since(at(2) + Duration::from_nanos(1)).until(at(4) + Duration::from_nanos(1)), &[4, 3]),
        (f().since(at(6)), &[]),
        (f().until(SystemTime::UNIX_EPOCH), &[]),
        (f().event_id(event_id(2)), &[2]),
        (f().event_id(event_id(3).to_uppercase()), &[3]),
        (f().event_id(event_id(99)), &[]),
        // Together: every filter that leads by an index is also checked when another one leads.
        (f().user("ana").action("layer.create"), &[0]),
        (f().user("bo").action("layer.delete"), &[]),
        (f().user("ana").target("layer"), &[1, 0]),
        (f().user("bo").target("layer/rivers"), &[]),
        (f().action("layer.delete").target("layer"), &[1]),
        (f().action("layer.delete").target("layer/rivers"), &[]),
        (f().action("layer.create").target("layers"), &[]),
        (f().event_id(event_id(0)).user("ana"), &[0]),
        (f().event_id(event_id(0)).user("bo"), &[]),
        (f().event_id(event_id(0)).action("layer.delete"), &[]),
        (f().event_id(event_id(0)).target("layer/roads"), &[]),
        (f().event_id(event_id(0)).target("layers"), &[]),
        (f().event_id(event_id(1)).since(at(2)), &[]),
        (f().user("ana").since(at(1)), &[1]),
        (f().user("ana").until(at(1)), &[0]),
        (f().target("layer").status(400..).outcome(Outcome::Denied).method("DELETE"), &[1]),
        (f().target("layer").status(400..).outcome(Outcome::Denied).method("POST"), &[]),
        (f().path_prefix("/api").status(..=499).ip(ip("203.0.113.7")).route("/api/v1/layers"), &[0]),
    ];
    let records = records();
    for (filter, expected) in cases {
        let page = store.query(&filter, None, 100).unwrap();
        let expected: Vec<&str> =
            expected.iter().map(|&number| records[usize::try_from(number).unwrap()].as_str()).collect();
        assert_eq!(support::jsons(&page), expected, "{filter:?}");
        assert_eq!(page.next, None, "{filter:?}");
        // The same, one record a page: the cursor and the filter together.
        let walked = support::walk(&store, &filter, 1);
        let walked: Vec<&str> = walked.iter().flat_map(support::jsons).collect();
        assert_eq!(walked, expected, "{filter:?}, page by page");
    }
}

#[test]
fn text_sets_the_same_filters() {
    let id = event_id(2);
    let f = Filter::new;
    let cases: Vec<(&str, &str, Filter)> = vec![
        ("user", "ana", f().user("ana")),
        ("action", "layer.create", f().action("layer.create")),
        ("outcome", "denied", f().outcome(Outcome::Denied)),
        ("status", "4xx", f().status(400..500)),
        ("method", "GET", f().method("GET")),
        ("path", "/api", f().path_prefix("/api")),
        ("route", "/layers/{name}", f().route("/layers/{name}")),
        ("ip", "2001:db8:0:0::7", f().ip("2001:db8::7".parse().unwrap())),
        ("target", "layer/rivers", f().target("layer/rivers")),
        ("since", "2026-11-22T11:00:00.000003+01:00", f().since(at(3))),
        ("until", "2026-11-22T10:00:00Z", f().until(at(0))),
        ("event_id", &id, f().event_id(id.as_str())),
    ];
    assert_eq!(cases.iter().map(|case| case.0).collect::<Vec<_>>(), Filter::NAMES);
    for (name, value, expected) in cases {
        assert_eq!(f().set(name, value).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_value_that_no_record_can_have_is_refused_by_name() {
    let (store, _directory) = store();
    for (name, value) in [
        ("user", ""),
        ("action", ""),
        ("outcome", "sucess"),
        ("outcome", ""),
        ("status", "abc"),
        ("status", "499-400"),
        ("method", ""),
        ("path", ""),
        ("route", ""),
        ("ip", "203.0.113"),
        ("target", ""),
        ("target", "/rivers"),
        ("target", "layer/"),
        ("since", "yesterday"),
        ("until", "2026-11-22 10:00"),
        ("event_id", "42"),
        ("event_id", "0193b3a1-7c5e-7000-8000-00000000000g"),
    ] {
        let error = match Filter::new().set(name, value) {
            Err(error) => error,
            Ok(filter) => match store.query(&filter, None, 10) {
                Err(QueryError::Filter(error)) => error,
                other => panic!("{name}={value:?}: {other:?}"),
            },
        };
        let message = error.to_string();
        assert!(message.starts_with(&format!("filter {name} is ")), "{name}={value:?}: {message}");
        assert!(message.contains("; expected "), "{message}");
    }
    let empty = Filter::new().since(at(1)).until(at(1));
    assert_eq!(empty.validate(), Err(FilterError::EmptyTimeRange));
    assert!(matches!(store.query(&empty, None, 10), Err(QueryError::Filter(FilterError::EmptyTimeRange))));
}
