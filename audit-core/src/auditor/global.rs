//! The auditor of everything that runs outside an exchange.

use std::sync::OnceLock;

use crate::auditor::Auditor;
use crate::notice::{self, Once};
use crate::registry::Endpoint;

static GLOBAL: OnceLock<Auditor> = OnceLock::new();

/// Another auditor was installed before: what runs outside an exchange can be recorded in one place only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot install a global auditor: another one was installed before")]
pub struct InstallError;

pub(crate) fn install(auditor: Auditor) -> Result<(), InstallError> {
    GLOBAL.set(auditor).map_err(|_| InstallError)
}

/// The auditor that was installed with [`Auditor::install_global`].
#[must_use]
pub fn installed() -> Option<&'static Auditor> {
    GLOBAL.get()
}

/// The installed auditor for an annotated function; without one, counts the event that is lost and warns once.
pub(crate) fn installed_for(endpoint: &Endpoint) -> Option<&'static Auditor> {
    static WARNED: Once = Once::new();
    let auditor = installed();
    if auditor.is_none() {
        notice::count_nowhere();
        WARNED.say(format_args!(
            "{} ran outside any audited request and no auditor is installed (Auditor::install_global): \
             such events are counted and not recorded",
            endpoint.handler()
        ));
    }
    auditor
}

/// The installed auditor for a wired handler that no `layer` covers, which `reason` explains to people; says so once.
#[must_use]
pub fn installed_for_uncovered(endpoint: &Endpoint, layer: &str, reason: &str) -> Option<&'static Auditor> {
    static WARNED: Once = Once::new();
    let auditor = installed();
    let consequence = match auditor {
        Some(_) => "the installed auditor records it",
        None => "nothing records it (Auditor::install_global)",
    };
    WARNED.say(format_args!("no {layer} covers the route of {}: {reason}; {consequence}", endpoint.handler()));
    auditor
}
