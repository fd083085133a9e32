//! The API's actions, as the vendor's wiki has them:
//! [createAndCall](https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-createTaskAndCall),
//! [listTask](https://github.com/nxtele/http-api-document/wiki/Callbot-API-taskList),
//! [listCall](https://github.com/nxtele/http-api-document/wiki/Callbot-API-callList),
//! [listOrderDetail](https://github.com/nxtele/http-api-document/wiki/Callbot-API-orderDetailList).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::NxcloudCallbot;
use super::order::{self, rounds, taken};
use super::sign::{Wrong, wrong};
use crate::simulate::site::{Site, Wanted};
use crate::simulate::vendors::Vendor;

/// The actions that are served.
pub(super) const NAMES: [&str; 4] = ["createAndCall", "listTask", "listCall", "listOrderDetail"];

/// Most orders `listOrderDetail` tells of at once.
const MOST_ORDERS: usize = 500;

/// Most rows of a page. The vendor's bound is not documented.
const MOST_ROWS: u64 = 1000;

/// The content of the answer, without the envelope.
pub(super) fn answer(action: &str, body: &Value, now: Timestamp, site: &Site) -> Result<Value, Wrong> {
    if body["productID"] != "callbot" {
        return wrong(4, "productID is not callbot");
    }
    match action {
        "createAndCall" => create(body, site),
        "listTask" => list_task(body, now, site),
        "listCall" => list_call(body, now, site),
        _ => list_order_detail(body, now, site),
    }
}

/// A mandatory field that is text.
fn text<'a>(value: &'a Value, what: &'static str) -> Result<&'a str, Wrong> {
    match value {
        Value::Null => wrong(2, what),
        Value::String(text) if !text.is_empty() => Ok(text),
        _ => wrong(3, what),
    }
}

/// A list of texts.
fn texts<'a>(value: &'a Value, what: &'static str) -> Result<Vec<&'a str>, Wrong> {
    let list = value.as_array().ok_or(Wrong { what, code: 3 })?;
    list.iter().map(|item| text(item, what)).collect()
}

/// A mandatory number that is not 0.
fn number(value: &Value, what: &'static str) -> Result<u64, Wrong> {
    match value {
        Value::Null => wrong(2, what),
        other => other.as_u64().filter(|number| *number > 0).ok_or(Wrong { what, code: 3 }),
    }
}

/// One end of a time window in Unix seconds, if it is given.
fn bound(value: &Value) -> Result<Option<i64>, Wrong> {
    match value {
        Value::Null => Ok(None),
        // Milliseconds would be in the year 30000 and later.
        other => match other.as_i64().filter(|seconds| (0..1_000_000_000_000).contains(seconds)) {
            Some(seconds) => Ok(Some(seconds)),
            None => wrong(3, "startTs or endTs is no Unix time in seconds"),
        },
    }
}

/// Whether a time is in the window of `startTs` and `endTs`.
fn window(conditions: &Value) -> Result<impl Fn(Timestamp) -> bool + use<>, Wrong> {
    let (start, end) = (bound(&conditions["startTs"])?, bound(&conditions["endTs"])?);
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        return wrong(4, "endTs is before startTs");
    }
    let (start, end) = (start.unwrap_or(0), end.unwrap_or(i64::MAX));
    Ok(move |time: Timestamp| (start..=end).contains(&time.as_second()))
}

/// The rows of the page that is asked for. Pages are counted from 1.
fn page(body: &Value, rows: Vec<Value>) -> Result<Vec<Value>, Wrong> {
    let (page, size) = (
        number(&body["page"], "page is missing or no number")?,
        number(&body["size"], "size is missing or no number")?,
    );
    if size > MOST_ROWS {
        return wrong(4, "size is too large");
    }
    let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    Ok(rows.into_iter().skip(skip).take(size as usize).collect())
}

/// Tasks that were created in a time. Whether the vendor says how many there are is not documented.
fn list_task(body: &Value, now: Timestamp, site: &Site) -> Result<Value, Wrong> {
    let conditions = match &body["queryConditions"] {
        conditions @ (Value::Object(_) | Value::Null) => conditions,
        _ => return wrong(3, "queryConditions is no object"),
    };
    let created = window(conditions)?;
    let statuses = match &conditions["taskStatus"] {
        Value::Null => None,
        Value::Array(list) if list.iter().all(Value::is_u64) => Some(list).filter(|list| !list.is_empty()),
        _ => return wrong(3, "taskStatus is no list of numbers"),
    };
    let ids = match &conditions["userTaskID"] {
        Value::Null => None,
        list => Some(texts(list, "userTaskID is no list of texts")?).filter(|list| !list.is_empty()),
    };
    let placings = site.placings(|placing| {
        let of_it = placing.calls.first().is_some_and(|call| created(call.placed));
        of_it && ids.as_ref().is_none_or(|ids| ids.contains(&&*placing.task))
    });
    let rows = placings.iter().map(|placing| order::task(placing, now));
    let rows = rows.filter(|row| statuses.is_none_or(|statuses| statuses.contains(&row["taskStatus"])));
    Ok(json!({ "taskData": page(body, rows.collect())? }))
}

