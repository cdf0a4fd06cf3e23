//! Points to tiles of a grid: no two on one tile, none left out, neighbours near each other.
//!
//! Each point has a wanted place, half by where it lies and half by its rank from the west and from the north, so that a
//! crowded town spreads and empty hills shrink. Which tile it gets is the matching that moves all of them least, by the
//! Hungarian method in whole numbers: the same points give the same tiles. Not here: whose points they are.

/// Columns at most: on a telephone 390 pixels wide a tile of so many is still 24 pixels, the least a finger is owed.
pub(crate) const COLUMNS_MAX: usize = 14;
/// Points at most; the largest province has 168 communes. The work grows with the third power.
pub(crate) const POINTS_MAX: usize = 400;

/// Parts of a tile's side in which distances are counted.
const SIDE: i64 = 100;
/// A degree to the east is shorter than one to the north, in Vietnam by some 5 in 100.
const EAST: (i64, i64) = (95, 100);

/// Where something lies, in thousandths of a degree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Point {
    pub(crate) north: i32,
    pub(crate) east: i32,
}

/// A tile: rows from the north, columns from the west, both from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Tile {
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// Tiles of points, in the order of the points.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Grid {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) tiles: Vec<Tile>,
}

/// Lays points out; of more than [`POINTS_MAX`] the first ones.
pub(crate) fn lay_out(points: &[Point]) -> Grid {
    let points = &points[..points.len().min(POINTS_MAX)];
    if points.is_empty() {
        return Grid::default();
    }
    let (rows, columns) = size(points);
    let easts: Vec<i64> = points.iter().map(|point| i64::from(point.east)).collect();
    let souths: Vec<i64> = points.iter().map(|point| -i64::from(point.north)).collect();
    let wanted: Vec<(i64, i64)> = places(&souths, rows).into_iter().zip(places(&easts, columns)).collect();
    let cells = rows * columns;
    let cost = |point: usize, cell: usize| {
        let (south, east) = wanted[point];
        let (down, right) = (south - centre(cell / columns), east - centre(cell % columns));
        down * down + right * right
    };
    let matched = match_least(points.len(), cells, cost);
    let tile = |cell| Tile { row: cell / columns, column: cell % columns };
    trimmed(&matched.into_iter().map(tile).collect::<Vec<_>>())
}

/// Rows and columns: a quarter more tiles than points, in the shape of what they cover.
fn size(points: &[Point]) -> (usize, usize) {
    let span = |of: fn(&Point) -> i32| {
        let (least, most) = (points.iter().map(of).min(), points.iter().map(of).max());
        i64::from(most.unwrap_or(0) - least.unwrap_or(0)).max(1)
    };
    let (tall, wide) = (span(|point| point.north), span(|point| point.east) * EAST.0 / EAST.1);
    let cells = i64::try_from(points.len() + points.len() / 4 + 1).unwrap_or(i64::MAX);
    // Nothing becomes a line: at most four times as long as wide.
    let (tall, wide) = (tall.max(wide / 4).max(1), wide.max(tall / 4).max(1));
    let columns = (cells * wide / tall).isqrt().clamp(1, cells);
    let columns = usize::try_from(columns).unwrap_or(1).min(COLUMNS_MAX);
    let cells = usize::try_from(cells).unwrap_or(1);
    (cells.div_ceil(columns), columns)
}

/// The middle of the tile at this place of a row or column.
fn centre(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(0) * SIDE
}

/// Where each wants to be along one side of `tiles` tiles: half by its distance, half by its rank.
fn places(along: &[i64], tiles: usize) -> Vec<i64> {
    let mut order: Vec<usize> = (0..along.len()).collect();
    order.sort_by_key(|point| (along[*point], *point));
    let (first, last) = (along[order[0]], along[order[along.len() - 1]]);
    let length = centre(tiles - 1);
    let steps = i64::try_from(along.len() - 1).unwrap_or(0);
    let mut places = vec![0; along.len()];
    for (rank, point) in (0_i64..).zip(order) {
        let by_distance = (along[point] - first) * length / (last - first).max(1);
        let by_rank = rank * length / steps.max(1);
        places[point] = i64::midpoint(by_distance, by_rank);
    }
    places
}

/// For each of `points` a cell of its own, so that the sum of costs is least: augmenting paths over potentials. There are
/// no fewer cells than points. Cell and point 0 of the tables are nobody's.
fn match_least(points: usize, cells: usize, cost: impl Fn(usize, usize) -> i64) -> Vec<usize> {
    let (mut of_point, mut of_cell) = (vec![0_i64; points + 1], vec![0_i64; cells + 1]);
    let mut holder = vec![0_usize; cells + 1];
    for point in 1..=points {
        holder[0] = point;
        let (mut least, mut before) = (vec![i64::MAX; cells + 1], vec![0_usize; cells + 1]);
        let mut is_done = vec![false; cells + 1];
        let mut cell = 0;
        // Until a cell is reached that nobody holds.
        while holder[cell] != 0 {
            is_done[cell] = true;
            let (from, mut step, mut next) = (holder[cell], i64::MAX, 0);
            for other in (1..=cells).filter(|other| !is_done[*other]) {
                let reduced = cost(from - 1, other - 1) - of_point[from] - of_cell[other];
                if reduced < least[other] {
                    (least[other], before[other]) = (reduced, cell);
                }
                if least[other] < step {
                    (step, next) = (least[other], other);
                }
            }
            for other in 0..=cells {
                if is_done[other] {
                    of_point[holder[other]] += step;
                    of_cell[other] -= step;
                } else if other > 0 {
                    least[other] -= step;
                }
            }
            cell = next;
        }
        // Back along the path, each takes over the cell after its own.
        while cell != 0 {
            holder[cell] = holder[before[cell]];
            cell = before[cell];
        }
    }
    let mut matched = vec![0; points];
    for (cell, point) in holder.iter().enumerate().skip(1).filter(|(_, point)| **point > 0) {
        matched[*point - 1] = cell - 1;
    }
    matched
}

