//! Email addresses: which of them are accepted, and which of them get no mail.
//!
//! Invariant: the rules depend only on the domain. The rule `email` of garde checks the rest.

use super::text::Text;

/// Top-level domains that receive no mail: those for special use (RFC 6761, 6762, 7686, 9476), and
/// `arpa` (RFC 3172).
const UNREACHABLE: [&str; 6] = ["alt", "arpa", "invalid", "local", "localhost", "onion"];
/// Domains for documentation and tests (RFC 2606, RFC 6761). The demonstration data uses them.
const DEMO: [&str; 5] = ["example", "test", "example.com", "example.net", "example.org"];

/// A garde rule: an address whose domain can receive mail. The domain has a dot, is not an IP
/// address, and its top-level domain is not for special use.
pub fn reachable(address: &impl Text, _: &()) -> garde::Result {
    // The rule `email` rejects a text without an `@`; two errors would be confusing.
    if address.text().is_none_or(|address| !address.contains('@') || is_reachable(address)) {
        return Ok(());
    }
    Err(garde::Error::new("the domain must be one that receives mail, like acme.example"))
}

/// Whether the domain of an address can receive mail. It does not check the rest of the address.
pub fn is_reachable(address: &str) -> bool {
    let Some((_, domain)) = address.rsplit_once('@') else { return false };
    let domain = domain.to_ascii_lowercase();
    let Some((name, top)) = domain.rsplit_once('.') else { return false };
    let is_a_name = !name.is_empty() && top.contains(|c: char| !c.is_ascii_digit());
    is_a_name && !domain.starts_with('[') && !UNREACHABLE.contains(&top)
}

/// Whether an address has a domain for documentation and tests. TaskHub sends no mail to these.
pub fn is_demo(address: &str) -> bool {
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_ascii_lowercase();
    let is_within =
        |demo: &str| domain.strip_suffix(demo).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    DEMO.into_iter().any(is_within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_no_mail_reaches_is_refused() {
        for address in
            ["ada@acme.org", "ada@acme.example", "ada@mail.acme.co.uk", "ada@xn--bcher-kva.ch", "a@b.test"]
        {
            assert!(is_reachable(address), "{address}");
        }
        for address in [
            "",
            "ada",
            "a@x",
            "a@localhost",
            "a@sub.localhost",
            "a@LOCALHOST",
            "a@printer.local",
            "a@acme.invalid",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@[IPv6:::1]",
            "a@1.0.0.127.in-addr.arpa",
            "a@hidden.onion",
            "a@.org",
            "a@acme.",
        ] {
            assert!(!is_reachable(address), "{address}");
        }
    }

    #[test]
    fn documentation_domains_are_the_demo_s() {
        for address in [
            "ada@acme.example",
            "ada@ACME.Example",
            "a@example",
            "a@b.test",
            "a@example.com",
            "a@mail.example.org",
        ] {
            assert!(is_demo(address), "{address}");
        }
        for address in ["ada@acme.org", "a@counterexample.com", "a@test.org", "a@example.de", "a@myexample"] {
            assert!(!is_demo(address), "{address}");
        }
    }
}
