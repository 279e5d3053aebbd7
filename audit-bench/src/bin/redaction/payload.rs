//! The bodies: the same bytes in every run.

use std::fmt::Write;

use audit_core::Mode;

/// Stands in every secret, and nowhere else.
pub(crate) const CANARY: &str = "canary";
/// Stands in values that are to be kept.
pub(crate) const KEEPER: &str = "keeper";
/// Begins every latitude, and nothing else.
pub(crate) const LATITUDE: &str = ",41.";

/// 300 bytes: one layer of a map is made.
const POST: &str = r#"{"name":"rivers","title":"Rivers of the Duero basin","crs":"EPSG:25830","visible":true,"opacity":0.85,"connection":{"host":"db.example.org","port":5432,"user":"gis","password":"canary7-horse-battery"},"bbox":[-6.84,40.11,-1.73,43.05],"tags":["water","hydrography"],"description":"keeper course only"}"#;

const SECRET_NAMES: [&str; 4] = ["password", "api_key", "access_token", "client_secret"];

/// How long the bodies are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    /// As they are measured.
    Real,
    /// As a test can look at them without optimisation.
    Small,
}

/// One body and how it is redacted.
pub(crate) struct Payload {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) mode: Mode,
    pub(crate) body: String,
    /// How many bodies make a batch, so that one takes about a millisecond or more.
    pub(crate) batch: u32,
    /// How many times faster than `Value` we want to be, and would like to be.
    pub(crate) aim: f64,
    pub(crate) stretch: f64,
    /// Whether geometry is to be dropped from it.
    pub(crate) drops_geometry: bool,
}

impl Payload {
    /// Every body in both modes.
    pub(crate) fn all(sizes: Sizes) -> Vec<Self> {
        let geojson = feature_collection(if sizes == Sizes::Real { 1_000_000 } else { 20_000 });
        let payload = |name, mode, body: &str, batch, aim, stretch| Self {
            name,
            content_type: "application/json",
            mode,
            body: body.to_owned(),
            batch,
            aim,
            stretch,
            drops_geometry: false,
        };
        let geo = |name, mode, aim, stretch| Self {
            content_type: "application/geo+json",
            drops_geometry: mode == Mode::Compact,
            ..payload(name, mode, &geojson, 1, aim, stretch)
        };
        let nested = records(10_000);
        vec![
            payload("post-300.full", Mode::Full, POST, 400, 3.2, 8.0),
            payload("post-300.compact", Mode::Compact, POST, 400, 3.2, 8.0),
            payload("nested-10k.full", Mode::Full, &nested, 12, 4.0, 8.0),
            payload("nested-10k.compact", Mode::Compact, &nested, 12, 4.0, 8.0),
            geo("geojson-1m.full", Mode::Full, 6.0, 8.0),
            geo("geojson-1m.compact", Mode::Compact, 4.0, 16.0),
        ]
    }
}

/// Numbers that look as if by chance: Knuth's 64-bit linear congruential generator (MMIX), its high half.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) % bound
    }
}

