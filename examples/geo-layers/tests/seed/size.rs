//! "Espacio en disco": what a megabyte of GeoJSON leaves in mode `compact`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::Server;

/// What is sent, in bytes: less than the 1 MiB of a body that is held for its record.
const BODY: usize = 1_000_000;
/// What its line may have, headers and all.
const LINE: usize = 1_500;

/// A polygon of so many bytes, whose numbers have zeros at their ends.
fn polygon(bytes: usize) -> String {
    let (beginning, end) = (r#"{"type":"Polygon","coordinates":[[[0.10,40.0]"#, ",[0.10,40.0]]]}");
    let mut text = beginning.to_owned();
    let mut n = 0;
    // Room is left for the last position, which takes what is missing.
    while text.len() + end.len() + 60 < bytes {
        write!(text, ",[-0.{n:06}0,39.{n:06}50]").unwrap();
        n += 1;
    }
    let rest = bytes - text.len() - end.len() - ",[1.,1]".len();
    text + ",[1." + &"0".repeat(rest) + ",1]" + end
}

/// A body of exactly [`BODY`] bytes, and the geometry in it.
fn body(beginning: &str, end: &str) -> (String, String) {
    let geometry = polygon(BODY - beginning.len() - end.len());
    let body = [beginning, &geometry, end].concat();
    assert_eq!(body.len(), BODY);
    (body, geometry)
}

#[tokio::test]
async fn a_megabyte_leaves_a_short_line_with_all_but_the_geometry() {
    let server = Server::audited(&[]);
    let ana = server.user("ana").await;
    let properties = r#"{"name":"Término","kind":"municipio","inhabitants":1234,"heights":[1.50,2]}"#;
    let told: Value = serde_json::from_str(properties).unwrap();
    let feature = format!(r#"{{"type":"Feature","properties":{properties},"geometry":"#);
    let in_collection = format!(r#"{{"type":"FeatureCollection","name":"Términos","features":[{feature}"#);
    let as_sampled = format!(r#"{{"name":"Mi Capa","password":"hunter2","properties":{properties},"geometry":"#);
    let filtered = json!({"type": "Feature", "properties": told, "geometry": "[GEOMETRY_FILTERED]"});
    for (beginning, end, expected) in [
        (&feature, "}", filtered.clone()),
        (&in_collection, "}]}", json!({"type": "FeatureCollection", "name": "Términos", "features": [filtered]})),
        (
            &as_sampled,
            "}",
            json!({"name": "Mi Capa", "password": "[FILTERED]", "properties": told, "geometry": "[GEOMETRY_FILTERED]"}),
        ),
    ] {
        let (body, geometry) = body(beginning, end);
        let answer = ana.post_json("/api/v1/layers/?format=json", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let line = server.line_of(&answer).await;
        println!("{BODY} bytes of GeoJSON leave a line of {} bytes", line.len());
        assert!(line.len() < LINE, "{} bytes: {line}", line.len());
        let record: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["request_body"], expected);
        assert_eq!((&record["request_bytes"], record.get("truncated")), (&json!(BODY), None));

        // The record does without the digits; the layer does not.
        let kept = ana.get(answer.header("location").unwrap()).await;
        assert_eq!(kept.status, 200);
        assert!(kept.body.contains(&geometry), "digits are missing");
        assert!(kept.body.contains(&format!(r#""properties":{properties}"#)), "properties are missing");
    }
}
