//! Reconciling with the portal: one comparison, whoever asks for it, and its gaps as lists.
//!
//! The command line gives it files or a data folder, the server its log. Not here: how the gaps are worked out
//! (`compute::reconciliation`), reading (`ingest::portal`), pages (`serve::reconciling`).

pub(crate) mod view;

use std::sync::Arc;

use compute::engine::{Difference, Differing, Engine, Evidence, Part, PortalList, Reconciled, Turn};
use compute::instant::Instant;
use compute::reconciliation::{Class, Gap, Gaps, Moved, gaps, moves};
use compute::set::{Catalogue, Indicator, IndicatorSet};
use ingest::portal::Publication;

/// Everything one comparison found.
#[derive(Debug)]
pub(crate) struct Compared {
    /// As the portal published it.
    pub(crate) publication: Publication,
    /// The set whose rules are ours.
    pub(crate) set: String,
    pub(crate) gaps: Gaps,
    pub(crate) reconciled: Reconciled,
    catalogue: Arc<Catalogue>,
    codes: Arc<compute::codes::CodeBook>,
}

/// A dossier behind a gap: the kinds in which it differs that move the count, each with theirs less ours.
#[derive(Debug)]
pub(crate) struct Behind<'c> {
    pub(crate) dossier: &'c Differing,
    pub(crate) turns: Vec<(&'c Turn, i64)>,
}

/// Compares what an engine counts with what was published. The engine must stand at the instant of the portal's
/// figures and keep their period.
pub(crate) fn compare(
    engine: &Engine,
    set: &IndicatorSet,
    publication: Publication,
    list: Option<&PortalList>,
) -> Result<Compared, String> {
    let reconciled = engine.reconcile(publication.period, Evidence { list });
    let reconciled = reconciled.map_err(|error| error.to_string())?;
    let reconciled = reconciled.ok_or_else(|| format!("{} is not kept", publication.period))?;
    let snapshot = engine.snapshot();
    let period = snapshot.period(publication.period);
    let period = period.ok_or_else(|| format!("{} is not kept", publication.period))?;
    let gaps = gaps(&snapshot, period, set, &reconciled, &publication.rows);
    let (catalogue, codes) = (Arc::clone(&snapshot.catalogue), Arc::clone(&snapshot.codes));
    Ok(Compared { publication, set: set.file.id.clone(), gaps, reconciled, catalogue, codes })
}

impl Compared {
    /// The set whose rules are ours.
    pub(crate) fn set(&self) -> &IndicatorSet {
        // It was found in this catalogue.
        self.catalogue.set(&self.set).unwrap_or(&self.catalogue.sets[0])
    }

    /// When both pictures were taken.
    pub(crate) fn as_of(&self) -> Instant {
        self.reconciled.as_of
    }

    /// The dossiers behind a part of a gap, in the order of their codes; of one kind of difference if one is asked for.
    pub(crate) fn behind(
        &self,
        unit: &str,
        indicator: &Indicator,
        part: Part,
        kind: Option<Difference>,
    ) -> Vec<Behind<'_>> {
        let Some(unit) = self.codes.names().find(unit) else { return Vec::new() };
        let of = |dossier: &'_ Differing| -> Vec<(usize, i64)> {
            let turns = dossier.turns.iter().enumerate();
            let turns = turns.filter(|(_, turn)| kind.is_none_or(|kind| turn.difference == kind));
            let turns = turns.map(|(place, turn)| (place, moves(turn, unit, indicator, part)));
            turns.filter(|(_, moved)| *moved != 0).collect()
        };
        let dossiers = self.reconciled.dossiers.iter().map(|dossier| (dossier, of(dossier)));
        dossiers
            .filter(|(_, turns)| !turns.is_empty())
            .map(|(dossier, turns)| Behind {
                dossier,
                turns: turns.into_iter().map(|(place, moved)| (&dossier.turns[place], moved)).collect(),
            })
            .collect()
    }

    /// How many rows of published figures of the units that `is_shown` fall into each class.
    pub(crate) fn rows_by_class(&self, is_shown: impl Fn(&str) -> bool) -> Vec<(Class, usize)> {
        let shown: Vec<&Gap> = self.gaps.rows.iter().filter(|gap| is_shown(&gap.unit)).collect();
        let classes = Difference::ALL.into_iter().map(Class::Dossiers).chain([Class::Unexplained]);
        let of = |class: Class| {
            let has = |gap: &&&Gap| gap.classes.iter().any(|known| known.name() == class.name());
            (class, shown.iter().filter(has).count())
        };
        classes.map(of).collect()
    }
}

/// What one kind moves in a gap.
pub(crate) fn moved_by(gap: &Gap, kind: Difference) -> Moved {
    gap.moved.iter().find(|(known, _)| *known == kind).map(|(_, moved)| *moved).unwrap_or_default()
}
