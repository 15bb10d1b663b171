//! A stricter `Deserializer` for JSON values.
//!
//! serde_json accepts `{"low": null}` for the enum value `low`, and a list for the fields of a
//! struct in their order. The `uuid` crate accepts ids in several forms.
//!
//! Invariant: this `Deserializer` accepts only what the OpenAPI document allows.

use std::any::type_name;

use serde::{
    Deserializer,
    de::{
        Error as _, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
};
use serde_json::{Error, Number, Value};
use uuid::Uuid;

use super::{
    id,
    stand_in::{StandIn, or_stand_in},
};

/// A value with strict deserialisation.
#[derive(Clone, Copy)]
pub(super) struct Strict<'de>(pub(super) &'de Value);

impl<'de> IntoDeserializer<'de, Error> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            value if StandIn::of(value).is_some() => visitor.visit_none(),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().map(Strict))),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.as_str(), Strict(value)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            // A number without a fraction is a whole number in every notation, as in JSON Schema.
            Value::Number(number) => match whole(number) {
                Some(whole) => visitor.visit_i64(whole),
                None => number.deserialize_any(visitor),
            },
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() || StandIn::of(self.0).is_some() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
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
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Some(stand_in) = StandIn::of(self.0) {
            stand_in.deserialize_struct(name, fields, visitor)
        } else if self.0.is_object() {
            self.deserialize_any(visitor)
        } else {
            Err(Error::custom("must be a JSON object"))
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Some(stand_in) = StandIn::of(self.0) {
            stand_in.deserialize_enum(name, words, visitor)
        } else if self.0.is_string() {
            self.0.deserialize_enum(name, words, visitor)
        } else {
            Err(Error::custom(format_args!("must be one of: {}", words.join(", "))))
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(stand_in) = StandIn::of(self.0) {
            return stand_in.deserialize_str(visitor);
        }
        // Checking ids here saves an attribute at each field of type `Uuid`.
        match self.0 {
            Value::String(text) if type_name::<V::Value>() == type_name::<Uuid>() && id(text).is_none() => {
                Err(Error::custom("must be an id, like 0190f2a8-5d3c-7c1e-9d4e-6f1b2a3c4d5e"))
            }
            value => value.deserialize_str(visitor),
        }
    }

    or_stand_in! {
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

/// The whole number that is written with a fraction or an exponent, such as `5.0` or `5e0`.
fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    // From 2^53 on, a float cannot represent every whole number.
    (float.abs() <= 9_007_199_254_740_992.0).then(|| format!("{float:.0}").parse().ok())?
}
