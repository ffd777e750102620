//! The part of GraphQL's query language that clients of Fly use: operations, fields, aliases, arguments, variables.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One selected field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What it is called in the answer.
    pub alias: String,
    /// Its name in the schema.
    pub name: String,
    /// Arguments, variables filled in.
    pub args: BTreeMap<String, Value>,
    /// What is selected below it.
    pub fields: Vec<Field>,
}

impl Field {
    /// A text argument.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name)?.as_str()
    }

    /// A number argument.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.args.get(name)?.as_u64()
    }
}

/// How deep selections may nest.
const DEPTH: usize = 16;

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    variables: &'a Value,
}

/// Parses the first operation of a document.
///
/// # Errors
///
/// Words that say what was expected.
pub fn parse(document: &str, variables: &Value) -> Result<Vec<Field>, String> {
    let mut parser = Parser { tokens: tokens(document)?, at: 0, variables };
    while parser.peek().is_some_and(|token| token != "{") {
        if parser.take() == Some("(".to_owned()) {
            parser.skip_parentheses()?;
        }
    }
    parser.selection(0)
}

fn tokens(document: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut chars = document.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '#' => while chars.next_if(|next| *next != '\n').is_some() {},
            '"' => {
                let mut text = String::from('"');
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => text.extend(chars.next()),
                        Some(other) => text.push(other),
                        None => return Err("unterminated string".to_owned()),
                    }
                }
                all.push(text);
            }
            '{' | '}' | '(' | ')' | ':' | '$' | '!' | '[' | ']' | '=' => all.push(char.to_string()),
            char if char.is_whitespace() || char == ',' => {}
            char if char.is_ascii_alphanumeric() || char == '_' || char == '-' => {
                let mut word = String::from(char);
                while let Some(next) = chars.next_if(|next| next.is_ascii_alphanumeric() || "_.-".contains(*next)) {
                    word.push(next);
                }
                all.push(word);
            }
            other => return Err(format!("unexpected character '{other}'")),
        }
    }
    Ok(all)
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn take(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.take() {
            Some(token) if token == wanted => Ok(()),
            other => Err(format!("expected '{wanted}', found {}", other.as_deref().unwrap_or("the end"))),
        }
    }

    fn skip_parentheses(&mut self) -> Result<(), String> {
        let mut depth = 1;
        while depth > 0 {
            match self.take().as_deref() {
                Some("(") => depth += 1,
                Some(")") => depth -= 1,
                Some(_) => {}
                None => return Err("expected ')', found the end".to_owned()),
            }
        }
        Ok(())
    }

    fn selection(&mut self, depth: usize) -> Result<Vec<Field>, String> {
        if depth > DEPTH {
            return Err("the selection is too deep".to_owned());
        }
        self.expect("{")?;
        let mut fields = Vec::new();
        loop {
            let first = self.take().ok_or("expected '}', found the end")?;
            if first == "}" {
                return Ok(fields);
            }
            fields.push(self.field(first, depth)?);
        }
    }

    fn field(&mut self, first: String, depth: usize) -> Result<Field, String> {
        let mut name = first.clone();
        if self.peek() == Some(":") {
            self.at += 1;
            name = self.take().ok_or("expected a field name, found the end")?;
        }
        let mut args = BTreeMap::new();
        if self.peek() == Some("(") {
            self.at += 1;
            loop {
                let key = self.take().ok_or("expected ')', found the end")?;
                if key == ")" {
                    break;
                }
                self.expect(":")?;
                args.insert(key, self.value(depth + 1)?);
            }
        }
        let fields = if self.peek() == Some("{") { self.selection(depth + 1)? } else { Vec::new() };
        Ok(Field { alias: first, name, args, fields })
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEPTH {
            return Err("the value is too deep".to_owned());
        }
        let token = self.take().ok_or("expected a value, found the end")?;
        Ok(match token.as_str() {
            "$" => {
                let name = self.take().ok_or("expected a variable, found the end")?;
                self.variables.get(&name).cloned().unwrap_or(Value::Null)
            }
            "{" => {
                let mut map = Map::new();
                loop {
                    let key = self.take().ok_or("expected '}', found the end")?;
                    if key == "}" {
                        break Value::Object(map);
                    }
                    self.expect(":")?;
                    map.insert(key, self.value(depth + 1)?);
                }
            }
            text if text.starts_with('"') => json!(text.get(1..)),
            "true" => json!(true),
            "false" => json!(false),
            "null" => Value::Null,
            word => word.parse::<u64>().map_or_else(|_| json!(word), |number| json!(number)),
        })
    }
}

/// Keeps what was selected of a value.
///
/// # Errors
///
/// The first field that the value does not have, as GraphQL servers word it.
pub fn project(value: &Value, fields: &[Field], kind: &str) -> Result<Value, String> {
    if fields.is_empty() {
        return Ok(value.clone());
    }
    match value {
        Value::Array(all) => all.iter().map(|one| project(one, fields, kind)).collect(),
        Value::Object(map) => {
            let mut out = Map::new();
            for field in fields {
                if field.name == "__typename" {
                    out.insert(field.alias.clone(), json!(kind));
                    continue;
                }
                let found = map.get(&field.name);
                let found = found.ok_or_else(|| format!("Field '{}' doesn't exist on type '{kind}'", field.name))?;
                out.insert(field.alias.clone(), project(found, &field.fields, &field.name)?);
            }
            Ok(Value::Object(out))
        }
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_with_variables_aliases_and_arguments() {
        let query =
            "query($appName: String!, $n: Int = 3) { app(name: $appName) { a: name releases(first: 25) { id } } }";
        let fields = parse(query, &json!({"appName": "maria-api"})).expect("it parses");
        assert_eq!(fields[0].text("name"), Some("maria-api"));
        assert_eq!((fields[0].fields[0].alias.as_str(), fields[0].fields[0].name.as_str()), ("a", "name"));
        assert_eq!(fields[0].fields[1].number("first"), Some(25));
        assert!(parse("{ app(name: \"x\" { id }", &Value::Null).is_err());
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let fields = parse("{ id nonsense }", &Value::Null).expect("it parses");
        assert!(project(&json!({"id": 1}), &fields, "App").unwrap_err().contains("nonsense"));
    }
}
