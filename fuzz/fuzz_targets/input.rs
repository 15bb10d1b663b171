//! Bodies: the parsed form of an accepted body is accepted again, an empty patch changes nothing,
//! and errors have pointers.
//!
//! Input: the name of the resource, a line break, and JSON.
#![no_main]

use garde::Validate;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use taskhub_domain::{
    client::ClientInput,
    document::DocumentInput,
    error::{Error, Kind},
    input::Unchecked,
    label::LabelInput,
    project::ProjectInput,
    task::TaskInput,
    team::TeamInput,
};

fuzz_target!(|text: &str| {
    let Some((what, body)) = text.split_once('\n') else { return };
    let Ok(body) = serde_json::from_str::<Value>(body) else { return };
    match what {
        "client" => judge::<ClientInput>(&body),
        "document" => judge::<DocumentInput>(&body),
        "label" => judge::<LabelInput>(&body),
        "project" => judge::<ProjectInput>(&body),
        "team" => judge::<TeamInput>(&body),
        _ => judge::<TaskInput>(&body),
    }
});

fn judge<T: Serialize + DeserializeOwned + Validate<Context = ()>>(body: &Value) {
    let taken = match Unchecked::<T>::new(body.clone()).check() {
        Ok(taken) => serde_json::to_value(taken).unwrap(),
        Err(error) => return tells_where(&error),
    };
    let written = |input: Result<T, Error>| serde_json::to_value(input.unwrap()).unwrap();
    assert_eq!(written(Unchecked::new(taken.clone()).check()), taken, "it is taken again");
    assert_eq!(
        written(Unchecked::patch(json!({})).check_over(&taken)),
        taken,
        "nothing is changed by nothing"
    );
    assert_eq!(
        written(Unchecked::patch(body.clone()).check_over(&taken)),
        taken,
        "nothing is changed by the same"
    );
    // An unknown field is refused, whatever else is valid.
    let mut unknown = body.clone();
    unknown["x-unknown"] = json!(1);
    let error = Unchecked::<T>::new(unknown).check().err().unwrap();
    assert!(error.fields().iter().any(|wrong| wrong.code == "unknown_field"));
}

fn tells_where(error: &Error) {
    assert_eq!(error.kind(), Kind::Invalid);
    assert!((1..=20).contains(&error.fields().len()));
    for wrong in error.fields() {
        assert!(wrong.pointer.is_empty() || wrong.pointer.starts_with('/'), "{}", wrong.pointer);
        assert!(wrong.pointer.chars().count() <= 200 && wrong.message.chars().count() <= 200);
        assert!(!wrong.message.is_empty());
    }
}
