//! The actions of the API: <https://www.tencentcloud.com/document/api/1229/59764>.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{SDK_APP_ID, TencentCcc, Wrong, record};
use crate::simulate::call::Call;
use crate::simulate::site::{Site, Wanted};
use crate::simulate::vendors::Vendor;

const CREATE: &str = "CreateCallOutSession";
const RECORDS: &str = "DescribeTelCdr";
const SESSION: &str = "DescribeTelSession";

/// The actions that are simulated.
pub(super) const NAMES: &[&str] = &[CREATE, RECORDS, SESSION];

const DAY: i64 = 24 * 3600;
/// How far back records reach, seconds.
const REACH: i64 = 180 * DAY;
/// Longest window, seconds.
const LONGEST: i64 = 90 * DAY;
/// Most records of a page.
const PAGE: i64 = 100;

/// The content of the answer without `RequestId`.
pub(super) fn answer(action: &str, parameters: &Value, now: Timestamp, site: &Site) -> Result<Value, Wrong> {
    match action {
        CREATE => create(parameters, site),
        RECORDS => records(parameters, now, site),
        SESSION => session(parameters, now, site),
        _ => Err(Wrong::new("X-TC-Action is none that is simulated", "InvalidAction")),
    }
}

fn missing(what: &'static str) -> Wrong {
    Wrong::new(what, "MissingParameter")
}

fn invalid(what: &'static str) -> Wrong {
    Wrong::new(what, "InvalidParameterValue")
}

/// Checks the names of all parameters, and the application.
fn check(parameters: &Value, known: &[&str]) -> Result<(), Wrong> {
    if parameters.as_object().is_some_and(|given| given.keys().any(|name| !known.contains(&&**name))) {
        return Err(Wrong::new("a parameter the action does not have", "UnknownParameter"));
    }
    match integer(parameters, "SdkAppId", "SdkAppId is missing")?.try_into() {
        Ok(SDK_APP_ID) => Ok(()),
        _ => Err(Wrong::new("SdkAppId is another application's", "InvalidParameter.InstanceNotExist")),
    }
}

fn integer(parameters: &Value, name: &str, absent: &'static str) -> Result<i64, Wrong> {
    match &parameters[name] {
        Value::Null => Err(missing(absent)),
        value => value.as_i64().ok_or(Wrong::new("a number is of another type", "InvalidParameter")),
    }
}

fn text<'a>(parameters: &'a Value, name: &str, absent: &'static str) -> Result<&'a str, Wrong> {
    match &parameters[name] {
        Value::Null => Err(missing(absent)),
        value => value.as_str().ok_or(Wrong::new("a text is of another type", "InvalidParameter")),
    }
}

/// A list of texts; `None` when it was not given.
fn texts<'a>(parameters: &'a Value, name: &str) -> Result<Option<Vec<&'a str>>, Wrong> {
    let wrong = Wrong::new("a list of texts is of another type", "InvalidParameter");
    match &parameters[name] {
        Value::Null => Ok(None),
        Value::Array(list) => list.iter().map(|item| item.as_str().ok_or(wrong)).collect::<Result<_, _>>().map(Some),
        _ => Err(wrong),
    }
}

/// A session id as calls have it: the vendor tells them with and without hyphens.
fn canonical(id: &str) -> String {
    Uuid::parse_str(id).map_or_else(|_| id.to_owned(), |id| id.to_string())
}

/// Rings the agent, and then the called party: <https://www.tencentcloud.com/document/api/1229/59778>.
fn create(parameters: &Value, site: &Site) -> Result<Value, Wrong> {
    check(parameters, &["SdkAppId", "UserId", "Callee", "Caller", "Callers", "IsForceUseMobile", "UUI"])?;
    text(parameters, "UserId", "UserId is missing")?;
    let callee = text(parameters, "Callee", "Callee is missing")?;
    let digits = callee.strip_prefix("00").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.ok_or(invalid("Callee is not 00 and an international number"))?;
    texts(parameters, "Callers")?;
    let reference = parameters["UUI"].as_str().map(str::to_owned);
    if reference.as_ref().is_some_and(|reference| reference.len() > 1024) {
        return Err(invalid("UUI is longer than 1024 bytes"));
    }
    let wanted = Wanted { number: Some(format!("+{digits}")), reference, ..Wanted::default() };
    let created = TencentCcc.created(&site.place_wanted(None, vec![wanted]));
    Ok(created.body["Response"].clone())
}

/// Records of calls that are over: <https://www.tencentcloud.com/document/api/1229/59764>. That the window is about the
/// start of calls is our reading; the order is not documented.
fn records(parameters: &Value, now: Timestamp, site: &Site) -> Result<Value, Wrong> {
    check(
        parameters,
        &["SdkAppId", "StartTimeStamp", "EndTimeStamp", "PageSize", "PageNumber", "SessionIds", "Phones"],
    )?;
    let start = integer(parameters, "StartTimeStamp", "StartTimeStamp is missing")?;
    let end = integer(parameters, "EndTimeStamp", "EndTimeStamp is missing")?;
    let size = integer(parameters, "PageSize", "PageSize is missing")?;
    let number = integer(parameters, "PageNumber", "PageNumber is missing")?;
    if start < now.as_second() - REACH {
        return Err(invalid("the window starts more than 180 days ago"));
    }
    if end < start || end - start >= LONGEST {
        return Err(invalid("the window ends before it starts, or is 90 days long or longer"));
    }
    if !(1..=PAGE).contains(&size) || number < 0 {
        return Err(invalid("PageSize is not from 1 to 100, or PageNumber is negative"));
    }
    let ids = texts(parameters, "SessionIds")?.map(|ids| ids.into_iter().map(canonical).collect::<BTreeSet<_>>());
    let phones = texts(parameters, "Phones")?;
    let wanted = |call: &Call| {
        (start..=end).contains(&call.placed.as_second())
            && record::is_there(call, now)
            && ids.as_ref().is_none_or(|ids| ids.contains(&call.id))
            && phones.as_ref().is_none_or(|phones| phones.contains(&&*record::callee(call)))
    };
    let found = site.calls(wanted);
    // The newest first, so that rows move from page to page while somebody reads them.
    let page = found.iter().rev().skip((number as usize).saturating_mul(size as usize)).take(size as usize);
    let rows: Vec<Value> = page
        .map(|call| {
            site.gave(call);
            record::row(call)
        })
        .collect();
    Ok(json!({ "TotalCount": found.len(), "TelCdrs": rows, "TelCdrList": rows }))
}

/// The live state of a session: <https://www.tencentcloud.com/document/product/1229/59763>. What is said of a session
/// that never was is not documented.
fn session(parameters: &Value, now: Timestamp, site: &Site) -> Result<Value, Wrong> {
    check(parameters, &["SdkAppId", "SessionId"])?;
    let call = site.call_of(&canonical(text(parameters, "SessionId", "SessionId is missing")?));
    Ok(json!({ "Session": call.map(|call| record::session(&call, now)) }))
}
