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
    /// The document of a platform in the folder that the variable names.
    pub fn of(platform: &str) -> Option<Self> {
        let path = std::path::Path::new(&std::env::var_os("FLIGHTDECK_SPECS")?).join(format!("{platform}.json"));
        Some(Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()))
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
            if let Some(best) = tries.min_by_key(Vec::len) {
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
