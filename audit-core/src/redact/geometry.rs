//! What compact mode leaves out: geometry, told by its shape.
//!
//! A GeoJSON geometry (RFC 7946, section 1.4: the names of types are case-sensitive) is found under any key; under a
//! key that names a geometry, WKT, WKB in hexadecimal and nested lists of numbers go too. A name alone hides nothing.

/// The words that name a geometry: `geom`, `wkb_geometry`, `boundsGeom`.
pub(super) const NAMES: &[&str] = &[
    "geom",
    "geoms",
    "geometry",
    "geometries",
    "geometria",
    "geometrias",
    "wkt",
    "ewkt",
    "wkb",
    "ewkb",
    "geojson",
    "coordinates",
    "coords",
    "coordenadas",
    "shape",
    "polygon",
    "linestring",
    "multipolygon",
    "multilinestring",
    "multipoint",
    "footprint",
    "geomfromtext",
];

/// The tags with which well-known text begins (OGC 06-103r4, and what PostGIS adds).
const TAGS: &[&str] = &[
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "CIRCULARSTRING",
    "COMPOUNDCURVE",
    "CURVEPOLYGON",
    "MULTICURVE",
    "MULTISURFACE",
    "POLYHEDRALSURFACE",
    "TRIANGLE",
    "TIN",
    "LINEARRING",
];

/// Which member holds a geometry's positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Coordinates,
    Geometries,
}

/// Which member a GeoJSON object of this type keeps its positions in, if it is a geometry.
pub(crate) fn geojson_type(name: &str) -> Option<Holds> {
    match name {
        "Point" | "MultiPoint" | "LineString" | "MultiLineString" | "Polygon" | "MultiPolygon" => {
            Some(Holds::Coordinates)
        }
        "GeometryCollection" => Some(Holds::Geometries),
        _ => None,
    }
}

/// Whether a string is a geometry in well-known text or in hexadecimal well-known binary.
pub(crate) fn is_geometry_text(text: &str) -> bool {
    is_wkt(text.trim()) || is_wkb(text.trim().as_bytes())
}

fn is_wkt(text: &str) -> bool {
    let text = match text.split_once(';') {
        Some((srid, rest)) if srid.to_ascii_uppercase().starts_with("SRID=") && srid.len() < 16 => rest.trim_start(),
        _ => text,
    };
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (Some(tag), Some(rest)) = (text.get(..letters), text.get(letters..)) else { return false };
    if letters > 24
        || !TAGS.iter().any(|known| {
            // `POINTZ(` and `POINT ZM (` are both written.
            tag.get(..known.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(known))
                && matches!(tag.get(known.len()..), Some("" | "Z" | "M" | "ZM" | "z" | "m" | "zm"))
        })
    {
        return false;
    }
    let rest = rest.trim_start().trim_start_matches(['Z', 'M', 'z', 'm']).trim_start();
    rest.starts_with('(')
}

/// At least a point: byte order, type, two ordinates, as hexadecimal digits.
fn is_wkb(text: &[u8]) -> bool {
    text.len() >= 42
        && text.len().is_multiple_of(2)
        && (text.starts_with(b"00") || text.starts_with(b"01"))
        && text.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::lists::assert_listed;

    #[test]
    fn the_page_lists_every_name() {
        assert_listed("Names of geometries", NAMES.iter().copied());
    }

    #[test]
    fn geometry_text_is_told_by_its_shape() {
        for text in [
            "POINT(1 2)",
            "point (1 2)",
            "SRID=4326;POLYGON((1 2,3 4,1 2))",
            "POINT Z (1 2 3)",
            "POINTZM(1 2 3 4)",
            "0101000000000000000000F03F0000000000000040",
        ] {
            assert!(is_geometry_text(text), "{text}");
        }
        for text in ["simple text", "POINT", "Point of sale (north)", "0101", "POINTER(1)", "", "SRID=1;"] {
            assert!(!is_geometry_text(text), "{text}");
        }
    }
}
