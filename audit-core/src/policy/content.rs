//! What `Content-Type` and `Accept` say about a request: is this a program talking JSON or XML?

/// What the headers hint at, taken when the request begins. Copies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ContentHints {
    structured: bool,
}

impl ContentHints {
    /// Reads the values of every `Content-Type` and every `Accept` header line. Any bytes will do.
    ///
    /// JSON and XML are recognised by the words of the subtype (`json`, `geo+json`, `x-ndjson`, `atom+xml`). An
    /// `Accept` in which any line lists `text/html` is a browser's, and hints at nothing; neither do images in it,
    /// for browsers list `image/svg+xml` with every picture they load. A type with `q=0` is not listed but refused.
    pub(crate) fn new<'a>(
        content_types: impl IntoIterator<Item = &'a [u8]>,
        accepts: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        if content_types.into_iter().flat_map(elements).any(|element| is_structured(media_type(element).1)) {
            return Self { structured: true };
        }
        let mut structured = false;
        for element in accepts.into_iter().flat_map(elements).filter(|element| !is_refused(element)) {
            let (kind, subtype) = media_type(element);
            if kind.eq_ignore_ascii_case(b"text") && subtype.eq_ignore_ascii_case(b"html") {
                return Self::default();
            }
            structured |= !kind.eq_ignore_ascii_case(b"image") && !is_page(subtype) && is_structured(subtype);
        }
        Self { structured }
    }

    /// Whether JSON or XML is sent, or asked for by something that is no browser loading a page.
    pub(crate) fn is_structured(self) -> bool {
        self.structured
    }
}

/// The elements of a comma-separated list; a comma within quotes separates nothing.
fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    line.split(move |&byte| {
        let separates = byte == b',' && !quoted;
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ => {}
        }
        separates
    })
}

/// Type and subtype, without parameters.
fn media_type(element: &[u8]) -> (&[u8], &[u8]) {
    let essence = element.split(|&byte| byte == b';').next().unwrap_or_default();
    let mut parts = essence.splitn(2, |&byte| byte == b'/').map(<[u8]>::trim_ascii);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

fn words(subtype: &[u8]) -> impl Iterator<Item = &[u8]> {
    subtype.split(|byte| !byte.is_ascii_alphanumeric())
}

fn is_structured(subtype: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] = [b"json", b"xml", b"ndjson", b"jsonl", b"jsonlines", b"geojson"];
    words(subtype).any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// `application/xhtml+xml` is a page, not data.
fn is_page(subtype: &[u8]) -> bool {
    words(subtype).any(|word| word.eq_ignore_ascii_case(b"xhtml"))
}

/// Whether a parameter is `q=0`, which says that the type is not acceptable (RFC 9110, 12.4.2).
fn is_refused(element: &[u8]) -> bool {
    element.split(|&byte| byte == b';').skip(1).any(|parameter| {
        let mut parts = parameter.splitn(2, |&byte| byte == b'=').map(<[u8]>::trim_ascii);
        let is_weight = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(b"q"));
        let weight = parts.next().unwrap_or_default();
        is_weight && weight.first() == Some(&b'0') && weight.iter().all(|byte| matches!(byte, b'0' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hints(content_types: &[&str], accepts: &[&str]) -> bool {
        let content_types: Vec<&[u8]> = content_types.iter().map(|line| line.as_bytes()).collect();
        let accepts: Vec<&[u8]> = accepts.iter().map(|line| line.as_bytes()).collect();
        ContentHints::new(content_types, accepts).is_structured()
    }

    #[test]
    fn content_types() {
        for value in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/geo+json",
            "application/vnd.api+json;v=1",
            "text/json",
            "application/x-ndjson",
            "application/json-seq",
            "text/xml",
            "application/xml",
            "image/svg+xml",
            " application / json ",
            "text/plain, application/json",
        ] {
            assert!(hints(&[value], &[]), "{value}");
        }
        for value in [
            "",
            "json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=json",
            "multipart/form-data; boundary=\"a, application/json\"",
            "multipart/form-data; boundary=\"a\\\", application/json\"",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/jsonp",
        ] {
            assert!(!hints(&[value], &[]), "{value}");
        }
        assert!(hints(&["text/plain", "application/json"], &[]));
    }

    #[test]
    fn accepts() {
        for lines in [
            &["application/json"][..],
            &["application/json, text/plain, */*"],
            &["text/plain;q=0.5, APPLICATION/XML"],
            &["text/plain", "application/json"],
            &["application/json, text/html;q=0"],
            &["application/json;q=0.1"],
            &["application/json;q="],
            &["text/htmlx, application/json"],
        ] {
            assert!(hints(&[], lines), "{lines:?}");
        }
        for lines in [
            &["*/*"][..],
            &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
            &["application/json", "Text/HTML"],
            &["application/json, text/html;level=1"],
            &["application/json;q=0, */*"],
            &["application/json; Q = 0.000"],
            &["image/avif,image/webp,image/svg+xml,image/*;q=0.8,*/*;q=0.5"],
            &["application/xhtml+xml"],
        ] {
            assert!(!hints(&[], lines), "{lines:?}");
        }
    }

    #[test]
    fn what_is_sent_counts_in_a_browser_too() {
        assert!(hints(&["application/json"], &["text/html, */*"]));
    }

    proptest! {
        #[test]
        fn any_bytes_will_do(a in prop::collection::vec(any::<u8>(), 0..64), b in "[a-z/;,=\"\\\\ q0.+]{0,64}") {
            for (types, accepts) in [(&a[..], b.as_bytes()), (b.as_bytes(), &a[..])] {
                let hints = ContentHints::new([types], [accepts]);
                // Upper case never changes the answer.
                prop_assert_eq!(hints, ContentHints::new([&types.to_ascii_uppercase()[..]], [&accepts.to_ascii_uppercase()[..]]));
            }
        }
    }
}
