//! How an auditor is described. Everything that can fail at set-up fails in [`Builder::build`].

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use crate::auditor::build_error::list;
use crate::auditor::expect::Expectations;
use crate::auditor::{Auditor, BuildError, Inner, Redactors, ResponseCapture, Running, self_test};
use crate::client_address::TrustedProxies;
use crate::delivery::{Delivery, Log, Unsynced, Writer as _};
use crate::journal::{Journal, JournalOptions, OpenError};
use crate::notice::{self, Once};
use crate::policy::Policy;
use crate::record::Encoder;
use crate::redact::Rules;
use crate::registry::{self, DeclaredRoutes, Learned};
use crate::settings::{Output, SettingError, Settings};
use crate::sink::{LineStream, Sink};
use crate::vocabulary::{Delivery as DeliveryKind, Mode};

/// Describes an [`Auditor`]. What code sets comes first; [`env`](Self::env) overrides it, so that an operator has the
/// last word.
#[must_use = "an auditor is made by `build()`"]
pub struct Builder {
    settings: Settings,
    errors: Vec<SettingError>,
    sinks: Vec<Box<dyn Sink>>,
    response: ResponseCapture,
    expected: Expectations,
    rules: Rules,
    self_test: bool,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::default(),
            errors: Vec::new(),
            sinks: Vec::new(),
            response: ResponseCapture::default(),
            expected: Expectations::default(),
            rules: Rules::new(),
            self_test: false,
        }
    }

    /// Whether anything is audited (`AUDIT_ENABLED`).
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.settings.enabled = enabled;
        self
    }

    /// How much of an exchange a record keeps (`AUDIT_MODE`).
    pub fn mode(mut self, mode: Mode) -> Self {
        self.settings.mode = mode;
        self
    }

    /// Where the log goes (`AUDIT_LOG_PATH`).
    pub fn output(mut self, output: Output) -> Self {
        self.settings.output = output;
        self
    }

    /// Whether requests to handlers without an annotation are found by their path and headers (`AUDIT_AUTO_DETECT`).
    pub fn auto_detect(mut self, auto_detect: bool) -> Self {
        self.settings.auto_detect = auto_detect;
        self
    }

    /// Adds names of fields whose values are hidden (`AUDIT_SENSITIVE_FIELDS`), read as [`Rules::names`] says.
    pub fn sensitive_fields<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.settings.sensitive_fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds names of headers whose values are hidden (`AUDIT_SENSITIVE_HEADERS`).
    pub fn sensitive_headers<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.settings.sensitive_headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds rules of redaction ([`redact::guide`](crate::redact::guide)): patterns of names and of values, a list of what
    /// alone may be kept, and how to hide.
    ///
    /// Names that the settings give ([`sensitive_fields`](Self::sensitive_fields), `AUDIT_SENSITIVE_FIELDS` …) come on
    /// top.
    ///
    /// ```
    /// use audit_core::redact::Rules;
    /// use audit_core::testing::MemorySink;
    /// use audit_core::{Auditor, Output};
    ///
    /// let sink = MemorySink::new();
    /// let rules = Rules::new().names(["iban"]).value_pattern(r"\bCUST-\d{6}\b");
    /// let auditor = Auditor::builder().output(Output::None).sink(sink.clone()).redact(rules).build()?;
    /// auditor.event("invoice.send").data("note", "for CUST-123456").data("iban", "DE44").record();
    /// assert_eq!(sink.only()["data"]["note"], "for [FILTERED]");
    /// assert_eq!(sink.only()["data"]["iban"], "[FILTERED]");
    ///
    /// let error = Auditor::builder().output(Output::None).redact(Rules::new().value_pattern("(")).build().err();
    /// assert_eq!(
    ///     error.map(|error| error.to_string()).as_deref(),
    ///     Some(r#"Rules::value_pattern is "("; expected a regular expression that can be used: unclosed group"#),
    /// );
    /// # Ok::<(), audit_core::BuildError>(())
    /// ```
    pub fn redact(mut self, rules: Rules) -> Self {
        self.rules = self.rules.and(rules);
        self
    }

    /// Adds a path that is not audited, with everything below it (`AUDIT_EXCLUDE_PATHS`).
    pub fn exclude(mut self, path: impl Into<String>) -> Self {
        self.settings.exclude_paths.push(path.into());
        self
    }

    /// Adds a path that is audited, annotated or not, with everything below it (`AUDIT_INCLUDE_PATHS`).
    pub fn include(mut self, path: impl Into<String>) -> Self {
        self.settings.include_paths.push(path.into());
        self
    }

    /// The prefix of the application's own pages, which are audited but for static files (`AUDIT_PATH_PREFIX`).
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.path_prefix = Some(prefix.into());
        self
    }

    /// How long a record may be, in bytes, with its newline (`AUDIT_MAX_LINE_BYTES`).
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_line_bytes = bytes;
        self
    }

    /// How many bytes a text in a body may have to be looked at, and so to be shown (`AUDIT_MAX_BODY_BYTES`); never more
    /// than four times [`max_line_bytes`](Self::max_line_bytes). In the place of a longer one stands `[not kept: too long]`,
    /// or `[FILTERED]` under a secret name.
    ///
    /// A text is a string, key or number of JSON, a pair of a form or a field of a multipart body. Bodies have no bound: they
    /// are redacted as they stream by, and what is held of one is what the record may show of it and one such text.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_body_bytes = bytes;
        self
    }

    /// Adds addresses whose word about the client is believed (`AUDIT_TRUSTED_PROXIES`).
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = ipnet::IpNet>) -> Self {
        self.settings.trusted_proxies.extend(networks);
        self
    }

    /// The header in which trusted proxies name the client (`AUDIT_PROXY_HEADER`).
    pub fn proxy_header(mut self, name: impl Into<String>) -> Self {
        self.settings.proxy_header = name.into();
        self
    }

    /// What a response waits for (`AUDIT_DELIVERY`).
    pub fn delivery(mut self, delivery: DeliveryKind) -> Self {
        self.settings.delivery = delivery;
        self
    }

    /// How many bytes of records may wait for each sink (`AUDIT_QUEUE_BYTES`).
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.queue_bytes = bytes;
        self
    }

    /// How long a request waits for room in the queue, and a strict one for each word of the journal
    /// (`AUDIT_QUEUE_TIMEOUT_MS`). With zero, nobody waits: a full queue drops, and what asks for strict delivery refuses
    /// to start, for all its requests would be refused.
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.settings.queue_timeout = timeout;
        self
    }

    /// How long the log file may grow, in bytes, before it is renamed to `PATH.<seq of its first record>` and a new one is
    /// begun (`AUDIT_ROTATE_BYTES`). Without it, it grows, or is rotated by another program, whose renaming is noticed.
    pub fn rotate_bytes(mut self, bytes: u64) -> Self {
        self.settings.rotate_bytes = Some(bytes);
        self
    }

    /// How many rotated files are kept (`AUDIT_ROTATE_KEEP`); none is removed that a sink fed from the journal still needs.
    pub fn rotate_keep(mut self, files: usize) -> Self {
        self.settings.rotate_keep = Some(files);
        self
    }

    /// How many bytes the log file and those rotated from it may have together (`AUDIT_JOURNAL_MAX_BYTES`): the oldest go,
    /// even if a sink still needs them, of which an `audit.gap` record tells.
    pub fn journal_max_bytes(mut self, bytes: u64) -> Self {
        self.settings.journal_max_bytes = Some(bytes);
        self
    }

    /// The service's name, written in every record (`AUDIT_SERVICE`).
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.settings.service = Some(name.into());
        self
    }

    /// The environment's name, written in every record (`AUDIT_ENVIRONMENT`).
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.settings.environment = Some(name.into());
        self
    }

    /// The instance's name, written in every record (`AUDIT_INSTANCE`).
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.settings.instance = Some(name.into());
        self
    }

    /// Records the headers of answers too, redacted.
    pub fn record_response_headers(mut self) -> Self {
        self.response.headers = true;
        self
    }

    /// Records the bodies of answers too, redacted.
    pub fn record_response_bodies(mut self) -> Self {
        self.response.body = true;
        self
    }

    /// Adds a sink beside the log. It gets every record, by a queue and a thread of its own.
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// Refuses to start unless exactly so many audited handlers are linked, exempt ones not counted.
    ///
    /// It guards against handlers that are silently missing: a library crate that stands in `Cargo.toml`, but that
    /// nothing in the program names, is not linked, and neither are its handlers. Checked even when auditing is off.
    pub fn expect_endpoints(mut self, count: usize) -> Self {
        self.expected.endpoints = Some(count);
        self
    }

    /// Refuses to start unless each of these crates or modules has a handler in the program, audited or exempt: paths
    /// such as `plugin_layers` (or `plugin-layers`, as the package is called) or `my_app::admin`, with every module
    /// below them.
    ///
    /// The same guard as [`expect_endpoints`](Self::expect_endpoints), which does not change with each new handler.
    ///
    /// ```
    /// use audit_core::{Auditor, Output};
    ///
    /// let error = Auditor::builder().output(Output::None).expect_modules(["plugin-layers"]).build().err();
    /// assert_eq!(
    ///     error.map(|error| error.to_string()).as_deref(),
    ///     Some(
    ///         "no handler of crate `plugin_layers` is linked: nothing in the program names it \
    ///          (`use plugin_layers as _;` does), or it has none"
    ///     ),
    /// );
    /// ```
    pub fn expect_modules<T: Into<String>>(mut self, paths: impl IntoIterator<Item = T>) -> Self {
        self.expected.modules.extend(paths.into_iter().map(|path| path.into().replace('-', "_")));
        self
    }

    /// Refuses to start if several audited handlers carry one action. Without it, that is a warning, for it may be
    /// meant, as where two versions of one operation are served. Checked even when auditing is off.
    pub fn refuse_duplicate_actions(mut self) -> Self {
        self.expected.unique_actions = true;
        self
    }

    /// Refuses to start unless what is built in to be hidden is hidden: a new canary is sent under names and in shapes that
    /// stand for the rules, by body, query, header, cookie and path, through the redaction and the encoder as they are set up.
    ///
    /// For what settings, [`Rules`] or a handler's `redact(..)` add this is always done, for nobody else has tried it: names,
    /// and regular expressions that a text can be made for. Of it [`BuildError::SelfTest`] tells. What is built in is tested where this crate is: to try it anew takes about a
    /// millisecond at the start, and shows that it is still so in this program. When auditing is off, nothing is tried.
    pub fn self_test(mut self) -> Self {
        self.self_test = true;
        self
    }

    /// Reads the `AUDIT_*` variables of the environment; they override what code has set before. One that is no
    /// setting, such as a misspelt one, is named on stderr.
    pub fn env(self) -> Self {
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("AUDIT_") && !Settings::is_known(&name) {
                notice::say(format_args!("{name:?} is no setting and is ignored"));
            }
        }
        self.env_from(|name| std::env::var_os(name))
    }

    /// Reads the same settings from any source: a file, a test. A misspelt name cannot be seen through a lookup.
    pub fn env_from<V: Into<OsString>>(mut self, mut lookup: impl FnMut(&str) -> Option<V>) -> Self {
        if let Err(errors) = self.settings.apply(&mut |name| lookup(name).map(Into::into)) {
            self.errors.extend(errors);
        }
        self
    }

    /// Makes the auditor: checks every setting, opens the log and starts a thread for each sink.
    ///
    /// # Errors
    /// When a setting cannot be read, holds a value out of bounds or asks for what is not built yet, or a rule of
    /// [`redact`](Self::redact) cannot be used; when auditing is on, an endpoint asks for strict delivery and the log is no
    /// file, or nobody is to wait for it; when the program does not hold what [`expect_endpoints`](Self::expect_endpoints),
    /// [`expect_modules`](Self::expect_modules) or [`refuse_duplicate_actions`](Self::refuse_duplicate_actions) says; when
    /// auditing is on and two endpoints declare one route; when another process writes
    /// the log file; when the system refuses a thread; when auditing is on and a name that was added does not hide what
    /// stands under it. A log file that cannot be opened is no error: the log goes to
    /// stdout, which is said on stderr and in the statistics, unless strict delivery needs it.
    pub fn build(self) -> Result<Auditor, BuildError> {
        self.build_on(open_log)
    }

    /// As [`build`](Self::build), with whatever log `open` gives.
    pub(crate) fn build_on(
        self,
        open: impl FnOnce(&Output, JournalOptions, &Arc<Encoder>, bool) -> Result<(Option<Log>, bool), BuildError>,
    ) -> Result<Auditor, BuildError> {
        let Self { settings, mut errors, sinks, response, expected, rules, self_test } = self;
        errors.extend(settings.validate().err().unwrap_or_default());
        let (fields, headers) = (&settings.sensitive_fields, &settings.sensitive_headers);
        let rules = rules.compile().map(|rules| rules.and_names(fields, headers)).map_err(|wrong| errors.extend(wrong));
        // What is wrong with the output is among those errors.
        let (true, Ok(rules), Ok(output)) = (errors.is_empty(), rules, settings.resolved_output()) else {
            return Err(BuildError::Settings(errors));
        };
        expected.check(registry::endpoints())?;
        let settings = Arc::new(settings);
        if !settings.enabled {
            notice::say(format_args!("auditing is off (AUDIT_ENABLED)"));
            return Ok(Auditor { inner: None, settings });
        }
        let declared = DeclaredRoutes::of(registry::endpoints())?;
        warn_of_duplicate_actions();
        let needs_journal = settings.delivery == DeliveryKind::Strict || has_strict_endpoint(&output, &settings)?;
        let encoder = Arc::new(Encoder::new(&settings));
        let needs_journal = needs_journal || !sinks.is_empty();
        let (log, fell_back) = open(&output, JournalOptions::of(&settings), &encoder, needs_journal)?;
        refuse_duplicate_names(log.as_ref(), &sinks)?;
        let delivery = Delivery::start(log, sinks, &encoder, settings.queue_bytes, settings.queue_timeout)
            .map_err(|source| BuildError::Start { what: "writer thread", source })?;
        let inner = Inner {
            policy: Policy::new(&settings),
            declared,
            learned: Learned::default(),
            proxies: TrustedProxies::new(&settings),
            redactors: Redactors::new(&rules, registry::endpoints()),
            encoder,
            running: Arc::new(Running::new(delivery, fell_back, (settings.queue_bytes, settings.queue_timeout))),
            next_shard: AtomicUsize::new(0),
            response,
            settings: Arc::clone(&settings),
        };
        let inner = Arc::new(inner);
        #[cfg(feature = "metrics")]
        crate::delivery::metrics::spawn(Arc::downgrade(&inner.running))
            .map_err(|source| BuildError::Start { what: "metrics thread", source })?;
        self_test::run(&inner, &rules, registry::endpoints(), self_test)?;
        Ok(Auditor { inner: Some(inner), settings })
    }
}

