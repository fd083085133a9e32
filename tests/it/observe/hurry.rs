//! Rules of hours, for a test of minutes.

/// Durations are this many times shorter.
const HASTE: u64 = 120;

/// A range holds some samples at two a second.
const SHORTEST_RANGE_MS: u64 = 5_000;

/// The rules with every duration divided by [`HASTE`]: ranges in brackets (but not below five seconds), `for`, and offsets. Only
/// a week ago is not 84 minutes but 45 seconds ago, and the hour after that 40: a test has no such past. Conditions and
/// thresholds stay as they are.
pub fn hurry(rules: &str) -> String {
    rules.lines().map(|line| line_in_a_hurry(line) + "\n").collect()
}

fn line_in_a_hurry(line: &str) -> String {
    if let Some((head, duration)) = line.split_once("for: ").filter(|(head, _)| head.trim().is_empty()) {
        return format!("{head}for: {}ms", milliseconds(duration) / HASTE);
    }
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['[', 'o']) {
        let (before, from) = rest.split_at(at);
        out += before;
        if let Some((duration, after)) = from.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            out += &format!("[{}ms]", (milliseconds(duration) / HASTE).max(SHORTEST_RANGE_MS));
            rest = after;
        } else if let Some(after) = from.strip_prefix("offset ") {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
            out += &match &after[..end] {
                "1w" | "168h" => "offset 45s".to_owned(),
                "167h" => "offset 40s".to_owned(),
                duration => format!("offset {}ms", milliseconds(duration) / HASTE),
            };
            rest = &after[end..];
        } else {
            out.push_str(&from[..1]);
            rest = &from[1..];
        }
    }
    out + rest
}

fn milliseconds(duration: &str) -> u64 {
    let (number, unit) = duration.split_at(duration.len() - 1);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => panic!("{duration} is no duration"),
    };
    number.parse::<u64>().unwrap_or_else(|_| panic!("{duration} is no duration")) * seconds * 1000
}

#[test]
fn durations_are_shorter_and_nothing_else_changes() {
    for (rule, hurried) in [
        ("        for: 10m", "        for: 5000ms"),
        ("  expr: sum(rate(a_total[1h])) > 300", "  expr: sum(rate(a_total[30000ms])) > 300"),
        ("  rate(a[5m]) offset 168h >= 20 or b offset 1d", "  rate(a[5000ms]) offset 45s >= 20 or b offset 720000ms"),
        ("  # for an hour of offsets", "  # for an hour of offsets"),
    ] {
        assert_eq!(hurry(rule), format!("{hurried}\n"));
    }
}
