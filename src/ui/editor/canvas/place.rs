//! Places on a display's grid: moved, resized, aligned and found, as numbers alone.
//!
//! Invariant: whatever is done here stays within the columns, and has a width and a height.

/// Column, row, width and height in cells, as the project has them.
pub type At = [u16; 4];

/// Rows beyond which nothing is put by hand; the reader tells from where on there are too many.
const LAST_ROW: i32 = 9_999;

/// Which edges of a panel are pulled: -1 the left or upper one, 1 the right or lower one, 0 neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edges {
    /// Left or right.
    pub x: i8,
    /// Top or bottom.
    pub y: i8,
}

impl Edges {
    /// What the arrow keys pull.
    pub const FAR: Self = Self { x: 1, y: 1 };
    /// The handles of a panel.
    pub const ALL: [Self; 8] = [
        Self { x: -1, y: -1 },
        Self { x: 0, y: -1 },
        Self { x: 1, y: -1 },
        Self { x: -1, y: 0 },
        Self { x: 1, y: 0 },
        Self { x: -1, y: 1 },
        Self { x: 0, y: 1 },
        Self { x: 1, y: 1 },
    ];
}

/// How several panels are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Their left edges, at the leftmost.
    Left,
    /// Their right edges, at the rightmost.
    Right,
    /// Their upper edges, at the topmost.
    Top,
    /// Their lower edges, at the lowest.
    Bottom,
    /// All as wide as the one chosen last.
    SameWidth,
    /// All as high as the one chosen last.
    SameHeight,
    /// Gaps alike from left to right; the outer ones stay.
    Across,
    /// Gaps alike from top to bottom; the outer ones stay.
    Down,
}

impl Align {
    /// All, with the words of the menu and the least number of panels that it needs.
    pub const ALL: [(Self, &'static str, usize); 8] = [
        (Self::Left, "Align left", 2),
        (Self::Right, "Align right", 2),
        (Self::Top, "Align top", 2),
        (Self::Bottom, "Align bottom", 2),
        (Self::SameWidth, "Same width", 2),
        (Self::SameHeight, "Same height", 2),
        (Self::Across, "Distribute across", 3),
        (Self::Down, "Distribute down", 3),
    ];

    /// As the menu says it.
    pub fn words(self) -> &'static str {
        Self::ALL.iter().find(|(align, ..)| *align == self).map_or("", |(_, words, _)| words)
    }
}

/// Whether one place covers a part of another.
pub fn covers([a, b, w, h]: At, [c, d, v, i]: At) -> bool {
    let over = |from: u16, size: u16, other: u16, other_size: u16| {
        u32::from(from) < u32::from(other) + u32::from(other_size)
            && u32::from(other) < u32::from(from) + u32::from(size)
    };
    over(a, w, c, v) && over(b, h, d, i)
}

/// The last row that any of them takes, as a count of rows.
pub fn rows(places: impl Iterator<Item = At>) -> u32 {
    places.map(|at| u32::from(at[1]) + u32::from(at[3])).max().unwrap_or(0)
}

/// Moved together: where one meets an edge of the grid, all stop.
pub fn moved(places: &[At], [dx, dy]: [i32; 2], columns: u16) -> Vec<At> {
    let left = places.iter().map(|at| i32::from(at[0])).min().unwrap_or(0);
    let right = places.iter().map(|at| i32::from(columns) - i32::from(at[0]) - i32::from(at[2])).min().unwrap_or(0);
    let top = places.iter().map(|at| i32::from(at[1])).min().unwrap_or(0);
    let bottom = rows(places.iter().copied()) as i32;
    // One that already ends beyond the last column may come back, and goes no further.
    let dx = dx.clamp(-left, right.max(0));
    let dy = dy.clamp(-top, (LAST_ROW - bottom).max(0));
    let shift = |from: u16, by: i32| (i32::from(from) + by).clamp(0, i32::from(u16::MAX)) as u16;
    places.iter().map(|[x, y, w, h]| [shift(*x, dx), shift(*y, dy), *w, *h]).collect()
}

