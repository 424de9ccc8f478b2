//! Live changes as server-sent events.
//!
//! An event says what became stale, never its content: the client reads again with its own rights. A client costs a
//! place in the bus and a look at its session every minute.

use super::caller::Credential;
use super::{Api, ApiError, Caller};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval};
use wanquan_app::bus::{Change, Sight};

/// Pause between comments that keep proxies from closing a quiet connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Pause between looks at whether the client is still signed in, and with which rights.
const RECHECK: Duration = Duration::from_secs(60);
/// After a lost connection a browser waits so long.
const RETRY: Duration = Duration::from_secs(3);

struct Watch {
    api: Api,
    credential: Credential,
    sight: Sight,
    changes: Receiver<Change>,
    recheck: Interval,
    greeted: bool,
}

/// Watch changes. Events: `tally`, `signal`, `record`, `import`, `publication`, and `resync` where the client fell
/// behind and has to read everything again. The stream ends with the session.
#[utoipa::path(get, path = "/events", tag = "events", responses(
    (status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream"),
    (status = 401, body = super::error::Problem)))]
pub async fn watch_events(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let credential = Credential::of(&headers).ok_or(wanquan_app::Error::NotSignedIn)?;
    let sight = Sight::of(&api.app, caller.actor());
    let changes = api.app.bus().watch();
    let mut recheck = interval(RECHECK);
    recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, and the caller has just been identified.
    recheck.tick().await;
    let watch = Watch { api, credential, sight, changes, recheck, greeted: false };
    let mut response =
        Sse::new(events(watch)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    // A proxy that gathers answers would hold events back.
    let header = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(header, HeaderValue::from_static("no"));
    Ok(response)
}

fn events(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    })
}

impl Watch {
    /// The next event for this client; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            return Some(Event::default().comment("watching").retry(RETRY));
        }
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) if self.sight.sees(&change) => return Some(event(&change)),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        return Some(Event::default().event("resync").data("{}"));
                    }
                    Err(RecvError::Closed) => return None,
                },
                _ = self.recheck.tick() => match self.credential.recheck(&self.api).await {
                    Ok(identity) => self.sight = Sight::of(&self.api.app, &identity.actor),
                    Err(wanquan_app::Error::NotSignedIn) => return None,
                    // A busy database says nothing about the session; the next look will.
                    Err(_) => {}
                },
                () = self.api.app.stopped() => return None,
            }
        }
    }
}

fn event(change: &Change) -> Event {
    Event::default().event(change.kind()).data(content(change).to_string())
}

/// What a change says to a client.
fn content(change: &Change) -> Value {
    let code = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    match change {
        Change::Tally { measure, disease } => json!({ "measure": measure, "disease": disease }),
        Change::Signal { region_path } => json!({ "region": code(region_path) }),
        Change::Record { register, region_path } => {
            json!({ "register": register, "region": code(region_path) })
        }
        Change::Import { register } => json!({ "register": register }),
        Change::Level { region_path } => json!({ "region": code(region_path) }),
        Change::Publication | Change::Article => json!({}),
    }
}
