//! What the public is not shown: cells of few people, and as many others as it takes that nobody works them out.
//!
//! A row has cells that add up to its total, each between 0 and its maximum. A cell is small when one of its indicators
//! counts fewer than [`FEW`] dossiers or petitions. Small cells are hidden; where the total and the cells that are shown
//! would leave too little room for a hidden one, the next cell is hidden too, and at last the total. Not here: how a page
//! says that something is hidden.

use compute::facts::Subject;
use compute::figures::UnitFigures;
use compute::set::IndicatorSet;
use compute::set::points::Hundredths;

/// Fewer dossiers or petitions than this are few.
pub(super) const FEW: u64 = 10;
/// The room a hidden cell has, as a part of its maximum: one in this many.
const ROOM: u64 = 4;

/// A group of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    pub(super) points: Hundredths,
    /// The most it can have, in hundredths.
    pub(super) most: Hundredths,
    /// The fewest people an indicator of it counts; `None` when it counts none.
    pub(super) fewest: Option<u64>,
    pub(super) is_measured: bool,
}

/// What is hidden of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hidden {
    /// By cell.
    pub(super) cells: Vec<bool>,
    pub(super) total: bool,
}

/// The cells of a unit, in the order of the set's groups.
pub(super) fn cells(unit: &UnitFigures, set: &IndicatorSet) -> Vec<Cell> {
    let cell = |group: &str| {
        let (mut points, mut most, mut is_measured) = (0, 0, false);
        let mut fewest: Option<u64> = None;
        for figure in &unit.figures {
            let indicator = &set.indicators[figure.indicator];
            if indicator.file.group != group {
                continue;
            }
            let is_there = figure.denominator > 0 || indicator.is_full_when_empty();
            (points, most) = (points + figure.points, most + figure.max * 100);
            is_measured |= is_there;
            let counts_people = matches!(indicator.subject(), Subject::Dossier | Subject::Petition);
            if counts_people && figure.denominator > 0 {
                fewest = Some(fewest.map_or(figure.denominator, |fewest| fewest.min(figure.denominator)));
            }
        }
        Cell { points, most, fewest, is_measured }
    };
    set.groups().iter().map(|group| cell(&group.id)).collect()
}

/// What is hidden of a row of cells.
pub(super) fn hide(cells: &[Cell]) -> Hidden {
    let is_small = |cell: &Cell| cell.is_measured && cell.fewest.is_some_and(|fewest| fewest < FEW);
    let mut hidden = Hidden { cells: cells.iter().map(is_small).collect(), total: false };
    while hidden.cells.contains(&true) && !has_room(cells, &hidden.cells) {
        // Whatever counts people comes first, the fewest first: it costs the reader least.
        let shown =
            cells.iter().enumerate().filter(|(place, cell)| cell.is_measured && !hidden.cells[*place]);
        let Some((place, _)) = shown.min_by_key(|(_, cell)| (cell.fewest.is_none(), cell.fewest)) else {
            hidden.total = true;
            break;
        };
        hidden.cells[place] = true;
    }
    hidden
}

/// Whether total and shown cells leave every hidden cell room.
fn has_room(cells: &[Cell], is_hidden: &[bool]) -> bool {
    let hidden = || cells.iter().zip(is_hidden).filter(|(_, is_hidden)| **is_hidden).map(|(cell, _)| cell);
    let sum: Hundredths = hidden().map(|cell| cell.points).sum();
    let most: Hundredths = hidden().map(|cell| cell.most).sum();
    hidden().all(|cell| {
        let least = sum.saturating_sub(most - cell.most);
        let greatest = cell.most.min(sum);
        greatest - least >= (cell.most / ROOM).max(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(points: u64, most: u64, fewest: Option<u64>) -> Cell {
        Cell { points, most, fewest, is_measured: true }
    }

    #[test]
    fn nothing_is_hidden_where_everything_counts_many() {
        let cells = [cell(5, 10, Some(10)), cell(0, 10, None), cell(9, 20, Some(400))];
        assert_eq!(hide(&cells), Hidden { cells: vec![false; 3], total: false });
    }

    #[test]
    fn a_small_cell_takes_another_with_it_and_at_last_the_total() {
        let row = [cell(5, 10, Some(9)), cell(10, 20, Some(70)), cell(8, 20, Some(50)), cell(3, 10, None)];
        assert_eq!(hide(&row), Hidden { cells: vec![true, false, true, false], total: false });
        // Both hidden cells are at nothing: their sum would say so.
        let row = [cell(0, 10, Some(9)), cell(0, 20, Some(70)), cell(0, 20, None)];
        assert_eq!(hide(&row), Hidden { cells: vec![true; 3], total: true });
        assert_eq!(hide(&row[..1]), Hidden { cells: vec![true], total: true });
    }

    /// A generator of our own: the same row for the same seed.
    fn next(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    /// Every value a cell can have, found by trying all of them against what the public sees: maxima, shown cells, and
    /// the total if it is shown.
    fn possible(cells: &[Cell], hidden: &Hidden, wanted: usize) -> usize {
        let others: Vec<&Cell> = cells
            .iter()
            .enumerate()
            .filter(|(place, _)| hidden.cells[*place] && *place != wanted)
            .map(|(_, cell)| cell)
            .collect();
        if hidden.total {
            return usize::try_from(cells[wanted].most).expect("it is small") + 1;
        }
        let total: u64 = cells.iter().map(|cell| cell.points).sum();
        let shown: u64 = cells
            .iter()
            .zip(&hidden.cells)
            .filter(|(_, hidden)| !**hidden)
            .map(|(cell, _)| cell.points)
            .sum();
        // The sums that the other hidden cells can have.
        let mut sums = std::collections::BTreeSet::from([0]);
        for other in others {
            sums = sums.iter().flat_map(|sum| (0..=other.most).map(move |points| sum + points)).collect();
        }
        (0..=cells[wanted].most)
            .filter(|points| sums.contains(&(total - shown).wrapping_sub(*points)))
            .count()
    }

    #[test]
    fn nobody_works_a_small_cell_out() {
        let (mut seed, mut small, mut shown) = (766, 0, 0);
        for row in 0..3000 {
            let count = 1 + next(&mut seed) % 6;
            let cells: Vec<Cell> = (0..count)
                .map(|_| {
                    let most = 4 + next(&mut seed) % 40;
                    // Ends are what happens to few people, so they are tried often.
                    let points = [0, most, next(&mut seed) % (most + 1)]
                        [usize::try_from(next(&mut seed) % 3).expect("small")];
                    let fewest = (!next(&mut seed).is_multiple_of(3)).then(|| next(&mut seed) % 25);
                    let is_measured = !next(&mut seed).is_multiple_of(5);
                    Cell { points: if is_measured { points } else { 0 }, most, fewest, is_measured }
                })
                .collect();
            let hidden = hide(&cells);
            for (place, cell) in cells.iter().enumerate() {
                let is_small = cell.is_measured && cell.fewest.is_some_and(|fewest| fewest < FEW);
                assert!(!is_small || hidden.cells[place], "row {row}: {cells:?}");
                if is_small {
                    small += 1;
                    let known_to = possible(&cells, &hidden, place);
                    let wanted = usize::try_from(cell.most / ROOM).expect("small").max(1);
                    assert!(
                        known_to > wanted,
                        "row {row}, cell {place} is one of {known_to}: {cells:?} {hidden:?}"
                    );
                } else if !hidden.cells[place] {
                    shown += 1;
                }
            }
        }
        assert!(small > 1000 && shown > 1000, "{small} small and {shown} shown cells were tried");
    }
}
