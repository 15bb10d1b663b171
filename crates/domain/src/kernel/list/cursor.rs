//! Cursors: positions in a sorted list, protected by a MAC.
//!
//! A cursor has the sort keys of the first or last row of a page.
//!
//! Invariant: the MAC covers the tenant, the resource, the parent, the filter and the sort. So a
//! cursor is valid only for the list that it came from, and a client cannot choose its values.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{Condition, Value, sea_query::ExprTrait};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    bad_cursor,
    query::{Key, Sort},
};
use crate::{
    Error, Result,
    kernel::{policy, repository::resource::Resource},
};

/// The size of the MAC in a cursor, in bytes.
const SEAL: usize = 16;
/// The greatest length of a cursor, in characters: it limits what is decoded.
pub const CURSOR: usize = 4096;

/// A position between two rows of a list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Whether it leads to the previous page.
    #[serde(rename = "b")]
    pub(crate) backwards: bool,
    #[serde(rename = "k")]
    pub(crate) keys: Vec<Key>,
}

/// Makes and opens the cursors of one list.
pub(crate) struct Seal<'a> {
    secret: &'a [u8],
    tenant: Uuid,
    noun: policy::ResourceType,
    place: Uuid,
    list: &'a str,
}

impl<'a> Seal<'a> {
    pub(crate) fn new(
        secret: &'a [u8],
        tenant: Uuid,
        noun: policy::ResourceType,
        place: Uuid,
        list: &'a str,
    ) -> Self {
        Self { secret, tenant, noun, place, list }
    }

    /// The cursor at a row.
    pub(crate) fn close<N: Resource>(
        &self,
        row: &N::Item,
        sort: &[(&Sort<N>, bool)],
        backwards: bool,
    ) -> Result<String> {
        let keys = sort.iter().map(|(sort, _)| (sort.key)(row)).collect();
        let position = serde_json::to_vec(&Position { backwards, keys }).map_err(Error::internal)?;
        let mut sealed = self.mac(&position).to_vec();
        sealed.extend(position);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The position in a cursor of this list.
    pub(crate) fn open<N: Resource>(&self, cursor: &str, sort: &[(&Sort<N>, bool)]) -> Result<Position> {
        if cursor.len() > CURSOR {
            return Err(bad_cursor());
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?;
        let (seal, position) = sealed.split_at_checked(SEAL).ok_or_else(bad_cursor)?;
        if !taskhub_auth::secret::equal(seal, &self.mac(position)) {
            return Err(bad_cursor());
        }
        let position: Position = serde_json::from_slice(position).map_err(|_| bad_cursor())?;
        if position.keys.len() == sort.len() { Ok(position) } else { Err(bad_cursor()) }
    }

    pub(crate) fn mac(&self, position: &[u8]) -> [u8; SEAL] {
        let parts = [
            b"cursor",
            self.tenant.as_bytes().as_slice(),
            self.noun.as_str().as_bytes(),
            self.place.as_bytes(),
            self.list.as_bytes(),
            position,
        ];
        let mac = taskhub_auth::secret::mac(self.secret, &parts);
        std::array::from_fn(|i| mac.get(i).copied().unwrap_or_default())
    }
}

impl Position {
    /// The condition for the rows after the position. For keys a and b it is
    /// `a >= x AND (a > x OR (b > y))`: every database can start an index range at the first part.
    pub(crate) fn condition<N: Resource>(&self, sort: &[(&Sort<N>, bool)]) -> Condition {
        let Some((((sort, downwards), rest), (key, later))) = sort.split_first().zip(self.keys.split_first())
        else {
            return Condition::all();
        };
        let column = sort.expr::<N>();
        let value = || Value::from(key.clone());
        let descends = *downwards != self.backwards;
        let beyond = if descends { column.clone().lt(value()) } else { column.clone().gt(value()) };
        if rest.is_empty() {
            return Condition::all().add(beyond);
        }
        let at_least = if descends { column.lte(value()) } else { column.gte(value()) };
        let later = Self { backwards: self.backwards, keys: later.to_vec() };
        Condition::all().add(at_least).add(Condition::any().add(beyond).add(later.condition::<N>(rest)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Timestamp, kernel::repository::Listed, work::label::Label};

    fn label(name: String, id: Uuid) -> Label {
        let (tenant_id, now) = (Uuid::from_u128(1), Timestamp::from_micros(0));
        Label {
            tenant_id,
            id,
            name,
            color: String::new(),
            name_key: String::new(),
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn seal(tenant: u128, list: &str) -> Seal<'_> {
        Seal::new(b"key", Uuid::from_u128(tenant), policy::ResourceType::Label, Uuid::nil(), list)
    }

    fn sort() -> Vec<(&'static Sort<Label>, bool)> {
        Label::sorts().iter().map(|sort| (sort, false)).collect()
    }

    proptest! {
        /// A cursor opens in its own list only, with the values that were put in.
        #[test]
        fn a_cursor_opens_in_its_list(name: String, id: u128, backwards: bool, list: String) {
            let label = label(name.clone(), Uuid::from_u128(id));
            let cursor = seal(1, &list).close(&label, &sort(), backwards).unwrap();
            let position = seal(1, &list).open(&cursor, &sort()).unwrap();
            prop_assert_eq!(position.backwards, backwards);
            prop_assert_eq!(position.keys, vec![Key::Id(Uuid::from_u128(id)), Key::Text(name)]);
            prop_assert!(seal(2, &list).open(&cursor, &sort()).is_err());
            prop_assert!(seal(1, &(list.clone() + "x")).open(&cursor, &sort()).is_err());
            prop_assert!(seal(1, &list).open(&cursor, &sort()[..1]).is_err());
        }

        /// A cursor with one changed character opens nowhere.
        #[test]
        fn a_changed_cursor_opens_nowhere(place in 0usize..60, letter in "[A-Za-z0-9_-]") {
            let cursor = seal(1, "").close(&label("a".to_owned(), Uuid::nil()), &sort(), false).unwrap();
            let mut changed = cursor.clone();
            changed.replace_range(place..=place, &letter);
            prop_assert_eq!(seal(1, "").open(&changed, &sort()).is_ok(), changed == cursor);
        }

        /// A cursor that the server did not make is rejected, well-formed or not.
        #[test]
        fn rubbish_is_refused(text in ".*|[A-Za-z0-9_-]{0,99}", bytes: Vec<u8>) {
            prop_assert!(seal(1, "").open(&text, &sort()).is_err());
            prop_assert!(seal(1, "").open(&URL_SAFE_NO_PAD.encode(bytes), &sort()).is_err());
        }
    }
}
