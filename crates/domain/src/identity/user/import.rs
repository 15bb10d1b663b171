//! Importing users from a CSV file (RFC 4180), which [`table`] reads.
//!
//! Invariant: all or nothing. Every invalid row is reported. Users are created only if every row is
//! valid, and in one transaction. They have no password, so nobody can sign in as them before they
//! have chosen one.

mod table;

use std::collections::HashSet;

use sea_orm::{Condition, QueryFilter, QueryTrait, entity::prelude::*};
use serde::Serialize;
use utoipa::ToSchema;

use self::table::{Header, Lines, separator};
use super::{NewUser, User, create, entity::Column};
use crate::{
    Context, Error, Repository, Result, Tx,
    kernel::{
        context::Request,
        error::{FieldError, Kind},
        policy::{self, Action},
    },
};

/// The largest number of rows of a file.
const MOST: usize = 1000;

/// A parsed file. Each row is validated by itself.
#[derive(Clone, Debug)]
pub struct Import {
    rows: Vec<Row>,
    dry_run: bool,
    ignored: Vec<String>,
}

#[derive(Clone, Debug)]
struct Row {
    line: u64,
    email: String,
    user: Result<NewUser, Vec<FieldError>>,
}

/// The result of an import.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportReport {
    /// Whether the file was only checked.
    dry_run: bool,
    /// Whether the users were created: all of them, or none.
    imported: bool,
    /// The number of rows in the file, without the header.
    #[schema(example = 1)]
    rows: usize,
    /// The number of users that were created.
    #[schema(example = 1)]
    created: usize,
    /// The number of invalid rows.
    #[schema(example = 0)]
    failed: usize,
    /// The result of each row, in the order of the file.
    results: Vec<ImportedUser>,
    /// The names of the columns that were ignored.
    #[schema(max_items = 200, example = json!(["phone"]))]
    ignored_columns: Vec<String>,
}

/// The result of one row of an import.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportedUser {
    /// The number of the line on which the row begins, counted from 1, the header included.
    #[schema(example = 2)]
    row: u64,
    /// The email address, as given in the row.
    #[schema(example = "grace@acme.example")]
    email: String,
    /// `created`: the user was created. `valid`: the row is valid, but no user was created, because
    /// the import was a dry run or another row is invalid. `failed`: the row is invalid.
    status: ImportStatus,
    /// The id of the new user, or null if none was created.
    id: Option<Uuid>,
    /// The errors of the row, by column.
    errors: Vec<FieldError>,
}

/// The result of a row: `created`, `valid` or `failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// The user was created.
    Created,
    /// The row is valid. No user was created: it was a dry run, or another row is invalid.
    Valid,
    /// The row is invalid.
    Failed,
}

/// Parses a file, for a caller who may create users.
///
/// # Errors
/// `Forbidden`. `Malformed` if it is not UTF-8. `Invalid` if it lacks a column or has too many
/// rows.
pub fn check(ctx: &Context, octets: &[u8], dry_run: bool) -> Result<Import> {
    policy::permit(ctx, policy::ResourceType::User, Action::Create)?;
    let text = std::str::from_utf8(octets)
        .map_err(|_| Error::with(Kind::Malformed, "The file must be encoded in UTF-8."))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut format = csv::ReaderBuilder::new();
    format.flexible(true).trim(csv::Trim::All).delimiter(separator(text));
    let mut reader = format.from_reader(text.as_bytes());
    let header = Header::read(reader.headers().map_err(Error::internal)?)?;
    let (mut rows, mut lines) = (Vec::new(), Lines::of(text));
    for record in reader.records() {
        let record = record.map_err(Error::internal)?;
        let line = lines.of_record(&record);
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == MOST {
            return Err(Error::field("", "too_many", format!("The file must have at most {MOST} rows.")));
        }
        rows.push(header.row(&record, line));
    }
    if let (Some(row), true) = (rows.last_mut(), lines.end_in_quotes()) {
        let message = "A quoted cell of the last row has no closing quote.".to_owned();
        row.user = Err(vec![FieldError { pointer: String::new(), code: "invalid_row", message }]);
    }
    let mut import = Import { rows, dry_run, ignored: header.ignored };
    import.refuse_repeated();
    Ok(import)
}

/// Gathers the database statistics of the tables that an import fills.
///
/// # Errors
/// Repository errors.
pub async fn analyze(repository: &Repository) -> Result<()> {
    let system = repository.system("updating statistics after an import", Request::default());
    repository.analyze(&system, &["user", "audit", "event"]).await
}

impl Import {
    /// The number of rows in the file, without the header.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Marks rows whose email or username occurs in an earlier row.
    fn refuse_repeated(&mut self) {
        let (mut emails, mut usernames) = (HashSet::new(), HashSet::new());
        for row in &mut self.rows {
            let Ok(user) = &row.user else { continue };
            let repeated = [
                (!emails.insert(user.email.clone())).then_some("email"),
                (!usernames.insert(user.username.clone())).then_some("username"),
            ];
            row.refuse(repeated, "An earlier row of the file has this value already.");
        }
    }

    /// Marks rows whose email or username belongs to a user of the tenant.
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

/// Creates the users of a file, all or none, and sends them welcome emails.
///
/// # Errors
/// `Forbidden`.
pub async fn import(tx: &Tx, file: &Import) -> Result<ImportReport> {
    policy::permit(tx.ctx(), policy::ResourceType::User, Action::Create)?;
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
    let ignored_columns = file.ignored;
    Ok(ImportReport { dry_run: file.dry_run, imported, rows, created, failed, results, ignored_columns })
}

async fn make(tx: &Tx, new: &NewUser) -> Result<Uuid> {
    let made = create(tx, new, taskhub_auth::NO_PASSWORD).await.map_err(|error| match error.kind() {
        // Another request took the name since the check. A retry reports it at its row.
        Kind::Conflict => Error::transient(error),
        _ => error,
    })?;
    Ok(made.id)
}
