//! Audit records in SQLite, which can be asked for.
//!
//! - **Exact.** An answer gives each record's bytes as they were written. The columns beside them are copies to search
//!   by; what a record does not say, no column says.
//! - **Once.** A record that comes again, by `event_id` and `phase`, is stored once: a store may be fed at least once. One
//!   that follows a journal keeps its place in it in the transaction that stores the records: after a crash, a restored
//!   backup or a new file it goes on, or begins anew, exactly there, whatever the position file says.
//! - **One event, one result.** The phases of an event (strict delivery) are found as one, in the place of the first that
//!   came, with what the latest says; an intent alone has the outcome `unknown`.
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
//! - **When full or locked.** A batch that cannot be stored fails as a whole: a follower of a journal is offered it again,
//!   without a journal it is counted as failed and the next one is tried. A record that can never be stored is rejected
//!   alone.
//! - **Deleted or replaced under a running service.** Nothing more is written to the old file. A sink that follows a journal
//!   goes on with a new file once one stands at the path, put there by rename or by `audit replay`, and fills it from the
//!   journal; it does not make one itself, which could be in the way of whoever restores a backup.
//!
//! Nothing is deleted: the file grows by what is written to it.

mod columns;
mod connection;
mod cursor;
mod error;
mod filter;
mod insert;
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
