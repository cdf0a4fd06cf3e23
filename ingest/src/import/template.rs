//! Codes and names built from columns: `permit-{case:group}` is `permit-` followed by that column's value.
//! `{{` and `}}` stand for the braces themselves. It computes nothing: no cases, no cutting, no defaults.

/// A text with places to be filled from columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column(String),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's sentence says what it is")]
pub enum TemplateError {
    #[error("it is empty")]
    Empty,
    #[error("a brace is opened and not closed; write {{{{ for a brace itself")]
    Open,
    #[error("a brace is closed and was not opened; write }}}} for a brace itself")]
    Close,
    #[error("`{{}}` names no column")]
    NoColumn,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            rest = if let Some(after_pair) = after.strip_prefix(brace) {
                literal.push_str(brace);
                after_pair
            } else if brace == "}" {
                return Err(TemplateError::Close);
            } else {
                let (column, after_column) = after.split_once('}').ok_or(TemplateError::Open)?;
                if column.is_empty() {
                    return Err(TemplateError::NoColumn);
                }
                pieces.extend(text_piece(&mut literal));
                pieces.push(Piece::Column(column.to_owned()));
                after_column
            };
        }
        literal.push_str(rest);
        pieces.extend(text_piece(&mut literal));
        if pieces.is_empty() { Err(TemplateError::Empty) } else { Ok(Template { pieces }) }
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(column) => Some(column.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with every column's value in its place; the first trouble with a column ends it.
    pub(super) fn fill<'a, E>(
        &self,
        mut value_of: impl FnMut(&str) -> Result<&'a str, E>,
    ) -> Result<String, E> {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Column(column) => filled.push_str(value_of(column)?),
            }
        }
        Ok(filled)
    }
}

fn text_piece(literal: &mut String) -> Option<Piece> {
    if literal.is_empty() { None } else { Some(Piece::Text(std::mem::take(literal))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, TemplateError>) {
        let filled = Template::parse(text).map(|template| {
            template.fill(|column| Ok::<_, ()>(if column == "case:group" { "7" } else { "?" }))
        });
        assert_eq!(filled, expected.map(|filled| Ok(filled.to_owned())), "{text}");
    }

    #[test]
    fn columns_are_filled_in_and_doubled_braces_stay_braces() {
        check("receipt", Ok("receipt"));
        check("permit-{case:group}", Ok("permit-7"));
        check("{case:group}.{case:group}", Ok("7.7"));
        check("{{{case:group}}}", Ok("{7}"));
    }

    #[test]
    fn a_text_with_stray_braces_is_refused() {
        check("", Err(TemplateError::Empty));
        check("{case:group", Err(TemplateError::Open));
        check("case:group}", Err(TemplateError::Close));
        check("a{}", Err(TemplateError::NoColumn));
    }
}
