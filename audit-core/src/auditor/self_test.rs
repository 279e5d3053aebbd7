//! Before an auditor is handed out: does what is to be hidden stay out of its records?
//!
//! Values that no shape gives away are sent under the names that settings, [`Rules`](crate::redact::Rules) and endpoints'
//! `redact(..)` add, by every way that names have a say in, through the same code as a request: what takes the head, what
//! scans the body, what encodes the record. None of them may be in the line, in any encoding. It is asked of the auditor
//! that was built, so that it also tells of a rule that was read and then went nowhere.
//!
//! What was added is tried at each start: these names are the operator's or the application's, nobody else has tested
//! them, and one that has no effect is seen by nobody until it is too late. It costs about as much as a few dozen
//! requests. What is built in is tested where this crate is, and tried at a start only on request
//! ([`Builder::self_test`](super::Builder::self_test)).
//!
//! For a regular expression it is tried with a text that is made to match; one that no text can be made for, such as one
//! that asks what stands beside it, is not tried.
//!
//! It proves that the rules reach the record, and nothing of the names that nobody thought of.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::auditor::{BuildError, InForce, Inner};
use crate::exchange::{Attribution, Facts, Headers, RequestHead, RouteMatch, Source, take_in_full};
use crate::leak::Needles;
use crate::record::{Encoder, Ending, Line};
use crate::redact::{Compiled, FILTERED};
use crate::registry::Endpoint;
use crate::settings::{Settings, is_token};
use crate::vocabulary::{Completion, Mode};

/// Names that stand for the built-in rules: single words, several, run together, of other languages.
const BUILT_IN_FIELDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "secret",
    "client_secret",
    "clientSecret",
    "token",
    "accessToken",
    "refresh_token",
    "api_key",
    "apikey",
    "private_key",
    "credentials",
    "authorization",
    "session_id",
    "csrf_token",
    "pin",
    "cvc",
    "card_number",
    "recovery_codes",
    "PGPASSWORD",
    "contraseña",
    "clave",
    "пароль",
    "密码",
];

const BUILT_IN_HEADERS: &[&str] = &["authorization", "proxy-authorization", "x-api-key", "x-auth-token"];

/// How many bytes of names one record tries: little enough that the shortest line allowed shows all of it.
const NAMES_BYTES: usize = 384;

/// By which way a value comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Json,
    Number,
    Boolean,
    Form,
    Multipart,
    Query,
    Header,
    Cookie,
    Path,
    Data,
    Text,
}

impl Place {
    const OF_FIELDS: [Self; 10] = [
        Self::Json,
        Self::Number,
        Self::Boolean,
        Self::Form,
        Self::Multipart,
        Self::Query,
        Self::Header,
        Self::Cookie,
        Self::Path,
        Self::Data,
    ];

    const OF_PATTERNS: [Self; 8] =
        [Self::Json, Self::Form, Self::Multipart, Self::Query, Self::Header, Self::Path, Self::Data, Self::Text];

    const OF_SHAPES: [Self; 7] =
        [Self::Json, Self::Form, Self::Multipart, Self::Query, Self::Header, Self::Data, Self::Text];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "a JSON body",
            Self::Number => "a JSON body, as a number",
            Self::Boolean => "a JSON body, as a boolean",
            Self::Form => "a form",
            Self::Multipart => "a multipart body",
            Self::Query => "a query",
            Self::Header => "a header",
            Self::Cookie => "a cookie",
            Self::Path => "a path",
            Self::Data => "the data of a handler",
            Self::Text => "an error's text",
        }
    }

    /// Whether such a name can stand there at all.
    fn takes(self, name: &str) -> bool {
        match self {
            Self::Header | Self::Cookie => is_token(name),
            Self::Path => is_segment(name),
            _ => true,
        }
    }

    /// Whether such a text can stand there by itself.
    fn takes_text(self, text: &str) -> bool {
        match self {
            Self::Path => is_segment(text),
            Self::Multipart | Self::Header => !text.contains(char::is_control),
            _ => true,
        }
    }

    /// Where a record shows what came in by this way under a name.
    fn shown<'r>(self, record: &'r Value, name: &str) -> Option<&'r str> {
        let member = |section: &str| record.get(section)?.get(name)?.as_str();
        match self {
            Self::Json | Self::Number | Self::Boolean => record.get("request_body")?.get(0)?.get(name)?.as_str(),
            Self::Form | Self::Multipart => member("request_body"),
            Self::Query => member("query_params"),
            Self::Header => member("headers"),
            Self::Data => member("data"),
            Self::Path => record.get("path")?.as_str()?.strip_prefix('/'),
            Self::Text => record.get("error")?.as_str(),
            Self::Cookie => None,
        }
    }
}

