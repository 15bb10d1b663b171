//! Cursors: one opens only in its own list, with its original content, and nothing else opens at
//! all.
//!
//! Input: 16 bytes of an id, a byte of flags, one for the change of a cursor and one for the
//! position of the change, then a text. The text before its first line break names the list. The
//! rest is the name of a row, a made-up cursor, and bytes under a valid seal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taskhub_domain::{
    error::Kind,
    fuzzing::{feed, list::Cursors},
    list::Key,
};
use uuid::Uuid;

/// The tenant, and the row that contains the list.
const TENANT: Uuid = Uuid::from_u128(1);
const PLACE: Uuid = Uuid::from_u128(2);

fuzz_target!(|data: &[u8]| {
    let Some((id, [flags, change, at, rest @ ..])) = data.split_first_chunk::<16>() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (list, text) = text.split_once('\n').unwrap_or(("", text));
    let id = Uuid::from_bytes(*id);
    let backwards = flags & 1 == 1;
    let own = Cursors::of(TENANT, PLACE, list);

    let cursor = own.mint(text, id, backwards).unwrap();
    let changed = changed(&cursor, *change, usize::from(*at));
    match own.open(&cursor) {
        Ok(opened) => assert_eq!(opened, (backwards, vec![Key::Text(text.to_owned()), Key::Id(id)])),
        // The cursor is too long. Names are limited, but fuzzing does not know that.
        Err(_) => assert!(cursor.len() > 4096),
    }
    assert!(Cursors::of(PLACE, PLACE, list).open(&cursor).is_err(), "another tenant's");
    assert!(Cursors::of(TENANT, TENANT, list).open(&cursor).is_err(), "of rows in another");
    assert!(Cursors::of(TENANT, PLACE, &format!("{list}&x")).open(&cursor).is_err(), "of another list");
    assert!(changed == cursor || own.open(&changed).is_err(), "{cursor} as {changed}");

    // A made-up cursor never opens without the key. The fuzzer sees comparisons and may pass a
    // cursor that it has seen.
    match own.open(text) {
        Ok((backwards, keys)) => {
            let [Key::Text(name), Key::Id(id)] = keys.as_slice() else { panic!("{keys:?}") };
            assert_eq!(own.mint(name, *id, backwards).unwrap(), text);
        }
        Err(error) => assert_eq!(error.kind(), Kind::InvalidParameter),
    }
    // Under a valid seal any bytes are parsed, and only a position in this list is accepted.
    if let Ok((_, keys)) = own.open(&own.seal(text.as_bytes())) {
        assert_eq!(keys.len(), 2);
    }

    let position = i64::from_be_bytes(std::array::from_fn(|i| id.as_bytes()[i]));
    let cursor = feed::close(TENANT, position);
    assert_eq!(feed::open(TENANT, &cursor), Some(position));
    assert_eq!(feed::open(PLACE, &cursor), None);
    let changed = self::changed(&cursor, *change, usize::from(*at));
    assert!(changed == cursor || feed::open(TENANT, &changed).is_none(), "{cursor} as {changed}");
    if let Some(position) = feed::open(TENANT, text) {
        assert_eq!(feed::close(TENANT, position), text, "made up");
    }
});

/// A text with one changed character, or with one more at its end.
fn changed(text: &str, change: u8, at: usize) -> String {
    let mut octets = text.as_bytes().to_vec();
    let change = change & 0x7f;
    match octets.get_mut(at) {
        Some(octet) => *octet = change,
        None => octets.push(change),
    }
    String::from_utf8(octets).unwrap()
}
