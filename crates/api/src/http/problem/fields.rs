//! The codes of fields: one table, from which `docs/errors/README.md` is generated.

/// The values of `errors[].code` and their meanings, as Markdown.
pub const FIELDS: &[(&str, &str)] = &[
    ("unknown_field", "The field does not exist or is read-only."),
    ("required", "The field is required."),
    ("invalid_type", "The value has the wrong type, or it is null and the field is not nullable."),
    ("invalid_value", "The value is out of bounds or does not have the format of the field."),
    ("control_character", "The text contains a control character."),
    ("reference_not_found", "The id does not refer to a resource that the caller can see."),
    ("taken", "Another resource already has the value."),
    (
        "weak_password",
        "The new password is too short, too long, too common or based on the user's name or email address.",
    ),
    ("wrong_password", "The current password is wrong."),
    ("invalid_code", "The second-factor code is wrong, expired or already used."),
    ("invalid_scope", "The scope does not exist, or the caller does not have it."),
    ("other_grant", "The field does not belong to this `grant_type`."),
    ("twice", "The request has client credentials in the header and in the body."),
    ("one_of_two", "Exactly one of two fields is allowed."),
    ("passed", "The date and time is in the past."),
    ("digest_mismatch", "The received bytes do not match `Repr-Digest`."),
    ("too_many", "The file has too many rows or columns."),
    ("invalid_row", "The row of the CSV file is malformed."),
    ("failed", "This operation of a bulk request failed. `code` of the problem says why."),
    ("invalid_parameter", "The parameter is unknown or has an invalid value."),
];