/// Calls of one task in a time. The page of the answer is not known: it has the name of the neighbouring export, and rows
/// like the order callback's. So is which time the window is about: here the start of the call.
fn list_call(body: &Value, now: Timestamp, site: &Site) -> Result<Value, Wrong> {
    let task = text(&body["userTaskID"], "userTaskID is missing or no text")?;
    let options = match &body["options"] {
        options @ (Value::Object(_) | Value::Null) => options,
        _ => return wrong(3, "options is no object"),
    };
    let wanted = window(options)?;
    let placings = site.placings(|placing| placing.task == task);
    if placings.is_empty() {
        return wrong(4, "no such task");
    }
    let mut rows = Vec::new();
    for placing in &placings {
        for order in taken(placing) {
            for round in rounds(order).iter().filter(|round| round.over(now) && wanted(round.started)) {
                let mut row = order::order(order, task, order.over(now));
                row["callInfoDetail"] = round.detail(true, true);
                rows.push((round.started, round.id.clone(), row));
            }
        }
    }
    rows.sort_by(|(one, first, _), (other, second, _)| (one, first).cmp(&(other, second)));
    let rows = page(body, rows.into_iter().map(|(_, _, row)| row).collect())?;
    // What the list says of calls is no news of orders: somebody who knows an order has to ask for it.
    let listed = rows.iter().filter_map(|row| row["callInfoDetail"]["callID"].as_str());
    listed.for_each(|id| site.gave_id(id));
    Ok(json!({ "callList": rows }))
}

/// Orders with all their calls, in no order. Those the vendor does not know are left out.
fn list_order_detail(body: &Value, now: Timestamp, site: &Site) -> Result<Value, Wrong> {
    let task = text(&body["userTaskID"], "userTaskID is missing or no text")?;
    let ids = texts(&body["orderList"], "orderList is no list of texts")?;
    if ids.is_empty() {
        return wrong(2, "orderList is empty");
    }
    if ids.len() > MOST_ORDERS {
        return wrong(4001, "orderList has more than 500 orders");
    }
    let placings = site.placings(|placing| placing.task == task);
    if placings.is_empty() {
        return wrong(4, "no such task");
    }
    let orders = placings.iter().flat_map(|placing| taken(placing)).filter(|order| ids.contains(&&*order.id));
    let mut rows: Vec<_> = orders
        .map(|order| {
            let finish = order.over(now);
            if finish {
                site.gave(order);
            }
            let mut row = order::order(order, task, finish);
            let calls = rounds(order).into_iter().filter(|round| round.over(now)).map(|round| {
                let mut call = round.detail(true, true);
                call["recordDetail"] = json!([{}]);
                call
            });
            row["callInfoDetailList"] = calls.collect();
            row
        })
        .collect();
    rows.reverse();
    Ok(json!({ "orderDetailList": rows }))
}

/// Makes a task with its orders. A number that cannot be dialled is refused.
fn create(body: &Value, site: &Site) -> Result<Value, Wrong> {
    let task = text(&body["userTaskID"], "userTaskID is missing or no text")?;
    text(&body["sceneID"], "sceneID is missing or no text")?;
    if !body["taskCreateSetting"].is_object() {
        return wrong(2, "no taskCreateSetting");
    }
    let Some(list) = body["callInfoList"]["callList"].as_array().filter(|list| !list.is_empty()) else {
        return wrong(2, "no callInfoList.callList");
    };
    if !site.placings(|placing| placing.task == task).is_empty() {
        return wrong(4, "userTaskID is not unique");
    }
    let (mut wanted, mut errors) = (Vec::new(), Vec::new());
    for order in list {
        let id = text(&order["orderID"], "orderID is missing or no text")?;
        let phone = text(&order["userPhone"], "userPhone is missing or no text")?;
        if site.call_of(id).is_some() || wanted.iter().any(|other: &Wanted| other.id.as_deref() == Some(id)) {
            return wrong(4, "orderID is not unique");
        }
        if !(7..=15).contains(&phone.len()) || !phone.bytes().all(|byte| byte.is_ascii_digit()) {
            errors.push(json!({ "phone": phone, "errMsg": "phone format error" }));
            continue;
        }
        wanted.push(Wanted {
            id: Some(id.to_owned()),
            number: Some(format!("+{phone}")),
            reference: order["other"].as_str().map(str::to_owned),
        });
    }
    let placing = site.place_wanted(Some(task.to_owned()), wanted);
    let mut answer = NxcloudCallbot.created(&placing).body;
    if let Some(list) = answer["errList"].as_array_mut() {
        list.append(&mut errors);
    }
    answer["totalCount"] = list.len().into();
    Ok(answer)
}
