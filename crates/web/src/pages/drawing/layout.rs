//! Places the steps of a procedure in rows, each below those that lead to it, so that few lines cross.
//!
//! The way of Sugiyama, Tagawa and Toda (1981): lines that lead back are turned round, each step gets the
//! row after the last that leads to it, long lines get a place in every row that they cross, and rows are
//! sorted by where their neighbours stand.

/// How wide a node is.
pub(super) const NODE_WIDTH: i32 = 176;
/// How high.
pub(super) const NODE_HEIGHT: i32 = 68;
/// How much lies between two nodes of a row.
const BESIDE: i32 = 28;
/// How much lies between two rows.
const BELOW: i32 = 52;
/// The room that a line needs in a row that it crosses.
const LINE: i32 = 20;
/// The margin around everything.
const MARGIN: i32 = 12;
/// How often the rows are sorted.
const SWEEPS: usize = 12;

/// A way from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What stands in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Node(usize),
    /// The line of that number passes.
    Line(usize),
}

impl Slot {
    fn width(self) -> i32 {
        match self {
            Self::Node(_) => NODE_WIDTH,
            Self::Line(_) => LINE,
        }
    }
}

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    edges: Vec<Edge>,
    /// Which lines lead back.
    back: Vec<bool>,
    ranks: Vec<Option<usize>>,
    /// The middle of each slot, row by row.
    rows: Vec<Vec<(Slot, i32)>>,
    width: i32,
    mirrored: bool,
}

impl Layout {
    /// Places so many nodes, those that can be reached from the first. Mirrored, it runs from right to
    /// left.
    pub(super) fn of(count: usize, first: usize, edges: &[Edge], mirrored: bool) -> Self {
        let back = back(count, first, edges);
        let ranks = ranks(count, first, edges, &back);
        let mut rows = rows(&ranks, edges, &back);
        sort(&mut rows, edges);
        let width = |row: &Vec<Slot>| -> i32 {
            row.iter().map(|slot| slot.width()).sum::<i32>()
                + BESIDE * (row.len() as i32 - 1).max(0)
        };
        let widest = rows.iter().map(width).max().unwrap_or_default();
        let placed = rows.iter().map(|row| {
            let mut x = MARGIN + (widest - width(row)) / 2;
            let slots = row.iter().map(|slot| {
                let middle = x + slot.width() / 2;
                x += slot.width() + BESIDE;
                (*slot, middle)
            });
            slots.collect()
        });
        let rows = placed.collect();
        Self { edges: edges.to_vec(), back, ranks, rows, width: widest + 2 * MARGIN, mirrored }
    }

    pub(super) fn width(&self) -> i32 {
        self.width
    }

    pub(super) fn height(&self) -> i32 {
        let rows = self.rows.len() as i32;
        2 * MARGIN + rows * NODE_HEIGHT + (rows - 1).max(0) * BELOW
    }

    pub(super) fn is_placed(&self, node: usize) -> bool {
        self.ranks[node].is_some()
    }

    /// The row of a node.
    pub(super) fn rank(&self, node: usize) -> usize {
        self.ranks[node].unwrap_or(usize::MAX)
    }

    /// The upper left corner of a node.
    pub(super) fn place(&self, node: usize) -> (i32, i32) {
        let x = self.middle(self.rank(node), Slot::Node(node)).unwrap_or_default();
        (x - NODE_WIDTH / 2, top(self.rank(node)))
    }

    fn middle(&self, row: usize, slot: Slot) -> Option<i32> {
        let found = self.rows.get(row)?.iter().find(|(known, _)| *known == slot);
        found.map(|(_, x)| if self.mirrored { self.width - x } else { *x })
    }

