//! What holds for every simulated vendor.

use std::collections::BTreeSet;

use super::*;
use crate::config::Config;
use crate::simulate::plan::VendorPlan;
use crate::simulate::{names, settings};
use crate::source;

/// Placings of a vendor with everything that can be chosen differently: all outcomes, told and not, some refused.
fn placings(vendor: &'static dyn Vendor) -> Vec<Placing> {
    let mut plan = VendorPlan { untold: 0.3, refuse: 0.2, ..VendorPlan::new(vendor.name()) };
    plan.mix = Outcome::ALL.iter().map(|outcome| (*outcome, 1)).collect();
    let site = Site::new(vendor, plan, 7);
    let placings: Vec<_> = (0..300).map(|_| (*site.place(vendor.together())).clone()).collect();
    let outcomes: BTreeSet<_> = placings.iter().flat_map(Placing::placed).map(|call| call.outcome).collect();
    assert_eq!(outcomes, vendor.outcomes().iter().copied().collect(), "{}: all outcomes come", vendor.name());
    placings
}

fn signing(wrong: Option<u64>) -> Signing {
    Signing { now: crate::clock::now(), nonce: "0123456789abcdef0123456789abcdef".to_owned(), wrong }
}

#[test]
fn the_settings_fit_trunkline() {
    let address = "127.0.0.1:8090".parse().expect("an address");
    let all: Vec<_> = names().into_iter().map(str::to_owned).collect();
    let toml = settings(&all, address).expect("known");
    let config = Config::from_toml(&toml).unwrap_or_else(|errors| panic!("{errors:?}\n{toml}"));
    if let Err(complaints) = source::build(&config) {
        // A vendor that cannot be asked yet has no `api`. What is in an `api` it has must fit.
        let others: Vec<_> = complaints.iter().filter(|complaint| !complaint.key.ends_with(".api")).collect();
        assert!(others.is_empty(), "{others:?}\n{toml}");
    }
    let unknown = settings(&["nobody".to_owned()], address).expect_err("not simulated").to_string();
    assert!(unknown.contains("nobody") && unknown.contains(names()[0]), "{unknown}");
}

#[test]
fn what_is_due_comes_by_callbacks_there_are() {
    for vendor in REGISTRY {
        let mut subjects = BTreeSet::new();
        for placing in placings(*vendor) {
            let callbacks = vendor.callbacks(&placing);
            let names: BTreeSet<_> = callbacks.iter().map(|callback| &*callback.name).collect();
            assert_eq!(names.len(), callbacks.len(), "{}: names are unique", vendor.name());
            let ids: BTreeSet<_> = placing.calls.iter().map(|call| &*call.id).collect();
            let due = vendor.due(&placing);
            assert!(!due.is_empty(), "{}: something is due", vendor.name());
            for due in due {
                for way in &due.ways {
                    let (name, id) = match way {
                        Way::Callback(name) => (Some(name), None),
                        Way::Hint(name, id) => (Some(name), Some(id)),
                        Way::Asked(id) => (None, Some(id)),
                        // A list can be of smaller things than what is asked about.
                        Way::Listed(_) | Way::Created => (None, None),
                    };
                    assert!(name.is_none_or(|name| names.contains(&**name)), "{}: {way:?}", vendor.name());
                    assert!(id.is_none_or(|id| ids.contains(&**id)), "{}: {way:?}", vendor.name());
                }
                assert!(!due.ways.is_empty(), "{}: {} cannot be known", vendor.name(), due.event_type);
                subjects.insert((due.event_type, due.subject));
            }
        }
        assert!(subjects.len() >= 300, "{}: subjects differ", vendor.name());
    }
}

#[test]
fn nothing_is_said_before_it_happened() {
    for vendor in REGISTRY {
        for placing in placings(*vendor) {
            for callback in vendor.callbacks(&placing) {
                let first = placing.calls.iter().map(|call| call.placed).min().expect("a call");
                assert!(callback.at >= first, "{}: {}", vendor.name(), callback.name);
            }
        }
    }
}

#[test]
fn a_copy_has_the_same_bytes_and_a_wrong_signature_others() {
    for vendor in REGISTRY {
        let placing =
            placings(*vendor).into_iter().find(|placing| placing.placed().count() > 0).expect("one is placed");
        for callback in vendor.callbacks(&placing) {
            let right = signing(None);
            let delivery = vendor.sign(&callback, &right);
            assert_eq!(delivery, vendor.sign(&callback, &right));
            for bits in 0..24 {
                let wrong = vendor.sign(&callback, &Signing { wrong: Some(bits), ..right.clone() });
                assert_ne!(delivery, wrong, "{}: {} wrongly signed ({bits})", vendor.name(), callback.name);
            }
        }
    }
}

#[test]
fn a_stranger_is_told_nothing() {
    for vendor in REGISTRY {
        let site = Site::new(*vendor, VendorPlan::new(vendor.name()), 7);
        for (method, path) in [(http::Method::GET, "/"), (http::Method::POST, "/"), (http::Method::POST, "/no/such")] {
            let request = Request {
                method,
                path: path.to_owned(),
                query: String::new(),
                headers: http::HeaderMap::new(),
                body: bytes::Bytes::new(),
                now: crate::clock::now(),
            };
            let answer = vendor.answer(&request, &site);
            assert!(
                matches!(answer.verdict, crate::simulate::api::Verdict::Violation(_)),
                "{}: {path} gives {answer:?}",
                vendor.name()
            );
            assert!(!vendor.action(&request).is_empty());
        }
    }
}
