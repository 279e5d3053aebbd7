//! Bodies of which a record can hold next to nothing: they pass, the memory that they take does not grow with them, and
//! how long they were is known.
//!
//! `CONFORMANCE_BULK` says how many MiB each has. What each took is told twice: with the layer, and without.

use std::time::Instant;

use serde_json::json;

use crate::case::{Case, Expect, Framework};
use crate::echo::Digest;
use crate::talk::Talk;

/// How many MiB a body has, unless somebody says otherwise.
pub(crate) const USUAL: usize = 16;

const MIB: usize = 1 << 20;
/// What is sent at once.
const PIECE: usize = 64 * 1024;
/// What a server may take above what it had: this much, a line, and a text that is looked at, four times as long.
const ABOVE_IDLE: u64 = 8 * (1 << 20) + 5 * 16_384;

const UNSEEN: &str = "what a handler takes from the transport itself passes by the layer";

/// How a body ends.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Sized,
    Chunked,
}

/// A document of so many bytes: a beginning, many alike, and blanks before its end.
struct Document {
    kind: &'static str,
    begin: &'static str,
    again: String,
    end: &'static str,
}

impl Document {
    fn json() -> Self {
        Self {
            kind: "application/json",
            begin: r#"{"first":"kept","password":"hunter2","list":["#,
            again:
                r#"{"name":"rivers \u00f1","token":"hunter2","points":[1.50,-2,3e5],"nested":[[{"pin":"hunter2"}]]},"#
                    .to_owned(),
            end: r#"null],"client_secret":"hunter2"}"#,
        }
    }

    fn geojson() -> Self {
        let positions = "[-0.3763353,39.4699075],".repeat(400);
        Self {
            kind: "application/geo+json",
            begin: r#"{"type":"FeatureCollection","password":"hunter2","features":["#,
            again: format!(
                r#"{{"type":"Feature","properties":{{"name":"Túria","token":"hunter2"}},"geometry":{{"type":"LineString","coordinates":[{positions}[0,0]]}}}},"#
            ),
            end: r#"null],"client_secret":"hunter2"}"#,
        }
    }

    /// Hands out the document, `length` bytes long, in pieces.
    fn pieces(&self, length: usize, mut each: impl FnMut(&[u8])) {
        let Self { begin, again, end, .. } = self;
        let mut left = length - begin.len() - end.len();
        let mut piece = begin.as_bytes().to_vec();
        while left > 0 {
            if left >= again.len() {
                piece.extend_from_slice(again.as_bytes());
                left -= again.len();
            } else {
                piece.resize(piece.len() + left, b' ');
                left = 0;
            }
            let whole = piece.len() / PIECE * PIECE;
            piece.chunks_exact(PIECE).for_each(&mut each);
            piece.drain(..whole);
        }
        piece.extend_from_slice(end.as_bytes());
        piece.chunks(PIECE).for_each(each);
    }
}

fn bulk(name: &'static str, about: &'static str, document: fn() -> Document, framing: Framing, mib: usize) -> Case {
    let length = mib * MIB;
    Case::new(name, about, move |talk| send(talk, name, &document(), framing, length))
        .leaves(json!({"action": "digest.send", "completion": "completed", "status_code": 200, "request_bytes": length,
            "truncated": true, "original_bytes": length, "/request_body/password": "[FILTERED]"}))
        .but(
            Framework::Rocket,
            UNSEEN,
            Expect::Records(vec![json!({"action": "digest.send", "completion": "completed", "status_code": 200,
                "request_bytes": null, "/request_body/withheld": "not observed", "/request_body/bytes": null})]),
        )
        .alone()
}

fn send(talk: &mut Talk, name: &str, document: &Document, framing: Framing, length: usize) {
    // Nothing that the first request of all makes is counted.
    talk.flood_count();
    talk.hang_up();
    let idle = talk.peak();
    let request = talk.request("POST", "/digest").header("content-type", document.kind);
    let request = match framing {
        Framing::Sized => request.declared(length, ""),
        Framing::Chunked => request.header("transfer-encoding", "chunked"),
    };
    let mut client = talk.connect();
    let mut digest = Digest::default();
    let begun = Instant::now();
    client.send(&request);
    document.pieces(length, |piece| {
        digest.add(piece);
        match framing {
            Framing::Sized => client.write(piece),
            Framing::Chunked => {
                client.write(format!("{:x}\r\n", piece.len()).as_bytes());
                client.write(piece);
                client.write(b"\r\n");
            }
        }
    });
    if matches!(framing, Framing::Chunked) {
        client.write(b"0\r\n\r\n");
    }
    client.answer().is(200, &digest.to_string());
    let seconds = begun.elapsed().as_secs_f64();
    let rate = length as f64 / MIB as f64 / seconds;
    let took = format!("{name}: {} MiB in {seconds:.1} s, {rate:.0} MiB/s", length / MIB);
    match (idle, talk.peak()) {
        (Some(idle), Some(peak)) => {
            let above = peak - idle;
            println!("{took}, {} KiB above idle ({} KiB)", above / 1024, idle / 1024);
            assert!(above <= ABOVE_IDLE, "{above} bytes above idle");
        }
        _ => println!("{took}; this system tells no peak of memory"),
    }
}

pub(super) fn cases(mib: usize) -> Vec<Case> {
    vec![
        bulk("bulk.json", "Much JSON with a length passes.", Document::json, Framing::Sized, mib),
        bulk("bulk.json_chunked", "Much JSON in chunks passes.", Document::json, Framing::Chunked, mib),
        bulk("bulk.geojson", "Much GeoJSON with a length passes.", Document::geojson, Framing::Sized, mib),
        bulk("bulk.geojson_chunked", "Much GeoJSON in chunks passes.", Document::geojson, Framing::Chunked, mib),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_json_of_the_length_asked_for() {
        for document in [Document::json(), Document::geojson()] {
            for length in [100_000, 200_001] {
                let mut bytes = Vec::new();
                document.pieces(length, |piece| bytes.extend_from_slice(piece));
                assert_eq!(bytes.len(), length);
                assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
            }
        }
    }
}
