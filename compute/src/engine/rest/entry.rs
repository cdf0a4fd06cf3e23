//! What an archive holds of a subject, as keys and values.
//!
//! `d` code → the subject; `i` identity hash, code → nothing; `p` procedure, code → nothing; `u` unit, period, code and
//! `o` officer, period, code → the mask it counts with there. Numbers are those of the engine's code book, which the
//! state saved with the archive holds. Not here: when entries are written (`leave`) and read (`wake`, `refold`).

use std::io;

use super::RestDraft;
use crate::codes::Code;
use crate::engine::saved::{RestoreError, Source, put_bytes, put_mask, put_number};
use crate::period::Period;
use crate::set::Mask;

const SUBJECT: u8 = b'd';
const IDENTITY: u8 = b'i';
const PROCEDURE: u8 = b'p';
const UNIT: u8 = b'u';
const OFFICER: u8 = b'o';
/// Ends a period's name in a key.
const END: u8 = 0;

/// Whose row a key is about.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Whose {
    Unit(Code),
    Officer(Code),
}

/// What a subject counts as, without the numbers of one engine's tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::engine) struct RestingCount {
    pub(in crate::engine) chain: Box<[Code]>,
    pub(in crate::engine) officer: u32,
    pub(in crate::engine) procedure: u32,
    pub(in crate::engine) rows: Vec<(Period, Mask)>,
}

/// A subject as the archive holds it.
#[derive(Debug)]
pub(in crate::engine) struct RestingSubject {
    /// As in `Shard::procedures`.
    pub(in crate::engine) procedure: u32,
    pub(in crate::engine) counted: Option<RestingCount>,
    /// Packed records.
    pub(in crate::engine) events: Vec<u8>,
}

/// The key of a subject.
pub(super) fn key_of_subject(code: &[u8]) -> Vec<u8> {
    keyed(&[SUBJECT], code)
}

/// How the keys of all subjects begin.
pub(in crate::engine) fn all_subjects() -> &'static [u8] {
    &[SUBJECT]
}

/// How the keys of an event's identity begin: the codes of subjects that may hold it follow.
pub(in crate::engine) fn key_of_identity(hash: u64) -> [u8; 9] {
    let mut key = [IDENTITY; 9];
    key[1..].copy_from_slice(&hash.to_be_bytes());
    key
}

/// How the keys of a procedure begin: the codes of its dossiers follow.
pub(super) fn key_of_procedure(procedure: u32) -> [u8; 5] {
    let mut key = [PROCEDURE; 5];
    key[1..].copy_from_slice(&procedure.to_be_bytes());
    key
}

/// How the keys of the rows in a period begin: the codes of dossiers follow.
pub(in crate::engine) fn key_of_rows(whose: Whose, period: Period) -> Vec<u8> {
    let (kind, code) = match whose {
        Whose::Unit(code) => (UNIT, code),
        Whose::Officer(code) => (OFFICER, code),
    };
    let mut key = keyed(&[kind], &code.0.to_be_bytes());
    key.extend_from_slice(period.to_string().as_bytes());
    key.push(END);
    key
}

/// The mask of a row.
pub(in crate::engine) fn mask_of_row(value: &[u8]) -> io::Result<Mask> {
    let mask = value.try_into().map_err(|_| io::Error::other("a row at rest is no mask"))?;
    Ok(Mask::from_le_bytes(mask))
}

fn keyed(prefix: &[u8], code: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + code.len() + 16);
    key.extend_from_slice(prefix);
    key.extend_from_slice(code);
    key
}

impl RestingCount {
    /// The keys of its rows, with their masks.
    fn rows_of(&self, code: &[u8]) -> Vec<(Vec<u8>, Mask)> {
        let units = self.chain.iter().map(|unit| Whose::Unit(*unit));
        let whose: Vec<Whose> = units.chain(crate::engine::known(self.officer).map(Whose::Officer)).collect();
        let keys = |(period, mask): &(Period, Mask)| {
            let (period, mask) = (*period, *mask);
            whose
                .iter()
                .map(move |whose| (keyed(&key_of_rows(*whose, period), code), mask))
                .collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(keys).collect()
    }
}

impl RestingSubject {
    /// Adds the entries of the subject with this code; `older` is what an archive already holds of it.
    pub(super) fn put(
        &self,
        draft: &mut RestDraft,
        code: &[u8],
        identities: &[u64],
        older: Option<&RestingSubject>,
    ) {
        let key = key_of_subject(code);
        draft.push(&key, key.len(), &self.to_bytes());
        for hash in identities {
            let identity = key_of_identity(*hash);
            draft.push(&keyed(&identity, code), identity.len(), &[]);
        }
        draft.push(&keyed(&key_of_procedure(self.procedure), code), 0, &[]);
        // A row it no longer has would be listed still: it is overwritten with one that counts nowhere.
        let gone = older.and_then(|older| older.counted.as_ref()).map(|counted| counted.rows_of(code));
        for (key, _) in gone.unwrap_or_default() {
            draft.push(&key, 0, &Mask::to_le_bytes(0));
        }
        for (key, mask) in self.counted.as_ref().map(|counted| counted.rows_of(code)).unwrap_or_default() {
            draft.push(&key, 0, &mask.to_le_bytes());
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.events.len() + 128);
        put_number(&mut out, self.procedure.into());
        out.push(self.counted.is_some().into());
        if let Some(counted) = &self.counted {
            put_number(&mut out, counted.chain.len() as u64);
            counted.chain.iter().for_each(|unit| put_number(&mut out, unit.0.into()));
            put_number(&mut out, counted.officer.into());
            put_number(&mut out, counted.procedure.into());
            put_number(&mut out, counted.rows.len() as u64);
            for (period, mask) in &counted.rows {
                put_bytes(&mut out, period.to_string().as_bytes());
                put_mask(&mut out, *mask);
            }
        }
        put_bytes(&mut out, &self.events);
        out
    }

    /// Reads what [`RestingSubject::put`] wrote.
    pub(in crate::engine) fn read(value: Vec<u8>) -> Result<RestingSubject, RestoreError> {
        let mut nothing = io::empty();
        let mut source = Source::of(value, &mut nothing);
        let procedure = source.small()?;
        let counted = if source.byte()? == 0 {
            None
        } else {
            let chain = (0..source.place()?).map(|_| Ok(Code::from_index(source.place()?)));
            let chain = chain.collect::<Result<Box<[Code]>, RestoreError>>()?;
            let (officer, procedure) = (source.small()?, source.small()?);
            let rows = (0..source.place()?).map(|_| {
                let period = Period::parse(&source.text()?).ok_or(RestoreError::Torn("a period at rest"))?;
                Ok((period, source.mask()?))
            });
            Some(RestingCount { chain, officer, procedure, rows: rows.collect::<Result<_, RestoreError>>()? })
        };
        let events = source.bytes()?.to_vec();
        Ok(RestingSubject { procedure, counted, events })
    }
}
