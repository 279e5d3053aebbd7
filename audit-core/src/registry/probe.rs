//! What an audited function gave back, without asking anything of its type.
//!
//! Three traits of one method, each for one reference more around [`Probe`]. Method lookup takes the first that
//! applies, so that `(&&&Probe(&value)).__audit_classify()` reads an error's text where the error has one, and
//! compiles where it has none. This works on types only: a type parameter is what its bounds say.

use std::fmt::Display;

use crate::caught::text;
use crate::raw::Raw;

/// How a function's return looks from outside. For generated code.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// An `Ok`, or nothing at all: the function says that it went well.
    Ok,
    /// A value that is no `Result`, perhaps an answer that refuses; what it means is for the status to say.
    Value,
    /// An `Err`, with its text if its type is `Display`.
    Error(Option<Raw<String>>),
}

/// A borrowed return value. For generated code.
#[doc(hidden)]
pub struct Probe<'a, T>(pub &'a T);

/// `Result<_, E>` where `E` has a text. For generated code.
#[doc(hidden)]
pub trait ProbeDisplay {
    fn __audit_classify(&self) -> Returned;
}

impl<T, E: Display> ProbeDisplay for &&Probe<'_, Result<T, E>> {
    fn __audit_classify(&self) -> Returned {
        match self.0 {
            Ok(_) => Returned::Ok,
            Err(error) => Returned::Error(text(error).map(Raw::new)),
        }
    }
}

impl ProbeDisplay for &&Probe<'_, ()> {
    fn __audit_classify(&self) -> Returned {
        Returned::Ok
    }
}

/// Any other `Result`. For generated code.
#[doc(hidden)]
pub trait ProbeError {
    fn __audit_classify(&self) -> Returned;
}

impl<T, E> ProbeError for &Probe<'_, Result<T, E>> {
    fn __audit_classify(&self) -> Returned {
        match self.0 {
            Ok(_) => Returned::Ok,
            Err(_) => Returned::Error(None),
        }
    }
}

/// Anything else. For generated code.
#[doc(hidden)]
pub trait ProbeValue {
    fn __audit_classify(&self) -> Returned;
}

impl<T> ProbeValue for Probe<'_, T> {
    fn __audit_classify(&self) -> Returned {
        Returned::Value
    }
}

/// A return that never happens, so that the compiler knows an async body's type before it reads the body. For
/// generated code.
#[doc(hidden)]
pub fn never<T>() -> T {
    unreachable!("generated code calls this only under `if false`")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fmt;

    use super::*;

    macro_rules! classify {
        ($value:expr) => {
            (&&&Probe(&$value)).__audit_classify()
        };
    }

    fn said(text: &str) -> Returned {
        Returned::Error(Some(Raw::new(text.to_owned())))
    }

    struct Silent;

    struct Counting<'a>(&'a Cell<u32>);

    impl Display for Counting<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.set(self.0.get() + 1);
            f.write_str("counted")
        }
    }

    struct Refusing;

    impl Display for Refusing {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    struct Panicking;

    impl Display for Panicking {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("an error that cannot be written")
        }
    }

    #[test]
    fn an_error_with_a_text_gives_it() {
        assert_eq!(classify!(Err::<u8, _>("no such layer")), said("no such layer"));
        let boxed: Result<(), Box<dyn std::error::Error>> = Err("boxed".into());
        assert_eq!(classify!(boxed), said("boxed"));
    }

    #[test]
    fn an_error_without_a_text_is_still_an_error() {
        assert_eq!(classify!(Err::<u8, _>(Silent)), Returned::Error(None));
        assert_eq!(classify!(Err::<u8, _>((404, "a tuple"))), Returned::Error(None));
    }

    #[test]
    fn what_is_no_error_went_well_or_is_a_value() {
        assert_eq!(classify!(Ok::<_, Silent>(1)), Returned::Ok);
        assert_eq!(classify!(Ok::<_, String>(Silent)), Returned::Ok);
        assert_eq!(classify!(None::<u8>), Returned::Value);
        assert_eq!(classify!(()), Returned::Ok);
        assert_eq!(classify!(Silent), Returned::Value);
    }

    #[test]
    fn the_text_is_made_once_and_only_for_an_error() {
        let asked = Cell::new(0);
        let mut result = Err(Counting(&asked));
        assert_eq!(classify!(result), said("counted"));
        assert_eq!(asked.get(), 1);
        result = Ok(());
        assert_eq!(classify!(result), Returned::Ok);
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn an_error_that_cannot_be_written_does_not_stop_the_function() {
        assert_eq!(classify!(Err::<u8, _>(Refusing)), Returned::Error(None));
        assert_eq!(classify!(Err::<u8, _>(Panicking)), Returned::Error(None));
    }

    #[test]
    fn a_type_parameter_is_what_its_bounds_say() {
        fn bounded<E: Display>(result: Result<(), E>) -> Returned {
            classify!(result)
        }
        fn free<E>(result: Result<(), E>) -> Returned {
            classify!(result)
        }
        assert_eq!(bounded(Err("said")), said("said"));
        assert_eq!(free(Err("said")), Returned::Error(None));
    }
}
