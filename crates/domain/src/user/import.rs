//! Making many users at once, from a file of comma-separated values (RFC 4180).
//!
//! Invariant: all or nothing. Every row is told what is wrong with it, and only a file of which every row is good makes users, in one
//! transaction. They have no password yet: nobody can sign in as them until they have chosen one.

use std::collections::HashSet;

use csv::StringRecord;
use sea_orm::{Condition, QueryFilter, QueryTrait, entity::prelude::*};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{NewUser, User, create_without_password, entity::Column};
use crate::{
    Context, Error, Result, Tx,
    error::{FieldError, Kind},
    input::Unchecked,
    policy::{self, Action},
};

/// The most rows of a file.
const MOST: usize = 1000;
/// The columns that a file can have, the first two of which it must.
const COLUMNS: [&str; 5] = ["email", "username", "first_name", "last_name", "role"];

/// A file that was read: its rows are judged each.
#[derive(Clone, Debug)]
pub struct Import {
    rows: Vec<Row>,
    dry_run: bool,
}

#[derive(Clone, Debug)]
struct Row {
    line: u64,
    email: String,
    user: Result<NewUser, Vec<FieldError>>,
}

/// What came of an import.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportReport {
    /// Whether it was only asked what would come of it.
    dry_run: bool,
    /// Whether the users were made: all of them, or none.
    imported: bool,
    /// How many rows the file has, without its header.
    #[schema(example = 1)]
    rows: usize,
    /// How many users were made.
    #[schema(example = 1)]
    created: usize,
    /// How many rows are wrong.
    #[schema(example = 0)]
    failed: usize,
    /// What came of each row, in the order of the file.
    results: Vec<ImportedUser>,
}

/// What came of a row of an import.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportedUser {
    /// The line on which the row begins; the header is on the first.
    #[schema(example = 2)]
    row: u64,
    /// The email, as the row has it.
    #[schema(example = "grace@acme.example")]
    email: String,
    status: ImportStatus,
    /// The id of the new user.
    id: Option<Uuid>,
    /// What is wrong, by column.
    errors: Vec<FieldError>,
}

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// The user was made.
    Created,
    /// The row is good; nothing was made, because it was not to be, or another row is wrong.
    Valid,
    /// The row is wrong.
    Failed,
}

/// Reads a file, for a caller who may make users.
///
/// # Errors
/// `Forbidden`; `Invalid` when it has no such header, or too many rows.
pub fn check(ctx: &Context, text: &str, dry_run: bool) -> Result<Import> {
    policy::permit(ctx, policy::Noun::User, Action::Create)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(Error::internal)?.clone();
    check_header(&header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        if rows.len() == MOST {
            return Err(Error::field("", "too_many", format!("At most {MOST} rows are allowed.")));
        }
        rows.push(read(&header, &record.map_err(Error::internal)?));
    }
    let mut import = Import { rows, dry_run };
    import.refuse_repeated();
    Ok(import)
}

fn check_header(header: &StringRecord) -> Result<()> {
    let mut seen = HashSet::new();
    for name in header {
        if !COLUMNS.contains(&name) {
            let message = format!("There is no such column. Expected: {}.", COLUMNS.join(", "));
            return Err(Error::field(format!("/{name}"), "unknown_field", message));
        }
        if !seen.insert(name) {
            return Err(Error::field(format!("/{name}"), "invalid_value", "This column stands there twice."));
        }
    }
    match COLUMNS.iter().take(2).find(|name| !seen.contains(**name)) {
        Some(name) => Err(Error::field(format!("/{name}"), "required", "This column is required.")),
        None => Ok(()),
    }
}

