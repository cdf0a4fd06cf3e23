//! What the national portal gives out, read from CSV: published rows of figures, and lists of dossiers.
//!
//! `published` reads rows in the shape of its evaluation pages, `list` reads and writes the dossiers behind them, `table`
//! is the reading of columns both share. A value that does not fit is refused with its line and column, never guessed,
//! and nothing is taken of a file that is refused. Not here: comparing (`compute::reconciliation`).

mod list;
mod published;
mod table;

pub use list::{LIST_BYTES_MAX, LIST_ROWS_MAX, kept_of_list, read_list, write_list};
pub use published::{
    PUBLISHED_BYTES_MAX, PUBLISHED_ROWS_MAX, Publication, kept_of_published, read_publications,
    read_published,
};
pub use table::{Fault, Refusal};
