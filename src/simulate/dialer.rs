//! The dialer: places calls at the plan's rate and tells trunkline what the vendor answered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::call::{Call, Placing};
use super::site::Site;
use super::trunkline::Trunkline;

/// Most requests to trunkline under way at a time.
const UNDER_WAY: usize = 64;

/// Pause before trunkline is told again what it could not take.
const PAUSE: Duration = Duration::from_millis(500);

/// The token of the simulated sources' dialer. It is made up and printed with the settings.
pub(super) const TOKEN: &str = "simulated-dialer-token";

/// Places all calls of the plan.
pub(super) async fn dial(site: Arc<Site>, trunkline: Arc<Trunkline>, tasks: TaskTracker) {
    let (began, permits) = (Instant::now(), Arc::new(Semaphore::new(UNDER_WAY)));
    let mut placed = 0;
    while placed < site.plan.calls {
        let early = site.plan.placed_after(placed).saturating_sub(began.elapsed());
        if !trunkline.wait(early).await {
            return;
        }
        let count = (site.plan.calls - placed).min(site.vendor.together().max(1) as u64);
        placed += count;
        let placing = site.place(count as usize);
        if !placing.told {
            site.told().kept += 1;
            continue;
        }
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let (site, trunkline) = (site.clone(), trunkline.clone());
        site.begin();
        tasks.spawn(async move {
            tell(&site, &trunkline, &placing).await;
            site.end();
            drop(permit);
        });
    }
}

/// Tells trunkline until it gives an answer that is final.
async fn tell(site: &Site, trunkline: &Trunkline, placing: &Placing) {
    let path = format!("/v1/sources/{}/calls", site.source);
    let headers = [("authorization", format!("Bearer {TOKEN}")), ("content-type", "application/json".to_owned())];
    let body = message(site, placing).to_string();
    loop {
        match trunkline.post(&path, &headers, body.clone()).await {
            Some((202, _)) => {
                site.was_told(placing);
                site.told().accepted += 1;
                return;
            }
            Some((status, _)) if status != 503 => {
                site.told().refused += 1;
                return;
            }
            _ => {}
        }
        if !trunkline.wait(PAUSE).await {
            site.told().unanswered += 1;
            return;
        }
        site.told().repeats += 1;
    }
}

/// What the dialer tells: the vendor's answer, and what it knows itself.
fn message(site: &Site, placing: &Placing) -> Value {
    let created = site.vendor.created(placing);
    let mut message = json!({ "answer": created.body, "task": placing.task });
    if let Some(location) = created.location {
        message["location"] = location.into();
    }
    if let [call] = &*placing.calls {
        message["destination"] = call.number.as_str().into();
        message["reference"] = call.reference.as_str().into();
    }
    if let Some(call) = placing.calls.first() {
        message["placed_at"] = call.placed.to_string().into();
    }
    if !created.names_calls {
        let each = |call: &Call| json!({ "id": call.id, "destination": call.number, "reference": call.reference });
        message["calls"] = placing.calls.iter().map(each).collect();
    }
    message
}
