//! What the vendor says of a call that is over: the record, as it is pushed and as the API has it, and the recordings.
//!
//! * Pushed: <https://www.tencentcloud.com/document/product/1229/59641>
//! * In the API: <https://www.tencentcloud.com/document/api/1229/59764>

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::SDK_APP_ID;
use super::status::status;
use crate::simulate::call::Call;
use crate::simulate::draw::Draw;

/// The number the called party sees: one Ofcom reserves for drama.
const CALLER: &str = "00442079460001";
const AGENT: &str = "agent@example.com";
const GROUP: &str = "simulated-group";
const GROUP_ID: u32 = 2522;

/// The called number, as the vendor writes numbers.
pub(super) fn callee(call: &Call) -> String {
    format!("00{}", call.digits())
}

/// How long the vendor takes from the end of a call to its record.
pub(super) fn delay(call: &Call) -> Duration {
    Duration::from_millis(*call.choose(4, &[0, 50, 200, 900]))
}

/// Whether there is a record.
pub(super) fn is_there(call: &Call, now: Timestamp) -> bool {
    now >= call.ended + delay(call)
}

/// Unix seconds; 0 is what did not happen.
fn seconds(time: Option<Timestamp>) -> i64 {
    time.map_or(0, |time| time.as_second())
}

/// What was recorded of one participant.
pub(super) struct Track {
    /// Name of the push about it.
    pub(super) push: &'static str,
    id: String,
    endpoint: String,
}

impl Track {
    /// The body of the push about it.
    pub(super) fn body(&self, call: &Call) -> Value {
        json!({
            "SdkAppId": SDK_APP_ID,
            "SessionId": call.id,
            "RecordId": self.id,
            "Timestamp": call.ended.as_second(),
            "EndpointUser": self.endpoint,
            "RecordURL": self.url(),
        })
    }

    fn url(&self) -> String {
        format!("http://recordings.example/{SDK_APP_ID}/{}.mp3", self.id)
    }
}

/// The tracks of a call: that of the called party, then that of the agent. Not every call is recorded.
pub(super) fn tracks(call: &Call) -> Vec<Track> {
    if call.answered.is_none() || !*call.choose(5, &[true, true, false]) {
        return Vec::new();
    }
    let track =
        |push: &'static str, endpoint| Track { push, id: Draw::new(0, &["track", push, &call.id], 0).guid(), endpoint };
    vec![track("record of the user", callee(call)), track("record of the agent", AGENT.to_owned())]
}

/// The fields a push and a row of the API have alike.
fn common(call: &Call) -> Value {
    let tracks = tracks(call);
    let id = |at: usize| tracks.get(at).map_or("", |track| track.id.as_str());
    let name = status(call).0;
    let side = match call.answered {
        Some(_) => *call.choose(6, &["user", "seat"]),
        None => "user",
    };
    let agent = json!({
        "Sequence": 0,
        "Mail": AGENT,
        "Phone": "",
        "Type": "staffSeat",
        "StartTimestamp": call.placed.as_second(),
        "RingTimestamp": call.placed.as_second(),
        "AcceptTimestamp": call.placed.as_second(),
        "EndedTimestamp": call.ended.as_second(),
        "RecordId": id(1),
        "TransferFrom": "",
        "TransferFromType": "",
        "TransferTo": "",
        "TransferToType": "",
        "SkillGroupId": GROUP_ID,
        "SkillGroupName": GROUP,
        "EndStatusString": "ok",
    });
    json!({
        "SessionId": call.id,
        "Caller": CALLER,
        "Callee": callee(call),
        "Direction": 1,
        "CallType": 1,
        "Duration": call.answered.map_or(0, |answered| call.ended.as_second() - answered.as_second()),
        "IVRDuration": 0,
        "StartTimestamp": call.placed.as_second(),
        "QueuedTimestamp": 0,
        "RingTimestamp": seconds(call.ringing),
        "AcceptTimestamp": seconds(call.answered),
        "EndedTimestamp": call.ended.as_second(),
        "EndStatusString": name,
        "HungUpSide": side,
        "IVRKeyPressed": null,
        "IVRKeyPressedEx": [],
        "PostIVRKeyPressed": [],
        "SeatUser": {
            "Mail": AGENT,
            "Name": "Agent",
            "Nick": "",
            "Phone": "",
            "UserId": AGENT,
            "StaffNumber": "20012",
            "SkillGroupNameList": [GROUP],
        },
        "ServeParticipants": [agent],
        "CallerLocation": "",
        "QueuedSkillGroupId": GROUP_ID,
        "QueuedSkillGroupName": GROUP,
        "RecordId": id(0),
        "Uui": call.reference,
    })
}

/// Body of the push `cdr`.
pub(super) fn pushed(call: &Call) -> Value {
    let mut body = common(call);
    body["SdkAppId"] = SDK_APP_ID.into();
    body["UserRemark"] = "".into();
    if call.answered.is_some() {
        // The sample of the page has these two in lower case.
        body["PostIVRKeyPressed"] = json!([{ "key": "1", "label": "good" }]);
    }
    body
}

/// Row of `DescribeTelCdr`.
pub(super) fn row(call: &Call) -> Value {
    let mut row = common(call);
    let tracks = tracks(call);
    let url = |at: usize| tracks.get(at).map(|track| track.url()).unwrap_or_default();
    let more = json!({
        "Time": call.placed.as_second(),
        "EndStatus": status(call).1,
        "RecordURL": url(0),
        "CustomRecordURL": "",
        "AsrUrl": "",
        "AsrStatus": "NotExists",
        "Remark": "",
        "SkillGroup": GROUP,
        "SkillGroupId": GROUP_ID,
        "ProtectedCaller": "",
        "ProtectedCallee": "",
        "UUI": call.reference,
        "IVRKeyPressed": [],
        "PostIVRKeyPressedEx": [],
        "VoicemailRecordURL": [],
        "VoicemailAsrURL": [],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        row[name] = value.clone();
    }
    row["ServeParticipants"][0]["RecordURL"] = url(1).into();
    if call.answered.is_some() {
        row["PostIVRKeyPressed"] = json!([{ "Key": "1", "Label": "good", "Timestamp": 0 }]);
    }
    // Older samples have an object in place of the list.
    if *call.choose(7, &[false, false, false, true]) {
        row["ServeParticipants"] = row["ServeParticipants"][0].take();
    }
    row
}

/// `Session` of `DescribeTelSession`: the live state, no outcome.
pub(super) fn session(call: &Call, now: Timestamp) -> Value {
    let by_now = |time: Option<Timestamp>| time.filter(|time| *time <= now);
    let state = match (by_now(call.ringing), by_now(call.answered)) {
        _ if call.over(now) => "finished",
        (_, Some(_)) => "inProgress",
        (Some(_), None) => "ringing",
        // The agent is called first.
        (None, None) => "seatJoining",
    };
    json!({
        "SessionID": call.id,
        "RoomID": "",
        "Caller": CALLER,
        "Callee": callee(call),
        "StartTimestamp": call.placed.as_second(),
        "RingTimestamp": seconds(by_now(call.ringing)),
        "AcceptTimestamp": seconds(by_now(call.answered)),
        "StaffEmail": AGENT,
        "StaffNumber": "20012",
        "SessionStatus": state,
        "Direction": 1,
    })
}
