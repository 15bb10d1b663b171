//! The types of changes, with their names in the audit log and the change feed.
//!
//! Invariant: the names are part of the API and of stored rows, so they never change.

/// What was done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "most names say it")]
pub enum ChangeType {
    Create,
    Update,
    Delete,
    Purge,
    Restore,
    /// What a user owned passed to another user.
    Transfer,
    /// The assignee was cleared, because they could not see the task any more.
    Unassign,
    Complete,
    ForceComplete,
    Reopen,
    Start,
    Move,
    Stop,
    /// A reminder was due.
    Fire,
    Read,
    Accept,
    Resend,
    Rotate,
    Refresh,
    /// A refresh token was used twice, which ended the session.
    EndForReuse,
    SignOut,
    End,
    Revoke,
    SignIn,
    /// The password hash was renewed with the present parameters.
    Rehash,
    VerifyEmail,
    ResetPassword,
    ChangePassword,
    SetPassword,
    SetPicture,
    RemovePicture,
    Enrol,
    Confirm,
    RenewRecoveryCodes,
    UseCode,
    Activate,
    Suspend,
    SetQuota,
    Deactivate,
    Reactivate,
    SetContent,
    /// An email was given up.
    MailUndelivered,
    RevokeToken,
    /// A request was refused.
    Refused,
    SignInFailed,
    /// A credential was tried without effect, as by introspection.
    Probe,
    /// A caller failed to prove again who they are.
    ProofFailed,
}

impl ChangeType {
    /// The name in the audit and in the change feed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Purge => "purge",
            Self::Restore => "restore",
            Self::Transfer => "hand_over",
            Self::Unassign => "unassign",
            Self::Complete => "complete",
            Self::ForceComplete => "force_complete",
            Self::Reopen => "reopen",
            Self::Start => "start",
            Self::Move => "move",
            Self::Stop => "stop",
            Self::Fire => "fire",
            Self::Read => "read",
            Self::Accept => "accept",
            Self::Resend => "resend",
            Self::Rotate => "rotate",
            Self::Refresh => "refresh",
            Self::EndForReuse => "reuse",
            Self::SignOut => "sign_out",
            Self::End => "end",
            Self::Revoke => "revoke",
            Self::SignIn => "sign_in",
            Self::Rehash => "rehash",
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangePassword => "change_password",
            Self::SetPassword => "set_password",
            Self::SetPicture => "set_picture",
            Self::RemovePicture => "remove_picture",
            Self::Enrol => "enrol",
            Self::Confirm => "confirm",
            Self::RenewRecoveryCodes => "renew_recovery_codes",
            Self::UseCode => "use_code",
            Self::Activate => "activate",
            Self::Suspend => "suspend",
            Self::SetQuota => "set_quota",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
            Self::SetContent => "set_content",
            Self::MailUndelivered => "mail_undelivered",
            Self::RevokeToken => "revoke_token",
            Self::Refused => "refused",
            Self::SignInFailed => "sign_in_failed",
            Self::Probe => "asked",
            Self::ProofFailed => "proof_failed",
        }
    }
}
