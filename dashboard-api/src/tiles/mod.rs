//! The tile map: one tile for each commune-level agency, laid out by where they lie.
//!
//! `communes` knows where communes lie, `positions` where the agencies of this installation do, `layout` makes tiles of
//! points. Not here: what a tile shows (`serve/pages/map`), borders of any kind.

mod communes;
mod layout;
mod positions;

use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use layout::{Grid, POINTS_MAX, Point};
pub(crate) use positions::{Positions, Settings};

/// Where agencies lie, and the tiles last made of that: agencies seldom change, figures often.
#[derive(Default, Debug)]
pub(crate) struct Tiles {
    positions: Positions,
    last: Mutex<Option<Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    points: Vec<Point>,
    grid: Arc<Grid>,
}

impl Tiles {
    pub(crate) fn new(positions: Positions) -> Tiles {
        Tiles { positions, last: Mutex::default() }
    }

    /// Where agencies lie.
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Tiles of these points.
    pub(crate) fn laid_out(&self, points: &[Point]) -> Arc<Grid> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last().clone().filter(|kept| kept.points == points);
        if let Some(kept) = known {
            return kept.grid;
        }
        // Outside the lock: who comes at the same time does the same work and gets the same tiles.
        let grid = Arc::new(layout::lay_out(points));
        *last() = Some(Kept { points: points.to_vec(), grid: Arc::clone(&grid) });
        grid
    }
}
