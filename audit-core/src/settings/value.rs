//! How the text of a setting is read: words, booleans, numbers, sizes, lists, networks.
//!
//! Every reader is given trimmed, non-empty text and, when it cannot read it, answers with what it expected.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::error::not_element;
use super::output::Output;
use crate::vocabulary::{Delivery, Mode};

/// What was read, or the end of the message: `expected …`.
pub(super) type Read<T> = Result<T, Cow<'static, str>>;

pub(super) fn mode(text: &str) -> Read<Mode> {
    Mode::from_word(text).ok_or(Cow::Borrowed("expected basic, compact or full"))
}

pub(super) fn delivery(text: &str) -> Read<Delivery> {
    Delivery::from_word(text).ok_or(Cow::Borrowed("expected best_effort, buffered or strict"))
}

pub(super) fn boolean(text: &str) -> Read<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("expected true, 1, yes or on, or false, 0, no or off".into()),
    }
}

/// A size in bytes: digits, or digits and `KiB`, `MiB` or `GiB`. `KB` and the like are refused, for they mean two things.
pub(super) fn size(text: &str) -> Read<usize> {
    const UNITS: [(&str, usize); 3] = [("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30)];
    let lower = text.to_ascii_lowercase();
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(suffix, unit)| Some((lower.strip_suffix(suffix)?.trim_end(), *unit)))
        .unwrap_or((&lower, 1));
    number(digits)
        .and_then(|count| usize::try_from(count).ok()?.checked_mul(unit))
        .ok_or(Cow::Borrowed("expected a number of bytes, such as 16384, 16KiB or 8MiB"))
}

/// As [`size`], or `off`; that is what nothing means, too.
pub(super) fn size_or_off(text: &str) -> Read<Option<u64>> {
    if boolean(text) == Ok(false) {
        return Ok(None);
    }
    let bytes = size(text).map_err(|_| "expected off or a number of bytes, such as 64MiB")?;
    Ok(Some(bytes as u64))
}

/// A number of segments, or `off` to keep all. `0` could mean both, and is neither.
pub(super) fn segments_or_off(text: &str) -> Read<Option<usize>> {
    match number(text).map(usize::try_from) {
        Some(Ok(count @ 1..)) => Ok(Some(count)),
        None if boolean(text) == Ok(false) => Ok(None),
        _ => Err("expected off or how many segments to keep, at least 1".into()),
    }
}

pub(super) fn milliseconds(text: &str) -> Read<Duration> {
    number(text).map(Duration::from_millis).ok_or(Cow::Borrowed("expected a number of milliseconds"))
}

/// Digits only: `u64::from_str` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A list: comma-separated, or a JSON array of strings when it begins with `[`. Empty elements are left out; `[]` is empty.
pub(super) fn list(text: &str) -> Read<Vec<String>> {
    // A JSON object begins with a brace; no name or path does.
    let elements: Vec<String> = if text.starts_with(['[', '{']) {
        match serde_json::from_str(text) {
            Ok(elements) => elements,
            // Where in the array the mistake is helps little beside the value itself.
            Err(_) => return Err("expected a comma-separated list or a JSON array of strings".into()),
        }
    } else {
        text.split(',').map(str::to_owned).collect()
    };
    Ok(elements.iter().map(|element| element.trim()).filter(|element| !element.is_empty()).map(str::to_owned).collect())
}

/// A list of names, as [`list`]; one that is set and names nothing is a mistake, unless it says so by `[]`.
pub(super) fn names(text: &str) -> Read<Vec<String>> {
    let names = list(text)?;
    let says_so =
        || text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|it| it.trim().is_empty());
    if names.is_empty() && !says_so() {
        return Err("expected at least one name, or [] for none".into());
    }
    Ok(names)
}

/// A list of networks in CIDR form; a single address is a network of one.
pub(super) fn networks(text: &str) -> Read<Vec<IpNet>> {
    let elements = list(text)?;
    elements
        .iter()
        .map(|element| {
            network(element).ok_or_else(|| {
                let expected = "expected addresses or networks, such as 10.0.0.0/8 or 2001:db8::1";
                Cow::Owned(not_element(elements.len(), element, expected))
            })
        })
        .map(|read| {
            let network = read?;
            match not_a_network(&network) {
                Some(expected) => Err(not_element(elements.len(), &network.to_string(), &expected).into()),
                None => Ok(network),
            }
        })
        .collect()
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()
}

/// What is expected in place of an address with a prefix that covers others, too: `10.0.0.7/8` trusts 16 million
/// addresses, and whoever wrote it may have meant one.
pub(super) fn not_a_network(network: &IpNet) -> Option<String> {
    let trunc = network.trunc();
    (trunc != *network).then(|| format!("expected the network {trunc} or the address {}", network.addr()))
}

