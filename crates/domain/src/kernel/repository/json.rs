//! Structured values in one column, stored as JSON text.

use sea_orm::{
    TryGetError, TryGetable, Value,
    sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::row::{Cell, Cells};

/// A value that a column stores as JSON text. Responses show the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AsJson<T>(pub T);

impl<T: Serialize> From<AsJson<T>> for Value {
    fn from(value: AsJson<T>) -> Self {
        Self::String(Some(serde_json::to_string(&value.0).unwrap_or_default()))
    }
}

impl<T: DeserializeOwned> ValueType for AsJson<T> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let text = <String as ValueType>::try_from(value)?;
        serde_json::from_str(&text).map(Self).map_err(|_| ValueTypeErr)
    }

    fn type_name() -> String {
        "AsJson".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::Text
    }
}

impl<T> Nullable for AsJson<T> {
    fn null() -> Value {
        Value::String(None)
    }
}

impl<T: DeserializeOwned> TryGetable for AsJson<T> {
    fn try_get_by<I: sea_orm::ColIdx>(row: &sea_orm::QueryResult, index: I) -> Result<Self, TryGetError> {
        let text = String::try_get_by(row, index)?;
        serde_json::from_str(&text)
            .map(Self)
            .map_err(|error| TryGetError::DbErr(sea_orm::DbErr::Json(error.to_string())))
    }
}

impl<T: DeserializeOwned> Cell for AsJson<T> {
    fn read(cells: &Cells<'_>, position: usize) -> Result<Option<Self>, sqlx::Error> {
        let text = String::read(cells, position)?;
        let value = text.map(|text| serde_json::from_str(&text).map(Self)).transpose();
        value.map_err(|error| sqlx::Error::Decode(error.into()))
    }
}
