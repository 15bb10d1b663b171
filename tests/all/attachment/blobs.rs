//! Stored files: a corrupt one is not sent as complete, one left over by a crash is swept, and
//! those of a deleted task are deleted.

use std::time::Duration;

use taskhub_tests::{App, every_database};
use uuid::Uuid;

use super::{attach, is_kept, set_quota, sweep, task, text};

every_database!(
    corrupt_file_is_never_sent_as_complete,
    objects_left_over_by_a_crash_are_swept,
    attachments_are_deleted_permanently_with_their_task,
);

async fn corrupt_file_is_never_sent_as_complete(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let octets = vec![7; 200_000];
    let id = text(&attach(app, &t.member, &task, "a.bin", octets.clone()).await.expect(201).body["id"]);
    let path = format!("/tasks/{task}/attachments/{id}/content");
    let file = app.state.settings.data_dir.join("files").join(t.id.to_string()).join(&id);
    let get = || app.get(&path).by(&t.member);
    // One byte is wrong: the response is cut off before its end.
    let mut rotten = octets.clone();
    rotten[3] = 8;
    std::fs::write(&file, &rotten).unwrap();
    let got = get().open().await;
    assert_eq!((got.status().as_u16(), got.content_length()), (200, Some(200_000)));
    let _ = got.bytes().await.unwrap_err();
    // A wrong length is noticed at once, whichever range is requested.
    for octets in [&octets[..199_999], &[octets.as_slice(), b"x"].concat()] {
        std::fs::write(&file, octets).unwrap();
        app.expect_faults(2);
        let _ = get().send().await.expect(500);
        let _ = get().header("range", "bytes=0-9").send().await.expect(500);
    }
    std::fs::write(&file, &octets).unwrap();
    assert_eq!(get().send().await.expect(200).octets, octets);
}

async fn objects_left_over_by_a_crash_are_swept(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let kept = text(&attach(app, &t.member, &task, "x", "kept").await.expect(201).body["id"]);
    let blob_store = &app.state.blob_store;
    // One object was received completely, but its row was never written; the other was received in
    // part.
    let whole = app.clock.now().new_id(t.id);
    let mut receiving = blob_store.receive(t.id, whole);
    receiving.take("orphan".into()).await.unwrap();
    let _ = receiving.finish().await.unwrap();
    let half = app.clock.now().new_id(t.id);
    let mut receiving = blob_store.receive(t.id, half);
    for _ in 0..7 {
        receiving.take(vec![0; 1 << 20].into()).await.unwrap();
    }
    std::mem::forget(receiving);
    let folder = app.state.settings.data_dir.join("files").join(t.id.to_string());
    let files = || -> Vec<_> {
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(files().len(), 3, "{:?}", files());
    // A file that TaskHub did not write is left alone.
    std::fs::write(folder.join("notes.txt"), "x").unwrap();
    for (hours, left) in [(0, 4), (23, 4), (2, 2)] {
        app.clock.advance(Duration::from_hours(hours));
        sweep(app).await;
        assert_eq!(files().len(), left, "{:?}", files());
    }
    assert_eq!(files(), [kept.as_str(), "notes.txt"]);
    // An aborted upload is removed at once.
    let given_up = blob_store.receive(t.id, Uuid::from_u128(7));
    drop(given_up);
    assert!(!blob_store.has(t.id, Uuid::from_u128(7)).await.unwrap());
}

async fn attachments_are_deleted_permanently_with_their_task(app: &App) {
    let t = app.tenant().await;
    set_quota(app, &t, 10, 10).await;
    let gone = task(app, &t.member, None).await;
    let id = text(&attach(app, &t.member, &gone, "x", "ten octets").await.expect(201).body["id"]);
    let _ = app.delete(&format!("/tasks/{gone}")).by(&t.member).gives(204).await;
    let _ = app.get(&format!("/tasks/{gone}/attachments/{id}")).by(&t.admin).gives(404).await;
    sweep(app).await;
    let next = task(app, &t.member, None).await;
    // The task can be restored, so its files still count against the quota.
    let _ = attach(app, &t.member, &next, "x", "ten octets").await.expect(413);
    assert!(is_kept(app, &t, &id).await);
    let _ = app.delete(&format!("/tasks/deleted/{gone}")).by(&t.member).gives(204).await;
    let next = task(app, &t.member, None).await;
    let _ = attach(app, &t.member, &next, "x", "ten octets").await.expect(201);
    app.clock.advance(Duration::from_hours(25));
    sweep(app).await;
    assert!(!is_kept(app, &t, &id).await);
}
