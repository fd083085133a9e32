//! Numbers as tables show them.

/// With a comma before every three digits.
pub fn cell(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

pub fn reached(yes: bool) -> &'static str {
    if yes { "reached" } else { "**not reached**" }
}
