//! What holds for every input, however it was made. The fuzz targets try inputs of libFuzzer, and the integration tests
//! try the seeds, so that nothing here can rot between two long runs.
//!
//! Vendors come from the registry: a new one takes part with its demo source, its samples and its fixtures.

pub mod explain;
pub mod normalise;
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

/// All fuzz targets.
pub const TARGETS: &[Target] = &[
    Target { name: "explain", check: explain::check, seeds: subject::requests },
    Target { name: "normalise", check: normalise::check, seeds: subject::bodies },
    Target { name: "records", check: records::check, seeds: records::seeds },
    Target { name: "values", check: values::check, seeds: values::seeds },
    Target { name: "verify", check: verify::check, seeds: subject::requests },
];
