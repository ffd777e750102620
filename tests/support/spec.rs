//! A structural check of an answer against an OpenAPI 3.0 document: types, enumerations, required and invented fields.

use serde_json::{Map, Value};

/// How strict a check is: a simulator may leave fields out, but may not invent any.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// Every required field is there.
    Whole,
    /// Fields may be missing.
    Part,
}

pub struct Spec(Value);

impl Spec {
    /// The document of a platform, in the folder that FLIGHTDECK_SPECS names or the one beside the project; says so where
    /// there is none.
    pub fn of(platform: &str) -> Option<Self> {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/reference/specs");
        let folder = std::env::var_os("FLIGHTDECK_SPECS").unwrap_or_else(|| beside.into());
        let path = std::path::Path::new(&folder).join(format!("{platform}.json"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("SKIPPED: no official description of {platform}; FLIGHTDECK_SPECS may name their folder");
            return None;
        };
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    /// The described operation of a request: its path with placeholders, and what is written of it.
    pub fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == asked.len()
                && parts.iter().zip(&asked).all(|(part, asked)| part == asked || matches(part, asked))
        };
        let paths = self.0["paths"].as_object().unwrap();
        let found = paths.iter().filter(|(template, item)| fits(template) && item[method.to_lowercase()].is_object());
        // A literal word is meant before a placeholder.
        let (template, item) = found.min_by_key(|(template, _)| template.matches('{').count())?;
        Some((template, &item[method.to_lowercase()]))
    }

    /// What is wrong with a request to an operation.
    pub fn request_faults(
        &self,
        (template, operation): (&str, &Value),
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        let shared = self.0["paths"][template]["parameters"].as_array().into_iter().flatten();
        let own = operation["parameters"].as_array().into_iter().flatten();
        let known: Vec<&Value> =
            shared.chain(own).map(|one| self.resolve(one)).filter(|one| one["in"] == "query").collect();
        for (name, value) in query {
            match known.iter().find(|one| one["name"] == name.as_str()) {
                None => faults.push(format!("query {name}: not described")),
                Some(one) => {
                    let schema = self.resolve(&one["schema"]);
                    let schema = if schema["type"] == "array" { self.resolve(&schema["items"]) } else { schema };
                    let listed = schema["enum"].as_array();
                    if listed.is_some_and(|all| !all.iter().any(|one| one.as_str() == Some(value))) {
                        faults.push(format!("query {name}: {value} is not one of the enumeration"));
                    }
                    if matches!(schema["type"].as_str(), Some("integer" | "number")) && value.parse::<f64>().is_err() {
                        faults.push(format!("query {name}: {value} is no number"));
                    }
                }
            }
        }
        let required = known.iter().filter(|one| one["required"] == true).filter_map(|one| one["name"].as_str());
        let missing = required.filter(|name| !query.iter().any(|(given, _)| given == name));
        faults.extend(missing.map(|name| format!("query {name}: missing")));
        let described = self.resolve(&operation["requestBody"]);
        let schema = &described["content"]["application/json"]["schema"];
        match body {
            Some(body) if schema.is_object() => self.check(schema, body, "body", Mode::Whole, &mut faults),
            Some(_) if described.is_null() => faults.push("a body where none is described".to_owned()),
            None if described["required"] == true => faults.push("no body".to_owned()),
            _ => {}
        }
        faults
    }

    /// What is wrong with an answer of an operation.
    pub fn answer_faults(&self, operation: &Value, status: u16, answer: Option<&Value>, mode: Mode) -> Vec<String> {
        let responses = &operation["responses"];
        let found = [status.to_string(), "default".to_owned()].into_iter().find(|key| responses[key].is_object());
        let Some(key) = found else { return vec![format!("status {status}: not described")] };
        let schema = &self.resolve(&responses[&key])["content"]["application/json"]["schema"];
        let mut faults = Vec::new();
        if let (Some(answer), true) = (answer, schema.is_object()) {
            self.check(schema, answer, "$", mode, &mut faults);
        }
        faults
    }

