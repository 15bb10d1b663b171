//! Files in a bucket: the server behaves on an S3 service as on a folder.
//!
//! `TASKHUB_TEST_S3_URL` is the address of the service, which must accept any credentials.

use std::fs;

use reqwest::{Client, Response};
use serde_json::json;
use taskhub_domain::file::{BlobStore, Place};
use taskhub_tests::configured;
use tempfile::TempDir;

use crate::process::{LIFTED, Served};

/// Three parts of a multipart upload, the last one short.
const SIZE: usize = 11 * 1024 * 1024;

#[tokio::test]
#[cfg_attr(not(bucket), ignore = "TASKHUB_TEST_S3_URL is not set")]
async fn files_are_stored_in_a_bucket() {
    let s3 = configured("TASKHUB_TEST_S3_URL");
    let (client, folder) = (Client::new(), TempDir::new().unwrap());
    let bucket = format!("{s3}/taskhub-files-{}", std::process::id());
    assert!(client.put(&bucket).send().await.unwrap().status().is_success());
    let name = bucket.rsplit('/').next().unwrap();
    let reached = format!(
        "TASKHUB_FILES=s3://{name}/of/taskhub\nAWS_ENDPOINT_URL={s3}\nAWS_ALLOW_HTTP=true\nAWS_REGION=eu-central-1\n\
         AWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=test\n"
    );
    fs::write(folder.path().join(".env"), &reached).unwrap();
    let server = Served::start(folder.path(), &LIFTED).await;

    let (email, password) = ("ada@bucket.example", "wide-green-rivers");
    let user = json!({ "email": email, "username": "ada", "password": password });
    let body = json!({ "organisation": { "name": "Bucket", "slug": "bucket" }, "user": user });
    let _ = server.gives(201, "POST", "/auth/register", "", body).await;
    let pair =
        server.gives(200, "POST", "/auth/token", "", json!({ "email": email, "password": password })).await;
    let token = pair["access_token"].as_str().unwrap();
    let task = server.gives(201, "POST", "/tasks", token, json!({ "title": "Draw it" })).await;
    let files = format!("/tasks/{}/attachments", task["id"].as_str().unwrap());

    let octets: Vec<u8> = (0..SIZE).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let send = |octets: Vec<u8>| {
        let to = format!("{}/api/v1{files}?name=plan.bin", server.url());
        client
            .post(to)
            .bearer_auth(token)
            .header("content-type", "application/octet-stream")
            .body(octets)
            .send()
    };
    let made: serde_json::Value = send(octets.clone()).await.unwrap().json().await.unwrap();
    assert_eq!(made["size"], SIZE);
    let file = format!("{files}/{}", made["id"].as_str().unwrap());
    let content = format!("{}/api/v1{file}/content", server.url());
    let whole = client.get(&content).bearer_auth(token).send().await.unwrap();
    assert!(whole.bytes().await.unwrap() == octets);
    let part = client
        .get(&content)
        .bearer_auth(token)
        .header("range", "bytes=5242870-5242889")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), octets[5_242_870..5_242_890]);
    assert_eq!(kept(client.get(&bucket).send().await.unwrap()).await, 1);

    // An interrupted upload leaves neither an object nor parts of one.
    let half =
        futures::stream::iter([Ok(octets[..SIZE / 2].to_vec()), Err(std::io::Error::other("broken off"))]);
    let request = client.post(format!("{}/api/v1{files}?name=half.bin", server.url())).bearer_auth(token);
    let request =
        request.header("content-type", "application/octet-stream").body(reqwest::Body::wrap_stream(half));
    assert!(request.send().await.is_err());
    crate::poll::until("what broke off is gone", async || {
        let parts = client.get(format!("{bucket}?uploads")).send().await.unwrap().text().await.unwrap();
        !parts.contains("<Upload>") && kept(client.get(&bucket).send().await.unwrap()).await == 1
    })
    .await;

    let _ = server.gives(204, "DELETE", &file, token, json!(null)).await;
    assert_eq!(client.get(&content).bearer_auth(token).send().await.unwrap().status(), 404);
    let _ = server.stop().await;

    // The sweep removes an object by this key.
    let list = client.get(&bucket).send().await.unwrap().text().await.unwrap();
    let key = list.split_once("<Key>of/taskhub/").unwrap().1.split('<').next().unwrap();
    let (tenant, id) =
        key.split_once('/').map(|(tenant, id)| (tenant.parse().unwrap(), id.parse().unwrap())).unwrap();
    let place = Place::Bucket { name: name.to_owned(), prefix: "of/taskhub".to_owned() };
    let named = reached.lines().filter_map(|line| line.split_once('='));
    let options: Vec<_> = named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let blob_store = BlobStore::open(&place, &options).unwrap();
    assert!(blob_store.has(tenant, id).await.unwrap());
    blob_store.remove(tenant, id).await.unwrap();
    assert!(!blob_store.has(tenant, id).await.unwrap());
}

/// The number of objects in the listing of a bucket.
async fn kept(list: Response) -> usize {
    list.text().await.unwrap().matches("<Key>").count()
}
