//! Whether every key of a file is one that its program knows: a misspelt one is ignored by some programs, and refused by
//! others only once they start.

use serde_json::Value;

/// The keys that our files use: at each path, `a/b` for `b` in `a`, those that may stand there. Lists are no part of a
/// path. `*` stands for any key, and for it in the paths below.
pub type Table<'a> = [(&'a str, &'a [&'a str])];

/// The keys that are in no table, and the objects whose path is in none.
#[must_use]
pub fn unknown(value: &Value, table: &Table<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    walk(value, "", table, &mut problems);
    problems
}

fn walk(value: &Value, path: &str, table: &Table<'_>, problems: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, path, table, problems)),
        Value::Object(members) => {
            let Some((_, keys)) = table.iter().find(|(known, _)| *known == path) else {
                problems.push(format!("{path} has no keys that are known"));
                return;
            };
            for (key, value) in members {
                let step = match keys {
                    keys if keys.contains(&key.as_str()) => key,
                    keys if keys.contains(&"*") => "*",
                    _ => {
                        problems.push(format!("{key} is no key that is known, in {path:?}"));
                        continue;
                    }
                };
                let inner = if path.is_empty() { step.to_owned() } else { format!("{path}/{step}") };
                walk(value, &inner, table, problems);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_known_at_its_path_alone() {
        let table: [(&str, &[&str]); 3] = [("", &["a", "b"]), ("a", &["*"]), ("a/*", &["c"])];
        assert!(unknown(&json!({"a": [{"x": {"c": 1}}, {"y": {"c": 2}}], "b": [1]}), &table).is_empty());
        for (value, problem) in [
            (json!({"c": 1}), "c is no key that is known, in \"\""),
            (json!({"a": {"x": {"b": 1}}}), "b is no key that is known, in \"a/*\""),
            (json!({"b": {}}), "b has no keys that are known"),
        ] {
            assert_eq!(unknown(&value, &table), [problem], "{value}");
        }
    }
}
