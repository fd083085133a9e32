//! Whether the settings for asking a vendor make sense together.

use std::num::NonZeroU32;

use crate::config::{SettingsError, SourcePoll, SourceSettings};
use crate::vendor::Poller;

pub(super) fn check(
    settings: &SourceSettings<'_>,
    poll: &SourcePoll,
    poller: Option<&dyn Poller>,
    window_seconds: u32,
) -> Result<(), SettingsError> {
    let wrong = |key: &str, message: &str| Err(settings.error(&format!("poll.{key}"), message));
    let Some(poller) = poller else {
        let message = "is missing: it says where to ask the vendor and as whom (a vendor without `api` in \
                       docs/configuration.md cannot be asked: remove `poll`)";
        return Err(settings.error("api", message));
    };
    if poll.pause_seconds == 0 {
        return wrong("pause_seconds", "must be at least 1");
    }
    if !(poll.pause_factor.is_finite() && (1.0..=10.0).contains(&poll.pause_factor)) {
        return wrong("pause_factor", "must be from 1 to 10");
    }
    if poll.longest_pause_seconds < poll.pause_seconds {
        return wrong("longest_pause_seconds", "must be at least pause_seconds");
    }
    if poll.deadline_seconds <= poll.first_delay_seconds {
        return wrong("deadline_seconds", "must be more than first_delay_seconds");
    }
    let beyond = "is longer than dedup.window_hours: a result would be published a second time";
    if poll.deadline_seconds > window_seconds {
        return wrong("deadline_seconds", beyond);
    }
    for (action, rate) in &poll.action_requests_per_minute {
        let key = format!("action_requests_per_minute.{action}");
        if !poller.actions().contains(&action.as_str()) {
            let known = poller.actions().join(", ");
            return Err(settings.error(&format!("poll.{key}"), format!("is not an action; there are {known}")));
        }
        if NonZeroU32::new(*rate).is_none() {
            return wrong(&key, "must be at least 1");
        }
    }
    let counts = [
        ("requests_per_minute", poll.requests_per_minute),
        ("burst", poll.burst),
        ("concurrency", poll.concurrency),
        ("circuit_failures", poll.circuit_failures),
        ("circuit_longest_pause_seconds", poll.circuit_longest_pause_seconds),
    ];
    if let Some((key, _)) = counts.iter().find(|(_, value)| *value == 0) {
        return wrong(key, "must be at least 1");
    }
    if poll.concurrency > 64 {
        return wrong("concurrency", "must be at most 64");
    }
    if !(100..=300_000).contains(&poll.timeout_ms) {
        return wrong("timeout_ms", "must be from 100 to 300000");
    }
    if let Some(path) = poll.ca_file.as_ref().filter(|path| !path.is_file()) {
        return wrong("ca_file", &format!("{} is not a file: give the path of a PEM file", path.display()));
    }
    let Some(sweep) = &poll.sweep else { return Ok(()) };
    let Some(longest) = poller.longest_window() else {
        return wrong("sweep", "cannot be done: this vendor lists no calls; remove it");
    };
    if sweep.every_seconds == 0 {
        return wrong("sweep.every_seconds", "must be at least 1");
    }
    if i64::from(sweep.overlap_seconds) >= longest.as_secs() {
        let message = format!("must be less than the vendor's longest window, {} seconds", longest.as_secs());
        return wrong("sweep.overlap_seconds", &message);
    }
    if sweep.look_back_seconds.saturating_add(sweep.overlap_seconds) > window_seconds {
        return wrong("sweep.look_back_seconds", "with sweep.overlap_seconds, is longer than dedup.window_hours");
    }
    Ok(())
}
