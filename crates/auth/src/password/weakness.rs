//! Assessing new passwords.
//!
//! A password needs a minimum length, must not be common, and must not be based on the name or
//! email of the user. There are no rules about digits and capitals (NIST SP 800-63B, section
//! 3.1.1.2).

use zxcvbn::zxcvbn;

/// The bounds of the length, in characters (not bytes).
const SHORTEST: usize = 10;
const LONGEST: usize = 128;

/// The decimal logarithm of the number of guesses below which a password is too common. With a
/// stolen hash, a million guesses take three hours of one core.
const GUESSES: f64 = 6.0;

/// Common passwords that the estimate overrates, because it knows neither the phrase nor the
/// keyboard pattern.
const OVERLOOKED: [&str; 2] = ["iloveyousomuch", "zaq12wsxcde3"];

/// The number of characters that are estimated. The time grows with their square, and takes seconds
/// for long texts of look-alike characters (`4@8({[<`). A longer password needs at least as many
/// guesses as its beginning.
const LOOKED_UP: usize = 32;

/// The least length of a piece of personal data, in letters and digits. Shorter pieces are part of
/// too many good passwords.
const PIECE: usize = 3;

/// The greatest number of pieces of personal data.
const PIECES: usize = 32;

/// Why a password is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It has fewer than 10 characters.
    TooShort,
    /// It has more than 128 characters.
    TooLong,
    /// An attacker would find it with fewer than a million guesses.
    TooCommon,
    /// The email address or the names of the user make up at least half of it.
    Personal,
}

impl Weakness {
    /// The message for the user.
    pub fn message(self) -> &'static str {
        match self {
            Self::TooShort => "The password must have at least 10 characters.",
            Self::TooLong => "The password must have at most 128 characters.",
            Self::TooCommon => "The password is too easy to guess. Four unrelated words make a good one.",
            Self::Personal => "The password must not be based on your name or email address.",
        }
    }
}

/// Assesses `password` for a user whose email address and names are `personal`. `None` means that
/// it is accepted.
///
/// The number of guesses is estimated from the first 32 characters.
///
/// It takes about a millisecond, and tens of milliseconds at worst. Call it outside the async
/// threads, as [`Hasher::check`](super::Hasher::check) does.
pub fn weakness(password: &str, personal: &[&str]) -> Option<Weakness> {
    let length = password.chars().take(LONGEST + 1).count();
    if length < SHORTEST {
        return Some(Weakness::TooShort);
    }
    if length > LONGEST {
        return Some(Weakness::TooLong);
    }
    let pieces = pieces(personal);
    if is_personal(&plain(password), &pieces) {
        return Some(Weakness::Personal);
    }
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let start: String = password.chars().take(LOOKED_UP).collect();
    let is_common = OVERLOOKED.contains(&start.to_lowercase().as_str())
        || zxcvbn(&start, &pieces).guesses_log10() < GUESSES;
    is_common.then_some(Weakness::TooCommon)
}

/// Whether personal data makes up at least half of the letters and digits of the password.
fn is_personal(password: &str, pieces: &[String]) -> bool {
    let mut rest = password.to_owned();
    for piece in pieces {
        // A space keeps the text before and after the piece apart, so that they form no new piece.
        rest = rest.replace(piece.as_str(), " ");
    }
    let left = rest.chars().filter(|it| *it != ' ').count();
    rest != password && 2 * left <= password.chars().count()
}

/// The pieces of the personal data in plain text, longest first: each text as a whole, its part
/// before the first `@`, and its words.
fn pieces(personal: &[&str]) -> Vec<String> {
    let mut pieces: Vec<String> = personal
        .iter()
        .flat_map(|whole| {
            let local = whole.split('@').next().unwrap_or_default();
            [*whole, local].into_iter().chain(whole.split(|it: char| !it.is_alphanumeric()))
        })
        .take(PIECES)
        .map(|piece| plain(piece).chars().take(LONGEST).collect::<String>())
        .filter(|piece| piece.chars().count() >= PIECE)
        .collect();
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces.dedup();
    pieces
}

