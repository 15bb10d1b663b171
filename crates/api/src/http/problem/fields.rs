//! The codes of fields: one table, of which `docs/errors/README.md` is made.

/// What can stand in `errors[].code`, and what it means, as Markdown.
pub const FIELDS: &[(&str, &str)] = &[
    ("unknown_field", "There is no such field, or it can't be written."),
    ("required", "The field is missing."),
    ("invalid_type", "The value is of another type, or null where that is not possible."),
    ("invalid_value", "The value is out of its bounds, or not of the form that the field has."),
    ("control_character", "The text holds a control character."),
    ("reference_not_found", "The id names nothing that the caller sees in their organisation."),
    ("taken", "Another row has the value already."),
    ("weak_password", "The new password is too short, too long, too common, or made of the user's name."),
    ("wrong_password", "The present password is not right."),
    ("invalid_code", "The code of the second factor is not good, or not any more."),
    ("invalid_scope", "There is no such scope, or whoever asks for it does not have it."),
    ("other_grant", "The field is not for this `grant_type`."),
    ("twice", "A client says who it is in the header and in the body."),
    ("one_of_two", "Just one of two fields can be given."),
    ("passed", "The instant lies in the past."),
    ("digest_mismatch", "The bytes that came are not those of `Repr-Digest`."),
    ("too_many", "The file has more rows than are taken at once."),
    ("invalid_row", "The row of the CSV file can't be read."),
    ("failed", "This operation of many was refused with a problem of its own; the whole problem says which."),
    ("invalid_parameter", "The parameter is unknown or has a wrong value."),
];
