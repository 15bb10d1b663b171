//! Every setting is a flag, a variable and a line of `.env.example`. A wrong value is refused with
//! a sentence.

mod invalid;
mod names;
mod profile;
