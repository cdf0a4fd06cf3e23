//! A book: named tables of small entries, changed together or not at all, durable when [`Book::write`] returns.
//!
//! It exists for state that is no event and must outlive the process, such as which alerts were raised and which
//! messages are owed. It lies beside the log, in a file of its own, so that it can be thrown away without losing an
//! event.
//!
//! It deliberately knows only bytes and keeps nothing in memory.

use crate::disk::{Disk, DiskFile};
use redb::backends::InMemoryBackend;
use redb::{
    Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, TableError, TableHandle,
};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What ends the name of a book; books lie in the data folder itself.
pub(crate) const BOOK_ENDING: &str = ".redb";
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

/// An open book; a clone is the same one.
#[derive(Clone, Debug)]
pub struct Book {
    file: String,
    database: Arc<Database>,
}

/// A file of our disk as the library wants it.
#[derive(Debug)]
struct Backend(Box<dyn DiskFile>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_length(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }
}

impl Book {
    /// Opens the book at `path`, beginning one when there is none.
    pub fn open(path: &Path) -> Result<Book, BookError> {
        let file = path.display().to_string();
        let problem = |problem: String| BookError { file: file.clone(), problem };
        let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create(path);
        Book::checked(&file, database.map_err(|error| problem(error.to_string()))?)
    }

    /// Opens a book that is there, on any disk.
    pub(crate) fn open_on(disk: &dyn Disk, path: &str) -> Result<Book, BookError> {
        let problem = |problem: String| BookError { file: path.to_owned(), problem };
        let file = disk.open(path).map_err(|error| problem(error.to_string()))?;
        if file.length().map_err(|error| problem(error.to_string()))? == 0 {
            // The library would begin an empty file as a new book.
            return Err(problem("it is empty".to_owned()));
        }
        let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(Backend(file));
        Book::checked(path, database.map_err(|error| problem(error.to_string()))?)
    }

    /// A flipped bit is found here, not believed later; what was torn by a kill is whole again by now.
    fn checked(file: &str, mut database: Database) -> Result<Book, BookError> {
        let problem = |problem: String| BookError { file: file.to_owned(), problem };
        let is_whole = database.check_integrity().map_err(|error| problem(error.to_string()))?;
        if !is_whole {
            return Err(problem("it is damaged".to_owned()));
        }
        Ok(Book { file: file.to_owned(), database: Arc::new(database) })
    }

    /// A book that ends with the process.
    pub fn in_memory() -> Result<Book, BookError> {
        let file = "in memory".to_owned();
        let database = redb::Builder::new().create_with_backend(InMemoryBackend::new());
        let database =
            database.map_err(|error| BookError { file: file.clone(), problem: error.to_string() })?;
        Ok(Book { file, database: Arc::new(database) })
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

    /// Writes every table, as it is at one instant, to a new book on another disk, while this one is written.
    pub(crate) fn copy_to(&self, disk: &dyn Disk, path: &str) -> Result<(), BookError> {
        let file = disk.create(path).map_err(|error| self.problem(error))?;
        let copy = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(Backend(file));
        let copy = copy.map_err(|error| self.problem(error))?;
        let from = self.database.begin_read().map_err(|error| self.problem(error))?;
        let to = copy.begin_write().map_err(|error| self.problem(error))?;
        for table in from.list_tables().map_err(|error| self.problem(error))? {
            let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table.name());
            let table = from.open_table(definition).map_err(|error| self.problem(error))?;
            let mut copied = to.open_table(definition).map_err(|error| self.problem(error))?;
            for entry in table.iter().map_err(|error| self.problem(error))? {
                let (key, value) = entry.map_err(|error| self.problem(error))?;
                copied.insert(key.value(), value.value()).map_err(|error| self.problem(error))?;
            }
        }
        to.commit().map_err(|error| self.problem(error))
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
    use crate::disk::simulated::SimulatedDisk;

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
    fn a_copy_is_the_book_as_it_was_and_a_flipped_bit_is_found_or_changes_nothing() {
        let (disk, book) = (SimulatedDisk::new(7), Book::in_memory().expect("it opens"));
        let entries: Vec<BookChange> =
            (0..200).map(|number| put(&format!("key {number:03}"), Some("a value"))).collect();
        book.write(&entries).expect("it is written");
        let expected = all(&book);
        book.copy_to(&disk, "copy.redb").expect("it is copied");
        book.write(&[put("late", Some("1"))]).expect("it is written");
        assert_eq!(all(&Book::open_on(&disk, "copy.redb").expect("it opens")), expected);
        let length = disk.content("copy.redb").expect("it is there").len();
        let mut found = 0;
        for place in (0..length).step_by(length / 300) {
            let flipped = disk.duplicate();
            flipped.flip_bit("copy.redb", place, 5);
            match Book::open_on(&flipped, "copy.redb") {
                Err(error) => {
                    assert!(error.to_string().contains("copy.redb"), "{error}");
                    found += 1;
                }
                Ok(book) => assert_eq!(all(&book), expected, "byte {place} of {length}"),
            }
        }
        assert!(found > 0, "no flip of {length} bytes was found");
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
