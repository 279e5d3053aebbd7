//! Which records are wanted, as arguments say it.

use audit_store::{Filter, FilterError};
use clap::Args;

/// Only records for which all of these hold; what is compared is compared byte for byte
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filters {
    /// Whose
    #[arg(long)]
    user: Option<String>,
    /// Which action, such as layer.create
    #[arg(long)]
    action: Option<String>,
    /// What it came to: success, denied, rejected, failed or unknown
    #[arg(long)]
    outcome: Option<String>,
    /// Which status: 404, 400-499, 4xx, 500-, -399
    #[arg(long, allow_hyphen_values = true)]
    status: Option<String>,
    /// Which HTTP method
    #[arg(long)]
    method: Option<String>,
    /// How the path begins
    #[arg(long)]
    path: Option<String>,
    /// Which route, by its template
    #[arg(long)]
    route: Option<String>,
    /// Which client address
    #[arg(long)]
    ip: Option<String>,
    /// On what: a type, or a type and an id, such as layer/rivers
    #[arg(long)]
    target: Option<String>,
    /// From when on, such as 2026-11-22T10:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until before when
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Which event, by its UUID
    #[arg(long, value_name = "UUID")]
    event_id: Option<String>,
}

impl Filters {
    /// The filter that they are.
    ///
    /// # Errors
    /// When a value cannot be read, or no record can have it.
    pub(crate) fn filter(&self) -> Result<Filter, FilterError> {
        let values = [
            ("user", &self.user),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("status", &self.status),
            ("method", &self.method),
            ("path", &self.path),
            ("route", &self.route),
            ("ip", &self.ip),
            ("target", &self.target),
            ("since", &self.since),
            ("until", &self.until),
            ("event_id", &self.event_id),
        ];
        let mut filter = Filter::new();
        for (name, value) in values {
            if let Some(value) = value {
                filter = filter.set(name, value)?;
            }
        }
        filter.validate()?;
        Ok(filter)
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command};

    use super::*;

    #[test]
    fn every_filter_is_an_argument() {
        let command = Filters::augment_args(Command::new("audit"));
        let names: Vec<_> =
            command.get_arguments().map(|argument| argument.get_long().unwrap().replace('-', "_")).collect();
        assert_eq!(names, Filter::NAMES);
    }
}
