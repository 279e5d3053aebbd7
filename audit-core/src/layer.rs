//! tracing events of target exactly `audit` become records.
//!
//! Inside an exchange their fields become the record's `data`; alone they are records of action `tracing.event`. Any
//! dependency can emit such events and any filter can drop them, so their fields land in `data` and nowhere else, and
//! records of requests never depend on this layer, nor on any tracing filter.

use std::fmt;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, Filtered, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::auditor::{Auditor, InForce, Inner, SafeField};
use crate::event::EventBuilder;
use crate::exchange::Facts;
use crate::raw::Raw;
use crate::scope::{self, Current};
use crate::vocabulary::Outcome;

/// The target that makes a tracing event an audited one.
const TARGET: &str = "audit";
/// The span field that names a trace.
const TRACE_ID: &str = "trace_id";
/// The span field that names a span.
const SPAN_ID: &str = "span_id";

/// A layer that sees nothing but events of target `audit` and spans that carry a `trace_id`.
pub type FilteredJsonLayer<S> = Filtered<JsonLayer, FilterFn, S>;

/// The tracing layer; made by [`Auditor::json_layer`].
pub struct JsonLayer {
    auditor: Option<Arc<Inner>>,
    /// Finds a span's trace in a subscriber whose type only `json_layer` knew.
    trace_of: fn(&Dispatch, &Id) -> Option<Trace>,
}

impl fmt::Debug for JsonLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLayer").field("enabled", &self.auditor.is_some()).finish()
    }
}

impl Auditor {
    /// A layer for `tracing_subscriber::registry()` that turns tracing events of target `audit` into records.
    ///
    /// It costs other events nothing: it is filtered to what concerns it. A span with a field `trace_id` (and
    /// `span_id`) gives it to the records of the requests that run in it, unless the request brought its own.
    ///
    /// ```
    /// use tracing_subscriber::prelude::*;
    /// # let auditor = audit_core::Auditor::builder().output(audit_core::Output::None).build()?;
    /// let subscriber = tracing_subscriber::registry().with(auditor.json_layer());
    /// tracing::subscriber::with_default(subscriber, || {
    ///     tracing::info!(target: "audit", layer = 7, "published");
    /// });
    /// # Ok::<(), audit_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn json_layer<S>(&self) -> FilteredJsonLayer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = JsonLayer { auditor: self.inner().cloned(), trace_of: trace_of::<S> };
        layer.with_filter(filter_fn(concerns_us as fn(&Metadata<'_>) -> bool))
    }
}

fn concerns_us(metadata: &Metadata<'_>) -> bool {
    if metadata.is_span() { metadata.fields().field(TRACE_ID).is_some() } else { metadata.target() == TARGET }
}

/// The trace of the span that is current now, for an exchange that begins in it.
pub(crate) fn current_trace() -> Option<Trace> {
    Span::current().with_subscriber(|(id, dispatch)| {
        let layer = dispatch.downcast_ref::<JsonLayer>()?;
        (layer.trace_of)(dispatch, id)
    })?
}

fn trace_of<S>(dispatch: &Dispatch, id: &Id) -> Option<Trace>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let span = dispatch.downcast_ref::<S>()?.span(id)?;
    // The innermost span that names one.
    span.scope().find_map(|span| span.extensions().get::<Trace>().filter(|trace| trace.trace_id.is_some()).cloned())
}

/// A span's trace, in its extensions.
#[derive(Clone, Default)]
pub(crate) struct Trace {
    trace_id: Option<Raw<String>>,
    span_id: Option<Raw<String>>,
}

impl Facts {
    /// Notes the trace that the exchange is part of, unless it is known already. An identifier that is a secret by its
    /// shape is none.
    pub(crate) fn put_trace(&mut self, rules: InForce<'_>, trace: &Trace) {
        let id = |raw: &Option<Raw<String>>| {
            let id = raw.as_ref()?.unredacted();
            (rules.text(id).1 == 0).then(|| id.as_str().into())
        };
        if self.trace_id.is_none()
            && let Some(trace_id) = id(&trace.trace_id)
        {
            self.trace_id = Some(trace_id);
            self.span_id = id(&trace.span_id);
        }
    }
}

impl Visit for Trace {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Hexadecimal or similar: an identifier and never a text.
        let fits = (1..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let place = match field.name() {
            TRACE_ID => &mut self.trace_id,
            SPAN_ID => &mut self.span_id,
            _ => return,
        };
        if fits {
            *place = Some(Raw::new(value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JsonLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut trace = Trace::default();
        attributes.record(&mut trace);
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().replace(trace);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(trace) = span.extensions_mut().get_mut::<Trace>()
        {
            values.record(trace);
        }
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        let Some(scope) = scope::current() else { return };
        let Some(span) = ctx.span(id) else { return };
        let extensions = span.extensions();
        let Some(trace) = extensions.get::<Trace>() else { return };
        let rules = scope.rules();
        scope.shared().with(|facts| facts.put_trace(rules, trace));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(auditor) = &self.auditor else { return };
        if event.metadata().target() != TARGET {
            return;
        }
        let safe = |rules| {
            let mut fields = Fields { rules, safe: Vec::new() };
            event.record(&mut fields);
            fields.safe
        };
        match scope::place() {
            Current::Exchange(scope) => {
                let safe = safe(scope.rules());
                scope.shared().add(|facts| safe.into_iter().for_each(|field| facts.put_field(field)));
            }
            // Nothing is recorded of its request: nor is this.
            Current::Unrecorded => {}
            Current::Outside => {
                let safe = safe(auditor.common_rules());
                let outcome =
                    if *event.metadata().level() == Level::ERROR { Outcome::Failed } else { Outcome::Success };
                EventBuilder::new(Some(Arc::clone(auditor)), "tracing.event").outcome(outcome).safe_data(safe).record();
            }
        }
    }
}

/// An event's fields, redacted as they are read.
struct Fields<'a> {
    rules: InForce<'a>,
    safe: Vec<SafeField>,
}

impl Fields<'_> {
    fn add(&mut self, field: &Field, value: &impl serde::Serialize) {
        self.safe.push(self.rules.field(field.name().to_owned(), value));
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}
