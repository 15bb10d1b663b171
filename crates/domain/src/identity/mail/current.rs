//! Checks a queued email before it is sent: its link may be invalid by now.

use super::Mail;
use crate::{
    Result, Tx,
    identity::{invitation, link},
    kernel::credential::Purpose,
};

impl Mail {
    /// The email to send, with a new link if the old one has expired. `None` if its link is no
    /// longer needed.
    pub(super) async fn current(self, tx: &Tx) -> Result<Option<Self>> {
        Ok(match self {
            Self::VerifyEmail { token } => {
                let token = link::current(tx, Purpose::VerifyEmail, &token).await?;
                token.map(|token| Self::VerifyEmail { token })
            }
            Self::ResetPassword { token } => {
                let token = link::current(tx, Purpose::ResetPassword, &token).await?;
                token.map(|token| Self::ResetPassword { token })
            }
            Self::Welcome { token } => {
                let token = link::current(tx, Purpose::ResetPassword, &token).await?;
                token.map(|token| Self::Welcome { token })
            }
            Self::Invitation { ref token, .. } => invitation::is_current(tx, token).await?.then_some(self),
            Self::PasswordChanged | Self::Notification { .. } => Some(self),
        })
    }
}
