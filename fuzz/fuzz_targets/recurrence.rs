//! Recurrence rules: the next date is later, and the remaining rule is valid.
//!
//! Input: microseconds since the epoch, a line break, a time zone, a line break, and a rule.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taskhub_domain::{
    Timestamp,
    error::Kind,
    fuzzing::{LONGEST_RECURRENCE, recurrence},
};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (Some(from), Some(zone), Some(rule)) = (lines.next(), lines.next(), lines.next()) else { return };
    let Ok(from) = from.parse().map(Timestamp::from_micros) else { return };
    if rule.chars().nth(LONGEST_RECURRENCE).is_some() {
        return;
    }
    match recurrence(rule, from, zone) {
        Err(error) => assert_eq!(error.kind(), Kind::Invalid),
        Ok(None) => {}
        Ok(Some((next, left))) => {
            assert!(next > from);
            assert!(recurrence(&left, next, zone).is_ok(), "{left} is left of {rule}");
        }
    }
});
