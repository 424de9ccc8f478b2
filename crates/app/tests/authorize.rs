//! Every role, every action, every place: the own region, below it, beside it, above it.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod town;

use town::{Town, holder, person};
use wanquan_app::{Error, Subject, actions_of, authorize, authorize_records, home_region};
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::region::RegionCode;

/// What the built-in roles allow. A pack that changes them changes this table too: it is what people rely on.
const ROLES: [(&str, &[&str]); 13] = [
    (
        "administrator",
        &["situation.read", "record.read", "signal.read", "publication.draft", "user.manage", "audit.read"],
    ),
    (
        "commander",
        &[
            "situation.read",
            "record.read",
            "record.write",
            "signal.read",
            "signal.assess",
            "level.decide",
            "publication.draft",
            "publication.publish",
            "article.review",
        ],
    ),
    (
        "epidemiologist",
        &[
            "situation.read",
            "record.read",
            "record.read_personal",
            "record.write",
            "record.import",
            "record.export",
            "signal.read",
            "signal.assess",
            "publication.draft",
        ],
    ),
    ("unit_officer", &["situation.read", "record.read", "record.write", "signal.read"]),
    ("community_worker", &["record.read", "record.read_personal", "record.write"]),
    ("inspector", &["situation.read", "record.read", "record.write", "record.export", "signal.read"]),
    ("laboratory", &["record.read", "record.write", "record.import"]),
    (
        "hospital_officer",
        &["situation.read", "record.read", "record.read_personal", "record.write", "record.import"],
    ),
    (
        "data_clerk",
        &["situation.read", "record.read", "record.read_personal", "record.write", "record.import"],
    ),
    ("privacy_officer", &["record.read", "record.read_personal", "person.export", "person.erase"]),
    (
        "portal_editor",
        &["situation.read", "publication.draft", "publication.publish", "article.write", "channel.manage"],
    ),
    (
        "portal_reviewer",
        &["situation.read", "publication.draft", "publication.publish", "article.write", "article.review"],
    ),
    ("viewer", &["situation.read", "record.read", "signal.read"]),
];

/// What roles that are limited to some registers allow there.
const LIMITED: [(&str, &[&str], &[&str]); 1] = [(
    "portal_editor",
    &["record.read", "record.read_personal", "record.write", "record.import", "record.export"],
    &["service_place", "risk_area", "advisory", "travel_rule", "takedown", "daily_report"],
)];

/// Places as seen by somebody who holds a role for the prefecture 1101: code, and whether it is inside.
const PLACES: [(&str, bool); 8] = [
    ("1101", true),
    ("110101", true),
    ("110101001", true),
    ("110102", true),
    ("1102", false),
    ("11", false),
    ("12", false),
    ("1", false),
];

fn code(text: &str) -> RegionCode {
    RegionCode::new(text)
}

#[tokio::test]
async fn a_role_allows_its_actions_in_its_region_and_below_and_nowhere_else() {
    let town = Town::open().await;
    let declared: Vec<&str> =
        town.app.packs().roles.0.iter().map(|r| r.id.as_str()).filter(|id| *id != "reporter").collect();
    assert_eq!(declared, ROLES.map(|(role, _)| role), "the table names every role");
    for (role, allowed) in ROLES {
        let actor = person(role, "1101");
        for action in Action::ALL.iter().copied() {
            let may = allowed.contains(&action.as_str());
            for (place, inside) in PLACES {
                let code = code(place);
                let at = authorize(&town.app, &actor, action, Subject::At(&code));
                assert_eq!(at.is_ok(), may && inside, "{role} {} at {place}", action.as_str());
                if let Ok(scope) = at {
                    assert_eq!(scope.paths(), [town.app.packs().regions.get(&code).unwrap().path.clone()]);
                }
            }
            let anywhere = authorize(&town.app, &actor, action, Subject::Anywhere);
            assert_eq!(anywhere.is_ok(), may, "{role} {}", action.as_str());
        }
        // What a limited role allows on the records of its registers is something that it allows somewhere.
        let limited: Vec<&str> = LIMITED
            .iter()
            .filter(|(id, ..)| *id == role)
            .flat_map(|(_, actions, _)| actions.to_vec())
            .collect();
        let actions: Vec<&str> = actions_of(&town.app, &actor).iter().map(|action| action.as_str()).collect();
        let in_order: Vec<&str> = Action::ALL
            .iter()
            .map(|a| a.as_str())
            .filter(|a| allowed.contains(a) || limited.contains(a))
            .collect();
        assert_eq!(actions, in_order);
    }
}

#[tokio::test]
async fn a_limited_role_meets_the_records_of_its_registers_and_no_others() {
    let town = Town::open().await;
    let declared: Vec<&str> = town
        .app
        .packs()
        .roles
        .0
        .iter()
        .filter(|role| !role.registers.is_empty())
        .map(|role| role.id.as_str())
        .collect();
    assert_eq!(declared, LIMITED.map(|(role, ..)| role), "the table names every limited role");
    for (role, allowed, registers) in LIMITED {
        let actor = person(role, "1101");
        for action in Action::ALL.iter().copied() {
            let may = allowed.contains(&action.as_str());
            for (place, inside) in PLACES {
                let code = code(place);
                for register in registers {
                    let at = authorize_records(&town.app, &actor, action, register, Subject::At(&code));
                    let everywhere = authorize(&town.app, &actor, action, Subject::At(&code)).is_ok();
                    assert_eq!(
                        at.is_ok(),
                        may && inside || everywhere,
                        "{role} {} {register}",
                        action.as_str()
                    );
                }
                if action.is_on_records() {
                    for register in ["case", "contact", "order", "arrival", ""] {
                        let at = authorize_records(&town.app, &actor, action, register, Subject::At(&code));
                        assert!(at.is_err(), "{role} {} {register}", action.as_str());
                    }
                }
            }
        }
    }
    // A role without a limit meets every register as before.
    let clerk = person("data_clerk", "1101");
    let scope = authorize_records(&town.app, &clerk, Action::RecordWrite, "case", Subject::Anywhere).unwrap();
    assert_eq!(scope.paths(), ["/1/11/1101/"]);
}

