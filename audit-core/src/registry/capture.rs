//! `capture(..)`: an argument's value as JSON, by what its type can do.
//!
//! A plain field is `Serialize`, else `Display`, else `Debug`: traits of one method, each for one reference less around
//! [`Capture`], as in [`Probe`](super::Probe). Below them stands one that takes anything and then asks for what no
//! type has, so that the compiler says what is missing, at the field.

use std::fmt::{self, Debug, Display};

use serde::Serialize;

use crate::record::Written;

/// A borrowed value. For generated code.
#[doc(hidden)]
pub struct Capture<'a, T: ?Sized>(pub &'a T);

/// JSON of a value, not redacted yet. For generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Captured(Written);

/// Why a value is not readable: its `Display` or `Debug` returns an error.
pub(crate) const UNWRITABLE: &str = "its text cannot be written";
/// Why a value is not readable.
pub(crate) const PANICKED: &str = "reading it panicked";

/// What stands in the place of a value that could not be read.
pub(crate) fn not_readable(why: &str) -> String {
    format!("[not readable: {why}]")
}

impl Captured {
    /// `%value`.
    pub fn display<T: Display + ?Sized>(value: &T) -> Self {
        Self::formatted(format_args!("{value}"))
    }

    /// `?value`.
    pub fn debug<T: Debug + ?Sized>(value: &T) -> Self {
        Self::formatted(format_args!("{value:?}"))
    }

    fn formatted(value: fmt::Arguments<'_>) -> Self {
        // `to_string` would panic where a value refuses to be written.
        Written::formatted(value).map_or_else(|_| Self::unreadable(UNWRITABLE), Self)
    }

    /// What stands in the place of a value that could not be read.
    pub(crate) fn unreadable(why: &str) -> Self {
        Self(Written::text(&not_readable(why)))
    }

    pub(crate) fn written(&self) -> &Written {
        &self.0
    }
}

/// For generated code.
#[doc(hidden)]
pub trait CaptureSerialize {
    fn __audit_capture(&self) -> Captured;
}

impl<T: Serialize + ?Sized> CaptureSerialize for &&&Capture<'_, T> {
    fn __audit_capture(&self) -> Captured {
        Captured(Written::serialised(self.0))
    }
}

/// For generated code.
#[doc(hidden)]
pub trait CaptureDisplay {
    fn __audit_capture(&self) -> Captured;
}

impl<T: Display + ?Sized> CaptureDisplay for &&Capture<'_, T> {
    fn __audit_capture(&self) -> Captured {
        Captured::display(self.0)
    }
}

/// For generated code.
#[doc(hidden)]
pub trait CaptureDebug {
    fn __audit_capture(&self) -> Captured;
}

impl<T: Debug + ?Sized> CaptureDebug for &Capture<'_, T> {
    fn __audit_capture(&self) -> Captured {
        Captured::debug(self.0)
    }
}

/// For generated code.
#[doc(hidden)]
pub trait CaptureNothing<T: ?Sized> {
    fn __audit_capture(&self) -> Captured
    where
        T: Capturable;
}

impl<T: ?Sized> CaptureNothing<T> for Capture<'_, T> {
    fn __audit_capture(&self) -> Captured
    where
        T: Capturable,
    {
        unreachable!("no type is `Capturable`")
    }
}

/// What no type implements: its message is what the compiler says of a value that cannot be captured.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be captured: it is neither `Serialize` nor `Display` nor `Debug`",
    label = "cannot be captured",
    note = "derive one of them, or capture a part of it: `name = expr`"
)]
pub trait Capturable {}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! capture {
        ($value:expr) => {
            String::from_utf8((&&&&Capture(&$value)).__audit_capture().0.json.unredacted().clone()).unwrap()
        };
    }

    #[derive(Debug, Serialize)]
    struct All {
        id: u8,
    }

    impl Display for All {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("displayed")
        }
    }

    #[derive(Debug)]
    struct Shown;

    impl Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("shown")
        }
    }

    #[derive(Debug)]
    struct Plain;

    struct Refusing;

    impl Display for Refusing {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    #[test]
    fn a_value_is_what_its_type_can_do_best() {
        assert_eq!(capture!(All { id: 7 }), "{\"id\":7}");
        assert_eq!(capture!(&All { id: 7 }), "{\"id\":7}");
        assert_eq!(capture!(Shown), "\"shown\"");
        assert_eq!(capture!(Plain), "\"Plain\"");
        assert_eq!(capture!(Some(Plain)), "\"Some(Plain)\"");
        assert_eq!(capture!(*"text"), "\"text\"");
        assert_eq!(capture!(vec![1, 2]), "[1,2]");
    }

    #[test]
    fn a_sigil_asks_for_one_of_them() {
        let json = |captured: Captured| String::from_utf8(captured.0.json.unredacted().clone()).unwrap();
        assert_eq!(json(Captured::display(&All { id: 7 })), "\"displayed\"");
        assert_eq!(json(Captured::debug(&All { id: 7 })), "\"All { id: 7 }\"");
    }

    #[test]
    fn a_value_that_refuses_to_be_written_says_so() {
        assert_eq!(capture!(Refusing), "\"[not readable: its text cannot be written]\"");
    }

    #[test]
    fn a_type_parameter_is_what_its_bounds_say() {
        fn debug<T: Debug>(value: T) -> String {
            capture!(value)
        }
        fn serialize<T: Debug + Serialize>(value: T) -> String {
            capture!(value)
        }
        assert_eq!(debug("a"), "\"\\\"a\\\"\"");
        assert_eq!(serialize("a"), "\"a\"");
    }
}
