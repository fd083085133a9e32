//! A bounded number of places that sources share.

/// Places, half of them or fewer open to everybody.
///
/// A source alone may take every open place. When they are taken, a source that holds less than its fair share (the open
/// places divided among all that hold one) still gets in, into the places kept back for that; everybody else waits for
/// places to be given back. So whoever sends most is refused first, and what it leaves is there for the others.
#[derive(Clone)]
pub(super) struct Room {
    places: usize,
    open: usize,
    taken: usize,
    /// Places each source holds.
    held: Vec<usize>,
    /// Sources that hold any.
    holders: usize,
}

impl Room {
    /// Empty room of `places` for `sources`.
    pub(super) fn new(sources: usize, places: usize) -> Self {
        Self { places, open: places.div_ceil(2), taken: 0, held: vec![0; sources], holders: 0 }
    }

    /// Places open to everybody.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Opens so many places to everybody. Nobody is put out.
    pub(super) fn set_open(&mut self, open: usize) {
        self.open = open;
    }

    /// Whether `source` may take a place now.
    pub(super) fn admits(&self, source: usize) -> bool {
        self.taken < self.open || (self.taken < self.places && self.held[source] < self.share(source))
    }

    /// Takes a place for `source`, if it may.
    pub(super) fn take(&mut self, source: usize) -> bool {
        if !self.admits(source) {
            return false;
        }
        self.holders += usize::from(self.held[source] == 0);
        self.held[source] += 1;
        self.taken += 1;
        true
    }

    /// Gives back a place of `source`.
    pub(super) fn give(&mut self, source: usize) {
        self.held[source] -= 1;
        self.taken -= 1;
        self.holders -= usize::from(self.held[source] == 0);
    }

    /// The fair share of `source`, were it let in; never less than one place.
    fn share(&self, source: usize) -> usize {
        let holders = self.holders + usize::from(self.held[source] == 0);
        (self.open / holders).max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Take(usize),
        Give(usize),
        Open(usize),
    }

    fn steps(sources: usize, places: usize) -> impl Strategy<Value = Vec<Step>> {
        let source = 0..sources;
        // Far more comes than goes, so that places run out.
        let step = prop_oneof![
            6 => source.clone().prop_map(Step::Take),
            3 => source.prop_map(Step::Give),
            1 => (1..=places.div_ceil(2)).prop_map(Step::Open),
        ];
        prop::collection::vec(step, 1..300)
    }

    proptest! {
        #[test]
        fn nobody_is_refused_below_a_fair_share_while_there_are_places(
            (sources, places, steps) in (1_usize..6, 1_usize..40)
                .prop_flat_map(|(sources, places)| (Just(sources), Just(places), steps(sources, places)))
        ) {
            let mut room = Room::new(sources, places);
            let mut held = vec![0_usize; sources];
            for step in steps {
                match step {
                    Step::Open(open) => room.set_open(open),
                    Step::Give(source) if held[source] > 0 => {
                        room.give(source);
                        held[source] -= 1;
                    }
                    Step::Give(_) => {}
                    Step::Take(source) => {
                        let taken: usize = held.iter().sum();
                        let wanting = (0..sources).filter(|&other| held[other] > 0 || other == source).count();
                        let below = held[source] < (room.open() / wanting).max(1);
                        if room.take(source) {
                            prop_assert!(taken < room.open() || below, "the open places are taken");
                            held[source] += 1;
                        } else {
                            prop_assert!(taken >= room.open(), "there is an open place");
                            prop_assert!(!below || taken == places, "{held:?} of {places}: {source} is below its share");
                        }
                    }
                }
                let taken = held.iter().sum::<usize>();
                prop_assert!(taken <= places);
                prop_assert_eq!(room.taken, taken);
            }
            for (source, count) in held.into_iter().enumerate() {
                (0..count).for_each(|_| room.give(source));
            }
            prop_assert!((0..sources).all(|source| room.admits(source)), "all places came back");
        }

        /// However the noisy one goes on, a quiet one never meets a full room.
        #[test]
        fn a_noisy_source_never_keeps_out_a_quiet_one(
            (places, steps) in (4_usize..40).prop_flat_map(|places| (Just(places), steps(2, places)))
        ) {
            let mut room = Room::new(2, places);
            let mut held = [0_usize; 2];
            for step in steps {
                match step {
                    Step::Open(_) => {}
                    Step::Give(source) if held[source] > 0 => {
                        room.give(source);
                        held[source] -= 1;
                    }
                    Step::Give(_) => {}
                    // The quiet one stays within its half.
                    Step::Take(1) if held[1] >= places.div_ceil(2) / 2 => {}
                    Step::Take(source) => {
                        let admitted = room.take(source);
                        prop_assert!(admitted || source == 0, "the quiet one is refused at {held:?} of {places}");
                        held[source] += usize::from(admitted);
                    }
                }
            }
        }
    }

    #[test]
    fn a_source_alone_has_all_open_places_and_the_rest_is_for_others() {
        let mut room = Room::new(3, 16);
        let fill = |room: &mut Room, source| (0..20).filter(|_| room.take(source)).count();
        assert_eq!(fill(&mut room, 0), 8);
        assert_eq!(fill(&mut room, 1), 4, "half of the open places");
        assert_eq!(fill(&mut room, 2), 2, "a third of them");
        for _ in 0..6 {
            room.give(0);
        }
        assert_eq!(fill(&mut room, 0), 0, "as many are taken as are open, and it holds its third");
        room.give(0);
        assert_eq!(fill(&mut room, 1), 1, "an open place is for whoever comes");
    }
}
