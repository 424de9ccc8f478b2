//! The contract as a whole.

use crate::client::{Asker, Server};
use std::collections::BTreeSet;
use utoipa::OpenApi as _;

#[tokio::test]
async fn the_contract_is_served() {
    let server = Server::open().await;
    let contract = server.get(&Asker::default(), "/openapi.json").await.expect(200);
    assert_eq!(contract["openapi"], "3.1.0");
    assert!(contract["paths"]["/records/{id}"]["put"].is_object());
    let declared = wanquan_server::api::openapi::Contract::openapi();
    assert_eq!(contract["info"]["title"], declared.info.title);
}

#[tokio::test]
async fn nothing_but_the_entrance_answers_to_nobody() {
    let open = ["/health", "/setup", "/session"];
    let server = Server::open().await;
    let contract = server.get(&Asker::default(), "/openapi.json").await.expect(200);
    let mut operations = BTreeSet::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(id.to_owned()), "operation {id} stands twice");
            if open.contains(&path.as_str()) {
                continue;
            }
            let address = path.replace("{id}", &uuid::Uuid::nil().to_string()).replace(['{', '}'], "");
            let body = axum::body::Body::empty();
            let answer = server.send(&Asker::default(), &method.to_uppercase(), &address, body).await;
            answer.refuses(401, "not_signed_in");
        }
    }
}
