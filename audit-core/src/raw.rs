//! What came in and is not redacted yet.
//!
//! Guarantees: a value in [`Raw`] shows nothing of itself by `Debug`, not even its length, for that tells about a secret
//! too; it has no `Display` and cannot be serialised; and nothing derefs to it. Whoever wants the content asks for it by
//! a name that says what it is.

use std::fmt;

/// A value as it came in, not redacted yet: what holds one from one call to the next can be printed without harm.
///
/// It neither displays nor serialises, and its `Debug` is the same whatever it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw<T>(T);

impl<T> Raw<T> {
    /// Holds a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: to redact it, or to decide by it. Never to keep or to show it.
    pub(crate) const fn unredacted(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Raw<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Headers, RequestHead, ResponseHead};
    use crate::record::Written;
    use crate::registry::{Captured, Probe, ProbeDisplay as _};
    use crate::{Actor, Auditor, Mode, Outcome, Output};

    /// Without a telling shape: only the type, or a name, can hide it.
    const CANARY: &str = "hunterxhunter";
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

    struct Lines<'a>(&'a [(&'a str, &'a str)]);

    impl Headers for Lines<'_> {
        fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
            self.0.iter().for_each(|(name, value)| each(name, value.as_bytes()));
        }

        fn get(&self, name: &str) -> Option<&[u8]> {
            self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes())
        }
    }

    #[track_caller]
    fn assert_hidden(holder: &impl fmt::Debug) {
        for shown in [format!("{holder:?}"), format!("{holder:#?}")] {
            assert!(!shown.is_empty() && !shown.contains(CANARY) && !shown.contains(TOKEN), "{shown}");
            // Bytes print as numbers.
            let numbers = |text: &str| format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned();
            let numbered = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(!numbered.contains(&numbers(CANARY)) && !numbered.contains(&numbers(TOKEN)), "{shown}");
        }
    }

    #[test]
    fn debug_is_the_same_whatever_it_holds() {
        for value in ["", "hunter2hunter"] {
            assert_eq!(format!("{:?}", Raw::new(value)), "Raw(..)");
            assert_eq!(format!("{:#?}", Some(Raw::new(value.to_owned()))), "Some(\n    Raw(..),\n)");
        }
    }

    #[test]
    fn nothing_that_holds_a_request_shows_it_by_debug() {
        let builder = Auditor::builder().output(Output::None).mode(Mode::Full).record_response_bodies();
        let auditor = builder.record_response_headers().build().expect("the settings are good");
        let (bearer, agent) = (format!("Bearer {CANARY}"), format!("agent token={CANARY}"));
        let headers = Lines(&[
            ("authorization", &bearer),
            ("content-type", "application/json"),
            ("cookie", &bearer),
            ("user-agent", &agent),
            ("x-forwarded-for", &agent),
            ("x-request-id", TOKEN),
        ]);
        let path = format!("/reset/{CANARY}");
        let query = format!("token={CANARY}");
        let mut head = RequestHead::new("test", TOKEN, &path, &headers);
        head.query = Some(&query);
        let mut exchange = auditor.begin(&head).expect("the path is not excluded");
        let body = format!("{{\"password\":\"{CANARY}\"}}");
        let tap = exchange.request_tap();
        tap.push(body.as_bytes());
        exchange.respond(&ResponseHead::new(200, &headers));
        exchange.sent(body.as_bytes());
        let scope = exchange.scope();
        scope.set_actor(Actor::user(TOKEN).session(TOKEN));
        scope.add_target("token", CANARY);
        scope.data("password", CANARY);
        scope.change("password", CANARY, CANARY);
        scope.step(format!("token={CANARY}"));
        scope.set_outcome(Outcome::Failed, format!("password={CANARY}"));
        exchange.note_error(&format!("password={CANARY}"));
        exchange.shared().with(|facts| {
            let http = facts.http.as_ref().expect("a request");
            assert_eq!(&**http.path.unredacted(), path);
            assert!(http.request_scanner.is_some() && http.response_scanner.is_some());
            assert_hidden(facts);
        });
        assert_hidden(&exchange);
        assert_hidden(&scope);
        assert_hidden(&tap);
        assert_hidden(&auditor);
        let event = auditor.event(format!("token={CANARY}")).actor(Actor::user(TOKEN)).data("password", CANARY);
        assert_hidden(&event.reason(format!("password={CANARY}")).target("token", CANARY));
        assert_hidden(&Actor::user(TOKEN).id(TOKEN).role(TOKEN).on_behalf_of(TOKEN).tenant(TOKEN).session(TOKEN));
        assert_hidden(&Written::serialised(CANARY));
        assert_hidden(&Captured::display(CANARY));
        assert_hidden(&(&&Probe(&Err::<(), _>(CANARY))).__audit_classify());
    }

    #[test]
    fn an_auditor_that_is_off_keeps_nothing_of_an_event() {
        let auditor = Auditor::builder().enabled(false).build().expect("the settings are good");
        let event = auditor.event(CANARY).actor(Actor::user(CANARY)).data("a", CANARY).target(CANARY, CANARY);
        assert_hidden(&event.reason(CANARY));
    }
}
