//! How much work redaction does, counted in tests: that time is linear must show without a clock.

#[cfg(not(test))]
#[inline]
pub(super) fn count(_: usize) {}

#[cfg(test)]
pub(super) use counted::count;

#[cfg(test)]
mod counted {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    /// Counts one step, and one for each byte that is looked at or moved.
    pub(in crate::redact) fn count(bytes: usize) {
        STEPS.set(STEPS.get() + 1 + bytes as u64);
    }

    /// How many steps something takes on this thread.
    pub(super) fn of(work: impl FnOnce()) -> u64 {
        let before = STEPS.get();
        work();
        STEPS.get() - before
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::counted;
    use crate::redact::{BodyKind, Redactor};
    use crate::vocabulary::Mode;

    /// Twice as much may take so many times the steps.
    const MOST: f64 = 2.2;
    const BYTES: usize = 40 * 1024;

    /// How a case of a length is made.
    type Case = (&'static str, fn(usize) -> String);

    fn repeated(piece: &str, bytes: usize) -> String {
        piece.repeat(bytes / piece.len() + 1)
    }

    fn numbered(bytes: usize, piece: impl Fn(usize) -> String) -> String {
        let mut out = String::new();
        for number in 0.. {
            if out.len() >= bytes {
                return out;
            }
            out += &piece(number);
        }
        out
    }

    /// Documents meant to be slow.
    const DOCUMENTS: &[Case] = &[
        ("keys", |n| format!("{{{}\"z\":0}}", numbered(n, |number| format!("\"k{number}\":{number},")))),
        ("keys with a common prefix", |n| {
            format!("{{{}\"z\":0}}", numbered(n, |number| format!("\"{}{number}\":1,", "prefix".repeat(10))))
        }),
        ("one key again and again", |n| format!("{{{}\"z\":0}}", repeated("\"a\":0,", n))),
        ("numbered keys, then one again and again", |n| {
            let numbered = numbered(n / 2, |number| format!("\"a#{}\":0,", number + 2));
            format!("{{{numbered}{}\"z\":0}}", repeated("\"a\":0,", n / 2))
        }),
        ("brackets", |n| repeated("[", n)),
        ("brackets within the bound", |n| {
            format!("[{}0]", repeated(&format!("{}{},", "[".repeat(60), "]".repeat(60)), n))
        }),
        ("lists in geometry that is none", |n| {
            let deep = format!("{}1,1,\"x\"{}", "[1,1,".repeat(50), "]".repeat(50));
            format!("{{{}\"z\":0}}", repeated(&format!("\"geom\":{deep},"), n))
        }),
        ("geometry and another thing", |n| format!("{{\"geom\":[{}\"x\"]}}", repeated("[1,2],", n))),
        ("geometries told late", |n| {
            format!("[{}0]", repeated("{\"coordinates\":[1,2],\"a\":[1,2,3],\"type\":\"Point\"},", n))
        }),
        ("values named late", |n| format!("[{}0]", repeated("{\"value\":1,\"old\":[2],\"name\":\"token\"},", n))),
        ("values of one object named late", |n| format!("{{{}\"name\":\"token\"}}", repeated("\"value\":1,", n))),
        ("values in values named late", |n| {
            let deep = format!("{}1{}", "{\"value\":".repeat(30), ",\"name\":\"token\"}".repeat(30));
            format!("[{}0]", repeated(&format!("{deep},"), n))
        }),
        ("variables before their queries", |n| {
            let pair = "{\"variables\":{\"a\":1,\"b\":2},\"query\":\"{f(pin:$a,key:$b)}\"},";
            format!("[{}0]", repeated(pair, n))
        }),
        ("a query that binds much", |n| format!("{{\"query\":\"{}\"}}", repeated("pin:$a ", n))),
        ("options", |n| format!("[{}0]", repeated("\"--token\",\"x\",", n))),
        ("a number", |n| repeated("7", n)),
        ("numbers", |n| format!("[{}0]", repeated("1e5,-2.5,", n))),
        ("escapes", |n| format!("\"{}\"", repeated("\\u0041", n))),
        ("white space", |n| repeated(" ", n) + "1"),
        ("JSON in strings", |n| format!("[{}0]", repeated(r#""{\"token\":\"x\",\"b\":[1]}","#, n))),
        ("JSON in JSON in JSON in a string", |n| {
            (0..3).fold(format!("[{}0]", repeated("{\"pin\":1},", n)), |json, _| serde_json::to_string(&json).unwrap())
        }),
        ("non-ASCII keys", |n| format!("{{{}\"z\":0}}", numbered(n, |number| format!("\"ñ{number}\":0,")))),
    ];

    /// Texts meant to be slow.
    const TEXTS: &[Case] = &[
        ("backslashes", |n| repeated("\\", n)),
        ("equals", |n| repeated("=", n)),
        ("colons", |n| repeated(":", n)),
        ("eyJ", |n| repeated("eyJ", n)),
        ("eyJ in words", |n| repeated("eyJ ", n)),
        ("letters", |n| repeated("a", n)),
        ("camel case", |n| repeated("aB", n)),
        ("words", |n| repeated("a ", n)),
        ("names", |n| repeated("password ", n)),
        ("assignments", |n| repeated("a=b ", n)),
        ("secret assignments", |n| repeated("pin=b ", n)),
        ("open quotes", |n| repeated("pin=\"", n)),
        ("open brackets", |n| repeated("pin={[(", n)),
        ("separators", |n| repeated("pin=,;)", n)),
        ("tags", |n| repeated("<a>", n)),
        ("secret tags", |n| repeated("<pin>", n)),
        ("open tags", |n| repeated("<pin ", n)),
        ("percent escapes", |n| repeated("%25", n)),
        ("percent escapes of equals", |n| repeated("a%3D", n)),
        ("Bearer", |n| repeated("Bearer ", n)),
        ("Basic", |n| repeated("Basic YTpi", n)),
        ("PEM that begins", |n| repeated("-----BEGIN X-----", n)),
        ("PEM that begins and ends", |n| repeated("-----BEGIN X-----a-----END X-----", n)),
        ("options", |n| repeated("-u a:b ", n)),
        ("options and brackets", |n| repeated("- [", n)),
        ("options in a row", |n| repeated("-xx/", n)),
        ("tools", |n| repeated("curl -u ", n)),
        ("options of a tool in a row", |n| repeated("curl -ub/", n)),
        ("logins that are none", |n| repeated("curl -u [ ", n)),
        ("logins in brackets", |n| {
            let pairs = n / 8;
            format!("curl {}{} x:y", repeated("-u { ", 5 * pairs), repeated("} ", 2 * pairs))
        }),
        ("URLs", |n| repeated("http://a:b@c/ ", n)),
        ("URLs that begin", |n| repeated("http://", n)),
        ("URLs that begin before an at sign", |n| repeated(&format!("{}@ ", "http://".repeat(60)), n)),
        ("slashes", |n| repeated("//", n)),
        ("at signs", |n| repeated("a:b@tcp(", n)),
        ("columns", |n| repeated("(pin)=(", n)),
        ("brackets that close", |n| repeated("(a)", n)),
        ("values", |n| repeated("(pin) values ", n)),
        ("card digits", |n| repeated("4111", n)),
        ("groups of digits", |n| repeated("4111 ", n)),
        ("full-width separators", |n| repeated("密码：", n)),
        ("full-width separators behind escapes", |n| repeated("\\x70：", n)),
        ("code and state", |n| repeated("code=1&", n)),
        ("comparisons", |n| repeated("pin in ('a',", n)),
        ("identified by", |n| repeated("identified by 'a' ", n)),
        ("entries", |n| repeated("entry 'a' for key ", n)),
        ("constructors", |n| repeated("pin=Some(", n)),
        ("constructors of what describes", |n| repeated("token_type=Some { ", n)),
        ("comparisons of what describes", |n| repeated("token_type=expected \"", n)),
        ("blocks", |n| repeated("pin: |\n  a\n", n)),
        ("lines", |n| repeated("pin: a\n", n)),
        ("template braces", |n| repeated("{pin}", n)),
        ("marks", |n| repeated("e\u{301}", n)),
        ("a ligature", |n| repeated("\u{fdfa}", n)),
    ];

    #[track_caller]
    fn assert_linear(what: &str, steps: impl Fn(usize) -> u64) {
        let (once, twice) = (steps(BYTES), steps(2 * BYTES));
        // What is hidden unseen takes the same however long it is.
        #[expect(clippy::cast_precision_loss, reason = "these are thousands")]
        let ratio = twice as f64 / once as f64;
        assert!(ratio < MOST, "{what}: {once} steps, {twice} for twice as much: {ratio:.2} times");
    }

    /// The steps for a body, in records that hold all of it and in such as are usual.
    fn of_body(kind: &str, body: &str, limit: usize) -> u64 {
        let redactor = Arc::new(Redactor::default());
        counted::of(|| {
            let mut scanner = redactor.body(BodyKind::new(Some(kind), None), Mode::Compact, usize::MAX, limit);
            body.as_bytes().chunks(4096).for_each(|chunk| scanner.push(chunk));
            assert!(scanner.finish(true).is_some());
        })
    }

    #[test]
    fn what_is_looked_at_is_counted() {
        let steps = |body: &str| of_body("application/json", body, 1 << 30);
        let (short, long) = (steps(r#"{"a":"b c"}"#), steps(&format!(r#"{{"a":"b {}"}}"#, "c ".repeat(500))));
        assert!(short > 10 && long > short + 1_000, "{short} and {long}");
    }

    #[test]
    fn documents_take_time_that_is_linear_in_their_length() {
        for (name, case) in DOCUMENTS {
            for limit in [16 * 1024, 1 << 30] {
                assert_linear(&format!("{name}, to {limit}"), |n| of_body("application/json", &case(n), limit));
            }
            assert_linear(&format!("{name} in a string"), |n| {
                of_body("application/json", &serde_json::to_string(&case(n)).unwrap(), 1 << 30)
            });
            assert_linear(&format!("{name} a line"), |n| {
                of_body("application/x-ndjson", &format!("{}\n", case(n / 2)).repeat(2), 1 << 30)
            });
        }
    }

    #[test]
    fn texts_take_time_that_is_linear_in_their_length() {
        let redactor = Redactor::default();
        for (name, case) in TEXTS {
            assert_linear(name, |n| {
                let text = case(n);
                counted::of(|| drop(redactor.text(&text)))
            });
            assert_linear(&format!("{name} as a query"), |n| {
                let text = case(n);
                counted::of(|| drop(redactor.query(&text, 1 << 30)))
            });
            assert_linear(&format!("{name} as a header"), |n| {
                let text = case(n);
                let headers = [("x-note", text.as_bytes()), ("cookie", text.as_bytes())];
                counted::of(|| drop(redactor.headers(headers.into_iter(), 1 << 30)))
            });
            assert_linear(&format!("{name} as a path"), |n| {
                let text = format!("/{}", case(n));
                counted::of(|| drop(redactor.path(&text, None)))
            });
            assert_linear(&format!("{name} as a name"), |n| {
                let body = serde_json::json!({ case(n): 1 }).to_string();
                of_body("application/json", &body, 1 << 30)
            });
            assert_linear(&format!("{name} in JSON"), |n| {
                of_body("application/json", &serde_json::json!({ "a": case(n) }).to_string(), 1 << 30)
            });
            assert_linear(&format!("{name} as a form"), |n| {
                let form: String = form_urlencoded::Serializer::new(String::new())
                    .append_pair("a", &case(n))
                    .append_pair("b", "1")
                    .finish();
                of_body("application/x-www-form-urlencoded", &form, 1 << 30)
            });
            assert_linear(&format!("{name} in parts"), |n| {
                let part =
                    |content: &str| format!("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{content}\r\n");
                let body = format!("{}{}--B--\r\n", part(&case(n)), part("1").repeat(n / 100));
                of_body("multipart/form-data; boundary=B", &body, 1 << 30)
            });
        }
    }
}
