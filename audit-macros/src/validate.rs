//! From arguments as written to a declaration, or every reason why not.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::{Ident, LitStr, Path};

use crate::args::{Argument, Value};
use crate::errors::{Errors, expected};
use crate::item::Function;
use crate::model::{DELIVERIES, Declaration, Kind, MODES, ONS, Target, Words};
use crate::route::Route;
use crate::template::Template;
use crate::{bindings, capture, mount, names};

/// The attribute that was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Audited,
    Exempt,
}

impl Attribute {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Audited => "audited",
            Self::Exempt => "audit_exempt",
        }
    }

    /// The argument that a bare string in the first place gives.
    pub(crate) const fn positional(self) -> Option<&'static str> {
        match self {
            Self::Audited => Some("action"),
            Self::Exempt => None,
        }
    }

    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Audited => {
                &["action", "target", "mode", "delivery", "capture", "redact", "keep", "actor", "on", "route", "crate"]
            }
            Self::Exempt => &["reason", "route", "crate"],
        }
    }
}

/// Actions under which the audit itself writes records. Other names under `audit.` are the application's.
const RESERVED: &[&str] = &["audit.gap", "audit.clock_step"];

/// What to say to those who know `tracing::instrument`.
const NOTHING_TO_SKIP: &str =
    ": nothing is captured unless `capture(..)` names it, and `mode = \"basic\"` leaves the body out";

/// Reads the arguments one by one. `None` means that `errors` tells why.
pub(crate) fn declaration(
    attribute: Attribute,
    arguments: Vec<Argument>,
    root: Path,
    function: &Function,
    errors: &mut Errors,
) -> Option<Declaration> {
    let mut declared = Declaration::new(root);
    declared.mounts = mount::read(&function.attrs);
    let mut reason = None;
    let mut seen = HashSet::new();

    for Argument { name, value } in arguments {
        let word = name.to_string();
        if !attribute.arguments().contains(&word.as_str()) {
            let hint = match word.as_str() {
                "skip" if attribute == Attribute::Audited => NOTHING_TO_SKIP.to_owned(),
                _ => expected(&word, attribute.arguments()),
            };
            errors.at(name.span(), format_args!("unknown `#[{}]` argument `{word}`{hint}", attribute.name()));
            continue;
        }
        if !seen.insert(word.clone()) {
            errors.at(name.span(), format_args!("`{word}` is given twice"));
            continue;
        }
        match (word.as_str(), value) {
            ("crate", Value::Path(path)) => declared.root = path,
            ("crate", _) => errors.at(name.span(), "expected `crate = path`, the path without quotes"),
            ("action", Value::Text(text)) => declared.action = action(text, errors),
            ("target", Value::Text(text)) => declared.target = target(text, function, errors),
            ("mode", Value::Text(text)) => declared.mode = variant("mode", &text, MODES, errors),
            ("delivery", Value::Text(text)) => declared.delivery = variant("delivery", &text, DELIVERIES, errors),
            ("on", Value::Text(text)) => declared.on = variant("`on` value", &text, ONS, errors),
            ("route", Value::Text(text)) => declared.route = Route::read(&text, errors),
            ("actor", Value::Expr(value)) => declared.actor = Some(*value),
            ("actor", _) => errors.at(name.span(), "expected `actor = expr`, such as `actor = user.name`"),
            ("capture", Value::Group(fields)) if !fields.stream().is_empty() => {
                declared.capture = capture::read(fields, errors);
            }
            ("capture", value) => {
                let found = if matches!(value, Value::Group(_)) { "`capture()` names nothing; " } else { "" };
                let hint = "expected fields, such as `capture(name, n = items.len())`";
                errors.at(name.span(), format_args!("{found}{hint}"));
            }
            ("redact", Value::Group(list)) if !list.stream().is_empty() => {
                declared.redact = names::read("redact", list, errors);
            }
            ("keep", Value::Group(list)) if !list.stream().is_empty() => {
                declared.keep = names::read("keep", list, errors);
            }
            ("redact" | "keep", value) => {
                let found = if matches!(value, Value::Group(_)) {
                    format!("`{word}()` names nothing; ")
                } else {
                    String::new()
                };
                errors
                    .at(name.span(), format_args!("{found}expected names of fields, such as `{word}(id, \"x-ref\")`"));
            }
            ("reason", Value::Text(text)) => reason = non_empty_reason(text, errors),
            _ => errors.at(name.span(), format_args!("expected `{word} = \"…\"`, a string")),
        }
    }

    if attribute == Attribute::Exempt {
        // Not on top of an error that is why there is none.
        if reason.is_none() && errors.is_empty() {
            let hint = "`#[audit_exempt]` needs a reason: `#[audit_exempt(reason = \"…\")]`";
            errors.at(Span::call_site(), hint);
        }
        declared.kind = Kind::Exempt { reason: reason? };
    }
    errors.is_empty().then_some(declared)
}

