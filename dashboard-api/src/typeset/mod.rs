//! Typesetting: a template and data in, a PDF or the text of a DOCX out. Tables to take along, results and letters are made of it.
//!
//! `template` reads templates and fills them, `font` knows how wide letters are, `layout` places lines and rows on
//! pages, `writing` writes the pages as PDF, `word` the blocks for a word processor, `press` bounds how many are made at once. The same template and data give
//! the same bytes. Not here: what a document says. Not done: hyphenation, right-to-left text, letters put together from
//! several marks (text is expected precomposed, as Vietnamese systems send it).

mod font;
mod layout;
mod press;
mod template;
mod word;
mod writing;

use serde_json::Value;
use thiserror::Error;

pub(crate) use press::print;
pub(crate) use template::Template;

/// Why there is no document.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum TypesetError {
    /// The template cannot be read.
    #[error("the template cannot be read: {0}")]
    Template(String),
    /// The data lacks what the template asks for.
    #[error("the template asks for {0}, which the data does not have")]
    Unfilled(String),
    /// Too many documents are being made.
    #[error("too many documents are being made; ask again")]
    Busy,
    /// It was broken off.
    #[error("the document was broken off: {0}")]
    BrokenOff(String),
}

/// The document as a PDF.
pub(crate) fn pdf(template: &Template, data: &Value) -> Result<Vec<u8>, TypesetError> {
    let document = template.fill(data)?;
    Ok(writing::pdf(&document, &layout::pages(&document)))
}

/// The document as the text of `word/document.xml` in a DOCX.
pub(crate) fn word(template: &Template, data: &Value) -> Result<String, TypesetError> {
    Ok(word::document(&template.fill(data)?))
}
