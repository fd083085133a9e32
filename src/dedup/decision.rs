//! Whether a fact is new: the rule of deduplication, as a pure function.

use super::Remembered;
use crate::event::{Material, Outcome};

/// What to do with one sight of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Never seen within the window: publish, and remember this.
    First(Remembered),
    /// Something material is new: publish as the next revision, and remember this.
    Revision(Remembered),
    /// Nothing new: drop.
    Duplicate,
}

/// Decides about `new`, received in `hour` (since the Unix epoch), when `known` is what was published of the fact.
///
/// `unknown` and "no findings" are vaguer than anything, never new. An outcome that was published before is not new
/// either, whatever came between: a late repetition of an old delivery must not take back what replaced it.
pub fn decide(known: Option<Remembered>, new: Material, hour: u32) -> Decision {
    let Some(known) = known else {
        return Decision::First(Remembered {
            outcome: new.outcome.code(),
            seen: bit(new.outcome),
            findings: new.findings,
            revision: 0,
            hour,
        });
    };
    let new_outcome = new.outcome != Outcome::Unknown && known.seen & bit(new.outcome) == 0;
    let new_findings = new.findings != 0 && new.findings != known.findings;
    // 255 revisions of one fact are a sender gone wild, not news.
    if !(new_outcome || new_findings) || known.revision == u8::MAX {
        return Decision::Duplicate;
    }
    Decision::Revision(Remembered {
        outcome: if new.outcome == Outcome::Unknown { known.outcome } else { new.outcome.code() },
        seen: known.seen | bit(new.outcome),
        findings: if new.findings == 0 { known.findings } else { new.findings },
        revision: known.revision + 1,
        hour: known.hour.max(hour),
    })
}

fn bit(outcome: Outcome) -> u16 {
    1 << outcome.code()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn material(outcome: Outcome, findings: u32) -> Material {
        Material { outcome, findings }
    }

    /// Decides about each sight in turn and returns what is published: (revision, outcome).
    fn published(sights: &[Material]) -> Vec<(u8, Outcome)> {
        let mut known = None;
        let mut out = Vec::new();
        for sight in sights {
            if let Decision::First(next) | Decision::Revision(next) = decide(known, *sight, 0) {
                out.push((next.revision, Outcome::from_code(next.outcome).expect("a known code")));
                known = Some(next);
            }
        }
        out
    }

    #[test]
    fn a_repetition_is_dropped() {
        let busy = material(Outcome::Busy, 0);
        assert_eq!(published(&[busy, busy, busy]), [(0, Outcome::Busy)]);
    }

    #[test]
    fn a_changed_outcome_is_the_next_revision() {
        let sights = [material(Outcome::Busy, 0), material(Outcome::Answered, 0)];
        assert_eq!(published(&sights), [(0, Outcome::Busy), (1, Outcome::Answered)]);
    }

    #[test]
    fn unknown_after_a_known_outcome_is_dropped_and_filled() {
        let known = material(Outcome::Busy, 0);
        assert_eq!(published(&[known, material(Outcome::Unknown, 0)]), [(0, Outcome::Busy)]);
        // New findings without an outcome: the outcome is what is remembered.
        assert_eq!(published(&[known, material(Outcome::Unknown, 7)]), [(0, Outcome::Busy), (1, Outcome::Busy)]);
    }

    #[test]
    fn a_known_outcome_after_unknown_is_a_revision() {
        let sights = [material(Outcome::Unknown, 0), material(Outcome::Failed, 0)];
        assert_eq!(published(&sights), [(0, Outcome::Unknown), (1, Outcome::Failed)]);
    }

    #[test]
    fn no_findings_after_some_are_dropped() {
        let sights = [material(Outcome::Answered, 7), material(Outcome::Answered, 0)];
        assert_eq!(published(&sights), [(0, Outcome::Answered)]);
    }

    #[test]
    fn a_late_repetition_of_an_old_outcome_takes_nothing_back() {
        let (busy, answered) = (material(Outcome::Busy, 0), material(Outcome::Answered, 0));
        assert_eq!(published(&[busy, answered, busy, answered]), [(0, Outcome::Busy), (1, Outcome::Answered)]);
    }

    fn any_material() -> impl Strategy<Value = Material> {
        (0..Outcome::ALL.len(), 0u32..3).prop_map(|(index, findings)| material(Outcome::ALL[index], findings))
    }

    proptest! {
        #[test]
        fn revisions_count_up_and_a_known_outcome_never_becomes_unknown(
            sights in prop::collection::vec(any_material(), 1..40)
        ) {
            let out = published(&sights);
            for (index, (revision, _)) in out.iter().enumerate() {
                prop_assert_eq!(usize::from(*revision), index);
            }
            let first_known = out.iter().position(|(_, outcome)| *outcome != Outcome::Unknown).unwrap_or(out.len());
            prop_assert!(out[first_known..].iter().all(|(_, outcome)| *outcome != Outcome::Unknown));
        }

        #[test]
        fn the_same_sight_twice_running_is_never_published_twice(
            sights in prop::collection::vec(any_material(), 1..40)
        ) {
            let doubled: Vec<_> = sights.iter().flat_map(|sight| [*sight, *sight]).collect();
            prop_assert_eq!(published(&doubled), published(&sights));
        }
    }
}