/// Refuses functions that cannot be watched, and a second attribute of ours on the same function.
pub(crate) fn function(function: &Function, errors: &mut Errors) {
    let sig = &function.sig;
    if let Some(constness) = sig.constness {
        errors.at(constness.span, "a `const fn` cannot be audited: it may run when there is nothing to record to");
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi.extern_token.span, "an `extern` function cannot be audited: a panic must not leave it");
    }
    let ours = [Attribute::Audited, Attribute::Exempt].map(Attribute::name);
    for attr in &function.attrs {
        let name = attr.path().segments.last().map(|segment| segment.ident.to_string());
        if name.as_deref().is_some_and(|name| ours.contains(&name)) {
            errors.push(syn::Error::new_spanned(
                attr.path(),
                "a function carries one `#[audited]` or one `#[audit_exempt]`; this is the second",
            ));
        }
    }
}

fn action(text: LitStr, errors: &mut Errors) -> Option<LitStr> {
    let value = text.value();
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-' | '.');
    let problem = if value.is_empty() {
        "the action is empty; expected a name such as \"layer.create\", or no action at all".to_owned()
    } else if let Some(c) = value.chars().find(|c| !allowed(*c)) {
        format!("the action holds {c:?}; expected lower-case words with dots, such as \"layer.create\"")
    } else if value.split('.').any(str::is_empty) {
        "the action has a dot with no word beside it; expected words with dots, such as \"layer.create\"".to_owned()
    } else if RESERVED.contains(&value.as_str()) {
        format!("the action `{value}` is kept for records that the audit makes about itself")
    } else {
        return Some(text);
    };
    errors.at(text.span(), problem);
    None
}

fn target(text: LitStr, function: &Function, errors: &mut Errors) -> Option<Target> {
    let template = Template::read(text, errors)?;
    let names = bindings::of(&function.sig);
    let span = template.literal.span();
    let mut found = Vec::new();
    for placeholder in &template.placeholders {
        match bindings::named(&names, &placeholder.argument, span) {
            Some(binding) => found.push(binding),
            None => errors.at(span, bindings::missing(&placeholder.argument, &names)),
        }
    }
    (found.len() == template.placeholders.len()).then_some(Target { template, bindings: found })
}

fn variant(set: &str, text: &LitStr, words: &Words, errors: &mut Errors) -> Option<Ident> {
    let value = text.value();
    match words.iter().find(|(word, _)| *word == value) {
        Some((_, variant)) => Some(Ident::new(variant, Span::call_site())),
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            errors.at(text.span(), format_args!("unknown {set} `{value}`{}", expected(&value, &known)));
            None
        }
    }
}

fn non_empty_reason(text: LitStr, errors: &mut Errors) -> Option<LitStr> {
    if text.value().trim().is_empty() {
        errors.at(text.span(), "the reason is empty; say why this handler is not audited");
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &str) -> bool {
        let mut errors = Errors::default();
        action(LitStr::new(text, Span::call_site()), &mut errors).is_some()
    }

    #[test]
    fn actions_are_lower_case_words_with_dots() {
        for text in ["layer.create", "login", "v2.layer-group.re_index", "audit.read", "audit.gaps"] {
            assert!(accepts(text), "{text}");
        }
        let wrong =
            ["", " ", "Layer.create", "layer create", "layer\n", "layer..create", ".layer", "layer.", "calque.créer"];
        for text in wrong.into_iter().chain(RESERVED.iter().copied()) {
            assert!(!accepts(text), "{text}");
        }
    }
}