/// Opens the log; a file that cannot be opened falls back to stdout, and that is said, unless something needs a journal.
fn open_log(
    output: &Output,
    options: JournalOptions,
    encoder: &Arc<Encoder>,
    needs_journal: bool,
) -> Result<(Option<Log>, bool), BuildError> {
    let stdout = || -> Result<Option<Log>, BuildError> {
        let stream =
            LineStream::stdout().map_err(|source| BuildError::Start { what: "log on standard output", source })?;
        Ok(Some(Log::Stream(Box::new(Unsynced(Box::new(stream))))))
    };
    match output {
        Output::None => Ok((None, false)),
        Output::Stdout => Ok((stdout()?, false)),
        Output::File(path) => match Journal::open(path, options, Arc::clone(encoder)) {
            Ok(journal) => Ok((Some(Log::Journal(Box::new(journal), path.clone())), false)),
            Err(OpenError::InUse) => Err(BuildError::LogInUse { path: path.clone() }),
            Err(OpenError::Foreign) => Err(BuildError::LogIsForeign { path: path.clone() }),
            Err(OpenError::Io(source)) if needs_journal => {
                Err(BuildError::JournalUnavailable { path: path.clone(), source })
            }
            Err(OpenError::Io(error)) => {
                let path = path.display();
                notice::say(format_args!("cannot open audit file {path}: {error}; records go to stdout instead"));
                Ok((stdout()?, true))
            }
        },
    }
}

