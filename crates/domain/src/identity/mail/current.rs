//! What a mail that waited says by now: its link may be of no use any more.

use super::Mail;
use crate::{
    Result, Tx,
    identity::{invitation, link},
    kernel::credential::Purpose,
};

impl Mail {
    /// The mail as it is to be sent, with its link made anew if that expired. `None` when its link leads nowhere any more.
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
