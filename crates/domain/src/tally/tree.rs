//! A tree over whole numbers: each number lies in one node of every level, which is one of the 64 parts of a node of the level above. So there are few
//! nodes that together hold all numbers below another, and few to look at on the way to the one in the middle.

use std::ops::Range;

/// How many levels there are: a node of the lowest is one number, and one of the highest is 2^36 wide.
pub(super) const LEVELS: u32 = 7;

/// A node has 2^6 parts.
const BITS: u32 = 6;

/// The node of a level in which a number lies.
pub(super) fn node(level: u32, number: i64) -> i64 {
    number >> (BITS * level)
}

/// The nodes of the level below that a node consists of. The one above the highest level that holds the numbers from 0 to 2^42 is 0.
pub(super) fn parts(node: i64) -> Range<i64> {
    node << BITS..(node + 1) << BITS
}

/// The nodes that together hold the numbers below another: of each level those of one range, which may be empty.
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

    /// Seconds since the Unix epoch that an instant can have, many of them near each other.
    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![-62_000_000_000i64..253_402_300_800, -70i64..70, 1_790_000_000i64..1_790_010_000]
    }

    proptest! {
        /// A number below another lies in exactly one of the nodes that hold those below, and no other does.
        #[test]
        fn what_is_below_is_held_once(number in number(), other in number()) {
            let held = below(other).filter(|(level, range)| range.contains(&node(*level, number))).count();
            prop_assert_eq!(held, usize::from(number < other));
        }

        /// All ranges but that of the highest level are shorter than a node's parts.
        #[test]
        fn few_nodes_hold_what_is_below(number in number()) {
            let few = |(level, range): (u32, Range<i64>)| level + 1 == LEVELS || range.end - range.start < 1 << BITS;
            prop_assert!(below(number).all(few));
        }

        /// Whatever takes from nothing to the end of time is found from the node above the highest level downwards, and ends at itself.
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
