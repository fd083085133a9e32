//! Sending callbacks, with the plan's faults.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::call::Placing;
use super::draw::Draw;
use super::plan::Fate;
use super::site::Site;
use super::trunkline::Trunkline;
use super::vendors::{Callback, Signing};
use crate::clock;

/// Most callbacks of one vendor under way at a time; a vendor's own pool is no larger.
const UNDER_WAY: usize = 256;

/// Sends the callbacks of what one vendor places, until the run ends.
pub(super) async fn send(site: Arc<Site>, trunkline: Arc<Trunkline>, tasks: TaskTracker) {
    let stop = trunkline.stop.clone();
    let sender = Sender { site: site.clone(), trunkline, tasks, permits: Arc::new(Semaphore::new(UNDER_WAY)) };
    let mut placed = site.to_be_sent().lock().await;
    while let Some(Some(placing)) = stop.run_until_cancelled(placed.recv()).await {
        sender.send(&placing);
    }
}

#[derive(Clone)]
struct Sender {
    site: Arc<Site>,
    trunkline: Arc<Trunkline>,
    tasks: TaskTracker,
    permits: Arc<Semaphore>,
}

/// One copy of a callback, or the first.
#[derive(Clone, Copy)]
struct Edition {
    at: Timestamp,
    /// Tells copies with other bytes apart; 0 for the first and those with the same bytes.
    number: usize,
    /// When it was signed first. A copy with the same bytes keeps it.
    signed: Timestamp,
}

impl Sender {
    /// Sends what is due for a placing, each callback at its time, without waiting for it.
    fn send(&self, placing: &Arc<Placing>) {
        for callback in self.site.vendor.callbacks(placing) {
            let fate = self.site.plan.fate(self.site.seed, placing.index, &callback.name);
            self.note(&fate);
            let at = callback.at + fate.delay;
            let callback = Arc::new(callback);
            let mut editions = vec![Edition { at, number: 0, signed: at }];
            for (number, copy) in (1..).zip(&fate.copies) {
                let later = at + copy.after;
                editions.push(match copy.anew {
                    true => Edition { at: later, number, signed: later },
                    false => Edition { at: later, number: 0, signed: at },
                });
            }
            for edition in editions.into_iter().filter(|_| !fate.lost) {
                self.site.begin();
                let (sender, placing, callback) = (self.clone(), placing.clone(), callback.clone());
                self.tasks.spawn(async move {
                    sender.deliver(&placing, &callback, edition, fate.wrong).await;
                    sender.site.end();
                });
            }
        }
        self.site.end();
    }

    fn note(&self, fate: &Fate) {
        let mut counts = self.site.callbacks();
        match fate.lost {
            true => counts.lost += 1,
            false => {
                counts.duplicates += fate.copies.len() as u64;
                counts.held += u64::from(fate.held);
            }
        }
    }

    /// Sends one edition at its time, and again as the vendor would until somebody says yes.
    async fn deliver(&self, placing: &Placing, callback: &Callback, edition: Edition, wrong: Option<u64>) {
        let early = edition.at.duration_since(clock::now());
        if !self.trunkline.wait(Duration::try_from(early).unwrap_or_default()).await {
            return;
        }
        // What is signed wrongly stays wrong, so repeating it would tell nothing.
        let pauses = if wrong.is_some() { &[] } else { self.site.vendor.repeats() };
        let mut signed = edition.signed;
        for attempt in 0..=pauses.len() {
            let nonce = self.nonce(placing, callback, edition, attempt);
            let heard = self.once(placing, callback, &Signing { now: signed, nonce, wrong }, attempt > 0).await;
            let Some(pause) = pauses.get(attempt).filter(|_| !heard) else { return };
            if !self.trunkline.wait(*pause).await {
                return;
            }
            signed = clock::now();
        }
    }

    fn nonce(&self, placing: &Placing, callback: &Callback, edition: Edition, attempt: usize) -> String {
        let words = [self.site.vendor.name(), "nonce", &callback.name];
        let number = (placing.index << 16) + ((edition.number as u64) << 8) + attempt as u64;
        Draw::new(self.site.seed, &words, number).hex(32)
    }

    /// Sends one request; whether trunkline said yes.
    async fn once(&self, placing: &Placing, callback: &Callback, signing: &Signing, again: bool) -> bool {
        let Ok(_permit) = self.permits.acquire().await else { return false };
        let delivery = self.site.vendor.sign(callback, signing);
        let path = format!("/v1/callbacks/{}/{}", self.site.source, delivery.path);
        let answer = self.trunkline.post(&path, &delivery.headers, delivery.body).await;
        let heard = answer.as_ref().is_some_and(|(status, body)| self.site.vendor.heard(*status, body));
        let mut counts = self.site.callbacks();
        counts.sent += 1;
        counts.repeats += u64::from(again);
        counts.wrong += u64::from(signing.wrong.is_some());
        counts.wrong_accepted += u64::from(signing.wrong.is_some() && heard);
        match &answer {
            None => counts.unanswered += 1,
            Some(_) if heard => counts.accepted += 1,
            Some(_) => counts.refused += 1,
        }
        drop(counts);
        if heard && signing.wrong.is_none() {
            self.site.was_heard(placing, &callback.name);
        }
        heard
    }
}
