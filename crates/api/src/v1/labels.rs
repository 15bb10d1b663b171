//! `/api/v1/labels`.

use taskhub_domain::label::{Label, LabelInput};

use super::endpoints::endpoints;

endpoints! {
    one "label", many "labels", removal "was deleted";
    Label by LabelInput, tagged "labels";
    /// List labels
    list_labels;
    /// Create a label
    ///
    /// For managers and admins. No two have the same name.
    create_label;
    /// Get a label
    get_label;
    /// Replace a label
    ///
    /// For managers and admins. All writable fields: what is absent gets its default.
    replace_label;
    /// Change a label
    ///
    /// For managers and admins.
    update_label;
    /// Delete a label
    ///
    /// For admins: one that no task has any more.
    delete_label;
    /// List what happened to a label
    list_label_history;
}
