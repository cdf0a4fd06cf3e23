//! Templates: blocks of a document in TOML, whose `{name}` is filled in from data, and tables whose rows are data.
//!
//! Not here: where anything lands on a page.

use serde::Deserialize;
use serde_json::Value;

use super::TypesetError;

/// A document with holes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// Tag of the language.
    lang: String,
    /// What viewers show as the document's title.
    title: String,
    /// At the top of every page.
    running: String,
    /// At its foot, with `{number}` and `{count}` of pages.
    page: String,
    /// The name in the data that says whether pages lie on their side; upright without.
    wide: Option<String>,
    blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Block {
    /// A paragraph.
    Text(Paragraph),
    /// Two columns of paragraphs side by side, as at the head and foot of official letters.
    Beside(Beside),
    /// A table, whose head stands on every page it goes on to.
    Table(TableOf),
}

/// A paragraph; sizes are in points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paragraph {
    pub(super) text: String,
    #[serde(default = "body_size")]
    pub(super) size: u16,
    #[serde(default)]
    pub(super) bold: bool,
    #[serde(default)]
    pub(super) align: Align,
    /// Space below.
    #[serde(default)]
    pub(super) after: u16,
}

/// Two columns.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Beside {
    pub(super) left: Vec<Paragraph>,
    pub(super) right: Vec<Paragraph>,
}

/// Where a table's columns and rows are in the data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableOf {
    columns: String,
    rows: String,
    #[serde(default = "body_size")]
    size: u16,
    /// Without head and rules.
    #[serde(default)]
    plain: bool,
}

/// Where lines stand.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Align {
    #[default]
    Left,
    Centre,
    Right,
}

/// A document without holes.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) lang: String,
    pub(super) title: String,
    pub(super) running: String,
    pub(super) page: String,
    pub(super) is_wide: bool,
    pub(super) parts: Vec<Filled>,
}

/// A block without holes.
#[derive(Clone, Debug)]
pub(super) enum Filled {
    Text(Paragraph),
    Beside(Vec<Paragraph>, Vec<Paragraph>),
    Table(FilledTable),
}

/// A table with its rows.
#[derive(Clone, Debug)]
pub(super) struct FilledTable {
    pub(super) columns: Vec<Head>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) size: u16,
    pub(super) is_plain: bool,
}

/// The head of a column.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Head {
    pub(super) head: String,
    pub(super) align: Align,
}

fn body_size() -> u16 {
    11
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Template, TypesetError> {
        toml::from_str(text).map_err(|error| TypesetError::Template(error.to_string()))
    }

    /// The document with this data.
    pub(super) fn fill(&self, data: &Value) -> Result<Document, TypesetError> {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Text(text) => Ok(Filled::Text(text.fill(data)?)),
            Block::Beside(beside) => {
                let all = |texts: &[Paragraph]| texts.iter().map(|text| text.fill(data)).collect();
                let (left, right): (Result<Vec<_>, _>, Result<Vec<_>, _>) =
                    (all(&beside.left), all(&beside.right));
                Ok(Filled::Beside(left?, right?))
            }
            Block::Table(table) => Ok(Filled::Table(table.fill(data)?)),
        });
        let wide = self.wide.as_ref().map(|name| {
            let wide = data.get(name).and_then(Value::as_bool);
            wide.ok_or_else(|| TypesetError::Unfilled(name.clone()))
        });
        Ok(Document {
            lang: fill(&self.lang, data)?,
            title: fill(&self.title, data)?,
            running: fill(&self.running, data)?,
            page: fill(&self.page, data)?,
            is_wide: wide.transpose()?.unwrap_or(false),
            parts: blocks.collect::<Result<_, TypesetError>>()?,
        })
    }
}

impl Paragraph {
    fn fill(&self, data: &Value) -> Result<Paragraph, TypesetError> {
        Ok(Paragraph { text: fill(&self.text, data)?, ..self.clone() })
    }
}

impl TableOf {
    fn fill(&self, data: &Value) -> Result<FilledTable, TypesetError> {
        let unfilled = |name: &str| TypesetError::Unfilled(name.to_owned());
        let columns = data.get(&self.columns).ok_or_else(|| unfilled(&self.columns))?;
        let columns: Vec<Head> = Vec::deserialize(columns).map_err(|_| unfilled(&self.columns))?;
        let rows = data.get(&self.rows).ok_or_else(|| unfilled(&self.rows))?;
        let rows: Vec<Vec<String>> = Vec::deserialize(rows).map_err(|_| unfilled(&self.rows))?;
        if rows.iter().any(|row| row.len() != columns.len()) {
            return Err(unfilled(&self.rows));
        }
        Ok(FilledTable { columns, rows, size: self.size, is_plain: self.plain })
    }
}

/// Each `{name}` once; what data brings along is not filled in again.
fn fill(text: &str, data: &Value) -> Result<String, TypesetError> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| TypesetError::Template(format!("a hole without end in {text}")))?;
        out.push_str(before);
        match data.get(name) {
            Some(Value::String(value)) => out.push_str(value),
            Some(Value::Number(value)) => out.push_str(&value.to_string()),
            _ => return Err(TypesetError::Unfilled(name.to_owned())),
        }
        rest = after;
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn holes_are_filled_once_and_a_missing_name_is_said() {
        let data = json!({ "who": "{when}", "count": 3 });
        assert_eq!(fill("{who}: {count}.", &data), Ok("{when}: 3.".to_owned()));
        assert_eq!(fill("{when}", &data), Err(TypesetError::Unfilled("when".to_owned())));
        assert!(matches!(fill("{who", &data), Err(TypesetError::Template(_))));
    }

    #[test]
    fn a_row_that_does_not_fit_its_columns_is_refused() {
        let table = TableOf { columns: "heads".into(), rows: "rows".into(), size: 8, plain: false };
        let data = json!({ "heads": [{ "head": "a", "align": "right" }], "rows": [["1", "2"]] });
        assert_eq!(table.fill(&data).err(), Some(TypesetError::Unfilled("rows".to_owned())));
    }
}