/// Each with the same edges pulled by the same cells, as far as it goes.
pub fn resized(places: &[At], edges: Edges, [dx, dy]: [i32; 2], columns: u16) -> Vec<At> {
    let along = |from: u16, size: u16, edge: i8, by: i32, end: i32| {
        let (low, high) = (i32::from(from), i32::from(from) + i32::from(size));
        let (low, high) = match edge {
            -1 => ((low + by).clamp(0, (high - 1).max(0)), high),
            1 => (low, (high + by).clamp(low + 1, end.max(low + 1))),
            _ => (low, high),
        };
        let size = (high - low).clamp(1, i32::from(u16::MAX));
        [low as u16, size as u16]
    };
    let one = |[x, y, w, h]: At| {
        let [x, w] = along(x, w, edges.x, dx, i32::from(columns));
        let [y, h] = along(y, h, edges.y, dy, LAST_ROW);
        [x, y, w, h]
    };
    places.iter().copied().map(one).collect()
}

/// Put in order. `lead`: which was chosen last.
pub fn aligned(places: &[At], lead: usize, how: Align, columns: u16) -> Vec<At> {
    let Some(lead) = places.get(lead).copied() else { return places.to_vec() };
    let left = places.iter().map(|at| at[0]).min().unwrap_or(0);
    let top = places.iter().map(|at| at[1]).min().unwrap_or(0);
    let right = places.iter().map(|at| at[0].saturating_add(at[2])).max().unwrap_or(0);
    let bottom = places.iter().map(|at| at[1].saturating_add(at[3])).max().unwrap_or(0);
    let each = |one: &dyn Fn(At) -> At| places.iter().copied().map(one).collect();
    match how {
        Align::Left => each(&|[_, y, w, h]| [left, y, w, h]),
        Align::Right => each(&|[_, y, w, h]| [right.saturating_sub(w), y, w, h]),
        Align::Top => each(&|[x, _, w, h]| [x, top, w, h]),
        Align::Bottom => each(&|[x, _, w, h]| [x, bottom.saturating_sub(h), w, h]),
        Align::SameWidth => each(&|[x, y, _, h]| [x.min(columns.saturating_sub(lead[2])), y, lead[2], h]),
        Align::SameHeight => each(&|[x, y, w, _]| [x, y, w, lead[3]]),
        Align::Across => distributed(places, 0),
        Align::Down => distributed(places, 1),
    }
}

/// The same gap between all, along x (0) or y (1); what does not go into whole cells stays before the last.
fn distributed(places: &[At], axis: usize) -> Vec<At> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|i| (places[*i][axis], places[*i][axis + 2]));
    let (Some(first), Some(last)) = (order.first(), order.last()) else { return places.to_vec() };
    let room = i32::from(places[*last][axis]) - i32::from(places[*first][axis]);
    let sizes: i32 = order.iter().take(order.len() - 1).map(|i| i32::from(places[*i][axis + 2])).sum();
    let gap = (room - sizes).div_euclid((order.len() as i32 - 1).max(1));
    let mut next = i32::from(places[*first][axis]);
    let mut done = places.to_vec();
    for i in order.iter().take(order.len() - 1) {
        done[*i][axis] = next.max(0) as u16;
        next += i32::from(places[*i][axis + 2]) + gap;
    }
    done
}

/// The first place of this size that is free, from the top left; below everything where there is none.
pub fn free_place(taken: &[At], [width, height]: [u16; 2], columns: u16) -> At {
    let width = width.clamp(1, columns.max(1));
    let below = rows(taken.iter().copied()).min(LAST_ROW as u32) as u16;
    for y in 0..below {
        let mut x = 0;
        while x + width <= columns {
            let at = [x, y, width, height];
            match taken.iter().find(|other| covers(at, **other)) {
                None => return at,
                // Whatever begins within it is covered as well.
                Some(other) => x = other[0].saturating_add(other[2]).max(x + 1),
            }
        }
    }
    [0, below, width, height]
}