    /// What is wrong with the answer to `GET path` with status 200.
    pub fn faults(&self, path: &str, answer: &Value, mode: Mode) -> Vec<String> {
        let found = &self.0["paths"][path]["get"]["responses"]["200"];
        assert!(found.is_object(), "{path} is not described");
        let schema = &self.resolve(found)["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} has no schema");
        let mut faults = Vec::new();
        self.check(schema, answer, "$", mode, &mut faults);
        faults
    }

    fn resolve<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        while let Some(to) = schema["$ref"].as_str() {
            schema = self.0.pointer(to.trim_start_matches('#')).unwrap();
        }
        schema
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, mode: Mode, faults: &mut Vec<String>) {
        let schema = self.resolve(schema);
        if value.is_null() {
            if !self.nullable(schema) {
                faults.push(format!("{at}: null"));
            }
            return;
        }
        for union in ["oneOf", "anyOf"] {
            let Some(branches) = schema[union].as_array() else { continue };
            let tries = branches.iter().map(|branch| {
                let mut inner = Vec::new();
                self.check(branch, value, at, mode, &mut inner);
                inner
            });
            // The branch that knows the fields is the one that is meant.
            let foreign = |faults: &Vec<String>| faults.iter().filter(|one| one.ends_with("not described")).count();
            if let Some(best) = tries.min_by_key(|faults| (foreign(faults), faults.len())) {
                faults.extend(best);
            }
            return;
        }
        if let Some(known) = schema["enum"].as_array()
            && !known.contains(value)
        {
            faults.push(format!("{at}: {value} is not one of the enumeration"));
        }
        if let Some(kind) = schema["type"].as_str()
            && !fits(kind, value)
        {
            faults.push(format!("{at}: {value} is no {kind}"));
            return;
        }
        if let Some(items) = value.as_array() {
            for (n, item) in items.iter().enumerate() {
                self.check(&schema["items"], item, &format!("{at}[{n}]"), mode, faults);
            }
        }
        if let Some(fields) = value.as_object() {
            self.check_object(schema, fields, at, mode, faults);
        }
    }

    fn check_object(
        &self,
        schema: &Value,
        fields: &Map<String, Value>,
        at: &str,
        mode: Mode,
        faults: &mut Vec<String>,
    ) {
        let (mut known, mut required) = (Map::new(), Vec::new());
        self.gather(schema, &mut known, &mut required);
        if mode == Mode::Whole {
            let missing = required.iter().filter(|name| !fields.contains_key(*name));
            faults.extend(missing.map(|name| format!("{at}.{name}: missing")));
        }
        let extra = &schema["additionalProperties"];
        if known.is_empty() && !extra.is_object() {
            return;
        }
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match known.get(name) {
                Some(schema) => self.check(schema, value, &at, mode, faults),
                None if extra.is_object() => self.check(extra, value, &at, mode, faults),
                None if extra == true => {}
                None => faults.push(format!("{at}: not described")),
            }
        }
    }

    /// The fields of a schema and of what it is put together from.
    fn gather(&self, schema: &Value, known: &mut Map<String, Value>, required: &mut Vec<String>) {
        let schema = self.resolve(schema);
        known.extend(schema["properties"].as_object().cloned().unwrap_or_default());
        let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        required.extend(names.map(str::to_owned));
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.gather(part, known, required);
        }
    }

    fn nullable(&self, schema: &Value) -> bool {
        let schema = self.resolve(schema);
        let part = |name: &str| schema[name].as_array().is_some_and(|all| all.iter().any(|one| self.nullable(one)));
        let open = schema
            .as_object()
            .is_none_or(|all| !all.contains_key("type") && all.keys().all(|key| key == "description"));
        schema["nullable"] == true || part("oneOf") || part("anyOf") || part("allOf") || open
    }
}

/// A part of a path, such as `{id}` or `{basehead}...x`.
fn matches(template: &str, asked: &str) -> bool {
    template.starts_with('{') && !asked.is_empty()
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => true,
    }
}