/// The letters and digits of a text, in lower case.
fn plain(text: &str) -> String {
    text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADA: [&str; 2] = ["ada.lovelace@engine.example", "Ada Lovelace"];

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(weakness("vT9#kQz2x", &[]), Some(Weakness::TooShort));
        assert_eq!(weakness("vT9#kQz2xW", &[]), None);
        assert_eq!(weakness("żółw-łąka", &[]), Some(Weakness::TooShort));
        let long: String =
            ["é", "a", "b", "c"].map(crate::secret::digest).concat().chars().take(127).chain(['é']).collect();
        assert_eq!(long.chars().count(), 128);
        assert_eq!(weakness(&long, &[]), None);
        assert_eq!(weakness(&format!("{long}x"), &[]), Some(Weakness::TooLong));
    }

    #[test]
    fn what_everybody_takes_is_too_common() {
        for common in [
            "password12",
            "Password123!",
            "qwertyuiop",
            "1234567890",
            "iloveyou123",
            "aaaaaaaaaaaaaaa",
            "          ",
            "abcdefghijkl",
        ] {
            assert_eq!(weakness(common, &[]), Some(Weakness::TooCommon), "{common}");
        }
    }

    /// The most common leaked passwords of at least ten characters.
    const COMMON: &str = "\
        1234567890 0987654321 1q2w3e4r5t 1qaz2wsx3edc qwertyuiop qwertyuiop123 1234567891 123456789a \
        a123456789 123456789q q123456789 12345678910 1234567890q 0123456789 9876543210 1111111111 \
        0000000000 2222222222 5555555555 7777777777 8888888888 9999999999 11111111111 1212121212 \
        1231231231 123123123123 123321123321 1234512345 1234554321 147258369a 1472583690 789456123a \
        7894561230 password12 password123 password1234 passw0rd123 password!! passwordpassword \
        mypassword mypassword1 iloveyou12 iloveyou123 iloveyou22 iloveyousomuch iloveyou13 qwerty1234 \
        qwerty12345 qwerty123456 qwertyqwerty asdfghjkl1 asdfghjkl123 zxcvbnm123 asdfasdfasdf \
        qazwsxedcrfv qazwsx1234 zaq12wsxcde3 1qaz2wsx3e abcdefghij abcdefghijk abcd123456 abc1234567 \
        a1b2c3d4e5 a1s2d3f4g5 q1w2e3r4t5 q1w2e3r4t5y6 1a2b3c4d5e aaaaaaaaaa football123 baseball123 \
        basketball basketball1 liverpool1 liverpoolfc chocolate1 strawberry christopher alexander1 \
        elizabeth1 california manchester superman123 spiderman1 spiderman123 butterfly1 beautiful1 \
        beautiful123 sunshine123 princess123 princess12 michael123 jordan2323 welcome123 welcome1234 \
        letmein123 letmein1234 administrator admin12345 changeme123 computer123 microsoft1 playstation \
        motherfucker";

    #[test]
    fn none_of_the_most_common_is_taken() {
        let taken: Vec<_> = COMMON.split_whitespace().filter(|it| weakness(it, &[]).is_none()).collect();
        assert_eq!(taken, Vec::<&str>::new());
        assert!(COMMON.split_whitespace().count() >= 100);
    }

    #[test]
    fn a_passphrase_or_a_random_one_passes() {
        for good in [
            "correct horse battery staple",
            "tulip ceramic ankle voyage",
            "xK7pQ2mZ9wR4tB",
            "Grüße aus dem Zwölferhaus",
        ] {
            assert_eq!(weakness(good, &ADA), None, "{good}");
        }
    }

    #[test]
    fn ones_own_name_or_address_is_personal_however_written() {
        for personal in [
            "ada.lovelace@engine.example",
            "ADA.LOVELACE@ENGINE.EXAMPLE",
            "ada.lovelace",
            "AdaLovelace",
            "lovelace-ada",
            "Lovelace1815!",
            "x-lovelace-99",
        ] {
            assert_eq!(weakness(personal, &ADA), Some(Weakness::Personal), "{personal}");
        }
    }

    #[test]
    fn a_name_that_is_a_small_part_does_no_harm() {
        assert_eq!(weakness("ada keeps seven velvet lanterns", &ADA), None);
        assert_eq!(weakness("tulip ceramic ankle voyage", &["t", "", "@", "ip"]), None);
    }

    #[test]
    fn the_costly_look_at_a_password_ends_after_32_characters() {
        let secret = crate::secret::digest("anything");
        assert_eq!(weakness(&format!("{}{secret}", "a".repeat(32)), &[]), Some(Weakness::TooCommon));
        assert_eq!(weakness(&format!("{}{secret}", "a".repeat(20)), &[]), None);
    }

    #[test]
    fn each_weakness_has_a_sentence() {
        for weakness in [Weakness::TooShort, Weakness::TooLong, Weakness::TooCommon, Weakness::Personal] {
            assert!(weakness.message().ends_with('.'));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn it_never_panics(password in "\\PC{0,140}|[ab1]{0,140}|(?s:.){0,40}", personal in "\\PC{0,30}") {
            let _ = weakness(&password, &[&personal]);
        }

        #[test]
        fn sixteen_random_characters_pass_and_their_own_address_never_does(password in "[A-Za-z0-9]{16}") {
            prop_assert_eq!(weakness(&password, &ADA), None);
            prop_assert_eq!(weakness(&password, &[&password.to_uppercase()]), Some(Weakness::Personal));
        }
    }
}
