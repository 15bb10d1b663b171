//! Parses a CSV file of users as spreadsheets and our own export write it: with any separator, a
//! header in any case, and extra columns.

use std::collections::HashSet;

use csv::StringRecord;
use serde_json::{Map, Value};

use super::{super::NewUser, Row};
use crate::{
    Error, Result,
    kernel::{error::FieldError, input::Unchecked},
};

/// The columns that are read. The first two are required.
const COLUMNS: [&str; 5] = ["email", "username", "first_name", "last_name", "role"];
/// The largest number of columns of a file.
const MOST: usize = 200;
/// The largest number of characters of a column's name in the report.
const LONGEST: usize = 100;

/// The separator of the cells: the most frequent of comma, semicolon and tab in the header, outside
/// quotes.
pub(super) fn separator(text: &str) -> u8 {
    let mut quoted = false;
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut number = [(b'\t', 0), (b';', 0), (b',', 0)];
    for letter in header.bytes() {
        quoted ^= letter == b'"';
        if let Some((_, number)) = number.iter_mut().find(|(separator, _)| !quoted && *separator == letter) {
            *number += 1;
        }
    }
    // Of equal counts the last one wins.
    number.into_iter().max_by_key(|(_, number)| *number).map_or(b',', |(separator, _)| separator)
}

/// The header of a file.
pub(super) struct Header {
    /// The field of each column, or `None` for an ignored one.
    columns: Vec<Option<&'static str>>,
    /// The names of the ignored columns.
    pub(super) ignored: Vec<String>,
}

impl Header {
    pub(super) fn read(names: &StringRecord) -> Result<Self> {
        if names.len() > MOST {
            return Err(Error::field("", "too_many", format!("The file must have at most {MOST} columns.")));
        }
        let columns: Vec<_> = names.iter().map(column).collect();
        let mut seen = HashSet::new();
        if let Some(name) = columns.iter().flatten().find(|name| !seen.insert(**name)) {
            return Err(Error::field(
                format!("/{name}"),
                "invalid_value",
                "The file must have this column only once.",
            ));
        }
        if let Some(name) = COLUMNS.iter().take(2).find(|name| !seen.contains(**name)) {
            return Err(Error::field(format!("/{name}"), "required", "This column is required."));
        }
        let unread = names.iter().zip(&columns).filter(|(name, column)| column.is_none() && !name.is_empty());
        let ignored =
            unread.map(|(name, _)| name.chars().filter(|c| !c.is_control()).take(LONGEST).collect());
        Ok(Self { ignored: ignored.collect(), columns })
    }

    /// Parses a row as the body of a new user, and validates it as such. An empty cell is an absent
    /// field.
    pub(super) fn row(&self, record: &StringRecord, line: u64) -> Row {
        let cells = self.columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty());
        let fields =
            cells.filter_map(|(column, cell)| Some(((*column)?.to_owned(), Value::from(plain(cell)))));
        let body: Map<_, _> = fields.collect();
        let email = body.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
        let user = match self.misfit(record) {
            Some(error) => Err(vec![error]),
            None => Unchecked::<NewUser>::new(body.into()).check().map_err(|error| error.fields().to_vec()),
        };
        Row { line, email, user }
    }

    /// The error if a row has the wrong number of cells. Extra cells are allowed if they are empty.
    fn misfit(&self, record: &StringRecord) -> Option<FieldError> {
        let expected = self.columns.len();
        if record.len() >= expected && record.iter().skip(expected).all(str::is_empty) {
            return None;
        }
        let message = format!("The row must have {expected} cells, but it has {}.", record.len());
        Some(FieldError { pointer: String::new(), code: "invalid_row", message })
    }
}

/// The lines of a file, counted record by record. The CSV reader counts too few if lines end in
/// CRLF.
pub(super) struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, counted: 0, line: 1 }
    }

    /// The line on which a record begins. Records must be passed in their order.
    pub(super) fn of_record(&mut self, record: &StringRecord) -> u64 {
        let at = record.position().and_then(|position| usize::try_from(position.byte()).ok());
        let rest = at.and_then(|at| self.text.get(at..)).unwrap_or_default();
        // The position of the record may be before the end of the previous line.
        let begin = self.text.len() - rest.trim_start_matches(['\r', '\n']).len();
        let passed = self.text.get(self.counted..begin).unwrap_or_default();
        self.line += passed.bytes().map(|byte| u64::from(byte == b'\n')).sum::<u64>();
        self.counted = begin;
        self.line
    }

    /// Whether the text ends within a quoted cell of the last record (RFC 4180 section 2).
    pub(super) fn end_in_quotes(&self) -> bool {
        let last = self.text.get(self.counted..).unwrap_or_default();
        last.contains('"') && last.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
    }
}

/// The column that a name in the header means, in any case and with any punctuation, as `E-Mail` or
/// `First Name`.
fn column(name: &str) -> Option<&'static str> {
    let letters = |name: &str| {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    let name = letters(name);
    COLUMNS.into_iter().find(|column| letters(column) == name)
}

/// A cell without the apostrophe that an export adds to prevent a formula.
fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r'])).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_shows_what_separates_cells() {
        for (text, separator_) in [
            ("email,username\n", b','),
            ("email;username\n", b';'),
            ("email\tusername\n", b'\t'),
            ("\r\n\r\nemail;user,name;role\n", b';'),
            ("\"a;b;c\",email\n", b','),
            ("email\n", b','),
            ("", b','),
        ] {
            assert_eq!(separator(text), separator_, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n"] {
            let text = ["email,username", "", "a,\"b", "c\"", "d,e", "", "f,g", ""].join(end);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let mut lines = Lines::of(&text);
            let counted: Vec<_> = reader.records().map(|record| lines.of_record(&record.unwrap())).collect();
            assert_eq!(counted, [3, 5, 7], "{text:?}");
        }
    }

    #[test]
    fn a_header_is_read_in_any_case_and_names_what_is_not_read() {
        let header =
            Header::read(&StringRecord::from(vec!["E-Mail", "Mobile", "UserName", "First Name", "", ""]));
        let header = header.unwrap();
        assert_eq!(header.columns, [Some("email"), None, Some("username"), Some("first_name"), None, None]);
        assert_eq!(header.ignored, ["Mobile"]);
        let twice = Header::read(&StringRecord::from(vec!["email", "username", "Email"]));
        assert!(twice.is_err());
    }

    #[test]
    fn only_what_an_export_adds_is_taken_off() {
        for (cell, plain_) in [("'-x", "-x"), ("'=1", "=1"), ("'tis", "'tis"), ("-x", "-x"), ("'", "'")] {
            assert_eq!(plain(cell), plain_);
        }
    }
}
