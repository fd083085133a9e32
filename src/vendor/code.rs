//! Reading vendors' code tables.

/// The row of a table; `None` for a code that is not in it.
pub fn look_up<K: PartialEq + ?Sized, V: Copy>(table: &[(&K, V)], code: &K) -> Option<V> {
    table.iter().find(|(row, _)| *row == code).map(|(_, value)| *value)
}
