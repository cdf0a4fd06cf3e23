//! Figures: counts become ratios, points, totals, grades and ranks, when they are read.
//!
//! From a snapshot of integers; exact until the one rounding per indicator (index-766.md §4, §5). Not here: the
//! counts (`engine`), their canonical form (`result`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codes::{Code, Names};
use crate::engine::{Cells, Frame, OfficerFrame, PeriodSnapshot, Snapshot, UnitFrame};
use crate::facts::Subject;
use crate::instant::Instant;
use crate::period::Period;
use crate::set::points::{Hundredths, Ratio, half_up};
use crate::set::{Catalogue, Indicator, IndicatorSet};

/// Agencies or officers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// Agencies, with everything below each.
    Agency,
    /// Officers; internal.
    Officer,
}

impl Level {
    /// The word in files and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Level::Agency => "agency",
            Level::Officer => "officer",
        }
    }
}

/// One indicator of one unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figure {
    /// Place in the set's indicators.
    pub indicator: usize,
    /// What counts.
    pub numerator: u64,
    /// What it is divided by.
    pub denominator: u64,
    /// After the multiplier, if there is one.
    pub ratio: Ratio,
    /// Rounded points.
    pub points: Hundredths,
    /// Most points.
    pub max: u64,
    /// The denominator is what the portal was reported, not what was counted.
    pub is_reported: bool,
}

/// All indicators of one unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnitFigures {
    /// The unit's code.
    pub code: String,
    /// Its name; an officer's is internal.
    pub name: String,
    /// English, if given.
    pub name_en: Option<String>,
    /// Kind and peer class; the agency of an officer.
    pub class: String,
    /// The unit above an agency.
    pub parent: Option<String>,
    /// |R|.
    pub received: u64,
    /// |H ∧ has due|.
    pub in_hand_with_due: u64,
    /// In the order of the set's indicators.
    pub figures: Vec<Figure>,
    /// `None` when nothing is measured (officers).
    pub total: Option<Hundredths>,
    /// Σ max over what is measured.
    pub measured_max: u64,
    /// Place in its peer class; `None` below the minimum.
    pub rank: Option<u32>,
    /// How many are ranked in its peer class.
    pub peers: u32,
    /// Figures without points: by place in the set's management counts.
    pub management: Vec<u64>,
}

/// The figures of a period.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The period.
    pub period: Period,
    /// Facts are as of here.
    pub as_of: Instant,
    /// The earlier of `as_of` and the period's end.
    pub cut: Instant,
    /// The set's id and version.
    pub set: (String, u32),
    /// Agencies or officers.
    pub level: Level,
    /// Sorted by code, bytewise.
    pub units: Vec<UnitFigures>,
    /// By place in `units`: the place in the period's frame; empty where these are not all of them.
    places: Arc<[u32]>,
}

impl Figures {
    /// The figures of `period` under `set`.
    pub fn of(snapshot: &Snapshot, period: &PeriodSnapshot, set: &IndicatorSet, level: Level) -> Figures {
        Figures::after(None, snapshot, period, set, level)
    }

