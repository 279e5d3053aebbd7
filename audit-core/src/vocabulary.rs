//! The small closed sets of words that a record uses: mode, delivery, outcome, completion, level.
//!
//! Each is an enum whose `as_str` is exactly what a record, a setting and an attribute argument say.

use std::fmt;

/// Declares an enum whose variants are written as fixed words.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every word of this set, in the order in which messages list them.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word that records, settings and attributes use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads a word, exactly as [`as_str`](Self::as_str) writes it.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// How much of an exchange a record keeps.
    #[derive(Default)]
    pub enum Mode {
        /// Who, what, when, where and how it ended; no query, headers or bodies.
        Basic = "basic",
        /// All of `full` without GeoJSON geometry.
        #[default]
        Compact = "compact",
        /// Query, headers and bodies too, redacted.
        Full = "full",
    }
}

impl Mode {
    /// Whether this mode keeps query, headers and bodies.
    #[must_use]
    pub const fn keeps_content(self) -> bool {
        !matches!(self, Self::Basic)
    }

    /// The mode of the two that keeps less.
    #[must_use]
    pub const fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Basic, _) | (_, Self::Basic) => Self::Basic,
            (Self::Compact, _) | (_, Self::Compact) => Self::Compact,
            (Self::Full, Self::Full) => Self::Full,
        }
    }
}

words! {
    /// What a response waits for, and what happens to a record that cannot be written.
    #[derive(Default)]
    pub enum Delivery {
        /// Waits for nothing; a record that finds the queue full is dropped and counted.
        BestEffort = "best_effort",
        /// Waits, before the handler and at most `AUDIT_QUEUE_TIMEOUT_MS`, for room in the queue.
        #[default]
        Buffered = "buffered",
        /// Acknowledged means recorded: the handler runs once its `intent` is on disk, and the answer's head leaves once
        /// its `final` is. Needs a file as the log.
        Strict = "strict",
    }
}

words! {
    /// Of which ends an annotated handler leaves a record.
    #[derive(Default)]
    pub enum RecordOn {
        /// Of every one.
        #[default]
        Always = "always",
        /// Only if the outcome is `failed`, the application panicked, or the exchange did not end `completed`. What was
        /// denied or rejected is no error.
        Error = "error",
        /// Only if the outcome is `success`.
        Success = "success",
    }
}

impl RecordOn {
    /// Whether an end that came to this leaves a record.
    #[must_use]
    pub const fn keeps(self, outcome: Outcome, completion: Completion) -> bool {
        match self {
            Self::Always => true,
            // A panic's outcome is `failed`.
            Self::Error => matches!(outcome, Outcome::Failed) || !matches!(completion, Completion::Completed),
            Self::Success => matches!(outcome, Outcome::Success),
        }
    }
}

words! {
    /// What the action came to.
    pub enum Outcome {
        /// 1xx (101), 2xx, 3xx.
        Success = "success",
        /// 401, 403.
        Denied = "denied",
        /// Any other 4xx.
        Rejected = "rejected",
        /// 5xx, or a panic.
        Failed = "failed",
        /// No status was decided and nobody said otherwise.
        Unknown = "unknown",
    }
}

impl Outcome {
    /// What an HTTP status means: 1xx, 2xx and 3xx success; 401 and 403 denied; other 4xx rejected; 5xx failed;
    /// anything outside 100 to 599 unknown.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            100..=399 => Self::Success,
            401 | 403 => Self::Denied,
            400..=499 => Self::Rejected,
            500..=599 => Self::Failed,
            _ => Self::Unknown,
        }
    }

    /// The severity that goes with this outcome: failed is an error, success is info, everything else a warning.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Success => Level::Info,
            Self::Failed => Level::Error,
            Self::Denied | Self::Rejected | Self::Unknown => Level::Warn,
        }
    }
}

words! {
    /// How an exchange ended.
    pub enum Completion {
        /// The framework took the last byte of the answer (not: it arrived).
        Completed = "completed",
        /// Dropped before its end; the cause is not visible.
        Aborted = "aborted",
        /// Dropped before its end, with evidence from the transport that the client left.
        ClientDisconnected = "client_disconnected",
        /// The handler or the answer's body panicked.
        Panicked = "panicked",
        /// The handler was dropped unfinished and 408, 503 or 504 followed.
        TimedOut = "timed_out",
        /// Still open when [`Auditor::shutdown`](crate::Auditor::shutdown) was called.
        Shutdown = "shutdown",
    }
}

words! {
    /// Which of the records of one strict exchange this is.
    pub enum Phase {
        /// Before the handler: somebody is about to do this.
        Intent = "intent",
        /// Before the answer's head left, or when no head was to be: status and outcome.
        Final = "final",
        /// After a `final`: the answer's body ended badly, or something was added while it was sent.
        End = "end",
    }
}

words! {
    /// Severity, as collectors understand it.
    pub enum Level {
        /// Success.
        Info = "info",
        /// Denied, rejected or unknown.
        Warn = "warn",
        /// Failed or panicked.
        Error = "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_map_to_outcomes() {
        let expected = [
            (101, Outcome::Success),
            (200, Outcome::Success),
            (304, Outcome::Success),
            (400, Outcome::Rejected),
            (401, Outcome::Denied),
            (403, Outcome::Denied),
            (404, Outcome::Rejected),
            (429, Outcome::Rejected),
            (500, Outcome::Failed),
            (599, Outcome::Failed),
            (600, Outcome::Unknown),
            (99, Outcome::Unknown),
        ];
        for (status, outcome) in expected {
            assert_eq!(Outcome::of_status(status), outcome, "{status}");
        }
    }

    #[test]
    fn every_word_reads_back() {
        for word in Mode::WORDS {
            assert_eq!(Mode::from_word(word).map(Mode::as_str), Some(*word));
        }
        for word in Completion::WORDS {
            assert_eq!(Completion::from_word(word).map(Completion::as_str), Some(*word));
        }
        assert_eq!(Mode::from_word("Full"), None);
    }

    #[test]
    fn a_denial_is_neither_an_error_nor_a_success() {
        let completed = Completion::Completed;
        for (outcome, error, success) in [
            (Outcome::Success, false, true),
            (Outcome::Denied, false, false),
            (Outcome::Rejected, false, false),
            (Outcome::Unknown, false, false),
            (Outcome::Failed, true, false),
        ] {
            assert_eq!(RecordOn::Error.keeps(outcome, completed), error, "{outcome}");
            assert_eq!(RecordOn::Success.keeps(outcome, completed), success, "{outcome}");
            assert!(RecordOn::Always.keeps(outcome, completed) && RecordOn::Error.keeps(outcome, Completion::Aborted));
        }
    }

    #[test]
    fn the_stricter_mode_keeps_less() {
        assert_eq!(Mode::Full.stricter(Mode::Compact), Mode::Compact);
        assert_eq!(Mode::Basic.stricter(Mode::Full), Mode::Basic);
        assert_eq!(Mode::Full.stricter(Mode::Full), Mode::Full);
    }
}
