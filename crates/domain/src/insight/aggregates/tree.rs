//! A tree over the integers. Each number is in one node of every level, and a node has 64 children.
//!
//! So a few nodes cover all numbers below another, and a few nodes lead to the median. This module
//! knows no database.

use std::ops::Range;

/// The number of levels. A node of the lowest level is one number, and one of the highest covers
/// 2^36 numbers.
pub(super) const LEVELS: u32 = 7;

/// A node has 2^6 children.
const BITS: u32 = 6;

/// The node of a level that contains a number.
pub(super) fn node(level: u32, number: i64) -> i64 {
    number >> (BITS * level)
}

/// The children of a node. Above the highest level, node 0 contains the numbers from 0 to 2^42.
pub(super) fn parts(node: i64) -> Range<i64> {
    node << BITS..(node + 1) << BITS
}

/// The nodes that together cover the numbers below another: one range of nodes on each level, which
/// may be empty.
pub(super) fn below(number: i64) -> impl Iterator<Item = (u32, Range<i64>)> {
    (0..LEVELS).map(move |level| {
        let from = if level + 1 == LEVELS { i64::MIN } else { parts(node(level + 1, number)).start };
        (level, from..node(level, number))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Seconds since the Unix epoch of possible timestamps, many of them close together.
    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![-62_000_000_000i64..253_402_300_800, -70i64..70, 1_790_000_000i64..1_790_010_000]
    }

    proptest! {
        /// A number is in exactly one of the nodes below another number if it is smaller, else in
        /// none.
        #[test]
        fn what_is_below_is_held_once(number in number(), other in number()) {
            let held = below(other).filter(|(level, range)| range.contains(&node(*level, number))).count();
            prop_assert_eq!(held, usize::from(number < other));
        }

        /// All ranges but that of the highest level are shorter than the children of a node.
        #[test]
        fn few_nodes_hold_what_is_below(number in number()) {
            let few = |(level, range): (u32, Range<i64>)| level + 1 == LEVELS || range.end - range.start < 1 << BITS;
            prop_assert!(below(number).all(few));
        }

        /// The way down from the node above the highest level ends at the number itself.
        #[test]
        fn the_way_down_leads_to_the_number(number in 0i64..316_000_000_000) {
            let mut at = 0;
            for level in (0..LEVELS).rev() {
                let next = node(level, number);
                prop_assert!(parts(at).contains(&next));
                at = next;
            }
            prop_assert_eq!(at, number);
        }
    }
}
