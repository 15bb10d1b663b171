//! Merge patches, compared with the algorithm of RFC 7396, section 2.
//!
//! Input: a JSON text, a line break, and another: the target and the patch.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use taskhub_domain::fuzzing::input::merge;

fuzz_target!(|text: &str| {
    let Some((target, patch)) = text.split_once('\n') else { return };
    let Ok(target) = serde_json::from_str::<Value>(target) else { return };
    let Ok(patch) = serde_json::from_str::<Value>(patch) else { return };

    let mut merged = target.clone();
    merge(&mut merged, &patch);
    let once = merged.clone();
    merge(&mut merged, &patch);
    assert_eq!(merged, once, "a patch that is applied again changes nothing");

    // TaskHub sets a null where the RFC removes the member. So a field that may not be null refuses
    // it.
    let mut cleared = once;
    clear(&mut cleared, &patch);
    assert_eq!(cleared, as_in_the_rfc(target, &patch));
});

/// Removes the members that the patch sets to null.
fn clear(merged: &mut Value, patch: &Value) {
    let (Value::Object(merged), Value::Object(patch)) = (merged, patch) else { return };
    for (name, change) in patch {
        if change.is_null() {
            assert_eq!(merged.remove(name), Some(Value::Null), "it is said that {name} is cleared");
        } else if let Some(value) = merged.get_mut(name) {
            clear(value, change);
        }
    }
}

/// `MergePatch(Target, Patch)`, line by line.
fn as_in_the_rfc(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = match target {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let before = target.remove(name).unwrap_or_default();
            target.insert(name.clone(), as_in_the_rfc(before, value));
        }
    }
    Value::Object(target)
}