/// Without empty rows and columns at the edges.
fn trimmed(tiles: &[Tile]) -> Grid {
    let edge = |of: fn(&Tile) -> usize| {
        let (least, most) = (tiles.iter().map(of).min(), tiles.iter().map(of).max());
        (least.unwrap_or(0), most.unwrap_or(0))
    };
    let ((top, bottom), (left, right)) = (edge(|tile| tile.row), edge(|tile| tile.column));
    let moved = |tile: &Tile| Tile { row: tile.row - top, column: tile.column - left };
    let tiles = tiles.iter().map(moved).collect();
    Grid { rows: bottom - top + 1, columns: right - left + 1, tiles }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::communes;
    use super::*;

    /// The communes of every province there is.
    fn provinces() -> BTreeMap<&'static str, Vec<Point>> {
        let mut provinces: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
        for commune in communes::all() {
            provinces.entry(commune.province).or_default().push(commune.at);
        }
        assert_eq!(provinces.len(), 34);
        provinces
    }

    #[test]
    fn every_commune_of_every_province_has_a_tile_of_its_own() {
        for (province, points) in provinces() {
            let grid = lay_out(&points);
            let tiles: BTreeSet<Tile> = grid.tiles.iter().copied().collect();
            assert_eq!((grid.tiles.len(), tiles.len()), (points.len(), points.len()), "{province}");
            assert!(grid.columns <= COLUMNS_MAX, "{province} has {} columns", grid.columns);
            let fits = |tile: &Tile| tile.row < grid.rows && tile.column < grid.columns;
            assert!(tiles.iter().all(fits), "{province} stays on its grid");
            assert!(grid.rows * grid.columns <= points.len() * 2, "{province} is no sea of empty tiles");
        }
    }

    #[test]
    fn who_lies_further_north_or_west_mostly_does_on_the_grid() {
        for (province, points) in provinces() {
            let grid = lay_out(&points);
            let (mut pairs, mut kept) = (0_u32, 0_u32);
            for one in 0..points.len() {
                for other in 0..one {
                    let (a, b, c, d) = (points[one], points[other], grid.tiles[one], grid.tiles[other]);
                    pairs += 2;
                    kept += u32::from(
                        a.north == b.north || (a.north > b.north) == (c.row < d.row) || c.row == d.row,
                    );
                    kept += u32::from(
                        a.east == b.east
                            || (a.east < b.east) == (c.column < d.column)
                            || c.column == d.column,
                    );
                }
            }
            assert!(kept * 100 >= pairs * 90, "{province} keeps {kept} of {pairs}");
        }
    }

    #[test]
    fn the_same_points_give_the_same_tiles() {
        let points = &provinces()["25"];
        assert_eq!(lay_out(points), lay_out(points));
    }

    #[test]
    fn a_few_points_lie_as_they_do() {
        let at = |north, east| Point { north, east };
        let grid =
            lay_out(&[at(21_000, 105_000), at(20_000, 106_000), at(21_000, 106_000), at(20_000, 105_000)]);
        let tile = |row, column| Tile { row, column };
        let far = (grid.rows - 1, grid.columns - 1);
        assert_eq!(grid.tiles, [tile(0, 0), tile(far.0, far.1), tile(0, far.1), tile(far.0, 0)]);
        assert_eq!(lay_out(&[]), Grid::default());
        assert_eq!(lay_out(&[at(1, 1)]), Grid { rows: 1, columns: 1, tiles: vec![tile(0, 0)] });
        // All at one place: nobody stands on another.
        let heap = lay_out(&[at(20_000, 105_000); 9]);
        assert_eq!(heap.tiles.iter().collect::<BTreeSet<_>>().len(), 9);
    }

    #[test]
    fn the_matching_is_the_least_of_all() {
        let costs = [[4, 1, 3, 9], [2, 0, 5, 9], [3, 2, 2, 9]];
        let matched = match_least(3, 4, |point, cell| costs[point][cell]);
        assert_eq!(matched, [1, 0, 2], "1 + 2 + 2 is less than every other choice");
    }

    #[test]
    fn more_points_than_the_bound_are_not_laid_out() {
        let many: Vec<Point> = (0..450).map(|place| Point { north: place, east: place % 7 }).collect();
        assert_eq!(lay_out(&many).tiles.len(), POINTS_MAX);
    }
}
