//! Masks once evaluated are remembered by their row of facts.
//!
//! A province has millions of dossiers but only some thousands of different rows of facts, and conditions are
//! functions of the row alone: the same row always gives the same mask. So a row seen before costs one lookup, and
//! only new ones go through DataFusion. Rows are compared whole, not by a hash. Not here: what facts mean.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::condition::{ConditionError, Conditions, Mask};
use crate::facts::{Fact, FactRows, Subject};

/// Different rows remembered; beyond it all are forgotten and learnt anew.
const ROWS_MAX: usize = 1 << 16;
/// Words and numbers of a row, beside its bits.
const WIDE_MAX: usize = 6;

/// A row of facts, whole: two bits for each yes or no, and each word and number by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    bits: u64,
    wide: [u64; WIDE_MAX],
}

impl Key {
    fn of(row: &[Fact]) -> Key {
        let mut key = Key { bits: 0, wide: [0; WIDE_MAX] };
        let mut wide = key.wide.iter_mut();
        let mut put = |value: u64| *wide.next().expect("a row has few words and numbers") = value;
        for fact in row {
            let bits = match fact {
                Fact::Bool(is) | Fact::Maybe(Some(is)) => u64::from(*is),
                // Words are the contract's own constants, so where one lies, and how long, says which it is.
                Fact::Word(Some(word)) => {
                    put(word.as_ptr().addr() as u64 ^ (word.len() as u64) << 48);
                    0
                }
                Fact::Whole(Some(number)) => {
                    put(number.cast_unsigned());
                    0
                }
                Fact::Word(None) | Fact::Whole(None) => {
                    put(0);
                    2
                }
                Fact::Maybe(None) => 2,
            };
            key.bits = key.bits << 2 | bits;
        }
        key
    }
}

/// The masks of the rows of one subject.
#[derive(Debug)]
pub(crate) struct Masks {
    subject: Subject,
    known: HashMap<Key, Mask, RandomState>,
    /// Rows that wait to be evaluated, each once.
    waiting: HashMap<Key, usize, RandomState>,
    keys: Vec<Key>,
    facts: FactRows,
}

/// A row's mask, or its place among those that wait for [`Masks::evaluate`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    Mask(Mask),
    Waiting(usize),
}

impl Found {
    /// Its mask, given those of the rows that waited.
    pub(crate) fn mask(self, fresh: &[Mask]) -> Mask {
        match self {
            Found::Mask(mask) => mask,
            Found::Waiting(place) => fresh[place],
        }
    }
}

impl Masks {
    pub(crate) fn new(subject: Subject) -> Masks {
        assert!(subject.columns().len() <= 32, "two bits a column");
        Masks {
            subject,
            known: HashMap::default(),
            waiting: HashMap::default(),
            keys: Vec::new(),
            facts: FactRows::new(subject),
        }
    }

    /// The mask of `row`, if it was ever evaluated; else it waits.
    pub(crate) fn find(&mut self, row: &[Fact]) -> Found {
        let key = Key::of(row);
        if let Some(mask) = self.known.get(&key) {
            return Found::Mask(*mask);
        }
        if let Some(place) = self.waiting.get(&key) {
            return Found::Waiting(*place);
        }
        let place = self.keys.len();
        self.waiting.insert(key, place);
        self.keys.push(key);
        self.facts.push(row);
        Found::Waiting(place)
    }

    /// How many rows wait.
    pub(crate) fn waiting(&self) -> usize {
        self.keys.len()
    }

    /// Evaluates what waits: a mask for each place given out.
    ///
    /// # Errors
    /// [`ConditionError::Evaluation`], which a checked condition does not give.
    pub(crate) fn evaluate(&mut self, conditions: &Conditions) -> Result<Vec<Mask>, ConditionError> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        let masks = conditions.evaluate(self.subject, &mut self.facts)?;
        if self.known.len() + masks.len() > ROWS_MAX {
            self.known.clear();
        }
        self.known.extend(self.keys.drain(..).zip(masks.iter().copied()));
        self.waiting.clear();
        Ok(masks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks_of(conditions: &Conditions, masks: &mut Masks, rows: &[[Fact; 2]]) -> Vec<Mask> {
        let found: Vec<Found> = rows.iter().map(|row| masks.find(row)).collect();
        let fresh = masks.evaluate(conditions).expect("conditions that hold together");
        found.into_iter().map(|found| found.mask(&fresh)).collect()
    }

    #[test]
    fn a_row_seen_before_has_the_mask_a_fresh_evaluation_gives() {
        let mut conditions = Conditions::default();
        conditions.bit(Subject::Agency, "commune_in_unit").expect("a condition");
        conditions.bit(Subject::Agency, "copies > 3").expect("a condition");
        let rows: Vec<[Fact; 2]> = (0..8)
            .flat_map(|copies| [false, true].map(|is_in| [Fact::Bool(is_in), Fact::Whole(Some(copies))]))
            .collect();
        let mut masks = Masks::new(Subject::Agency);
        let mut facts = FactRows::new(Subject::Agency);
        for row in &rows {
            facts.push(row);
        }
        let fresh = conditions.evaluate(Subject::Agency, &mut facts).expect("conditions that hold together");
        assert_eq!(masks_of(&conditions, &mut masks, &rows), fresh);
        assert_eq!(masks.waiting(), 0);
        assert_eq!(masks_of(&conditions, &mut masks, &rows), fresh, "the second time from memory");
        assert!(
            rows.iter().all(|row| matches!(masks.find(row), Found::Mask(_))),
            "nothing is evaluated twice"
        );
    }

    #[test]
    fn nothing_and_zero_are_different_rows() {
        let (none, zero) = ([Fact::Whole(None)], [Fact::Whole(Some(0))]);
        assert_ne!(Key::of(&none), Key::of(&zero));
        assert_ne!(Key::of(&[Fact::Maybe(None)]), Key::of(&[Fact::Maybe(Some(false))]));
        assert_ne!(Key::of(&[Fact::Word(None)]), Key::of(&[Fact::Word(Some("counter"))]));
    }
}