#[tokio::test]
async fn a_wider_region_is_narrowed_to_what_the_grants_cover() {
    let town = Town::open().await;
    let paths = |actor: &Actor, region: &str| {
        authorize(&town.app, actor, Action::RecordRead, Subject::Within(&code(region)))
            .map(|scope| scope.paths().to_vec())
            .unwrap_or_default()
    };
    let one = person("viewer", "110101");
    assert_eq!(paths(&one, "1"), ["/1/11/1101/110101/"]);
    assert_eq!(paths(&one, "110101001"), ["/1/11/1101/110101/110101001/"]);
    assert!(paths(&one, "110102").is_empty());
    let two = holder(&[("viewer", "110102"), ("viewer", "110101"), ("viewer", "110101001")]);
    assert_eq!(paths(&two, "11"), ["/1/11/1101/110101/", "/1/11/1101/110102/"]);
    assert_eq!(paths(&two, "110101"), ["/1/11/1101/110101/"]);
}

#[tokio::test]
async fn the_intersection_of_two_scopes_holds_what_both_cover() {
    let town = Town::open().await;
    let scope = |grants: &[(&str, &str)]| {
        authorize(&town.app, &holder(grants), Action::RecordRead, Subject::Anywhere).unwrap()
    };
    let county_and_city = scope(&[("viewer", "110101"), ("viewer", "1102")]);
    let prefecture = scope(&[("viewer", "1101")]);
    let both = county_and_city.intersection(&prefecture).unwrap();
    assert_eq!(both.paths(), ["/1/11/1101/110101/"]);
    assert_eq!(prefecture.intersection(&county_and_city).unwrap().paths(), both.paths());
    assert_eq!(prefecture.intersection(&prefecture).unwrap().paths(), prefecture.paths());
    assert_eq!(scope(&[("viewer", "12")]).intersection(&prefecture), None);
    let system = authorize(&town.app, &Actor::system("t"), Action::RecordRead, Subject::Anywhere).unwrap();
    assert_eq!(system.intersection(&prefecture).unwrap().paths(), prefecture.paths());
    assert_eq!(prefecture.intersection(&system).unwrap().paths(), prefecture.paths());
}

#[tokio::test]
async fn personal_fields_are_shown_where_that_role_is_held_and_only_there() {
    let town = Town::open().await;
    let actor = holder(&[("viewer", "11"), ("data_clerk", "110101")]);
    let scope = authorize(&town.app, &actor, Action::RecordRead, Subject::Anywhere).unwrap();
    for (path, covered, personal) in [
        ("/1/11/1101/110101/", true, true),
        ("/1/11/1101/110101/110101001/", true, true),
        ("/1/11/1101/110102/", true, false),
        ("/1/11/1101/", true, false),
        ("/1/12/", false, false),
        ("/1/", false, false),
    ] {
        assert_eq!(scope.covers(path), covered, "{path}");
        assert_eq!(scope.shows_personal(path), personal, "{path}");
    }
}

#[tokio::test]
async fn nobody_gains_anything_by_a_code_that_begins_like_the_own() {
    // 11 and 1101 are no ancestors by their digits but by the tree: paths end each code with a slash.
    let town = Town::open().await;
    let actor = person("viewer", "110101");
    let scope = authorize(&town.app, &actor, Action::RecordRead, Subject::Anywhere).unwrap();
    assert!(!scope.covers("/1/11/1101/1101010/"));
    assert!(!scope.covers("/1/11/1101/1101/"));
}

#[tokio::test]
async fn unknown_roles_and_regions_allow_nothing() {
    let town = Town::open().await;
    for actor in [person("emperor", "1"), person("viewer", "99"), holder(&[])] {
        assert!(actions_of(&town.app, &actor).is_empty());
        assert!(home_region(&town.app, &actor).is_none());
    }
    let nowhere = code("99");
    for actor in [person("viewer", "1"), Actor::system("test")] {
        let refused = authorize(&town.app, &actor, Action::RecordRead, Subject::At(&nowhere));
        assert!(matches!(refused, Err(Error::NotFound { what: "region", .. })));
    }
}

#[tokio::test]
async fn the_system_may_do_everything_everywhere() {
    let town = Town::open().await;
    for action in Action::ALL.iter().copied() {
        let scope = authorize(&town.app, &Actor::system("job"), action, Subject::Anywhere).unwrap();
        assert!(scope.covers("/1/12/") && scope.shows_personal("/1/12/"));
    }
}

#[tokio::test]
async fn the_common_path_of_a_scope_is_the_narrowest_region_that_holds_it() {
    let town = Town::open().await;
    for (grants, expected) in [
        (&[("viewer", "110101")][..], "/1/11/1101/110101/"),
        (&[("viewer", "110101"), ("viewer", "110102")], "/1/11/1101/"),
        (&[("viewer", "110101"), ("viewer", "1102")], "/1/11/"),
        (&[("viewer", "110101"), ("viewer", "12")], "/1/"),
        (&[("viewer", "1")], "/1/"),
    ] {
        let scope = authorize(&town.app, &holder(grants), Action::RecordRead, Subject::Anywhere).unwrap();
        assert_eq!(scope.common_path(), expected);
    }
    let system = authorize(&town.app, &Actor::system("t"), Action::RecordRead, Subject::Anywhere).unwrap();
    assert_eq!(system.common_path(), "/");
}
