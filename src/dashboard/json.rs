//! The dashboards as Grafana reads them.

use serde_json::{Map, Value, json};

use super::{Dashboard, Kind, Panel};

/// Where the runbooks are; whoever imports the dashboards puts their own address here.
const RUNBOOKS: &str = "https://runbooks.example/trunkline";

const ALL: &str = r#"job=~"$job",instance=~"$instance""#;
const ONE: &str = r#"job=~"$job",instance=~"$instance",source="$source""#;

/// The grid is this wide.
const WIDTH: u64 = 24;

/// The dashboard's JSON model.
pub fn json(dashboard: &Dashboard) -> String {
    let mut panels = Vec::new();
    let (mut y, mut id) = (0, 0);
    for (title, row) in &dashboard.rows {
        id += 1;
        panels.push(json!({
            "id": id, "type": "row", "title": title, "collapsed": false, "panels": [],
            "gridPos": { "h": 1, "w": WIDTH, "x": 0, "y": y },
        }));
        y += 1;
        let mut x = 0;
        let mut line = 0;
        for panel in row {
            if x + panel.width > WIDTH {
                (x, y, line) = (0, y + line, 0);
            }
            id += 1;
            let height = if panel.kind == Kind::Stat { 4 } else { 8 };
            panels.push(panel.json(id, json!({ "h": height, "w": panel.width, "x": x, "y": y })));
            x += panel.width;
            line = line.max(height);
        }
        y += line;
    }
    let (other, other_title) = dashboard.other;
    let model = json!({
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["trunkline"],
        "schemaVersion": 39,
        "version": 1,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" },
        "timezone": "",
        "annotations": { "list": [] },
        "links": [
            { "type": "link", "title": other_title, "url": format!("/d/{other}"), "icon": "dashboard",
              "includeVars": true, "keepTime": true, "targetBlank": false, "tags": [], "tooltip": "" },
            { "type": "link", "title": "Runbooks", "url": format!("{RUNBOOKS}/"), "icon": "doc",
              "includeVars": false, "keepTime": false, "targetBlank": true, "tags": [], "tooltip": "" },
        ],
        "templating": { "list": variables(dashboard.one_source) },
        "panels": panels,
    });
    let mut text = serde_json::to_string_pretty(&model).expect("JSON values can be written");
    text.push('\n');
    text
}

fn variables(one_source: bool) -> Vec<Value> {
    let labels = |name: &str, title: &str, metric: &str, many: bool| {
        let query = format!("label_values({metric}, {name})");
        let mut variable = json!({
            "type": "query", "name": name, "label": title, "datasource": datasource(),
            "definition": query, "query": { "query": query, "refId": name },
            "refresh": 2, "sort": 1, "multi": many, "includeAll": many, "hide": 0, "regex": "", "options": [],
        });
        if many {
            variable["allValue"] = json!(".+");
            variable["current"] = json!({ "selected": true, "text": ["All"], "value": ["$__all"] });
        }
        variable
    };
    let mut list = vec![
        json!({
            "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
            "refresh": 1, "hide": 0, "regex": "", "options": [],
        }),
        labels("job", "Job", "trunkline_build_info", true),
        labels("instance", "Instance", r#"trunkline_build_info{job=~"$job"}"#, true),
    ];
    if one_source {
        let metric = format!("trunkline_active_secrets{{{ALL}}}");
        list.push(labels("source", "Source", &metric, false));
    }
    list
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

impl Panel {
    fn json(&self, id: u64, place: Value) -> Value {
        let kind = match self.kind {
            Kind::Stat => "stat",
            Kind::Lines | Kind::Stacked => "timeseries",
            Kind::Table => "table",
        };
        let links: Vec<Value> = self
            .runbooks
            .iter()
            .map(|alert| {
                json!({ "title": format!("Runbook: {alert}"), "url": format!("{RUNBOOKS}/{alert}.md"), "targetBlank": true })
            })
            .collect();
        let mut panel = json!({
            "id": id, "type": kind, "title": self.title, "description": self.description, "gridPos": place,
            "datasource": datasource(), "links": links, "targets": self.targets(),
            "fieldConfig": { "defaults": self.defaults(), "overrides": [] }, "options": self.options(),
        });
        if self.kind == Kind::Table {
            panel["transformations"] = json!([
                { "id": "organize", "options": { "excludeByName": { "Time": true, "__name__": true, "job": true } } },
            ]);
        }
        panel
    }

    fn targets(&self) -> Vec<Value> {
        let now = matches!(self.kind, Kind::Stat | Kind::Table);
        let target = |(index, (query, legend)): (usize, &(&str, &str))| {
            let mut target = json!({
                "refId": char::from(b'A' + index as u8).to_string(), "expr": expression(query),
                "legendFormat": legend, "datasource": datasource(), "instant": now, "range": !now,
            });
            if self.kind == Kind::Table {
                target["format"] = json!("table");
            }
            target
        };
        self.queries.iter().enumerate().map(target).collect()
    }

    fn defaults(&self) -> Value {
        let mut steps = vec![json!({ "color": self.base, "value": null })];
        steps.extend(self.steps.iter().map(|(value, colour)| json!({ "color": colour, "value": value })));
        let mut defaults = Map::new();
        let mut set = |name: &str, value: Value| drop(defaults.insert(name.to_owned(), value));
        set("unit", json!(self.unit));
        set("thresholds", json!({ "mode": "absolute", "steps": steps }));
        let plain = self.steps.is_empty();
        match self.kind {
            Kind::Stat => {
                set("color", json!({ "mode": if plain { "fixed" } else { "thresholds" }, "fixedColor": "text" }))
            }
            Kind::Lines | Kind::Stacked => {
                let stacking = if self.kind == Kind::Stacked { "normal" } else { "none" };
                set("color", json!({ "mode": "palette-classic" }));
                set(
                    "custom",
                    json!({
                        "drawStyle": "line", "lineWidth": 1, "showPoints": "never", "spanNulls": false,
                        "fillOpacity": if self.kind == Kind::Stacked { 30 } else { 5 },
                        "stacking": { "mode": stacking, "group": "A" },
                        "thresholdsStyle": { "mode": if plain { "off" } else { "dashed" } },
                    }),
                );
            }
            Kind::Table => {
                set("color", json!({ "mode": "thresholds" }));
                let cell = if plain { "auto" } else { "color-text" };
                set("custom", json!({ "cellOptions": { "type": cell }, "filterable": false }));
            }
        }
        for (name, value) in [("min", self.min), ("max", self.max)] {
            value.into_iter().for_each(|value| set(name, json!(value)));
        }
        self.nothing.into_iter().for_each(|text| set("noValue", json!(text)));
        if self.by_source {
            let name = if self.kind == Kind::Table { "${__data.fields.source}" } else { "${__field.labels.source}" };
            let url = format!("/d/trunkline-source?${{job:queryparam}}&var-source={name}&${{__url_time_range}}");
            set("links", json!([{ "title": "This source", "url": url }]));
        }
        Value::Object(defaults)
    }

    fn options(&self) -> Value {
        match self.kind {
            Kind::Stat => json!({
                "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "textMode": "auto",
                "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            }),
            Kind::Lines | Kind::Stacked => json!({
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] },
                "tooltip": { "mode": "multi", "sort": "desc" },
            }),
            Kind::Table => json!({ "showHeader": true, "cellHeight": "sm" }),
        }
    }
}

fn expression(query: &str) -> String {
    query
        .replace("{ALL", &format!("{{{ALL}"))
        .replace("{ONE", &format!("{{{ONE}"))
        .replace("[RATE]", "[$__rate_interval]")
}
