//! Access to the query strings and cursors of lists for the fuzz targets: see [`crate::fuzzing`].

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{ColumnTrait, QueryTrait};
pub use sea_orm::{DbBackend, Value};
use uuid::Uuid;

use super::SECRET;
use crate::{
    Clock, Date, Result, Scope, Timestamp,
    dependents::DEPENDENTS,
    identity::user::User,
    insight::notification::Notification,
    kernel::{
        context::{Request, System},
        list::{self, Form, Key, Query, Sort, cursor::Seal, query::Paging},
        policy::{self, Role},
        repository::resource::{ColumnOf, Listed, Resource},
    },
    work::{label::Label, project::Project, task::Task, time_entry::TimeEntry},
};

/// The tenant of the lists.
pub const TENANT: Uuid = Uuid::from_u128(0x7e);
/// The calling user, for `me`.
pub const CALLER: Uuid = Uuid::from_u128(0xca11);

/// The lists whose query strings are read. Together they have every form of a filter.
#[derive(Clone, Copy, Debug)]
pub enum List {
    /// Tasks.
    Tasks,
    /// Users.
    Users,
    /// Projects.
    Projects,
    /// Time entries.
    TimeEntries,
    /// Notifications.
    Notifications,
}

/// The result of reading a query string.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The statement that selects the rows.
    pub statement: String,
    /// The values bound to the statement.
    pub values: Vec<Value>,
    /// The sort keys, and whether they are descending.
    pub sort: Vec<(&'static str, bool)>,
    /// The page, unless there is a cursor.
    pub page: Option<u64>,
    /// The number of rows on a page.
    pub size: u64,
    /// The requested fields.
    pub fields: Option<Vec<String>>,
    /// The filter and sort to which cursors are bound.
    pub canonical: String,
}

impl List {
    /// Reads a query string for an admin or for a member.
    ///
    /// # Errors
    /// `InvalidParameter` for unknown parameters.
    pub fn read(self, query: &Query, is_admin: bool, backend: DbBackend) -> Result<Asked> {
        let role = if is_admin { Role::Admin } else { Role::Member };
        let system = System::new("fuzzing", Request::default(), Clock::manual());
        let scope = Scope::unconnected(system.as_user(TENANT, CALLER, role), backend, SECRET, &DEPENDENTS)?;
        match self {
            Self::Tasks => asked::<Task>(query, &scope, backend),
            Self::Users => asked::<User>(query, &scope, backend),
            Self::Projects => asked::<Project>(query, &scope, backend),
            Self::TimeEntries => asked::<TimeEntry>(query, &scope, backend),
            Self::Notifications => asked::<Notification>(query, &scope, backend),
        }
    }

    /// The canonical form of the value of a parameter; `None` if it is rejected, or is not split at
    /// commas.
    pub fn written(self, name: &str, value: &str) -> Option<String> {
        match self {
            Self::Tasks => written::<Task>(name, value),
            Self::Users => written::<User>(name, value),
            Self::Projects => written::<Project>(name, value),
            Self::TimeEntries => written::<TimeEntry>(name, value),
            Self::Notifications => written::<Notification>(name, value),
        }
    }

    /// The fields of the list.
    pub fn fields(self) -> Vec<&'static str> {
        match self {
            Self::Tasks => list::fields::<Task>(),
            Self::Users => list::fields::<User>(),
            Self::Projects => list::fields::<Project>(),
            Self::TimeEntries => list::fields::<TimeEntry>(),
            Self::Notifications => list::fields::<Notification>(),
        }
    }
}

fn asked<N: Resource>(query: &Query, scope: &Scope, backend: DbBackend) -> Result<Asked>
where
    ColumnOf<N>: ColumnTrait,
{
    let request = query.read::<N>(scope)?;
    let statement = scope.visible::<N>(request.condition)?.build(backend);
    let (page, size) = match request.paging {
        Paging::Numbered { page, size } => (Some(page), size),
        Paging::Cursor { size, .. } => (None, size),
    };
    Ok(Asked {
        statement: statement.sql,
        values: statement.values.map(|values| values.0).unwrap_or_default(),
        sort: request.sort.iter().map(|(sort, downwards)| (sort.name, *downwards)).collect(),
        page,
        size,
        fields: request.fields,
        canonical: request.canonical,
    })
}

fn written<N: Resource>(name: &str, value: &str) -> Option<String> {
    let ctx =
        System::new("fuzzing", Request::default(), Clock::manual()).as_user(TENANT, CALLER, Role::Admin);
    let plain = name.split('[').next().unwrap_or_default();
    let form = N::filters().iter().chain(N::private_filters()).find(|filter| filter.name == plain)?.form;
    let one = |value: &str| {
        Some(match (form, form.read(name, value, &ctx).ok()?) {
            (_, None) => "none".to_owned(),
            (Form::Ranks(words), Some(Value::SmallInt(Some(rank)))) => {
                (*words.get(usize::try_from(rank).ok()?.checked_sub(1)?)?).to_owned()
            }
            (Form::Timestamp, Some(Value::BigInt(Some(micros)))) => {
                Timestamp::from_micros(micros).to_string()
            }
            (Form::Date, Some(Value::TimeDate(Some(date)))) => Date::from_calendar(date).to_string(),
            (_, Some(Value::Uuid(Some(id)))) => id.to_string(),
            (_, Some(Value::Bool(Some(flag)))) => flag.to_string(),
            (_, Some(Value::String(Some(text)))) => text.clone(),
            _ => return None,
        })
    };
    value.split(',').map(one).collect::<Option<Vec<_>>>().map(|values| values.join(","))
}

/// The cursors of one list of labels, sorted by name.
pub struct Cursors<'a>(Seal<'a>);

impl<'a> Cursors<'a> {
    /// The cursors of a list in a tenant, for the rows in a parent.
    pub fn of(tenant: Uuid, place: Uuid, list: &'a str) -> Self {
        Self(Seal::new(SECRET, tenant, policy::ResourceType::Label, place, list))
    }

    /// The cursor at a row.
    ///
    /// # Errors
    /// `Internal`, which does not happen.
    pub fn mint(&self, name: &str, id: Uuid, backwards: bool) -> Result<String> {
        let at = Timestamp::from_micros(0);
        let name = name.to_owned();
        let label = Label {
            tenant_id: TENANT,
            id,
            name_key: name.clone(),
            name,
            color: String::new(),
            created_at: at,
            updated_at: at,
            version: 1,
        };
        self.0.close(&label, &sort(), backwards)
    }

    /// Any bytes with a valid MAC, which the server would not make.
    pub fn seal(&self, position: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([self.0.mac(position).as_slice(), position].concat())
    }

    /// Whether a cursor goes backwards, and the keys of its row.
    ///
    /// # Errors
    /// `InvalidParameter` if it is not a cursor of this list.
    pub fn open(&self, cursor: &str) -> Result<(bool, Vec<Key>)> {
        let position = self.0.open(cursor, &sort())?;
        // Every page uses the position like this.
        let _ = position.condition::<Label>(&sort());
        Ok((position.backwards, position.keys))
    }
}

fn sort() -> Vec<(&'static Sort<Label>, bool)> {
    Label::sorts().iter().rev().map(|sort| (sort, false)).collect()
}