/// Whether the text is a token (RFC 9110, 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Text as it is: `validate()` judges it.
#[expect(clippy::unnecessary_wraps, reason = "a reader like the others")]
pub(super) fn text(text: &str) -> Read<String> {
    Ok(text.to_owned())
}

/// As [`text()`], for a setting without a default.
#[expect(clippy::unnecessary_wraps, reason = "a reader like the others")]
pub(super) fn name(text: &str) -> Read<Option<String>> {
    Ok(Some(text.to_owned()))
}

/// `stdout`, in any case, or a path; `validate()` judges whether a file can be meant.
#[expect(clippy::unnecessary_wraps, reason = "a reader like the others")]
pub(super) fn output(text: &str) -> Read<Output> {
    Ok(if text.eq_ignore_ascii_case("stdout") { Output::Stdout } else { Output::File(text.into()) })
}

/// Whether quotes stand around the text: files of variables that no shell reads keep them.
pub(super) fn is_quoted(text: &str) -> bool {
    ['"', '\'', '`'].iter().any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans() {
        for text in ["true", "True", "1", "YES", "on"] {
            assert_eq!(boolean(text), Ok(true), "{text}");
        }
        for text in ["false", "FALSE", "0", "no", "Off"] {
            assert_eq!(boolean(text), Ok(false), "{text}");
        }
        for text in ["y", "2", "enabled", "truee", "tru"] {
            assert!(boolean(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("0", 0), ("16384", 16_384), ("16KiB", 16_384), ("8 mib", 8 << 20), ("1GIB", 1 << 30)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in
            ["", "KiB", "+5", "-5", "1.5MiB", "16KB", "16k", "0x10", "99999999999999999999", "18446744073709551615KiB"]
        {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists() {
        for (text, expected) in [
            ("a", vec!["a"]),
            (" a , b,,c ,", vec!["a", "b", "c"]),
            (r#"["a,b", " c ", ""]"#, vec!["a,b", "c"]),
            ("[]", vec![]),
            (",", vec![]),
        ] {
            assert_eq!(list(text).unwrap(), expected, "{text}");
        }
        for text in ["['a']", "[1]", "[\"a\"", "[\"a\"] b", "[[\"a\"]]", "{\"a\":1}", "{a}"] {
            assert!(list(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_some_or_expressly_none() {
        for text in ["[]", " [ ] ".trim()] {
            assert_eq!(names(text).unwrap(), [""; 0], "{text}");
        }
        assert_eq!(names("a,,b").unwrap(), ["a", "b"]);
        for text in [",", " , ,, ", "[\"\"]", "[\" \", \"\"]"] {
            assert_eq!(names(text).unwrap_err(), "expected at least one name, or [] for none", "{text}");
        }
    }

    #[test]
    fn networks_and_single_addresses() {
        let read = networks("10.0.0.0/8, 192.0.2.7, 2001:db8::/32,[").unwrap_err();
        assert_eq!(read, "expected addresses or networks, such as 10.0.0.0/8 or 2001:db8::1, not \"[\"");
        let read = networks("10.0.0.0/8, 192.0.2.7, 2001:db8::/32,::1").unwrap();
        let expected = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"].map(|net| net.parse().unwrap());
        assert_eq!(read, expected);
        for text in ["10.0.0.0/33", "10.0.0", "localhost", "::1/129", "10.0.0.0/"] {
            assert!(networks(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_has_no_host_bits() {
        for (text, expected) in [
            ("10.0.0.7/8", "expected the network 10.0.0.0/8 or the address 10.0.0.7"),
            ("2001:db8::1/32", "expected the network 2001:db8::/32 or the address 2001:db8::1"),
            ("::1,10.1.2.3/31", "expected the network 10.1.2.2/31 or the address 10.1.2.3, not \"10.1.2.3/31\""),
        ] {
            assert_eq!(networks(text).unwrap_err(), expected);
        }
        assert!(networks("10.1.2.3/32, ::1/128, 0.0.0.0/0").is_ok());
    }

    #[test]
    fn quotes_around_a_value() {
        for (text, quoted) in
            [("\"a\"", true), ("'a'", true), ("\"\"", true), ("\"", false), ("'a\"", false), ("a\"", false)]
        {
            assert_eq!(is_quoted(text), quoted, "{text}");
        }
    }

    #[test]
    fn outputs() {
        assert_eq!(output("stdout"), Ok(Output::Stdout));
        assert_eq!(output("STDOUT"), Ok(Output::Stdout));
        assert_eq!(output("./stdout"), Ok(Output::File("./stdout".into())));
    }
}
