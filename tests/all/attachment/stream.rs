//! Parts of a file, and large files: range requests, and streams both ways.

use futures::stream;
use taskhub_tests::{App, every_database};

use super::{attach, digest, task};

every_database!(range_requests_return_parts_of_a_file, large_file_is_streamed_both_ways);

async fn range_requests_return_parts_of_a_file(app: &App) {
    let t = app.tenant().await;
    let task = task(app, &t.member, None).await;
    let octets: Vec<u8> = (0..100_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let made = attach(app, &t.member, &task, "a.bin", octets.clone()).await.expect(201);
    let path = format!("/tasks/{task}/attachments/{}/content", made.body["id"].as_str().unwrap());
    let tag = format!("\"{}\"", made.body["sha256"].as_str().unwrap());
    let get = async |range: &str, of: Option<&str>| {
        let call = app.get(&path).by(&t.member).header("range", range);
        match of {
            Some(tag) => call.header("if-range", tag).send().await,
            None => call.send().await,
        }
    };
    // An invalid range is ignored, unless the header is too long.
    assert_eq!(get(&"x".repeat(4096), None).await.expect(200).octets, octets);
    assert_eq!(get(&"x".repeat(4097), None).await.expect(400).code(), "invalid_header");
    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=99990-", 99_990, 100_000),
        ("bytes=99990-1000000", 99_990, 100_000),
        ("bytes=-5", 99_995, 100_000),
        ("bytes=-1000000", 0, 100_000),
    ] {
        let part = get(range, Some(&tag)).await.expect(206);
        assert_eq!(part.octets, octets[first..end], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {first}-{}/100000", end - 1));
        assert_eq!(part.header("content-length"), (end - first).to_string());
        assert_eq!(
            (part.header("etag"), part.header("repr-digest")),
            (tag.as_str(), digest(&octets).as_str())
        );
    }
    for range in ["bytes=100000-", "bytes=-0", "bytes=200000-300000"] {
        let none = get(range, None).await.expect(416);
        assert_eq!((none.code(), none.header("content-range")), ("range_not_satisfiable", "bytes */100000"));
    }
    // Several ranges, or an If-Range of another file, return the whole file.
    for (range, of) in [
        ("bytes=0-1,5-6", None),
        ("bytes=9-1", None),
        ("lines=0-1", None),
        ("bytes=0-1", Some("\"another\"")),
        ("bytes=0-1", Some("W/\"weak\"")),
    ] {
        assert_eq!(get(range, of).await.expect(200).octets, octets, "{range}");
    }
}

async fn large_file_is_streamed_both_ways(app: &App) {
    let t = app.tenant().await;
    let app = app.second(&["--file-limit", "60000000"]).await;
    let task = task(&app, &t.member, None).await;
    let piece: Vec<u8> = (0..65_537_u32).map(|i| u8::try_from(i * 7 % 253).unwrap()).collect();
    let pieces = 800;
    let sent = stream::iter((0..pieces).map({
        let piece = piece.clone();
        move |_| Ok::<_, std::io::Error>(piece.clone())
    }));
    let made = attach(&app, &t.member, &task, "x", reqwest::Body::wrap_stream(sent)).await.expect(201);
    let whole = piece.repeat(pieces);
    assert_eq!(made.body["size"], whole.len());
    let path = format!("/tasks/{task}/attachments/{}/content", made.body["id"].as_str().unwrap());
    let got = app.get(&path).by(&t.member).send().await.expect(200);
    assert!(got.octets == whole);
    assert_eq!(got.header("repr-digest"), digest(&whole));
    let part =
        app.get(&path).by(&t.member).header("range", "bytes=30000000-30000099").send().await.expect(206);
    assert_eq!(part.octets, whole[30_000_000..30_000_100]);
    app.finish().await;
}
