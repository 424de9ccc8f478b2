//! Users, roles, tokens, the audit log.

use crate::client::{Asker, PASSWORD, Server};
use serde_json::{Value, json};

fn new_user(username: &str) -> Value {
    json!({ "username": username, "display_name": "新", "password": PASSWORD })
}

#[tokio::test]
async fn users_are_made_given_roles_disabled_and_enabled() {
    let server = Server::open().await;
    let boss = server.somebody("administrator", "1").await;
    let made = server.post(&boss, "/users", new_user("li")).await.expect(201);
    assert_eq!((&made["username"], &made["grants"]), (&json!("li"), &json!([])));
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    server.post(&boss, "/users", new_user("LI")).await.refuses(409, "duplicate");
    server.post(&boss, "/users", new_user("no blanks")).await.refuses(422, "bad_input");

    let grants = format!("{path}/grants");
    let grant = json!({ "role": "data_clerk", "region": "110101" });
    let granted = server.post(&boss, &grants, grant).await.expect(200);
    assert_eq!(
        granted["grants"],
        json!([{
            "id": "data_clerk@110101", "role": "data_clerk", "role_label": { "en": "Data clerk", "zh": "数据录入员" },
            "region": "110101", "region_name": "东县"
        }])
    );
    let unknown = json!({ "role": "emperor", "region": "1" });
    server.post(&boss, &grants, unknown).await.refuses(422, "bad_input");
    let nowhere = json!({ "role": "viewer", "region": "99" });
    server.post(&boss, &grants, nowhere).await.refuses(404, "not_found");

    let clerk = server.sign_in("li", PASSWORD).await;
    let changed =
        server.put(&boss, &path, json!({ "display_name": " 李 ", "disabled": true })).await.expect(200);
    assert_eq!((&changed["display_name"], &changed["disabled"]), (&json!("李"), &json!(true)));
    server.get(&clerk, "/session").await.refuses(401, "not_signed_in");
    server.put(&boss, &path, json!({ "disabled": false })).await.expect(200);
    server.put(&boss, &path, json!({ "enabled": true })).await.refuses(422, "bad_json");

    let held = format!("{grants}/data_clerk@110101");
    server.delete(&boss, &held, json!({})).await.expect(204);
    server.delete(&boss, &held, json!({})).await.refuses(404, "not_found");
    server.delete(&boss, &format!("{grants}/clerk"), json!({})).await.refuses(404, "not_found");
    let list = server.get(&boss, "/users").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(server.get(&boss, &path).await.expect(200)["grants"], json!([]));

    let own = format!("/users/{}", boss.account.unwrap());
    server.put(&boss, &own, json!({ "disabled": true })).await.refuses(409, "not_yourself");
    let last = format!("{own}/grants/administrator@1");
    server.delete(&boss, &last, json!({})).await.refuses(409, "last_administrator");
}