/// A row as the body of one new user, checked as that is. An empty cell is an absent field.
fn read(header: &StringRecord, record: &StringRecord) -> Row {
    let cells = header.iter().zip(record).filter(|(_, cell)| !cell.is_empty());
    let mut body: Map<_, _> = cells.map(|(name, cell)| (name.to_owned(), Value::from(cell))).collect();
    let email = body.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
    // Not a password that anybody has: see `import`.
    body.insert("password".to_owned(), Value::from(""));
    let user = if record.len() == header.len() {
        Unchecked::<NewUser>::new(body.into()).check().map_err(|error| error.fields().to_vec())
    } else {
        let message = format!("Expected {} cells, found {}.", header.len(), record.len());
        Err(vec![FieldError { pointer: String::new(), code: "invalid_row", message }])
    };
    Row { line: record.position().map_or(0, csv::Position::line), email, user }
}

impl Import {
    /// A row whose email or username an earlier one has.
    fn refuse_repeated(&mut self) {
        let (mut emails, mut usernames) = (HashSet::new(), HashSet::new());
        for row in &mut self.rows {
            let Ok(user) = &row.user else { continue };
            let repeated = [
                (!emails.insert(user.email.clone())).then_some("email"),
                (!usernames.insert(user.username.clone())).then_some("username"),
            ];
            row.refuse(repeated, "Another row of the file has this value already.");
        }
    }

    /// Rows whose email or username a user of the tenant has.
    async fn refuse_taken(&mut self, tx: &Tx) -> Result<()> {
        let good = || self.rows.iter().filter_map(|row| row.user.as_ref().ok());
        let same = Condition::any()
            .add(Column::Email.is_in(good().map(|user| user.email.as_str())))
            .add(Column::Username.is_in(good().map(|user| user.username.as_str())));
        let users: Vec<User> = tx.all(&tx.owned::<User>().filter(same).into_query()).await?;
        let emails: HashSet<_> = users.iter().map(|user| user.email.as_str()).collect();
        let usernames: HashSet<_> = users.iter().map(|user| user.username.as_str()).collect();
        for row in &mut self.rows {
            let Ok(user) = &row.user else { continue };
            let taken = [
                emails.contains(user.email.as_str()).then_some("email"),
                usernames.contains(user.username.as_str()).then_some("username"),
            ];
            row.refuse(taken, "Another user has this value already.");
        }
        Ok(())
    }
}

impl Row {
    fn refuse(&mut self, fields: [Option<&str>; 2], message: &str) {
        let error =
            |field| FieldError { pointer: format!("/{field}"), code: "taken", message: message.to_owned() };
        let errors: Vec<_> = fields.into_iter().flatten().map(error).collect();
        if !errors.is_empty() {
            self.user = Err(errors);
        }
    }
}

/// Makes the users of a file, all or none, and welcomes them.
///
/// # Errors
/// `Forbidden`.
pub async fn import(tx: &Tx, file: &Import) -> Result<ImportReport> {
    policy::permit(tx.ctx(), policy::Noun::User, Action::Create)?;
    let mut file = file.clone();
    file.refuse_taken(tx).await?;
    let failed = file.rows.iter().filter(|row| row.user.is_err()).count();
    let imported = failed == 0 && !file.dry_run;
    let rows = file.rows.len();
    let mut results = Vec::with_capacity(rows);
    for Row { line, email, user } in file.rows {
        let (status, id, errors) = match user {
            Err(errors) => (ImportStatus::Failed, None, errors),
            Ok(user) if imported => (ImportStatus::Created, Some(make(tx, &user).await?), Vec::new()),
            Ok(_) => (ImportStatus::Valid, None, Vec::new()),
        };
        results.push(ImportedUser { row: line, email, status, id, errors });
    }
    let created = if imported { rows } else { 0 };
    Ok(ImportReport { dry_run: file.dry_run, imported, rows, created, failed, results })
}

async fn make(tx: &Tx, new: &NewUser) -> Result<Uuid> {
    let made = create_without_password(tx, new).await.map_err(|error| match error.kind() {
        // Somebody took the name since it was looked for: another try tells of it at its row.
        Kind::Conflict => Error::transient(error),
        _ => error,
    })?;
    Ok(made.id)
}
