//! What brings records to Grafana Loki, held against records that are really written.
//!
//! The files beside this crate (`alloy/`, `fluent-bit/`, `promtail/`, `loki/`, `grafana/`, `compose.yaml`, `queries.md`)
//! are data; this crate reads them as the programs that they are for would, as far as that can be done without these
//! programs, and says what is wrong. Its tests hold them against records of a service that is asked over TCP.

pub mod alloy;
pub mod collector;
pub mod compose;
pub mod dashboard;
pub mod fluent_bit;
pub mod keys;
pub mod logql;
pub mod loki;
pub mod promtail;
pub mod provisioning;
pub mod queries;
pub mod record;
pub mod yaml;