    /// The line of an edge, as the `d` of an SVG path that ends at its arrow; `None` for one of a node
    /// that is not placed, or of a node to itself.
    pub(super) fn path(&self, edge: usize) -> Option<String> {
        let Edge { from, to } = self.edges[edge];
        let (upper, lower) = if self.back[edge] { (to, from) } else { (from, to) };
        let (first, last) = (self.ranks[upper]?, self.ranks[lower]?);
        if first >= last {
            return None;
        }
        let mut points = vec![(self.middle(first, Slot::Node(upper))?, top(first) + NODE_HEIGHT)];
        for row in first + 1..last {
            let x = self.middle(row, Slot::Line(edge))?;
            points.push((x, top(row)));
            points.push((x, top(row) + NODE_HEIGHT));
        }
        points.push((self.middle(last, Slot::Node(lower))?, top(last)));
        if self.back[edge] {
            // It leads up: apart from the line that leads down between the same nodes.
            points.reverse();
            let shift = if self.mirrored { -14 } else { 14 };
            for (x, _) in &mut points {
                *x += shift;
            }
        }
        let mut path = format!("M{} {}", points[0].0, points[0].1);
        for pair in points.windows(2) {
            let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
            let bend = (to_y - y) / 2;
            if x == to_x {
                path.push_str(&format!("L{to_x} {to_y}"));
            } else {
                path.push_str(&format!("C{x} {} {to_x} {} {to_x} {to_y}", y + bend, to_y - bend));
            }
        }
        Some(path)
    }
}

fn top(row: usize) -> i32 {
    MARGIN + row as i32 * (NODE_HEIGHT + BELOW)
}

/// Which edges lead back to where one comes from.
fn back(count: usize, first: usize, edges: &[Edge]) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        OnTheWay,
        Done,
    }
    let mut seen = vec![Seen::No; count];
    let mut back = vec![false; edges.len()];
    // The node, and the next edge to be looked at.
    let mut way = vec![(first, 0)];
    if let Some(known) = seen.get_mut(first) {
        *known = Seen::OnTheWay;
    }
    while let Some((node, next)) = way.last_mut() {
        let found = edges.iter().enumerate().skip(*next).find(|(_, edge)| edge.from == *node);
        let Some((no, edge)) = found else {
            seen[*node] = Seen::Done;
            way.pop();
            continue;
        };
        *next = no + 1;
        match seen[edge.to] {
            Seen::OnTheWay => back[no] = true,
            Seen::Done => {}
            Seen::No => {
                seen[edge.to] = Seen::OnTheWay;
                way.push((edge.to, 0));
            }
        }
    }
    back
}

