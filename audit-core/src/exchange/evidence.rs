//! What an error tells about the transport.

use std::error::Error;
use std::io::ErrorKind;

/// Whether an error while reading a request's body says that the client left: by itself or one of its sources, as an
/// I/O error or as the adapter's `is_sign` knows its framework's own.
pub fn client_left(error: &(dyn Error + 'static), is_sign: impl Fn(&(dyn Error + 'static)) -> bool) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if is_sign(error) {
            return true;
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            if is_end(error.kind()) {
                return true;
            }
            // An I/O error's own source is that of what it wraps.
            cause = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
            continue;
        }
        cause = error.source();
    }
    false
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Around(Box<dyn Error + Send + Sync>);

    impl fmt::Display for Around {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("around")
        }
    }

    impl Error for Around {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn an_end_is_found_however_deep() {
        let left = |error: &(dyn Error + 'static)| client_left(error, |_| false);
        let reset = || io::Error::from(ErrorKind::ConnectionReset);
        assert!(left(&reset()));
        assert!(left(&Around(Box::new(reset()))));
        assert!(left(&io::Error::other(Around(Box::new(reset())))));
        assert!(!left(&io::Error::from(ErrorKind::InvalidData)));
        assert!(!left(&io::Error::other(Around("too large".into()))));
    }

    #[test]
    fn a_framework_knows_its_own_signs() {
        let error = io::Error::other(Around("gone".into()));
        assert!(client_left(&error, |error| error.to_string() == "gone"));
        assert!(!client_left(&error, |error| error.to_string() == "other"));
    }
}
