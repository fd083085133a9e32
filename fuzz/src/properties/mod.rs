//! What holds for every input, however it was made. The fuzz targets try inputs of libFuzzer, and the integration tests
//! try the seeds, so that nothing here can rot between two long runs.
//!
//! Vendors come from the registry: a new one takes part with its demo source, its samples and its fixtures.

pub mod asked;
pub mod calls;
pub mod config;
pub mod events;
pub mod explain;
pub mod normalise;
pub mod pending;
pub mod poll;
pub mod records;
pub mod subject;
pub mod values;
pub mod verify;

/// One fuzz target.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Panics when something does not hold for an input.
    pub check: fn(&[u8]),
    /// Inputs that reach deep.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! asked {
    ($vendor:literal) => {
        Target {
            name: concat!("poll-", $vendor),
            check: |input| poll::check($vendor, input),
            seeds: || poll::seeds($vendor),
        }
    };
}

/// All fuzz targets. Vendors that are asked have one each: what one of them answers says nothing of another.
pub const TARGETS: &[Target] = &[
    Target { name: "calls", check: calls::check, seeds: calls::seeds },
    Target { name: "config", check: config::check, seeds: config::seeds },
    Target { name: "explain", check: explain::check, seeds: subject::requests },
    Target { name: "normalise", check: normalise::check, seeds: subject::bodies },
    Target { name: "pending", check: pending::check, seeds: pending::seeds },
    asked!("huawei-cec"),
    asked!("nxcloud-callbot"),
    asked!("sestek-knovvu"),
    asked!("tencent-ccc"),
    asked!("vonage-vcc"),
    Target { name: "records", check: records::check, seeds: records::seeds },
    Target { name: "values", check: values::check, seeds: values::seeds },
    Target { name: "verify", check: verify::check, seeds: subject::requests },
];

/// The target of a name.
pub fn find(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a target")
}
