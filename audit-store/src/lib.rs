//! Audit records in SQLite, which can be asked for.
//!
//! - **Exact.** An answer gives each record's bytes as they were written. The columns beside them are copies to search
//!   by; what a record does not say, no column says.
//! - **Once.** A record that comes again, by `event_id` and `phase`, is stored once: a store may be fed at least once.
//! - **Bounded.** A query returns at most [`MAX_LIMIT`] records and looks at no more than [`SCAN_BOUND`]; it goes on
//!   by [`Cursor`], never by counting rows from the start. See [`Store::query`] for what a walk promises while records
//!   are being written.
//! - **Apart.** Readers and the writer do not wait for each other (write-ahead logging). Several processes may hold
//!   one store open, on one machine and a local file system.
//! - **What a crash can lose.** Of the process: nothing that a sink's `write` has taken. Of the machine: the latest
//!   batches, up to the last checkpoint (`synchronous=NORMAL`), never the database's consistency. Where that is not
//!   enough, the journal is the record and the store follows it.
//! - **Private.** The file is created for its owner only. It is refused, unaltered, if it is another application's or
//!   a later version's.
//! - **When full or locked.** A batch that cannot be stored fails as a whole and is counted by the auditor; the next
//!   one is tried anew.
//!
//! Nothing is deleted: the file grows by what is written to it.

mod connection;
mod cursor;
mod error;
mod filter;
mod page;
mod query;
mod schema;
mod sink;
mod store;

pub use cursor::{Cursor, CursorError};
pub use error::{OpenError, QueryError, StoreError};
pub use filter::{Filter, FilterError};
pub use page::{Page, Record};
pub use query::{MAX_LIMIT, SCAN_BOUND};
pub use sink::StoreSink;
pub use store::{Store, StoreBuilder};
