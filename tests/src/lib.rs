//! TaskHub
