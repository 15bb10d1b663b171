//! The endpoints of labels, under `/api/v1/labels`.

use taskhub_domain::label::{Label, LabelInput};

use super::endpoints::endpoints;

endpoints! {
    one "label", many "labels", removal "was deleted";
    Label by LabelInput, tagged "labels";
    /// List labels
    ///
    /// Returns the labels of the organisation.
    list_labels;
    /// Create a label
    ///
    /// A manager or an admin may call it. Fails with 409 `conflict` if the name is taken.
    create_label;
    /// Get a label
    get_label;
    /// Replace a label
    ///
    /// Replaces all writable fields. A field that is absent from the body is set to its default. A
    /// manager or an admin may call it. Fails with 409 `conflict` if the name is taken.
    replace_label;
    /// Update a label
    ///
    /// Changes the fields that are in the body (JSON merge patch, RFC 7396). A manager or an admin
    /// may call it. Fails with 409 `conflict` if the name is taken.
    update_label;
    /// Delete a label
    ///
    /// Deletes the label permanently and removes it from the tasks in the trash. Only an admin may
    /// call it. Fails with 409 `in_use` while a task outside the trash has the label.
    delete_label;
    /// List the history of a label
    list_label_history;
}
