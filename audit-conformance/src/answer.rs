//! Answers as they came over the wire, one after another.

/// An answer, as much of it as came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Without the empty line.
    head: String,
    /// Without the framing of chunks.
    pub body: Vec<u8>,
    /// Where the body begins among the bytes that were read.
    body_at: usize,
    /// Where the answer ends among the bytes that were read.
    end: usize,
    /// Whether all of it came, as far as its head says how much that is.
    pub whole: bool,
}

impl Answer {
    /// The value of the first header line of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header_in(&self.head, name)
    }

    /// The body, as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts what was answered.
    ///
    /// # Panics
    /// When it was not, or not all of it came.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert!(self.whole, "the answer was cut: {} {:?}", self.status, self.text());
        assert_eq!((self.status, self.text().as_str()), (status, body));
    }

    #[track_caller]
    pub(crate) fn has_status(&self, status: u16) {
        assert_eq!(self.status, status, "{:?}", self.text());
    }

    #[track_caller]
    pub(crate) fn is_refused(&self) {
        assert!((400..500).contains(&self.status), "not refused: {} {:?}", self.status, self.text());
    }

    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The first answer among `bytes`, interim ones passed over; none before its head is there.
    pub(crate) fn read(bytes: &[u8], method: &str, closed: bool) -> Option<Self> {
        let mut at = 0;
        loop {
            let length = find(bytes.get(at..)?, b"\r\n\r\n")?;
            let head = String::from_utf8_lossy(&bytes[at..at + length]).into_owned();
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            at += length + 4;
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            let rest = &bytes[at..];
            let chunked = header_in(&head, "transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
            let declared = header_in(&head, "content-length").and_then(|length| length.parse::<usize>().ok());
            let (body, taken, whole) = if method == "HEAD" || matches!(status, 101 | 204 | 304) {
                (Vec::new(), 0, true)
            } else if chunked {
                unchunk(rest)
            } else if let Some(declared) = declared {
                let taken = declared.min(rest.len());
                (rest[..taken].to_vec(), taken, taken == declared)
            } else {
                (rest.to_vec(), rest.len(), closed)
            };
            return Some(Self { status, head, body, body_at: at, end: at + taken, whole });
        }
    }
}

fn header_in<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The data of chunks, how many bytes they took, and whether the last one was there.
fn unchunk(bytes: &[u8]) -> (Vec<u8>, usize, bool) {
    let (mut data, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else { return (data, bytes.len(), false) };
        let size = String::from_utf8_lossy(&bytes[at..at + line]).into_owned();
        let size = size.split(';').next().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(size) = size else { return (data, bytes.len(), false) };
        let from = at + line + 2;
        if size == 0 {
            // Trailers end with an empty line; without any, it is all there is.
            let end = if bytes[from..].starts_with(b"\r\n") {
                Some(2)
            } else {
                find(&bytes[from..], b"\r\n\r\n").map(|end| end + 4)
            };
            return (data, end.map_or(bytes.len(), |end| from + end), end.is_some());
        }
        if bytes.len() < from + size + 2 {
            data.extend(bytes[from..].iter().take(size));
            return (data, bytes.len(), false);
        }
        data.extend(&bytes[from..from + size]);
        at = from + size + 2;
    }
}

/// What came, without what the layer may add and without the date: the same talk is the same bytes.
///
/// Header lines are put in order by name, for that of different names has no meaning (RFC 9110, 5.3), and is a matter of
/// chance where a framework keeps them in a hash map. Where `unchunked`, so is how the body was cut into chunks.
#[must_use]
pub fn normal(bytes: &[u8], methods: &[&str], closed: bool, unchunked: bool) -> Vec<u8> {
    let mut normal = Vec::new();
    let mut at = 0;
    for method in methods {
        let Some(answer) = Answer::read(&bytes[at..], method, closed) else { break };
        let heads = String::from_utf8_lossy(&bytes[at..at + answer.body_at]).into_owned();
        for head in heads.split_inclusive("\r\n\r\n") {
            normal.extend(normal_head(head).bytes());
        }
        if unchunked {
            normal.extend(&answer.body);
        } else {
            normal.extend(&bytes[at + answer.body_at..at + answer.end]);
        }
        at += answer.end;
    }
    normal.extend(&bytes[at..]);
    normal
}

