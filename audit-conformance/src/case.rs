//! A case: what a client does, and what that must leave.

use std::fmt;

use serde_json::{Value, json};

use crate::expect::Expected;
use crate::talk::Talk;

/// A framework that an adapter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framework {
    /// axum.
    Axum,
    /// actix-web.
    Actix,
    /// Rocket.
    Rocket,
}

impl Framework {
    /// Every one.
    pub(crate) const ALL: &'static [Self] = &[Self::Axum, Self::Actix, Self::Rocket];
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
            Self::Rocket => "rocket",
        })
    }
}

/// The setting of how records are delivered.
const DELIVERY: &str = "AUDIT_DELIVERY";

/// Something a client does, and the records that it must leave.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) settings: Vec<(&'static str, &'static str)>,
    /// Needs a server of its own, for it stops it.
    pub(crate) alone: bool,
    /// The layer answers in the place of handlers, so that a server without it does not answer the same.
    pub(crate) refused: bool,
    /// How many panics the server says of on stderr, with the layer and without it.
    pub(crate) panics: usize,
    /// Which frameworks cannot do the same with strict delivery.
    pub(crate) not_strict: &'static [Framework],
    pub(crate) talk: Box<dyn Fn(&mut Talk)>,
    pub(crate) records: Vec<Expected>,
    pub(crate) buts: Vec<But>,
}

/// A framework that does otherwise, and why.
pub(crate) struct But {
    pub(crate) framework: Framework,
    pub(crate) why: &'static str,
    pub(crate) expect: Expect,
}

/// What is expected of a framework that does otherwise.
pub(crate) enum Expect {
    /// Records with these members, one for each request, in order; `null` for a request that leaves none.
    Records(Vec<Value>),
    /// The same, of answers that it ends as if they were whole although they are not.
    EndedAsWhole(Vec<Value>),
    /// It does not serve what the case asks for.
    NotServed,
}

impl Case {
    pub(crate) fn new(name: &'static str, about: &'static str, talk: impl Fn(&mut Talk) + 'static) -> Self {
        Self {
            name,
            about,
            settings: Vec::new(),
            alone: false,
            refused: false,
            panics: 0,
            not_strict: &[],
            talk: Box::new(talk),
            records: Vec::new(),
            buts: Vec::new(),
        }
    }

    /// The next request of the case leaves a record with these members.
    pub(crate) fn leaves(mut self, members: Value) -> Self {
        self.records.push(Expected::Record(members));
        self
    }

    /// Each of the next so many requests does.
    pub(crate) fn each_leaves(mut self, times: usize, members: &Value) -> Self {
        self.records.extend((0..times).map(|_| Expected::Record(members.clone())));
        self
    }

    /// The next request leaves a record that the answer's head cannot promise yet.
    pub(crate) fn leaves_unannounced(mut self, members: Value) -> Self {
        self.records.push(Expected::Unannounced(members));
        self
    }

    /// The next request leaves such a record, or none, for it may not be possible to write one.
    pub(crate) fn may_leave(mut self, members: Value) -> Self {
        self.records.push(Expected::Perhaps(members));
        self
    }

    /// The next request of the case leaves none.
    pub(crate) fn leaves_nothing(mut self) -> Self {
        self.records.push(Expected::Nothing);
        self
    }

    /// Each of the next so many requests leaves none.
    pub(crate) fn each_leaves_nothing(mut self, times: usize) -> Self {
        self.records.extend((0..times).map(|_| Expected::Nothing));
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    pub(crate) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    pub(crate) fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    /// So many panics happen, and each is told on stderr once and as without the layer.
    pub(crate) fn panics(mut self, times: usize) -> Self {
        self.panics = times;
        self
    }

    /// With strict delivery these frameworks do otherwise; the case says why.
    pub(crate) fn not_strict(mut self, frameworks: &'static [Framework]) -> Self {
        self.not_strict = frameworks;
        self
    }

    /// Sets how records are delivered, unless the case says so itself.
    pub(crate) fn deliver(&mut self, delivery: &'static str) {
        if self.settings.iter().all(|(name, _)| *name != DELIVERY) {
            self.settings.push((DELIVERY, delivery));
        }
    }

    /// The same case with strict delivery, under another name; each record then comes in these phases. Where it is a matter of
    /// chance how the answer ends, it may have an `end` or not.
    pub(crate) fn strictly(mut self, name: &'static str, phases: &[&str]) -> Self {
        self.name = name;
        self.deliver("strict");
        let but_records = self.buts.iter_mut().filter_map(|but| match &mut but.expect {
            Expect::Records(records) | Expect::EndedAsWhole(records) => Some(records),
            Expect::NotServed => None,
        });
        let records = self.records.iter_mut().filter_map(Expected::members_mut);
        for record in records.chain(but_records.flatten().filter(|record| !record.is_null())) {
            record["phases"] = match &record["completion"] {
                Value::Object(_) => json!({"$in": [["intent", "final"], ["intent", "final", "end"]]}),
                _ => json!(phases),
            };
        }
        self
    }

    /// What another framework does, and why.
    pub(crate) fn but(mut self, framework: Framework, why: &'static str, expect: Expect) -> Self {
        self.buts.push(But { framework, why, expect });
        self
    }

    pub(crate) fn but_of(&self, framework: Framework) -> Option<&But> {
        self.buts.iter().find(|but| but.framework == framework)
    }

    /// What is expected of a framework; `None` where it does not serve the case.
    pub(crate) fn expected_of(&self, framework: Framework) -> Option<Vec<Expected>> {
        let Some(but) = self.but_of(framework) else { return Some(self.records.clone()) };
        match &but.expect {
            Expect::NotServed => None,
            Expect::EndedAsWhole(records) => Some(records.iter().cloned().map(Expected::EndedAsWhole).collect()),
            Expect::Records(records) => Some(
                records
                    .iter()
                    .zip(self.records.iter().map(Some).chain(std::iter::repeat(None)))
                    .map(|(record, usual)| match (record, usual) {
                        (Value::Null, _) => Expected::Nothing,
                        (record, Some(Expected::Unannounced(_))) => Expected::Unannounced(record.clone()),
                        (record, _) => Expected::Record(record.clone()),
                    })
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Case, Expect, Framework};
    use crate::expect::Expected;

    #[test]
    fn a_framework_may_do_otherwise() {
        let usual = || Case::new("a.b", "A case.", |_| {}).leaves(json!({"a": 1})).leaves_unannounced(json!({"b": 1}));
        let records = Expect::Records(vec![Value::Null, json!({"b": 2})]);
        let case = usual().but(Framework::Actix, "why", records).but(Framework::Rocket, "no", Expect::NotServed);
        let of = |framework| case.expected_of(framework);
        assert!(
            matches!(&of(Framework::Axum).unwrap()[..], [Expected::Record(_), Expected::Unannounced(b)] if b["b"] == 1)
        );
        assert!(
            matches!(&of(Framework::Actix).unwrap()[..], [Expected::Nothing, Expected::Unannounced(b)] if b["b"] == 2)
        );
        assert!(of(Framework::Rocket).is_none());
    }
}
