//! The only door: what an actor may do, where, and what is hidden from it.

use crate::app::App;
use crate::error::Error;
use wanquan_domain::actor::{Action, Actor, ActorKind};
use wanquan_domain::region::{Region, RegionCode};

/// What an action is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// Whatever lies in a region and below it; the scope narrows it to what the actor's grants cover.
    Within(&'a RegionCode),
    /// One thing in this region: all or nothing.
    At(&'a RegionCode),
    /// Whatever the actor's grants cover.
    Anywhere,
}

/// Where an action is allowed, and what to hide. A scope is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    paths: Vec<String>,
    personal: Vec<String>,
    everything: bool,
}

impl Scope {
    /// Paths of the regions whose subtrees the action may touch; empty means everywhere.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Path of the narrowest region that holds the whole scope; `/` for everything.
    pub fn common_path(&self) -> String {
        let Some((first, rest)) = self.paths.split_first() else { return "/".to_owned() };
        let mut common = first.as_str();
        while !rest.iter().all(|path| path.starts_with(common)) {
            // Both the path and what is left of it end with a slash.
            let shorter = common.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
            common = &common[..shorter];
        }
        if common.is_empty() { "/".to_owned() } else { common.to_owned() }
    }

    /// True if a region path lies in the scope.
    pub fn covers(&self, region_path: &str) -> bool {
        self.paths.is_empty() || lies_in(region_path, &self.paths)
    }

    /// The part of this scope that lies in the other one as well; `None` if there is none.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let paths = match (self.paths.is_empty(), other.paths.is_empty()) {
            (true, _) => other.paths.clone(),
            (false, true) => self.paths.clone(),
            (false, false) => {
                // Of two subtrees one lies in the other or they have nothing in common.
                let mine = self.paths.iter().filter(|path| lies_in(path, &other.paths));
                let theirs = other.paths.iter().filter(|path| !self.paths.contains(path));
                let mut paths: Vec<String> =
                    mine.chain(theirs.filter(|path| lies_in(path, &self.paths))).cloned().collect();
                paths.sort_unstable();
                if paths.is_empty() {
                    return None;
                }
                paths
            }
        };
        Some(Self { paths, personal: self.personal.clone(), everything: self.everything && other.everything })
    }

    /// True if personal fields of a record in this region may be shown.
    pub fn shows_personal(&self, region_path: &str) -> bool {
        self.everything || lies_in(region_path, &self.personal)
    }
}

fn lies_in(region_path: &str, paths: &[String]) -> bool {
    paths.iter().any(|path| region_path.starts_with(path.as_str()))
}

/// Asks whether `actor` may do `action` to `subject`, whatever the register.
///
/// # Errors
/// `Forbidden` if it may not; `NotFound` for a region that does not exist.
pub fn authorize(app: &App, actor: &Actor, action: Action, subject: Subject<'_>) -> Result<Scope, Error> {
    ask(app, actor, action, subject, None)
}

/// Asks whether `actor` may do `action` to records of a register: what [`authorize`] allows, and what roles that are
/// limited to some registers allow in this one.
///
/// # Errors
/// As for [`authorize`].
pub fn authorize_records(
    app: &App,
    actor: &Actor,
    action: Action,
    register: &str,
    subject: Subject<'_>,
) -> Result<Scope, Error> {
    ask(app, actor, action, subject, Some(register))
}

fn ask(
    app: &App,
    actor: &Actor,
    action: Action,
    subject: Subject<'_>,
    register: Option<&str>,
) -> Result<Scope, Error> {
    let region = match subject {
        Subject::Within(code) | Subject::At(code) => {
            Some(app.packs().regions.get(code).ok_or_else(|| Error::not_found("region", code.as_str()))?)
        }
        Subject::Anywhere => None,
    };
    if actor.kind == ActorKind::System {
        let paths = region.iter().map(|r| r.path.clone()).collect();
        return Ok(Scope { paths, personal: Vec::new(), everything: true });
    }
    let granted = paths_of(app, actor, action, register);
    let paths = match (region, subject) {
        (None, _) => granted,
        (Some(region), Subject::At(_)) => {
            if lies_in(&region.path, &granted) {
                vec![region.path.clone()]
            } else {
                Vec::new()
            }
        }
        (Some(region), _) => narrowed(region, granted),
    };
    if paths.is_empty() {
        return Err(Error::Forbidden { action });
    }
    let personal = paths_of(app, actor, Action::RecordReadPersonal, register);
    Ok(Scope { paths, personal, everything: false })
}