fn normal_head(head: &str) -> String {
    let mut lines: Vec<&str> = head.split_inclusive("\r\n").collect();
    let name_of = |line: &str| line.split(':').next().unwrap_or_default().to_ascii_lowercase();
    // Not the first line, nor the empty one; those of one name stay as they are.
    if let [_, fields @ .., _] = &mut lines[..] {
        fields.sort_by_key(|line| name_of(line));
    }
    let kept = lines.iter().filter(|line| name_of(line) != "audit-id");
    kept.map(|line| if name_of(line) == "date" { "date: (when)\r\n" } else { *line }).collect()
}

pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::{Answer, normal};

    #[test]
    fn an_answer_ends_where_its_head_says() {
        let bytes =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabHTTP/1.1 204 No\r\n\r\n";
        let answer = Answer::read(bytes, "GET", false).unwrap();
        answer.is(200, "ab");
        assert_eq!(answer.header("Content-Length"), Some("2"));
        assert_eq!(Answer::read(&bytes[answer.end()..], "GET", false).unwrap().status, 204);
        assert_eq!(Answer::read(b"HTTP/1.1 200 OK\r\ncontent-le", "GET", true), None);
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        assert!(Answer::read(head, "HEAD", false).unwrap().whole);
        assert!(!Answer::read(head, "GET", true).unwrap().whole);
        let open = b"HTTP/1.0 200 OK\r\n\r\nall";
        assert_eq!(
            (Answer::read(open, "GET", false).unwrap().whole, Answer::read(open, "GET", true).unwrap().whole),
            (false, true)
        );
    }

    #[test]
    fn chunks_are_put_together() {
        let read = |body: &str| {
            let bytes = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
            let answer = Answer::read(bytes.as_bytes(), "GET", false).unwrap();
            (answer.text(), answer.whole, bytes.len() - answer.end())
        };
        assert_eq!(read("3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\nmore"), ("abcd".to_owned(), true, 4));
        assert_eq!(read("1\r\na\r\n0\r\nsum: 1\r\n\r\n"), ("a".to_owned(), true, 0));
        for cut in ["3\r\nabc\r\n", "3\r\nabc", "3\r\nabc\r\n0\r\n", "3\r\nabc\r\n2"] {
            assert_eq!(read(cut), ("abc".to_owned(), false, 0), "{cut:?}");
        }
        assert_eq!(read("3\r\nab"), ("ab".to_owned(), false, 0));
    }

    #[test]
    fn only_the_date_and_the_identifier_are_passed_over() {
        let one = b"HTTP/1.1 200 OK\r\nDate: today\r\naudit-id: 7\r\ncontent-length: 11\r\n\r\naudit-id: 1";
        let two = b"HTTP/1.1 200 OK\r\nDate: tomorrow\r\ncontent-length: 11\r\n\r\naudit-id: 1";
        let both = [one.as_slice(), two].concat();
        let expected = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\ndate: (when)\r\n\r\naudit-id: 1".repeat(2);
        assert_eq!(text(normal(&both, &["GET", "GET"], true, false)), text(expected.clone()));
        assert_ne!(normal(&both, &["GET"], true, false), expected);
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_order_of_names_does_not_matter_and_that_of_values_does() {
        let normal =
            |fields: &str| text(normal(format!("HTTP/1.1 204 No\r\n{fields}\r\n").as_bytes(), &["GET"], true, false));
        assert_eq!(normal("b: 1\r\na: 2\r\n"), "HTTP/1.1 204 No\r\na: 2\r\nb: 1\r\n\r\n");
        assert_eq!(normal("a: 2\r\nb: 1\r\nA: 1\r\n"), "HTTP/1.1 204 No\r\na: 2\r\nA: 1\r\nb: 1\r\n\r\n");
        assert_eq!(normal(""), "HTTP/1.1 204 No\r\n\r\n");
    }

    #[test]
    fn chunks_are_compared_unless_they_are_chance() {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let [one, two] = ["2\r\nab\r\n0\r\n\r\n", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"].map(|body| format!("{head}{body}"));
        let of = |bytes: &str, unchunked| normal(bytes.as_bytes(), &["GET"], true, unchunked);
        assert_ne!(of(&one, false), of(&two, false));
        assert_eq!(text(of(&two, true)), format!("{head}ab"));
    }
}