/// Panels that come from elsewhere, together, where nothing is covered: where they stood if that is free, else below what
/// is there.
pub fn free_for_all(taken: &[At], places: &[At], columns: u16) -> Vec<At> {
    let fitted: Vec<At> = places
        .iter()
        .map(|[x, y, w, h]| {
            let w = (*w).clamp(1, columns.max(1));
            [(*x).min(columns.saturating_sub(w)), *y, w, (*h).max(1)]
        })
        .collect();
    let is_free = |places: &[At]| !places.iter().any(|at| taken.iter().any(|other| covers(*at, *other)));
    if is_free(&fitted) {
        return fitted;
    }
    if let [[_, _, w, h]] = fitted[..] {
        return vec![free_place(taken, [w, h], columns)];
    }
    let top = fitted.iter().map(|at| at[1]).min().unwrap_or(0);
    let below = rows(taken.iter().copied()) as i32 - i32::from(top);
    moved(&fitted, [0, below], columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_are_moved_together_and_stop_together_at_the_edge() {
        let places = [[0, 0, 6, 4], [8, 2, 4, 4]];
        assert_eq!(moved(&places, [3, 1], 24), [[3, 1, 6, 4], [11, 3, 4, 4]]);
        assert_eq!(moved(&places, [-5, -5], 24), places);
        assert_eq!(moved(&places, [99, 0], 24), [[12, 0, 6, 4], [20, 2, 4, 4]]);
        // One that the project has put over the edge goes no further, and comes back.
        assert_eq!(moved(&[[22, 0, 6, 4]], [1, 0], 24), [[22, 0, 6, 4]]);
        assert_eq!(moved(&[[22, 0, 6, 4]], [-4, 0], 24), [[18, 0, 6, 4]]);
    }

    #[test]
    fn an_edge_is_pulled_as_far_as_a_cell_is_left_and_no_further_than_the_grid() {
        let at = [[4, 2, 6, 4]];
        assert_eq!(resized(&at, Edges { x: 1, y: 0 }, [2, 9], 24), [[4, 2, 8, 4]]);
        assert_eq!(resized(&at, Edges { x: -1, y: -1 }, [2, 1], 24), [[6, 3, 4, 3]]);
        assert_eq!(resized(&at, Edges { x: -1, y: 1 }, [99, -99], 24), [[9, 2, 1, 1]]);
        assert_eq!(resized(&at, Edges { x: 1, y: 0 }, [99, 0], 24), [[4, 2, 20, 4]]);
        assert_eq!(resized(&at, Edges { x: -1, y: -1 }, [-99, -99], 24), [[0, 0, 10, 6]]);
    }

    #[test]
    fn panels_are_put_in_order() {
        let places = [[1, 0, 6, 4], [9, 2, 4, 2], [20, 8, 3, 3]];
        let done = |how| aligned(&places, 1, how, 24);
        assert_eq!(done(Align::Left), [[1, 0, 6, 4], [1, 2, 4, 2], [1, 8, 3, 3]]);
        assert_eq!(done(Align::Right), [[17, 0, 6, 4], [19, 2, 4, 2], [20, 8, 3, 3]]);
        assert_eq!(done(Align::Bottom), [[1, 7, 6, 4], [9, 9, 4, 2], [20, 8, 3, 3]]);
        assert_eq!(done(Align::SameWidth), [[1, 0, 4, 4], [9, 2, 4, 2], [20, 8, 4, 3]]);
        assert_eq!(done(Align::SameHeight), [[1, 0, 6, 2], [9, 2, 4, 2], [20, 8, 3, 2]]);
        assert_eq!(done(Align::Across), [[1, 0, 6, 4], [11, 2, 4, 2], [20, 8, 3, 3]]);
        assert_eq!(done(Align::Down), [[1, 0, 6, 4], [9, 5, 4, 2], [20, 8, 3, 3]]);
        assert_eq!(aligned(&[[1, 0, 6, 4], [9, 2, 4, 2]], 0, Align::SameWidth, 12)[1], [6, 2, 6, 2]);
    }

    #[test]
    fn the_first_free_place_is_found_from_the_top_left() {
        let taken = [[0, 0, 6, 4], [6, 0, 18, 8]];
        assert_eq!(free_place(&taken, [6, 4], 24), [0, 4, 6, 4]);
        assert_eq!(free_place(&taken, [8, 4], 24), [0, 8, 8, 4]);
        assert_eq!(free_place(&[], [40, 4], 24), [0, 0, 24, 4]);
    }

    #[test]
    fn what_comes_from_elsewhere_covers_nothing_and_keeps_its_order() {
        let taken = [[0, 0, 6, 4]];
        assert_eq!(free_for_all(&taken, &[[8, 0, 4, 4]], 24), [[8, 0, 4, 4]]);
        assert_eq!(free_for_all(&taken, &[[0, 0, 6, 4]], 24), [[6, 0, 6, 4]]);
        assert_eq!(free_for_all(&taken, &[[0, 0, 6, 4], [6, 0, 6, 4]], 24), [[0, 4, 6, 4], [6, 4, 6, 4]]);
        assert_eq!(free_for_all(&[], &[[20, 0, 10, 0]], 12), [[2, 0, 10, 1]]);
    }
}