/// Paths of the regions for which the actor's roles allow an action, without those that lie below others.
fn paths_of(app: &App, actor: &Actor, action: Action, register: Option<&str>) -> Vec<String> {
    let roles = &app.packs().roles;
    let allows = |role: &str| match register {
        Some(register) => roles.allows_on(role, action, register),
        None => roles.allows(role, action),
    };
    let mut paths: Vec<String> = actor
        .grants
        .iter()
        .filter(|grant| allows(&grant.role))
        .filter_map(|grant| app.packs().regions.get(&grant.region))
        .map(|region| region.path.clone())
        .collect();
    paths.sort_unstable();
    let mut widest: Vec<String> = Vec::new();
    for path in paths {
        if !widest.last().is_some_and(|wide| path.starts_with(wide.as_str())) {
            widest.push(path);
        }
    }
    widest
}

/// The part of the granted subtrees that lies in a region.
fn narrowed(region: &Region, granted: Vec<String>) -> Vec<String> {
    if lies_in(&region.path, &granted) {
        return vec![region.path.clone()];
    }
    granted.into_iter().filter(|path| path.starts_with(&region.path)).collect()
}

/// The actions that an actor may do somewhere, if only to the records of one register.
pub fn actions_of(app: &App, actor: &Actor) -> Vec<Action> {
    let packs = app.packs();
    let limited = |action: Action| {
        let held = actor.grants.iter().filter_map(|grant| {
            packs.regions.get(&grant.region)?;
            packs.roles.get(&grant.role)
        });
        held.flat_map(|role| role.registers.iter().map(move |id| (role, id)))
            .any(|(role, id)| packs.roles.allows_on(&role.id, action, id))
    };
    let somewhere =
        |action: &Action| authorize(app, actor, *action, Subject::Anywhere).is_ok() || limited(*action);
    Action::ALL.iter().copied().filter(somewhere).collect()
}

/// The parts of the console that an actor has a use for, in the order in which it shows them: those whose lists the
/// actor may read at least somewhere.
pub fn sections_of(app: &App, actor: &Actor) -> Vec<&'static str> {
    let may = |action| authorize(app, actor, action, Subject::Anywhere).is_ok();
    let reads =
        |register| authorize_records(app, actor, Action::RecordRead, register, Subject::Anywhere).is_ok();
    let knows = |action: Action| actions_of(app, actor).contains(&action);
    let sections = [
        ("situation", may(Action::SituationRead)),
        ("signals", may(Action::SignalRead)),
        // Who answers for a whole region meets everything that happens there.
        ("desk", may(Action::SituationRead) && may(Action::RecordRead)),
        ("directives", reads("directive")),
        ("tasks", knows(Action::RecordRead)),
        ("supervision", may(Action::SituationRead) && reads("finding")),
        ("levels", may(Action::SituationRead)),
        ("plans", may(Action::SituationRead)),
        ("registers", knows(Action::RecordRead)),
        ("publications", may(Action::PublicationDraft)),
        ("articles", may(Action::ArticleWrite)),
        ("comments", may(Action::PublicationPublish)),
        // Everyone may keep tokens of their own.
        ("administration", true),
    ];
    sections.into_iter().filter_map(|(section, open)| open.then_some(section)).collect()
}

/// The region on which an actor's screen opens: where it may do most; of several, the widest.
pub fn home_region<'a>(app: &'a App, actor: &Actor) -> Option<&'a Region> {
    let packs = app.packs();
    let seen = actor.grants.iter().filter(|grant| packs.roles.allows(&grant.role, Action::SituationRead));
    seen.filter_map(|grant| {
        let actions = packs.roles.get(&grant.role).map_or(0, |role| role.actions.len());
        packs.regions.get(&grant.region).map(|region| (actions, region))
    })
    .min_by_key(|(actions, region)| (std::cmp::Reverse(*actions), region.path.len(), &region.path))
    .map(|(_, region)| region)
}
