//! A book: named tables of small entries, changed together or not at all, durable when [`Book::write`] returns.
//!
//! It exists for state that is no event and must outlive the process, such as which alerts were raised and which
//! messages are owed. It lies beside the log, in a file of its own, so that it can be thrown away without losing an
//! event.
//!
//! It deliberately knows only bytes, keeps nothing in memory, and is not part of a backup: whoever uses it can begin
//! without it.

use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use std::path::Path;

/// Memory for pages read.
const CACHE_BYTES: usize = 16 << 20;

/// Why a book cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the book {file} cannot be used: {problem}; move it away to begin a new one")]
pub struct BookError {
    /// Its file.
    file: String,
    /// What the library says.
    problem: String,
}

/// One change of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookChange {
    /// The table.
    pub table: &'static str,
    /// The key.
    pub key: Vec<u8>,
    /// The new value; `None` removes the entry.
    pub value: Option<Vec<u8>>,
}

/// An open book.
#[derive(Debug)]
pub struct Book {
    file: String,
    database: Database,
}

impl Book {
    /// Opens the book at `path`, beginning one when there is none.
    pub fn open(path: &Path) -> Result<Book, BookError> {
        let file = path.display().to_string();
        let problem = |problem: String| BookError { file: file.clone(), problem };
        let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create(path);
        let mut database = database.map_err(|error| problem(error.to_string()))?;
        // A flipped bit is found here, not believed later; what was torn by a kill is whole again by now.
        let is_whole = database.check_integrity().map_err(|error| problem(error.to_string()))?;
        if !is_whole {
            return Err(problem("it is damaged".to_owned()));
        }
        Ok(Book { file, database })
    }

    /// A book that ends with the process.
    pub fn in_memory() -> Result<Book, BookError> {
        let file = "in memory".to_owned();
        let database = redb::Builder::new().create_with_backend(InMemoryBackend::new());
        let database =
            database.map_err(|error| BookError { file: file.clone(), problem: error.to_string() })?;
        Ok(Book { file, database })
    }

    fn problem(&self, error: impl std::fmt::Display) -> BookError {
        BookError { file: self.file.clone(), problem: error.to_string() }
    }

    /// Makes all changes, in order, in one transaction; durable when it returns.
    pub fn write(&self, changes: &[BookChange]) -> Result<(), BookError> {
        let transaction = self.database.begin_write().map_err(|error| self.problem(error))?;
        for changes in changes.chunk_by(|one, next| one.table == next.table) {
            let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(changes[0].table);
            let mut table = transaction.open_table(definition).map_err(|error| self.problem(error))?;
            for change in changes {
                match &change.value {
                    Some(value) => table.insert(change.key.as_slice(), value.as_slice()).map(|_| ()),
                    None => table.remove(change.key.as_slice()).map(|_| ()),
                }
                .map_err(|error| self.problem(error))?;
            }
        }
        transaction.commit().map_err(|error| self.problem(error))
    }

    /// Every entry of a table, in the order of the keys.
    pub fn read(&self, table: &'static str, mut take: impl FnMut(&[u8], &[u8])) -> Result<(), BookError> {
        let transaction = self.database.begin_read().map_err(|error| self.problem(error))?;
        let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table);
        let table = match transaction.open_table(definition) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(self.problem(error)),
        };
        for entry in table.iter().map_err(|error| self.problem(error))? {
            let (key, value) = entry.map_err(|error| self.problem(error))?;
            take(key.value(), value.value());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: Option<&str>) -> BookChange {
        let bytes = |text: &str| text.as_bytes().to_vec();
        BookChange { table: "alerts", key: bytes(key), value: value.map(bytes) }
    }

    fn all(book: &Book) -> String {
        let mut told = String::new();
        let read = book.read("alerts", |key, value| {
            let entry = [String::from_utf8_lossy(key), String::from_utf8_lossy(value)].join("=");
            told += &(entry + " ");
        });
        read.expect("it can be read");
        told
    }

    #[test]
    fn what_was_written_is_there_in_order_and_what_was_removed_is_not() {
        let book = Book::in_memory().expect("it opens");
        assert_eq!(all(&book), "", "a new one is empty");
        book.write(&[put("b", Some("2")), put("a", Some("1")), put("c", Some("3"))]).expect("it is written");
        book.write(&[put("b", None), put("a", Some("4"))]).expect("it is written");
        assert_eq!(all(&book), "a=4 c=3 ");
    }

    #[test]
    fn a_book_outlives_its_process_and_one_that_is_no_book_is_refused_by_name() {
        let folder = std::env::temp_dir().join(format!("nhip-book-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("book.redb");
        Book::open(&path).and_then(|book| book.write(&[put("a", Some("1"))])).expect("it is written");
        assert_eq!(all(&Book::open(&path).expect("it opens again")), "a=1 ");
        std::fs::write(&path, "something else entirely, and not short either").expect("a file");
        let refused = Book::open(&path).expect_err("it is no book").to_string();
        std::fs::remove_dir_all(&folder).expect("it is ours");
        assert!(refused.contains("book.redb") && refused.contains("move it away"), "{refused}");
    }
}
