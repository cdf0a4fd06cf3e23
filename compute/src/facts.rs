//! Facts as columns: the documented vocabulary that indicator conditions are written in.
//!
//! One table of columns a subject; rows become Arrow batches, on which compiled conditions are evaluated
//! (`set::condition`). The columns are the contract with whoever writes an indicator file: `compute/sets/README.md`
//! lists them, and a test compares. Not here: how a fact comes about.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde::Deserialize;

/// What a row of facts is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// One dossier in one period.
    Dossier,
    /// One procedure, seen from one unit, in one period.
    Procedure,
    /// One petition in one period.
    Petition,
    /// One agency, seen from one unit, in one period.
    Agency,
}

/// A fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Yes or no.
    Bool(bool),
    /// Yes, no or unknown.
    Maybe(Option<bool>),
    /// A word of the contract.
    Word(Option<&'static str>),
    /// A whole number.
    Whole(Option<i64>),
}

/// A fact column: its name and what a row holds that does not say.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The name conditions use.
    pub name: &'static str,
    /// Its kind, and the value in an example that leaves it out.
    pub default: Fact,
}

const fn bool(name: &'static str) -> Column {
    Column { name, default: Fact::Bool(false) }
}

const fn maybe(name: &'static str) -> Column {
    Column { name, default: Fact::Maybe(None) }
}

const fn word(name: &'static str, default: Option<&'static str>) -> Column {
    Column { name, default: Fact::Word(default) }
}

const fn whole(name: &'static str, default: Option<i64>) -> Column {
    Column { name, default: Fact::Whole(default) }
}

const DOSSIER: &[Column] = &[
    bool("received"),
    bool("in_hand"),
    bool("has_due"),
    bool("late"),
    bool("late_base"),
    word("channel", Some("counter")),
    word("applicant", None),
    bool("procedure_fee"),
    bool("paper_result"),
    whole("fee_vnd", None),
    bool("fee_exempt"),
    bool("result_digital"),
    bool("digitised"),
    bool("reused"),
    bool("from_portal_store"),
    bool("population_data"),
    bool("paid_online"),
    bool("synced"),
    bool("dissatisfied"),
    bool("complained"),
    bool("ended"),
    bool("ended_in_period"),
    bool("processed"),
    word("state", Some("running")),
    bool("due_soon"),
    whole("supplement_requests", Some(0)),
    bool("on_behalf"),
    bool("flagged"),
    word("apology", Some("none")),
];

const PROCEDURE: &[Column] = &[
    bool("in_authority"),
    bool("decided"),
    maybe("announced_in_time"),
    maybe("published_in_time"),
    bool("public"),
    bool("content_complete"),
    word("online", Some("none")),
    bool("has_fee"),
    bool("payment_integrated"),
    bool("paper_result"),
    bool("for_citizens"),
    bool("full_eligible"),
];

const PETITION: &[Column] = &[
    bool("received"),
    bool("in_hand"),
    maybe("in_time"),
    bool("dissatisfied"),
    bool("open"),
    word("about", Some("regulation")),
    word("via", Some("direct")),
];

const AGENCY: &[Column] = &[bool("commune_in_unit"), whole("copies", Some(0))];

impl Subject {
    /// All four.
    pub const ALL: [Subject; 4] = [Subject::Dossier, Subject::Procedure, Subject::Petition, Subject::Agency];

    /// Its fact columns, in the order rows hold them.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Subject::Dossier => DOSSIER,
            Subject::Procedure => PROCEDURE,
            Subject::Petition => PETITION,
            Subject::Agency => AGENCY,
        }
    }

    /// The place of a column.
    pub fn column(self, name: &str) -> Option<usize> {
        self.columns().iter().position(|column| column.name == name)
    }

    /// Its columns as an Arrow schema.
    pub fn schema(self) -> SchemaRef {
        let fields = self.columns().iter().map(|column| match column.default {
            Fact::Bool(_) => Field::new(column.name, DataType::Boolean, false),
            Fact::Maybe(_) => Field::new(column.name, DataType::Boolean, true),
            Fact::Word(default) => Field::new(column.name, DataType::Utf8, default.is_none()),
            Fact::Whole(default) => Field::new(column.name, DataType::Int64, default.is_none()),
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

#[derive(Debug)]
enum Builder {
    Bool(BooleanBuilder),
    Word(StringBuilder),
    Whole(Int64Builder),
}

/// Rows of facts about to become a batch.
#[derive(Debug)]
pub struct FactRows {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
}

impl FactRows {
    /// An empty table for `subject`.
    pub fn new(subject: Subject) -> FactRows {
        let builders = subject.columns().iter().map(|column| match column.default {
            Fact::Bool(_) | Fact::Maybe(_) => Builder::Bool(BooleanBuilder::new()),
            Fact::Word(_) => Builder::Word(StringBuilder::new()),
            Fact::Whole(_) => Builder::Whole(Int64Builder::new()),
        });
        FactRows { schema: subject.schema(), builders: builders.collect(), rows: 0 }
    }

    /// Adds a row; facts in the order of [`Subject::columns`].
    pub fn push(&mut self, row: &[Fact]) {
        assert_eq!(row.len(), self.builders.len(), "a row has one fact a column");
        for (builder, fact) in self.builders.iter_mut().zip(row) {
            match (builder, fact) {
                (Builder::Bool(builder), Fact::Bool(value)) => builder.append_value(*value),
                (Builder::Bool(builder), Fact::Maybe(value)) => builder.append_option(*value),
                (Builder::Word(builder), Fact::Word(value)) => builder.append_option(*value),
                (Builder::Whole(builder), Fact::Whole(value)) => builder.append_option(*value),
                _ => unreachable!("facts come in the order of the columns"),
            }
        }
        self.rows += 1;
    }

    /// How many rows wait.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no row waits.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows as a batch; empties the table.
    pub fn finish(&mut self) -> RecordBatch {
        self.rows = 0;
        let arrays = self.builders.iter_mut().map(|builder| -> ArrayRef {
            match builder {
                Builder::Bool(builder) => Arc::new(builder.finish()),
                Builder::Word(builder) => Arc::new(builder.finish()),
                Builder::Whole(builder) => Arc::new(builder.finish()),
            }
        });
        // The builders were made from this very schema.
        RecordBatch::try_new(Arc::clone(&self.schema), arrays.collect()).expect("rows match their own schema")
    }
}
