//! Codes as small integers: agencies, officers, procedures and sources are few and named in every event.
//!
//! One [`CodeBook`] a process; readers keep a [`LocalCodes`] so that the common case takes no lock. Numbers
//! depend on arrival order and never reach a result: everything shown is sorted by the text. Not here: dossier
//! codes and event ids, which are many and kept as text.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// An interned code. Equal codes are equal texts, within one [`CodeBook`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Code(pub(crate) u32);

impl Code {
    /// Dense index, for tables by code.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The code at a dense index.
    pub fn from_index(index: usize) -> Code {
        Code(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// Every code seen, both ways.
#[derive(Debug, Default)]
pub struct CodeBook {
    inner: RwLock<Names>,
}

/// The texts behind codes, for reading while nothing is added.
#[derive(Clone, Debug, Default)]
pub struct Names {
    by_text: HashMap<Arc<str>, Code, RandomState>,
    texts: Vec<Arc<str>>,
}

impl Names {
    /// The text of `code`.
    pub fn text(&self, code: Code) -> &str {
        &self.texts[code.index()]
    }

    /// The code of `text`, if it was ever seen.
    pub fn find(&self, text: &str) -> Option<Code> {
        self.by_text.get(text).copied()
    }

    /// How many codes there are; indexes are below this.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether no code was ever seen.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

impl CodeBook {
    /// Read access to the texts; hold it briefly.
    pub fn names(&self) -> RwLockReadGuard<'_, Names> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The code of `text`, new or known.
    pub fn code(&self, text: &str) -> Code {
        if let Some(code) = self.names().find(text) {
            return code;
        }
        let mut names = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = names.find(text) {
            return code;
        }
        let (code, text) = (Code::from_index(names.texts.len()), Arc::<str>::from(text));
        names.by_text.insert(Arc::clone(&text), code);
        names.texts.push(text);
        code
    }
}

/// One thread's memory of the book.
#[derive(Debug)]
pub struct LocalCodes {
    book: Arc<CodeBook>,
    known: HashMap<Arc<str>, Code, RandomState>,
}

impl LocalCodes {
    /// A reader of `book`.
    pub fn new(book: &Arc<CodeBook>) -> LocalCodes {
        LocalCodes { book: Arc::clone(book), known: HashMap::default() }
    }

    /// The code of `text`, new or known.
    pub fn code(&mut self, text: &str) -> Code {
        if let Some(code) = self.known.get(text) {
            return *code;
        }
        let code = self.book.code(text);
        self.known.insert(Arc::from(text), code);
        code
    }
}