    /// The same figures, those of units that cannot have changed taken over from `before`: figures of the same period,
    /// set and level, and the counts they were read from.
    pub fn after(
        before: Option<(&PeriodSnapshot, &Figures)>,
        snapshot: &Snapshot,
        period: &PeriodSnapshot,
        set: &IndicatorSet,
        level: Level,
    ) -> Figures {
        let names = snapshot.codes.names();
        let reader = Reader::of(&snapshot.catalogue, set, period);
        let before = before.map(|(counts, figures)| (Reader::of(&snapshot.catalogue, set, counts), figures));
        let known = |code: Code, is_same: &dyn Fn(&Reader<'_>) -> bool| {
            let (_, figures) = before.as_ref().filter(|(before, _)| is_same(before))?;
            let text = names.text(code).as_bytes();
            let place = figures.units.binary_search_by(|unit| unit.code.as_bytes().cmp(text)).ok()?;
            Some(figures.units[place].unranked())
        };
        let (mut units, places) = match level {
            Level::Agency => {
                let inherits = before.as_ref().is_none_or(|(before, _)| reader.hands_down_otherwise(before));
                let of = |unit: &UnitFrame| {
                    let is_same = |before: &Reader<'_>| !inherits && reader.is_same_unit(before, unit);
                    known(unit.code, &is_same).unwrap_or_else(|| reader.agency(unit, &names))
                };
                sorted(period.frame.units().iter().map(of))
            }
            Level::Officer => reader.officers_after(before.as_ref(), &names).unwrap_or_else(|| {
                sorted(period.frame.officers.iter().map(|officer| reader.officer(officer, &names)))
            }),
        };
        rank(&mut units, set, level);
        Figures {
            period: period.frame.period,
            as_of: snapshot.as_of,
            cut: period.cut,
            set: (set.file.id.clone(), set.file.version),
            level,
            units,
            places,
        }
    }

    /// The same figures, of these units only.
    #[must_use]
    pub fn of_units(&self, units: Vec<UnitFigures>) -> Figures {
        Figures { units, places: Arc::default(), set: self.set.clone(), ..*self }
    }

    /// Whether the period is still running.
    pub fn is_provisional(&self) -> bool {
        self.as_of < self.period.end()
    }
}

impl UnitFigures {
    /// The same without a rank, which is of all units together.
    #[must_use]
    pub fn unranked(&self) -> UnitFigures {
        UnitFigures { rank: None, peers: 0, ..self.clone() }
    }
}

/// In the order of their codes; and the place of each among those that came.
fn sorted(units: impl Iterator<Item = UnitFigures>) -> (Vec<UnitFigures>, Arc<[u32]>) {
    let mut units: Vec<(UnitFigures, u32)> = units.zip(0..).collect();
    units.sort_unstable_by(|(one, _), (other, _)| one.code.as_bytes().cmp(other.code.as_bytes()));
    let (units, places): (Vec<UnitFigures>, Vec<u32>) = units.into_iter().unzip();
    (units, places.into())
}

/// Reads one period's counts under one set.
struct Reader<'a> {
    catalogue: &'a Catalogue,
    set: &'a IndicatorSet,
    frame: &'a Frame,
    cells: &'a Cells,
}