/// The row of each node that can be reached: the one after the last that leads to it.
fn ranks(count: usize, first: usize, edges: &[Edge], back: &[bool]) -> Vec<Option<usize>> {
    let mut ranks = vec![None; count];
    if let Some(rank) = ranks.get_mut(first) {
        *rank = Some(0);
    }
    // No path without edges that lead back is longer than there are nodes.
    for _ in 0..count {
        let mut changed = false;
        for (edge, _) in edges.iter().zip(back).filter(|(_, back)| !**back) {
            let Some(rank) = ranks[edge.from] else { continue };
            if ranks[edge.to].is_none_or(|known| known <= rank) && edge.from != edge.to {
                ranks[edge.to] = Some(rank + 1);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    ranks
}

fn rows(ranks: &[Option<usize>], edges: &[Edge], back: &[bool]) -> Vec<Vec<Slot>> {
    let height = ranks.iter().flatten().max().map_or(0, |last| last + 1);
    let mut rows = vec![Vec::new(); height];
    for (node, rank) in ranks.iter().enumerate() {
        if let Some(rank) = rank {
            rows[*rank].push(Slot::Node(node));
        }
    }
    for (no, edge) in edges.iter().enumerate() {
        let (upper, lower) = if back[no] { (edge.to, edge.from) } else { (edge.from, edge.to) };
        if let (Some(upper), Some(lower)) = (ranks[upper], ranks[lower]) {
            for row in rows.iter_mut().take(lower).skip(upper + 1) {
                row.push(Slot::Line(no));
            }
        }
    }
    rows
}

/// Sorts each row by the average place of its neighbours in the row above, then below, in turn.
fn sort(rows: &mut [Vec<Slot>], edges: &[Edge]) {
    let joined = |one: Slot, other: Slot| match (one, other) {
        (Slot::Line(edge), Slot::Line(other)) => edge == other,
        (Slot::Line(edge), Slot::Node(node)) | (Slot::Node(node), Slot::Line(edge)) => {
            edges[edge].from == node || edges[edge].to == node
        }
        (Slot::Node(one), Slot::Node(other)) => edges.iter().any(|edge| {
            (edge.from, edge.to) == (one, other) || (edge.to, edge.from) == (one, other)
        }),
    };
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = match down {
            true => (1..rows.len()).collect(),
            false => (0..rows.len().saturating_sub(1)).rev().collect(),
        };
        for row in order {
            let beside = rows[if down { row - 1 } else { row + 1 }].clone();
            let mut weighed: Vec<(usize, Slot)> = rows[row]
                .iter()
                .enumerate()
                .map(|(own, slot)| {
                    let places =
                        beside.iter().enumerate().filter(|(_, other)| joined(*slot, **other));
                    let places: Vec<usize> = places.map(|(place, _)| place).collect();
                    // In thousandths of a place; what has no neighbour stays where it is.
                    let average = match places.len() {
                        0 => own * 1000,
                        count => places.iter().sum::<usize>() * 1000 / count,
                    };
                    (average, *slot)
                })
                .collect();
            weighed.sort_by_key(|(average, _)| *average);
            rows[row] = weighed.into_iter().map(|(_, slot)| slot).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(pairs: &[(usize, usize)]) -> Vec<Edge> {
        pairs.iter().map(|(from, to)| Edge { from: *from, to: *to }).collect()
    }

    #[test]
    fn each_stands_below_what_leads_to_it_and_a_way_back_leads_up() {
        // 0 → 1 → 2 → 3, 1 → 4 → 1 (back), 0 → 3 (long); 5 is never reached.
        let edges = edges(&[(0, 1), (1, 2), (2, 3), (1, 4), (4, 1), (0, 3)]);
        let layout = Layout::of(6, 0, &edges, false);
        assert_eq!((0..5).map(|node| layout.rank(node)).collect::<Vec<_>>(), [0, 1, 2, 3, 2]);
        assert!(!layout.is_placed(5));
        assert_eq!(layout.back, [false, false, false, false, true, false]);
        assert!(edges.iter().enumerate().all(|(no, _)| layout.path(no).is_some()));
        // The long one has a place in each row that it crosses.
        assert!(layout.rows[1].iter().any(|(slot, _)| *slot == Slot::Line(5)));
    }

    #[test]
    fn no_two_nodes_of_a_row_overlap_and_all_are_inside() {
        let edges = edges(&[(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 5), (4, 5), (5, 0)]);
        for mirrored in [false, true] {
            let layout = Layout::of(6, 0, &edges, mirrored);
            for one in 0..6 {
                let (x, y) = layout.place(one);
                assert!(x >= MARGIN && x + NODE_WIDTH <= layout.width() - MARGIN, "{one}");
                assert!(y >= MARGIN && y + NODE_HEIGHT <= layout.height() - MARGIN, "{one}");
                for other in one + 1..6 {
                    let (other_x, other_y) = layout.place(other);
                    assert!(y != other_y || (x - other_x).abs() >= NODE_WIDTH + BESIDE);
                }
            }
        }
    }

    #[test]
    fn mirrored_it_is_the_same_from_right_to_left() {
        let edges = edges(&[(0, 1), (0, 2)]);
        let (one, other) = (Layout::of(3, 0, &edges, false), Layout::of(3, 0, &edges, true));
        let (x, y) = one.place(1);
        assert_eq!(other.place(1), (one.width() - x - NODE_WIDTH, y));
    }
}