fn refuse_duplicate_names(log: Option<&Log>, sinks: &[Box<dyn Sink>]) -> Result<(), BuildError> {
    let mut names = std::collections::HashSet::new();
    let log = log.map(|log| match log {
        Log::Stream(stream) => stream.name(),
        Log::Journal(journal, _) => journal.name(),
    });
    match log.into_iter().chain(sinks.iter().map(|sink| sink.name())).find(|name| !names.insert(*name)) {
        Some(name) => Err(BuildError::DuplicateSink { name: name.to_owned() }),
        None => Ok(()),
    }
}

/// Whether an endpoint asks for strict delivery, which a log that is no file cannot give, nor one for which nobody waits.
fn has_strict_endpoint(output: &Output, settings: &Settings) -> Result<bool, BuildError> {
    let strict = registry::endpoints().iter().find(|endpoint| endpoint.delivery() == Some(DeliveryKind::Strict));
    let Some(endpoint) = strict else { return Ok(false) };
    let (handler, location) = (endpoint.handler(), endpoint.location());
    if !matches!(output, Output::File(_)) {
        return Err(BuildError::StrictEndpoint { handler, location });
    }
    if !settings.leaves_time() {
        return Err(BuildError::StrictEndpointTimeout { handler, location });
    }
    Ok(true)
}

/// Once in the life of the process, and in one line: whoever means it can live with that.
fn warn_of_duplicate_actions() {
    static WARNED: Once = Once::new();
    let duplicates = registry::duplicate_actions(registry::endpoints());
    if !duplicates.is_empty() {
        WARNED.say(format_args!("one action of several handlers: {}", list(&duplicates)));
    }
}