impl<'a> Reader<'a> {
    fn of(catalogue: &'a Catalogue, set: &'a IndicatorSet, period: &'a PeriodSnapshot) -> Reader<'a> {
        Reader { catalogue, set, frame: &period.frame, cells: &period.cells }
    }

    /// Whether a unit reads the same here and in `before`, but for what it inherits.
    fn is_same_unit(&self, before: &Reader<'_>, unit: &UnitFrame) -> bool {
        std::ptr::eq(self.frame, before.frame) && self.cells.is_same_of_unit(before.cells, unit.code)
    }

    /// The figures of the same officers as before, without looking for any of them: there are thousands.
    fn officers_after(
        &self,
        before: Option<&(Reader<'_>, &Figures)>,
        names: &Names,
    ) -> Option<(Vec<UnitFigures>, Arc<[u32]>)> {
        let is_same = |(before, figures): &&(Reader<'_>, &Figures)| {
            Arc::ptr_eq(&self.frame.officers, &before.frame.officers)
                && figures.places.len() == figures.units.len()
        };
        let (before, figures) = before.filter(is_same)?;
        let units = figures.units.iter().zip(&*figures.places).map(|(unit, place)| {
            let officer = &self.frame.officers[*place as usize];
            if self.cells.is_same_of_officer(before.cells, officer.code) {
                unit.unranked()
            } else {
                self.officer(officer, names)
            }
        });
        Some((units.collect(), Arc::clone(&figures.places)))
    }

    /// Whether what units inherit from their province is other than in `before`.
    fn hands_down_otherwise(&self, before: &Reader<'_>) -> bool {
        let inherited: Vec<_> = self.set.indicators.iter().filter(|one| one.is_inherited()).collect();
        let units = self.frame.units().iter();
        let mut provinces: Vec<Code> = units.filter_map(|unit| unit.province).collect();
        provinces.sort_unstable();
        provinces.dedup();
        let of = |reader: &Reader<'_>, province: Code| -> Vec<Option<(u64, u64, bool)>> {
            let unit = reader.frame.unit(province);
            inherited.iter().map(|one| unit.map(|unit| reader.agency_counts(unit, one))).collect()
        };
        provinces.into_iter().any(|province| of(self, province) != of(before, province))
    }

    fn agency(&self, unit: &UnitFrame, names: &Names) -> UnitFigures {
        let text = |code: Code| names.text(code).to_owned();
        let mut counts: Vec<(u64, u64, bool)> =
            self.set.indicators.iter().map(|indicator| self.agency_counts(unit, indicator)).collect();
        for (place, indicator) in self.set.indicators.iter().enumerate() {
            if indicator.is_inherited() && unit.province != Some(unit.code) {
                let province = unit.province.and_then(|province| self.frame.unit(province));
                counts[place] = province.map_or((0, 0, false), |unit| self.agency_counts(unit, indicator));
            }
        }
        let maxima = self.maxima(&counts);
        let figures: Vec<Figure> = (0..counts.len())
            .map(|place| {
                let indicator = &self.set.indicators[place];
                let (numerator, denominator, is_reported) = counts[place];
                let multiplier = indicator.file.measure.multiply_by.as_ref();
                let multiplier = multiplier.and_then(|other| self.set.position(other));
                let by = multiplier.map(|other| Ratio::of(counts[other].0, counts[other].1));
                let ratio = Ratio::of(numerator, denominator);
                let ratio = by.map_or(ratio, |by| ratio.times(by));
                let (max, points) = (maxima[place], indicator.points(ratio, maxima[place]));
                Figure { indicator: place, numerator, denominator, ratio, points, max, is_reported }
            })
            .collect();
        let is_measured = |figure: &&Figure| {
            figure.denominator > 0 || self.set.indicators[figure.indicator].is_full_when_empty()
        };
        UnitFigures {
            code: text(unit.code),
            name: unit.name.to_string(),
            name_en: unit.name_en.as_deref().map(str::to_owned),
            class: unit.kind.name().to_owned(),
            parent: unit.parent.map(text),
            received: self.cells.unit(unit.code, self.catalogue.received_bit),
            in_hand_with_due: self.cells.unit(unit.code, self.catalogue.in_hand_with_due_bit),
            total: Some(figures.iter().map(|figure| figure.points).sum()),
            measured_max: figures.iter().filter(is_measured).map(|figure| figure.max).sum(),
            management: self.management(|bit| self.cells.unit(unit.code, bit)),
            figures,
            rank: None,
            peers: 0,
        }
    }

    /// Numerator, denominator, and whether the denominator is a report.
    fn agency_counts(&self, unit: &UnitFrame, indicator: &Indicator) -> (u64, u64, bool) {
        let (num, den) = (indicator.numerator_bit, indicator.denominator_bit);
        match indicator.subject() {
            Subject::Agency => (unit.count(num), unit.count(den), false),
            Subject::Procedure => {
                let numerator = match indicator.with_dossier_bit {
                    None => unit.count(num),
                    Some(with) => {
                        let procedures = self.cells.procedures(unit.code, with);
                        procedures
                            .filter(|code| self.frame.procedure_mask(unit, *code) & (1 << num) != 0)
                            .count() as u64
                    }
                };
                (numerator, unit.count(den), false)
            }
            Subject::Dossier | Subject::Petition => {
                let (numerator, counted) = (self.cells.unit(unit.code, num), self.cells.unit(unit.code, den));
                if !indicator.has_reported_floor() {
                    return (numerator, counted, false);
                }
                let (reported, last_year) = unit.reported;
                let floor = if counted.max(reported) == 0 { last_year } else { reported };
                (numerator, counted.max(floor), floor > counted)
            }
        }
    }

    /// Maxima after what moves when an indicator is empty.
    fn maxima(&self, counts: &[(u64, u64, bool)]) -> Vec<u64> {
        let mut maxima: Vec<u64> = self.set.indicators.iter().map(|indicator| indicator.file.max).collect();
        for shift in self.set.max_shifts() {
            let Some(empty) = self.set.position(&shift.when_empty).filter(|place| counts[*place].1 == 0)
            else {
                continue;
            };
            maxima[empty] = 0;
            for (code, points) in &shift.give {
                if let Some(place) = self.set.position(code) {
                    maxima[place] += points;
                }
            }
        }
        maxima
    }

    fn officer(&self, officer: &OfficerFrame, names: &Names) -> UnitFigures {
        let count = |bit| self.cells.officer(officer.code, bit);
        let scored = self.set.indicators.iter().enumerate().filter(|(_, indicator)| indicator.file.officers);
        let figures: Vec<Figure> = scored
            .map(|(place, indicator)| {
                let (numerator, denominator) =
                    (count(indicator.numerator_bit), count(indicator.denominator_bit));
                let (ratio, max) = (Ratio::of(numerator, denominator), indicator.file.max);
                let points = indicator.points(ratio, max);
                Figure { indicator: place, numerator, denominator, ratio, points, max, is_reported: false }
            })
            .collect();
        let measured = || figures.iter().filter(|figure| figure.denominator > 0);
        let measured_max: u64 = measured().map(|figure| figure.max).sum();
        let points: u64 = measured().map(|figure| figure.points).sum();
        let total = (measured_max > 0).then(|| half_up(points.into(), 100, measured_max.into()));
        UnitFigures {
            code: names.text(officer.code).to_owned(),
            name: officer.name.to_string(),
            name_en: None,
            class: names.text(officer.agency).to_owned(),
            parent: None,
            received: count(self.catalogue.received_bit),
            in_hand_with_due: count(self.catalogue.in_hand_with_due_bit),
            total,
            measured_max,
            management: self.management(count),
            figures,
            rank: None,
            peers: 0,
        }
    }

    fn management(&self, count: impl Fn(usize) -> u64) -> Vec<u64> {
        self.set.management.iter().map(|management| count(management.bit)).collect()
    }
}

/// Competition ranking (1-2-2-4) within each peer class; all officers are one class.
fn rank(units: &mut [UnitFigures], set: &IndicatorSet, level: Level) {
    let is_ranked = |unit: &UnitFigures| match level {
        Level::Agency => unit.received >= set.ranking.received_min,
        Level::Officer => unit.in_hand_with_due >= set.ranking.officer_in_hand_min,
    };
    let mut classes: BTreeMap<String, Vec<(Hundredths, usize)>> = BTreeMap::new();
    for (place, unit) in units.iter().enumerate().filter(|(_, unit)| is_ranked(unit)) {
        let class = if level == Level::Agency { unit.class.clone() } else { String::new() };
        if let Some(total) = unit.total {
            classes.entry(class).or_default().push((total, place));
        }
    }
    for class in classes.values_mut() {
        class.sort_unstable_by(|one, other| other.cmp(one));
        let peers = u32::try_from(class.len()).unwrap_or(u32::MAX);
        let mut shared: (Option<Hundredths>, u32) = (None, 0);
        for (rank, (total, place)) in (1..).zip(class.iter()) {
            if shared.0 != Some(*total) {
                shared = (Some(*total), rank);
            }
            units[*place].rank = Some(shared.1);
            units[*place].peers = peers;
        }
    }
}