#[tokio::test]
async fn who_manages_no_users_is_refused_and_a_neighbour_finds_nobody() {
    let server = Server::open().await;
    let clerk = server.somebody("data_clerk", "110101").await;
    let path = format!("/users/{}", clerk.account.unwrap());
    let neighbour = server.somebody("administrator", "110102").await;
    let nobody = Asker::default();
    for (asker, list, one) in [
        (&clerk, (403, "forbidden"), (403, "forbidden")),
        (&neighbour, (200, ""), (404, "not_found")),
        (&nobody, (401, "not_signed_in"), (401, "not_signed_in")),
    ] {
        let answer = server.get(asker, "/users").await;
        if list.0 == 200 {
            assert_eq!(answer.expect(200)["items"].as_array().unwrap().len(), 1);
        } else {
            answer.refuses(list.0, list.1);
            server.post(asker, "/users", new_user("x")).await.refuses(list.0, list.1);
        }
        server.get(asker, &path).await.refuses(one.0, one.1);
        server.put(asker, &path, json!({ "password": "another long one" })).await.refuses(one.0, one.1);
        let grant = json!({ "role": "viewer", "region": "110102" });
        server.post(asker, &format!("{path}/grants"), grant).await.refuses(one.0, one.1);
    }
    let outside = json!({ "role": "viewer", "region": "110101" });
    let own = format!("/users/{}/grants", neighbour.account.unwrap());
    server.post(&neighbour, &own, outside).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn roles_say_what_they_allow() {
    let server = Server::open().await;
    let viewer = server.somebody("viewer", "1").await;
    let roles = server.get(&viewer, "/roles").await.expect(200);
    let role = roles["items"].as_array().unwrap().iter().find(|r| r["id"] == "viewer").unwrap();
    assert_eq!(role["grants"], json!(["situation.read", "record.read", "signal.read"]));
    server.get(&Asker::default(), "/roles").await.refuses(401, "not_signed_in");
}

#[tokio::test]
async fn a_token_is_shown_once_works_and_is_taken_back() {
    let server = Server::open().await;
    let viewer = server.somebody("viewer", "1").await;
    let made = server.post(&viewer, "/tokens", json!({ "name": "import", "expires_in_days": 30 })).await;
    let made = made.expect(201);
    assert_eq!(made["expires_at"], "2020-03-13T04:00:00Z");
    let secret = made["token"].as_str().unwrap().to_owned();
    let script = Asker::script(&secret);
    assert_eq!(server.get(&script, "/session").await.expect(200)["user"]["username"], "viewer-1-0");
    let listed = server.get(&viewer, "/tokens").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().contains(&secret));
    server.post(&script, "/tokens", json!({ "name": "more" })).await.refuses(409, "token_makes_no_token");
    server.post(&viewer, "/tokens", json!({ "name": " " })).await.refuses(422, "bad_input");
    let too_long = json!({ "name": "x", "expires_in_days": 4000 });
    server.post(&viewer, "/tokens", too_long).await.refuses(422, "bad_input");

    let path = format!("/tokens/{}", made["id"].as_str().unwrap());
    let other = server.somebody("viewer", "1").await;
    server.delete(&other, &path, json!({})).await.refuses(404, "not_found");
    let theirs = format!("/tokens?user={}", viewer.account.unwrap());
    server.get(&other, &theirs).await.refuses(403, "forbidden");
    let boss = server.somebody("administrator", "1").await;
    let seen = server.get(&boss, &theirs).await.expect(200);
    assert_eq!(seen["items"][0]["id"], made["id"]);
    server.delete(&viewer, &path, json!({})).await.expect(204);
    server.get(&script, "/session").await.refuses(401, "not_signed_in");
    server.get(&Asker::script("wq_guess"), "/tokens").await.refuses(401, "not_signed_in");
}

#[tokio::test]
async fn the_audit_log_is_paged_and_filtered_for_whoever_may_read_all_of_it() {
    let server = Server::open().await;
    let boss = server.somebody("administrator", "1").await;
    let made = server.post(&boss, "/users", new_user("li")).await.expect(201);
    let subject = format!("account/{}", made["id"].as_str().unwrap());
    let page =
        server.get(&boss, &format!("/audit?subject={}", subject.replace('/', "%2F"))).await.expect(200);
    let entry = &page["items"][0];
    assert_eq!((&entry["act"], &entry["actor"]), (&json!("account.create"), &json!("administrator-1-0")));
    assert_eq!(entry["detail"]["account"], boss.account.unwrap().to_string());
    assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
    let page = server.get(&boss, "/audit?limit=1").await.expect(200);
    let next = format!("/audit?limit=1&cursor={}", page["next_cursor"]);
    assert_eq!(server.get(&boss, &next).await.expect(200)["items"].as_array().unwrap().len(), 1);
    let later = server.get(&boss, "/audit?from=2020-02-13T00:00:00Z").await.expect(200);
    assert_eq!(later["items"], json!([]));
    server.get(&boss, "/audit?form=2020").await.refuses(400, "bad_query");
    let part = server.somebody("administrator", "11").await;
    server.get(&part, "/audit").await.refuses(403, "forbidden");
    server.get(&Asker::default(), "/audit").await.refuses(401, "not_signed_in");
}
