//! Conditions as data: boolean SQL over fact columns, compiled once to DataFusion physical expressions.
//!
//! Equal conditions on a subject share one bit of a [`Mask`], across all sets loaded; evaluating a batch of
//! facts gives a mask a row. This is the only file that names DataFusion. Not here: what a bit means for an
//! indicator (`catalogue`).

use std::sync::Arc;

use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::DataType;
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DFSchema, DataFusionError, TableReference, not_impl_err};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::planner::ContextProvider;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_expr::{AggregateUDF, ColumnarValue, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion_optimizer::simplify_expressions::ExprSimplifier;

use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion_sql::parser::DFParserBuilder;
use datafusion_sql::planner::{PlannerContext, SqlToRel};
use thiserror::Error;

use crate::facts::{FactRows, Subject};

/// Which conditions hold for a row of facts: one bit each.
pub type Mask = u128;

/// The most different conditions all loaded sets may have together.
pub const CONDITIONS_MAX: usize = 128;

/// Why a condition is refused.
#[derive(Debug, Error)]
pub enum ConditionError {
    /// Not SQL, an unknown column, a type that does not fit.
    #[error("{condition:?} is no condition over {subject:?} facts: {problem}; the columns are {columns}")]
    Unusable {
        /// As written.
        condition: String,
        /// The subject.
        subject: Subject,
        /// What DataFusion says.
        problem: String,
        /// The columns there are.
        columns: String,
    },
    /// It does not say yes or no.
    #[error("{condition:?} gives {gives}, not yes or no")]
    NotBoolean {
        /// As written.
        condition: String,
        /// Its type.
        gives: String,
    },
    /// Too many different conditions.
    #[error("the sets loaded have more than {CONDITIONS_MAX} different conditions; load fewer sets")]
    TooMany,
    /// DataFusion failed on a checked condition.
    #[error("a condition could not be evaluated: {0}")]
    Evaluation(String),
}

struct Compiled {
    subject: Subject,
    text: String,
    expression: Arc<dyn PhysicalExpr>,
}

/// All conditions of the sets loaded.
#[derive(Default)]
pub struct Conditions {
    compiled: Vec<Compiled>,
}

impl std::fmt::Debug for Conditions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.compiled.iter().map(|compiled| (&compiled.subject, &compiled.text)))
            .finish()
    }
}

impl Conditions {
    /// The bit of `text` over `subject`'s facts, compiled if it is new.
    ///
    /// # Errors
    /// [`ConditionError`] naming the condition and what is wrong.
    pub fn bit(&mut self, subject: Subject, text: &str) -> Result<usize, ConditionError> {
        let known = |compiled: &Compiled| compiled.subject == subject && compiled.text == text;
        if let Some(bit) = self.compiled.iter().position(known) {
            return Ok(bit);
        }
        if self.compiled.len() == CONDITIONS_MAX {
            return Err(ConditionError::TooMany);
        }
        let expression = compile(subject, text)?;
        self.compiled.push(Compiled { subject, text: text.to_owned(), expression });
        Ok(self.compiled.len() - 1)
    }

    /// How many bits are in use.
    pub fn len(&self) -> usize {
        self.compiled.len()
    }

    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        self.compiled.is_empty()
    }

    /// The bits of conditions on `subject`.
    pub fn bits_of(&self, subject: Subject) -> Vec<usize> {
        let of = |(bit, compiled): (usize, &Compiled)| (compiled.subject == subject).then_some(bit);
        self.compiled.iter().enumerate().filter_map(of).collect()
    }

    /// The condition behind a bit.
    pub fn text(&self, bit: usize) -> &str {
        &self.compiled[bit].text
    }

    /// Evaluates every condition of `subject` on `rows` and empties them: a mask a row. NULL is not true.
    ///
    /// # Errors
    /// [`ConditionError::Evaluation`], which a checked condition does not give.
    pub fn evaluate(&self, subject: Subject, rows: &mut FactRows) -> Result<Vec<Mask>, ConditionError> {
        let batch = rows.finish();
        let mut masks = vec![0; batch.num_rows()];
        for (bit, compiled) in self.compiled.iter().enumerate() {
            if compiled.subject == subject {
                let holds = evaluate(&compiled.expression, &batch)?;
                for row in holds.values().set_indices() {
                    if holds.is_valid(row) {
                        masks[row] |= 1 << bit;
                    }
                }
            }
        }
        Ok(masks)
    }
}

fn evaluate(expression: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<BooleanArray, ConditionError> {
    let failed = |error: DataFusionError| ConditionError::Evaluation(error.to_string());
    let value = expression.evaluate(batch).map_err(failed)?;
    let array = ColumnarValue::into_array(value, batch.num_rows()).map_err(failed)?;
    let holds = array.as_any().downcast_ref::<BooleanArray>().cloned();
    holds.ok_or_else(|| ConditionError::Evaluation("a condition gave no yes or no".to_owned()))
}

fn compile(subject: Subject, text: &str) -> Result<Arc<dyn PhysicalExpr>, ConditionError> {
    let unusable = |error: DataFusionError| ConditionError::Unusable {
        condition: text.to_owned(),
        subject,
        problem: error.strip_backtrace(),
        columns: subject.columns().iter().map(|column| column.name).collect::<Vec<_>>().join(", "),
    };
    let schema = DFSchema::try_from(subject.schema()).map_err(unusable)?;
    let parsed = DFParserBuilder::new(text).build().and_then(|mut parser| {
        let parsed = parser.parse_expr()?;
        match parser.parser.peek_token().token {
            datafusion_sql::sqlparser::tokenizer::Token::EOF => Ok(parsed),
            other => Err(DataFusionError::Plan(format!("did not expect {other} here"))),
        }
    });
    let functions = NoFunctions(ConfigOptions::default());
    let logical = SqlToRel::new(&functions)
        .sql_to_expr(parsed.map_err(unusable)?.expr, &schema, &mut PlannerContext::new())
        .map_err(unusable)?;
    let context = SimplifyContext::builder().with_schema(Arc::new(schema.clone())).build();
    let simplifier = ExprSimplifier::new(context);
    let logical = simplifier
        .coerce(logical, &schema)
        .and_then(|coerced| simplifier.simplify(coerced))
        .map_err(unusable)?;
    let expression =
        create_physical_expr(&logical, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())
            .map_err(unusable)?;
    match expression.data_type(schema.as_arrow()).map_err(unusable)? {
        DataType::Boolean => Ok(expression),
        other => Err(ConditionError::NotBoolean { condition: text.to_owned(), gives: other.to_string() }),
    }
}

/// Conditions are comparisons over columns: no tables, no functions, nothing that reads a clock.
struct NoFunctions(ConfigOptions);

impl ContextProvider for NoFunctions {
    fn get_table_source(&self, name: TableReference) -> datafusion_common::Result<Arc<dyn TableSource>> {
        not_impl_err!("a condition reads no table, {name} neither")
    }
    fn get_function_meta(&self, _name: &str) -> Option<Arc<ScalarUDF>> {
        None
    }
    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }
    fn get_aggregate_meta(&self, _name: &str) -> Option<Arc<AggregateUDF>> {
        None
    }
    fn get_window_meta(&self, _name: &str) -> Option<Arc<WindowUDF>> {
        None
    }
    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }
    fn options(&self) -> &ConfigOptions {
        &self.0
    }
    fn udf_names(&self) -> Vec<String> {
        Vec::new()
    }
    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }
    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }
    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}
