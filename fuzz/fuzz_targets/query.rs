//! Query strings of lists: values are bound and never part of the statement, equivalent forms have
//! the same meaning, and limits hold.
//!
//! Input: a line with the list, the caller and the database (`tasks admin sqlite`), then a line
//! `name=value` for each parameter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taskhub_domain::{
    error::Kind,
    fuzzing::list::{Asked, DbBackend, List, TENANT, Value},
    list::{PAGE_SIZE, Query},
};

fuzz_target!(|text: &str| {
    let Some((head, rest)) = text.split_once('\n') else { return };
    let list = match head.split(' ').next() {
        Some("users") => List::Users,
        Some("projects") => List::Projects,
        Some("time-entries") => List::TimeEntries,
        Some("notifications") => List::Notifications,
        _ => List::Tasks,
    };
    let backend = match head.rsplit(' ').next() {
        Some("postgres") => DbBackend::Postgres,
        Some("mysql") => DbBackend::MySql,
        _ => DbBackend::Sqlite,
    };
    let is_admin = !head.contains("member");
    let pairs = rest.split('\n').map(|line| line.split_once('=').unwrap_or((line, "")));
    let query = Query(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), PAGE_SIZE);
    let asked = match list.read(&query, is_admin, backend) {
        Ok(asked) => asked,
        Err(error) => return assert_eq!(error.kind(), Kind::InvalidParameter),
    };
    holds_no_text(&asked, backend);
    keeps_its_bounds(list, &asked);

    // The order of the parameters does not matter.
    let reversed =
        list.read(&Query(query.0.iter().rev().cloned().collect(), PAGE_SIZE), is_admin, backend).unwrap();
    assert_eq!(reversed.canonical, asked.canonical);
    assert_eq!(reversed.values.len(), asked.values.len());

    // The canonical form has the same meaning.
    let anew = query.0.iter().map(|(name, value)| {
        let value = list.written(name, value).unwrap_or_else(|| value.clone());
        (name.clone(), value)
    });
    let again = list.read(&Query(anew.collect(), PAGE_SIZE), is_admin, backend).unwrap();
    assert_eq!(Asked { canonical: asked.canonical.clone(), ..again }, asked);
});

/// The text of the statement contains nothing that the client sent, neither as a literal nor as a
/// name, and the tenant is bound to it.
fn holds_no_text(asked: &Asked, backend: DbBackend) {
    let quote = if backend == DbBackend::MySql { '`' } else { '"' };
    // The literals of TaskHub itself.
    let ours = ["ESCAPE '!'", "ESCAPE E'!'", "string_to_array(terms, ' ')"];
    let text = ours.iter().fold(asked.statement.clone(), |text, ours| text.replace(ours, ""));
    assert!(!text.contains(['\'', ';', '\\', '\n']) && text.is_ascii(), "{text}");
    for name in text.split(quote).skip(1).step_by(2) {
        assert!(name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_'), "{name} in {text}");
    }
    let places =
        if backend == DbBackend::Postgres { text.matches('$').count() } else { text.matches('?').count() };
    assert_eq!(places, asked.values.len(), "{text}");
    assert!(asked.values.contains(&Value::Uuid(Some(TENANT))), "{text}");
}

fn keeps_its_bounds(list: List, asked: &Asked) {
    assert!((1..=200).contains(&asked.size));
    assert!(asked.page.is_none_or(|page| (1..=10_000).contains(&page)));
    let mut names: Vec<_> = asked.sort.iter().map(|(name, _)| *name).collect();
    assert!((1..=4).contains(&names.len()) && names.contains(&"created_at"), "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), asked.sort.len());
    let known = list.fields();
    assert!(
        asked.fields.iter().flatten().all(|field| known.contains(&field.as_str()) && field != "tenant_id")
    );
}