fn is_segment(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// Values that nobody has seen before: what finds them finds nothing else.
#[derive(Clone)]
struct Canaries {
    /// Small letters, which no shape makes a secret.
    word: String,
    /// Ten digits, which are few enough for a count.
    number: u64,
    /// Letters and digits, as shapes ask for them.
    mixed: String,
}

impl Canaries {
    fn new() -> Self {
        // Before the random bytes stand the time, the version and the variant.
        let bytes: Vec<u8> = (0..2).flat_map(|_| Uuid::now_v7().into_bytes().into_iter().skip(9)).collect();
        let letters = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(|nibble| char::from(b'a' + nibble));
        let word: String = letters.collect();
        let number = bytes.iter().fold(0_u64, |number, byte| number.wrapping_mul(257).wrapping_add((*byte).into()));
        let digits = ['1', 'Q', '7', 'x'].into_iter().cycle();
        let mixed = word.chars().zip(digits).flat_map(<[char; 2]>::from).collect();
        Self { word, number: 1_000_000_000 + number % 8_999_999_999, mixed }
    }

    /// Texts that are secrets by their shape, each with what it is called and the part that must not be seen.
    fn shapes(&self) -> [(&'static str, String, &str); 6] {
        let Self { word, mixed, .. } = self;
        [
            ("a bearer token", format!("Bearer {mixed}"), mixed),
            ("an assignment to a password", format!("login failed, password={word}"), word),
            ("an option of a command", format!("run --token {mixed}"), mixed),
            ("the password in a URL", format!("https://user:{word}@example.org/"), word),
            ("a JSON web token", format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.{mixed}"), mixed),
            ("a private key", format!("-----BEGIN PRIVATE KEY-----\n{mixed}\n-----END PRIVATE KEY-----"), mixed),
        ]
    }
}

/// Tries the rules that were added, by settings or code, and what is built in if that was asked for.
pub(super) fn run(
    auditor: &Arc<Inner>,
    rules: &Compiled,
    endpoints: &[&'static Endpoint],
    asked: bool,
) -> Result<(), BuildError> {
    let built_in = |names: &'static [&'static str]| if asked { names } else { &[] };
    let trial = Trial::new(auditor);
    let own = rules.names().iter().map(String::as_str);
    let fields: Vec<&str> = own.chain(built_in(BUILT_IN_FIELDS).iter().copied()).collect();
    trial.fields(&fields)?;
    let own = rules.headers().iter().map(String::as_str);
    let headers: Vec<&str> = own.chain(built_in(BUILT_IN_HEADERS).iter().copied()).collect();
    trial.names(&headers, Place::Header)?;
    for endpoint in endpoints {
        trial.at(endpoint).fields(endpoint.redact())?;
    }
    for (pattern, name) in rules.name_patterns() {
        trial.name_pattern(pattern, &name)?;
    }
    for (pattern, text) in rules.value_patterns() {
        trial.value_pattern(pattern, &text)?;
    }
    if asked { trial.shapes() } else { Ok(()) }
}

/// One run against one auditor.
#[derive(Clone)]
struct Trial<'a> {
    auditor: &'a Arc<Inner>,
    /// Whose requests they are, if anybody's.
    endpoint: Option<&'static Endpoint>,
    /// The auditor's, but that it keeps everything: an endpoint may ask for more than the settings.
    encoder: Encoder,
    canaries: Canaries,
}

impl<'a> Trial<'a> {
    fn new(auditor: &'a Arc<Inner>) -> Self {
        let encoder = Encoder::new(&Settings { mode: Mode::Full, ..auditor.settings().clone() });
        Self { auditor, endpoint: None, encoder, canaries: Canaries::new() }
    }

    /// The same by the rules of an endpoint.
    fn at(&self, endpoint: &'static Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..self.clone() }
    }

    /// Tries values under these names at every place that fields come from.
    fn fields(&self, names: &[&str]) -> Result<(), BuildError> {
        Place::OF_FIELDS.into_iter().try_for_each(|place| self.names(names, place))
    }

    /// Tries values under these names at one place.
    fn names(&self, names: &[&str], place: Place) -> Result<(), BuildError> {
        let value = match place {
            Place::Number => self.canaries.number.into(),
            Place::Boolean => true.into(),
            _ => Value::from(self.canaries.word.as_str()),
        };
        let seen = |names: &[&str]| {
            let line = self.record(names, &value, place);
            match &value {
                Value::Bool(_) => holds_true(&line),
                Value::Number(number) => holds(&line, &number.to_string()),
                _ => holds(&line, &self.canaries.word),
            }
        };
        let names: Vec<&str> = names.iter().copied().filter(|name| place.takes(name)).collect();
        let mut rest = names.as_slice();
        while !rest.is_empty() {
            let (some, after) = rest.split_at(how_many_fit(rest));
            if seen(some) {
                // All of them, where it takes more than one of them together.
                let alone = some.iter().find(|name| seen(&[name]));
                let names = alone.map_or_else(|| some.join(", "), |name| (*name).to_owned());
                let handler = self.endpoint.map(|endpoint| format!(" in {}", endpoint.handler())).unwrap_or_default();
                return Err(BuildError::SelfTest {
                    rule: format!("what stands under {names:?}{handler}"),
                    place: place.as_str(),
                });
            }
            rest = after;
        }
        Ok(())
    }

    /// Tries values under a name that an expression matches.
    fn name_pattern(&self, pattern: &str, name: &str) -> Result<(), BuildError> {
        // What no name can hold, or has a meaning between quotes.
        if name.contains(|letter: char| letter.is_control() || letter == '"' || letter == '\\') {
            return Ok(());
        }
        // Of headers expressions see small letters.
        let is_header = !name.contains(|letter: char| letter.is_ascii_uppercase());
        let places = Place::OF_FIELDS.into_iter().filter(|place| *place != Place::Header || is_header);
        places.into_iter().try_for_each(|place| self.names(&[name], place)).map_err(|error| match error {
            BuildError::SelfTest { rule, place } => {
                BuildError::SelfTest { rule: format!("{rule}, which the pattern {pattern:?} matches,"), place }
            }
            other => other,
        })
    }

    /// Tries a text that an expression matches, under a name that says nothing.
    fn value_pattern(&self, pattern: &str, text: &str) -> Result<(), BuildError> {
        let says_nothing = |name: &&str| !self.auditor.common_rules().is_sensitive_name(name);
        let Some(name) = ["note", "text", "q", "x"].into_iter().find(says_nothing) else { return Ok(()) };
        // What is hidden already stays.
        if text.contains(FILTERED) {
            return Ok(());
        }
        for place in Place::OF_PATTERNS.into_iter().filter(|place| place.takes_text(text)) {
            let line = self.record(&[name], &Value::from(text), place);
            let record = serde_json::from_str::<Value>(line.json()).unwrap_or_default();
            // Short as it may be, it is looked for in its own place only.
            if place.shown(&record, name) == Some(text) {
                return Err(BuildError::SelfTest {
                    rule: format!("what the pattern {pattern:?} matches"),
                    place: place.as_str(),
                });
            }
        }
        Ok(())
    }

    /// Tries the built-in shapes under a name that says nothing.
    fn shapes(&self) -> Result<(), BuildError> {
        for (shape, text, secret) in self.canaries.shapes() {
            for place in Place::OF_SHAPES {
                // No header holds the end of a line.
                let is_possible = place != Place::Header || !text.contains('\n');
                if is_possible && holds(&self.record(&["note"], &Value::from(text.as_str()), place), secret) {
                    return Err(BuildError::SelfTest { rule: shape.to_owned(), place: place.as_str() });
                }
            }
        }
        Ok(())
    }

    /// The record of a request with this value under each of the names.
    fn record(&self, names: &[&str], value: &Value, place: Place) -> Line {
        let text = value.as_str().unwrap_or_default();
        let pairs =
            || form_urlencoded::Serializer::new(String::new()).extend_pairs(names.iter().map(|n| (n, text))).finish();
        let each = |write: &dyn Fn(&str) -> String| names.iter().map(|name| write(name)).collect::<Vec<_>>();
        let (mut path, mut template, mut query, mut content_type, mut body) =
            ("/self-test".to_owned(), None, None, "application/json", String::new());
        let mut headers = Vec::new();
        match place {
            Place::Json | Place::Number | Place::Boolean => {
                body = format!("[{{{}}}]", each(&|name| format!("{}:{value}", Value::from(name))).join(","));
            }
            Place::Form => (content_type, body) = ("application/x-www-form-urlencoded", pairs()),
            Place::Multipart => {
                let part =
                    |name: &str| format!("--part\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
                (content_type, body) = ("multipart/form-data; boundary=part", each(&part).concat() + "--part--\r\n");
            }
            Place::Query => query = Some(pairs()),
            Place::Header => {
                headers = each(&str::to_ascii_lowercase).into_iter().map(|name| (name, text.to_owned())).collect()
            }
            Place::Cookie => {
                headers.push(("cookie".to_owned(), each(&|name| format!("{name}={text}")).join("; ")));
            }
            Place::Path => {
                path = names.iter().map(|_| format!("/{text}")).collect();
                template = Some(each(&|name| format!("/{{{name}}}")).concat());
            }
            Place::Data | Place::Text => {}
        }
        headers.push(("content-type".to_owned(), content_type.to_owned()));
        let headers = Lines(headers);
        let mut head = RequestHead::new("self-test", "POST", &path, &headers);
        head.query = query.as_deref();
        head.route = template.as_deref().map_or(RouteMatch::NotKnownYet, RouteMatch::Template);
        let mut facts = Facts::new("audit.self_test".into());
        facts.attribution = self.endpoint.map(|endpoint| Attribution { endpoint, source: Source::Wired });
        take_in_full(self.auditor, &mut facts, &head);
        if let Some(http) = &mut facts.http
            && let Some(scanner) = &mut http.request_scanner
        {
            http.request_complete = true;
            scanner.push(body.as_bytes());
        }
        let rules = InForce::new(self.auditor.redactors().of(self.endpoint), None);
        match place {
            Place::Data => {
                for name in names {
                    facts.put_field(rules.field((*name).to_owned(), value));
                }
            }
            Place::Text => facts.error = Some(rules.text(text).0),
            _ => {}
        }
        let ending = Ending {
            completion: Some(Completion::Completed),
            phase: None,
            at: Timestamp::now(),
            elapsed: Some(Duration::ZERO),
        };
        let redactors = self.auditor.redactors().of_record(&facts);
        self.encoder.encode(facts, ending, &redactors)
    }
}

/// How many of the names one record tries: at least one.
fn how_many_fit(names: &[&str]) -> usize {
    let mut bytes = 0;
    let fitting = names.iter().take_while(|name| {
        bytes += name.len() + 16;
        bytes <= NAMES_BYTES
    });
    fitting.count().max(1).min(names.len())
}

fn holds(line: &Line, secret: &str) -> bool {
    Needles::of(secret.as_bytes()).form_in(line.bytes()).is_some()
}

/// Whether the record's body shows the boolean that was sent.
fn holds_true(line: &Line) -> bool {
    fn is_within(value: &Value) -> bool {
        match value {
            Value::Bool(shown) => *shown,
            Value::Array(items) => items.iter().any(is_within),
            Value::Object(members) => members.values().any(is_within),
            Value::Null | Value::Number(_) | Value::String(_) => false,
        }
    }
    serde_json::from_str::<Value>(line.json()).is_ok_and(|record| record.get("request_body").is_some_and(is_within))
}

struct Lines(Vec<(String, String)>);

impl Headers for Lines {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| each(name, value.as_bytes()));
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Rules;
    use crate::registry::Declaration;
    use crate::{Auditor, Output};

    fn inner(auditor: &Auditor) -> Arc<Inner> {
        Arc::clone(auditor.inner().expect("it is on"))
    }

    fn auditor(line: usize) -> Auditor {
        let builder = Auditor::builder().output(Output::None).max_line_bytes(line);
        builder.sensitive_fields(["zone_code"]).sensitive_headers(["x-zone"]).build().expect("the names work")
    }

    fn said(result: Result<(), BuildError>) -> String {
        result.expect_err("it comes out").to_string()
    }

    #[test]
    fn a_name_that_the_rules_do_not_know_is_found_at_every_place() {
        let auditor = inner(&auditor(2_048));
        let trial = Trial::new(&auditor);
        let many: Vec<String> = (b'a'..b'k').map(|letter| format!("zone_code_{}", char::from(letter))).collect();
        let mut names: Vec<&str> = many.iter().map(String::as_str).collect();
        for place in Place::OF_FIELDS {
            trial.names(&names, place).expect("they are known");
        }
        // The last of many: no record is too short to show it.
        names.push("place_code");
        for place in Place::OF_FIELDS.into_iter().filter(|place| *place != Place::Cookie) {
            let message = said(trial.names(&names, place));
            assert_eq!(
                message,
                format!(
                    "the self-test of redaction failed: what stands under \"place_code\" is shown by {}",
                    place.as_str()
                )
            );
        }
        // Of cookies nothing is shown, whatever they are called.
        trial.names(&names, Place::Cookie).expect("all are hidden");
        trial.names(&["x-zone", "x-zones-9"], Place::Header).expect_err("the second is not known");
    }

    #[test]
    fn rules_and_endpoints_that_the_auditor_does_not_know_are_found() {
        static ENDPOINT: Endpoint = Endpoint::new(Declaration {
            module: "app::zones",
            function: "own",
            redact: &["zone_code", "is_ill"],
            ..Declaration::plain("t.own")
        });
        let auditor = inner(&auditor(2_048));
        let tried = |rules: Rules, endpoints: &[&'static Endpoint]| {
            run(&auditor, &rules.compile().expect("they are good"), endpoints, false)
        };
        tried(Rules::new().names(["zone_code"]).headers(["x-zone"]), &[]).expect("they are known");
        let failed = "the self-test of redaction failed: what stands under";
        let message = said(tried(Rules::new().names(["zone_code", "is_ill"]), &[]));
        assert_eq!(message, format!("{failed} \"is_ill\" is shown by a JSON body"));
        let message = said(tried(Rules::new().headers(["x-zone", "x-ill"]), &[]));
        assert_eq!(message, format!("{failed} \"x-ill\" is shown by a header"));
        let message = said(tried(Rules::new(), &[&ENDPOINT]));
        assert_eq!(message, format!("{failed} \"is_ill\" in app::zones::own is shown by a JSON body"));
    }

    #[test]
    fn patterns_that_the_auditor_does_not_know_are_found_at_every_place() {
        let auditor = inner(&auditor(2_048));
        let trial = Trial::new(&auditor);
        for text in ["AA00", "a", "Ω 1+%&", "\"", "\n", "{\"a\":1}", " "] {
            let at = |place: Place| {
                let record = serde_json::from_str(trial.record(&["note"], &text.into(), place).json()).expect("JSON");
                place.shown(&record, "note") == Some(text)
            };
            let found: Vec<Place> = Place::OF_PATTERNS.into_iter().filter(|place| place.takes_text(text)).collect();
            assert_eq!(found.contains(&Place::Path), text.len() < 5 && text.starts_with(['A', 'a']), "{text:?}");
            for place in found {
                assert!(at(place), "{text:?} {place:?}");
            }
        }
        let message = |rules: Rules| said(run(&auditor, &rules.compile().expect("they are good"), &[], false));
        let failed = "the self-test of redaction failed: what";
        assert_eq!(
            message(Rules::new().value_pattern("zone[ _]code").value_pattern(r"^CUST-\d{6}$")),
            format!("{failed} the pattern \"zone[ _]code\" matches is shown by a JSON body")
        );
        assert_eq!(
            message(Rules::new().name_pattern("^zone_").name_pattern("^X_[0-9]$")),
            format!("{failed} stands under \"zone_\", which the pattern \"^zone_\" matches, is shown by a JSON body")
        );
        // It begins with a line's end, which no name holds; it matches nothing; it knows its name.
        let rules = Rules::new().name_pattern(r"\n").name_pattern(r"a\Bb\b0").name_pattern("zone_code");
        run(&auditor, &rules.compile().expect("they are good"), &[], false).expect("there is nothing to try");
    }

    #[test]
    fn a_name_as_long_as_one_may_be_is_tried_in_the_shortest_line() {
        let auditor = inner(&auditor(2_048));
        let name = "п".repeat(256);
        for place in [Place::Json, Place::Number, Place::Boolean] {
            said(Trial::new(&auditor).names(&[&name], place));
        }
    }

    #[test]
    fn what_is_built_in_holds_and_each_trial_shows_something() {
        let auditor = inner(&auditor(2_048));
        let rules = Rules::new().compile().expect("they are none");
        run(&auditor, &rules, &[], true).expect("what is built in is hidden");
        let trial = Trial::new(&auditor);
        for place in Place::OF_FIELDS {
            let names: Vec<&str> = BUILT_IN_FIELDS.iter().copied().filter(|name| place.takes(name)).collect();
            let some = &names[..how_many_fit(&names)];
            let line = trial.record(some, &Value::from("x"), place);
            let hidden = line.json().matches("[FILTERED]").count();
            assert!(hidden >= some.len() && some.len() > 4, "{place:?}: {}", line.json());
        }
        for (shape, text, secret) in trial.canaries.shapes() {
            for place in Place::OF_SHAPES {
                let line = trial.record(&["note"], &Value::from(text.as_str()), place);
                assert!(line.json().contains("[FILTERED]"), "{shape} {place:?}: {}", line.json());
            }
            let seen = trial.record(&["note"], &Value::from(secret), Place::Json);
            assert!(holds(&seen, secret), "only its shape hides it: {}", seen.json());
        }
    }

    #[test]
    fn canaries_are_new_each_time() {
        let (one, other) = (Canaries::new(), Canaries::new());
        assert_ne!(one.word, other.word);
        assert_ne!(one.number, other.number);
        assert_eq!((one.word.len(), one.mixed.len(), one.number.to_string().len()), (28, 56, 10));
    }
}
