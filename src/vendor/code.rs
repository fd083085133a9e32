//! Vendors' code tables: reading them, and showing them in the documentation.

use crate::event::Outcome;

/// The row of a table; `None` for a code that is not in it.
pub fn look_up<K: PartialEq + ?Sized, V: Copy>(table: &[(&K, V)], code: &K) -> Option<V> {
    table.iter().find(|(row, _)| *row == code).map(|(_, value)| *value)
}

/// A code table of a vendor, as the documentation shows it.
pub struct CodeTable {
    /// Name of the table: `cause.interface` of the events that use it, and a condition where there is one.
    pub interface: &'static str,
    /// Code and outcome.
    pub rows: &'static [(&'static str, Outcome)],
}