/// Accounts with lists in objects in lists, about `bytes` long; one name in ten is secret.
fn records(bytes: usize) -> String {
    let mut numbers = Numbers(1);
    let mut out = String::from(r#"{"page":{"number":3,"size":20},"records":["#);
    let mut index = 0;
    while out.len() < bytes {
        let id = numbers.below(1_000_000);
        let secret = SECRET_NAMES[index % SECRET_NAMES.len()];
        let other = SECRET_NAMES[(index + 1) % SECRET_NAMES.len()];
        let record = format!(
            r#"{{"id":{id},"name":"keeper-{index:04}","email":"user{id}@example.org","active":{active},"score":{score},"created_at":"2026-11-{day:02}T08:15:30Z","address":{{"street":"Calle Mayor {number}","city":"Soria","zip":"42001","country":"ES"}},"{secret}":"canary-{id}","roles":["reader","editor"],"devices":[{{"kind":"phone","seen":[[{one},{two}],[{two},{one}]],"labels":["a","b \"c\"","d"]}},{{"kind":"laptop","seen":[],"{other}":{{"value":"canary-{one}","parts":["canary"]}}}}],"note":null}}"#,
            active = index % 3 == 0,
            score = format_args!("{}.{}", numbers.below(100), numbers.below(10)),
            day = 1 + numbers.below(28),
            number = numbers.below(200),
            one = numbers.below(100_000),
            two = numbers.below(100_000),
        );
        if index > 0 {
            out.push(',');
        }
        out.push_str(&record);
        index += 1;
    }
    write!(out, r#"],"total":{index},"last":"keeper-last"}}"#).expect("a string takes everything");
    out
}

/// Polygons as an export has them, about `bytes` long: a few properties and some hundred points with seven decimals.
fn feature_collection(bytes: usize) -> String {
    let mut numbers = Numbers(2);
    let mut out = String::from(r#"{"type":"FeatureCollection","name":"keeper-parcels","features":["#);
    let mut index = 0_u64;
    while out.len() < bytes {
        if index > 0 {
            out.push(',');
        }
        let area = numbers.below(900_000);
        write!(
            out,
            r#"{{"type":"Feature","id":{index},"properties":{{"name":"keeper {index}","use":"arable","area":{area}.5,"municipality":"Soria","surveyed":"2026-03-{day:02}","protected":{protected},"slope":null"#,
            day = 1 + numbers.below(28),
            protected = index.is_multiple_of(4),
        )
        .expect("a string takes everything");
        if index.is_multiple_of(5) {
            write!(out, r#","access_token":"canary-{area}""#).expect("a string takes everything");
        }
        out.push_str("},\"geometry\":");
        if index.is_multiple_of(7) {
            out.push_str(r#"{"type":"MultiPolygon","coordinates":[["#);
            ring(&mut out, &mut numbers);
            out.push_str("],[");
            ring(&mut out, &mut numbers);
            out.push_str("]]}}");
        } else {
            out.push_str(r#"{"type":"Polygon","coordinates":["#);
            ring(&mut out, &mut numbers);
            out.push_str("]}}");
        }
        index += 1;
    }
    out.push_str(r#"],"source":{"title":"keeper-last","password":"canary-last"}}"#);
    out
}

/// A closed ring of 40 to 240 points, each near the one before.
fn ring(out: &mut String, numbers: &mut Numbers) {
    let (mut east, mut north) = (4_000_000 + numbers.below(900_000), 2_000_000 + numbers.below(5_000_000));
    let first = (east, north);
    out.push('[');
    for _ in 0..40 + numbers.below(200) {
        point(out, (east, north));
        out.push(',');
        east += numbers.below(900);
        north += numbers.below(900);
    }
    point(out, first);
    out.push(']');
}

fn point(out: &mut String, (east, north): (u64, u64)) {
    write!(out, "[-2.{east:07}{LATITUDE}{north:07}]").expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn count(value: &Value, names: &mut usize, secret: &mut usize) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    *names += 1;
                    *secret += usize::from(SECRET_NAMES.contains(&name.as_str()));
                    count(value, names, secret);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| count(item, names, secret)),
            _ => {}
        }
    }

    #[test]
    fn the_bodies_are_as_long_as_they_are_called() {
        let lengths: Vec<usize> = Payload::all(Sizes::Real).iter().map(|payload| payload.body.len()).collect();
        assert_eq!(lengths[0], 300);
        assert!((9_500..11_000).contains(&lengths[2]), "{lengths:?}");
        assert!((1_000_000..1 << 20).contains(&lengths[4]), "{lengths:?}");
    }

    #[test]
    fn about_one_name_in_ten_is_secret() {
        let (mut names, mut secret) = (0, 0);
        count(&serde_json::from_str(&records(10_000)).unwrap(), &mut names, &mut secret);
        assert!((8..=12).contains(&(secret * 100 / names)), "{secret} of {names}");
    }

    #[test]
    fn a_latitude_is_known_by_its_beginning() {
        let json: Value = serde_json::from_str(&feature_collection(1_000_000)).unwrap();
        for feature in json["features"].as_array().unwrap() {
            assert!(!feature["properties"].to_string().contains(LATITUDE), "{feature}");
            assert!(feature["geometry"].to_string().contains(LATITUDE), "{feature}");
        }
    }
}
