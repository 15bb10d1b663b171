//! Stand-ins: values that replace those that cannot be deserialised, so that the rest of a body can
//! be checked.
//!
//! A stand-in is deserialised as any type: an empty list, zero, null. For a text, several values
//! are tried in turn, because timestamps, ids and dates are texts, too.
//!
//! Invariant: a client cannot send a stand-in, because its mark is a control character.

use serde::{
    Deserializer,
    de::{
        IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
};
use serde_json::{Error, Value};

/// The texts of stand-ins, in the order in which they are tried: empty, a timestamp, an id, a date.
const TEXTS: [&str; 4] = ["", "1970-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000", "1970-01-01"];
/// The mark of a stand-in in a body. Texts of clients with this character are rejected before.
const MARK: char = '\0';

/// A value that is deserialised as any type.
#[derive(Clone, Copy)]
pub(super) struct StandIn(&'static str);

/// The first stand-in, as a value of a body.
pub(super) fn first() -> Value {
    marked(0)
}

/// The stand-in to try after a value; `None` after the last.
pub(super) fn next(value: &Value) -> Option<Value> {
    let next = place(value).map_or(0, |place| place + 1);
    (next < TEXTS.len()).then(|| marked(next))
}

fn marked(place: usize) -> Value {
    format!("{MARK}{place}").into()
}

fn place(value: &Value) -> Option<usize> {
    value.as_str()?.strip_prefix(MARK)?.parse().ok()
}

impl StandIn {
    /// The stand-in of a value, if the value is one.
    pub(super) fn of(value: &Value) -> Option<Self> {
        TEXTS.get(place(value)?).map(|text| Self(text))
    }
}

macro_rules! read {
    ($($method:ident($($name:ident: $kind:ty),*) as $visit:ident($($value:expr),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $kind,)* visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($($value),*)
        }
    )*};
}

impl<'de> Deserializer<'de> for StandIn {
    type Error = Error;

    read! {
        deserialize_any() as visit_none();
        deserialize_option() as visit_none();
        deserialize_unit() as visit_unit();
        deserialize_unit_struct(_name: &'static str) as visit_unit();
        deserialize_ignored_any() as visit_unit();
        deserialize_bool() as visit_bool(false);
        deserialize_i8() as visit_i8(0);
        deserialize_i16() as visit_i16(0);
        deserialize_i32() as visit_i32(0);
        deserialize_i64() as visit_i64(0);
        deserialize_i128() as visit_i128(0);
        deserialize_u8() as visit_u8(0);
        deserialize_u16() as visit_u16(0);
        deserialize_u32() as visit_u32(0);
        deserialize_u64() as visit_u64(0);
        deserialize_u128() as visit_u128(0);
        deserialize_f32() as visit_f32(0.0);
        deserialize_f64() as visit_f64(0.0);
        deserialize_char() as visit_char('0');
        deserialize_bytes() as visit_bytes(&[]);
        deserialize_byte_buf() as visit_byte_buf(Vec::new());
        deserialize_map() as visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>()));
        deserialize_seq() as visit_seq(SeqDeserializer::new(std::iter::empty::<&str>()));
        deserialize_tuple(_len: usize) as visit_seq(SeqDeserializer::new(std::iter::empty::<&str>()));
        deserialize_tuple_struct(_name: &'static str, _len: usize)
            as visit_seq(SeqDeserializer::new(std::iter::empty::<&str>()));
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(fields.iter().map(|name| (*name, self))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(words.first().copied().unwrap_or_default().into_deserializer())
    }
}

impl IntoDeserializer<'_, Error> for StandIn {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Implements methods of a `Deserializer`: for a stand-in by [`StandIn`], else by `deserialize_any`.
macro_rules! or_stand_in {
    ($($method:ident($($name:ident: $kind:ty),*);)*) => {$(
        fn $method<V: serde::de::Visitor<'de>>(
            self,
            $($name: $kind,)*
            visitor: V,
        ) -> Result<V::Value, serde_json::Error> {
            match $crate::kernel::input::stand_in::StandIn::of(self.0) {
                Some(stand_in) => stand_in.$method($($name,)* visitor),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}
pub(super) use or_stand_in;
