//! What RFC 7946 demands of coordinates and the `geojson` crate does not check.

use geojson::{Geometry, GeometryValue, Position};

/// What is wrong with coordinates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A position (section 3.1.1).
    #[error("a position has length {0}; expected at least 2 numbers")]
    Position(usize),
    /// A line (section 3.1.4).
    #[error("a line has length {0}; expected at least 2 positions")]
    Line(usize),
    /// A ring of a polygon (section 3.1.6).
    #[error("a ring has length {0}; expected at least 4 positions")]
    Ring(usize),
    /// A ring of a polygon (section 3.1.6).
    #[error("a ring is open; expected its last position to be its first")]
    Open,
}

/// Checks a geometry with all that is in it. One without any coordinates passes: section 3.1 knows it, and ogr2ogr
/// writes `LINESTRING EMPTY` that way.
pub(crate) fn check(geometry: &Geometry) -> Result<(), GeometryError> {
    match &geometry.value {
        GeometryValue::Point { coordinates } => position(coordinates),
        GeometryValue::MultiPoint { coordinates } => coordinates.iter().try_for_each(position),
        GeometryValue::LineString { coordinates } if coordinates.is_empty() => Ok(()),
        GeometryValue::LineString { coordinates } => line(coordinates),
        GeometryValue::MultiLineString { coordinates } => coordinates.iter().try_for_each(|part| line(part)),
        GeometryValue::Polygon { coordinates } => polygon(coordinates),
        GeometryValue::MultiPolygon { coordinates } => coordinates.iter().try_for_each(|part| polygon(part)),
        // As deep as the JSON may be nested, which the parser bounds.
        GeometryValue::GeometryCollection { geometries } => geometries.iter().try_for_each(check),
    }
}

fn position(position: &Position) -> Result<(), GeometryError> {
    if position.len() < 2 { Err(GeometryError::Position(position.len())) } else { Ok(()) }
}

fn line(positions: &[Position]) -> Result<(), GeometryError> {
    if positions.len() < 2 {
        return Err(GeometryError::Line(positions.len()));
    }
    positions.iter().try_for_each(position)
}

fn polygon(rings: &[Vec<Position>]) -> Result<(), GeometryError> {
    rings.iter().try_for_each(|ring| {
        if ring.len() < 4 {
            return Err(GeometryError::Ring(ring.len()));
        }
        ring.iter().try_for_each(position)?;
        if ring.first() == ring.last() { Ok(()) } else { Err(GeometryError::Open) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(kind: &str, coordinates: &str) -> Result<(), String> {
        let geometry = format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#);
        let geometry = geometry.parse::<Geometry>().map_err(|error| error.to_string())?;
        check(&geometry).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_rfc_allows_passes() {
        for (kind, coordinates) in [
            ("Point", "[1,2]"),
            ("Point", "[1,2,3]"),
            ("Point", "[-180.0,1e2,-3,4]"),
            ("MultiPoint", "[]"),
            ("MultiPoint", "[[1,2]]"),
            ("LineString", "[]"),
            ("LineString", "[[1,2],[1,2]]"),
            ("MultiLineString", "[[[1,2],[3,4]],[[5,6],[7,8],[9,9]]]"),
            ("Polygon", "[]"),
            ("Polygon", "[[[0,0],[1,0],[1,1],[0,0]]]"),
            ("Polygon", "[[[0,0],[1,0],[1,1],[0.0,0e0]]]"),
            ("MultiPolygon", "[[[[0,0],[1,0],[1,1],[0,0]],[[0,0],[1,0],[1,1],[0,0]]]]"),
        ] {
            assert_eq!(checked(kind, coordinates), Ok(()), "{kind} {coordinates}");
        }
    }

    #[test]
    fn what_it_does_not_is_named() {
        let (short, single) = ("a position has length 1; expected at least 2 numbers", "a line has length 1; expected");
        let open = "a ring is open; expected its last position to be its first";
        for (kind, coordinates, expected) in [
            ("Point", "[1]", "A position must contain two or more elements"),
            ("Point", "[]", "A position must contain two or more elements"),
            ("Point", "[[1,2]]", "unexpected coordinates dimensions: 1"),
            ("Point", "[1,null]", "invalid type: null"),
            ("Point", "[1,1e999]", "number out of range"),
            ("MultiPoint", "[[1,2],[1]]", short),
            ("MultiPoint", "[[1,2],[]]", "a position has length 0"),
            ("LineString", "[[1,2]]", single),
            ("LineString", "[[1,2],[1]]", short),
            ("MultiLineString", "[[[1,2],[3,4]],[[5,6]]]", single),
            ("MultiLineString", "[[[1,2],[3,4]],[]]", "a line has length 0"),
            ("Polygon", "[[[0,0],[1,0],[0,0]]]", "a ring has length 3; expected at least 4 positions"),
            ("Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]", open),
            ("Polygon", "[[[0,0],[1,0],[1,1],[0,0,5]]]", open),
            ("Polygon", "[[[0,0],[1],[1,1],[0,0]]]", short),
            ("Polygon", "[[[0,0],[1,0],[1,1],[0,0]],[]]", "a ring has length 0"),
            ("MultiPolygon", "[[[[0,0],[1,0],[1,1],[0,0]]],[[[0,0],[1,0],[1,1],[2,0]]]]", open),
        ] {
            let found = checked(kind, coordinates);
            assert!(found.as_ref().is_err_and(|found| found.contains(expected)), "{kind} {coordinates}: {found:?}");
        }
    }

    #[test]
    fn a_collection_is_no_better_than_what_is_in_it() {
        let within = |inner: &str| {
            let around = |inner: &str| format!(r#"{{"type":"GeometryCollection","geometries":[{inner}]}}"#);
            check(&around(&around(inner)).parse().unwrap())
        };
        assert_eq!(within(r#"{"type":"Point","coordinates":[1,2]}"#), Ok(()));
        let line = r#"{"type":"LineString","coordinates":[[1,2]]}"#;
        assert_eq!(within(line), Err(GeometryError::Line(1)));
    }
}
