//! Whether each name in a file is one that Alloy has, and each reference one that the file has.

use super::components::{FUNCTIONS, find, fits};
use super::syntax::{Block, Value};

/// What is wrong with a file; nothing, if it is right.
#[must_use]
pub fn check(blocks: &[Block]) -> Vec<String> {
    let mut problems = Vec::new();
    for (place, block) in blocks.iter().enumerate() {
        if block.label.is_none() {
            problems.push(format!("line {}: {} needs a label", block.line, block.name));
        }
        if blocks.iter().take(place).any(|other| (&other.name, &other.label) == (&block.name, &block.label)) {
            problems.push(format!("line {}: there are two {} {:?}", block.line, block.name, block.label));
        }
        check_block(block, &block.name, blocks, &mut problems);
    }
    problems
}

fn check_block(block: &Block, path: &str, all: &[Block], problems: &mut Vec<String>) {
    let line = block.line;
    let Some(kind) = find(path) else {
        problems.push(format!("line {line}: {path} is no block that is known"));
        return;
    };
    for (name, value) in &block.attributes {
        let shapes = kind.arguments.iter().filter_map(|known| known.split_once('='));
        match shapes.clone().find(|(known, _)| known.trim_end_matches('!') == name) {
            None => {
                problems.push(format!("line {line}: {path} has no argument {name} that is known, see {}", kind.page))
            }
            Some((_, shape)) if !fits(value, shape) => {
                problems.push(format!("line {line}: {name} of {path} is no {shape}, see {}", kind.page));
            }
            Some(_) => {}
        }
        check_value(value, line, all, problems);
    }
    for needed in kind.arguments.iter().filter_map(|name| Some(name.split_once("!=")?.0)) {
        if block.get(needed).is_none() {
            problems.push(format!("line {line}: {path} needs the argument {needed}, see {}", kind.page));
        }
    }
    for inner in &block.blocks {
        check_block(inner, &format!("{path}/{}", inner.name), all, problems);
    }
}

fn check_value(value: &Value, line: usize, all: &[Block], problems: &mut Vec<String>) {
    match value {
        Value::List(values) => values.iter().for_each(|value| check_value(value, line, all, problems)),
        Value::Map(members) => members.iter().for_each(|(_, value)| check_value(value, line, all, problems)),
        Value::Call(name, arguments) => {
            if !FUNCTIONS.contains(&name.as_str()) {
                problems.push(format!("line {line}: {name} is no function that is known"));
            }
            arguments.iter().for_each(|value| check_value(value, line, all, problems));
        }
        Value::Reference(reference) => {
            if resolve(reference, all).is_none() {
                problems.push(format!("line {line}: nothing in this file is {reference}"));
            }
        }
        Value::Text(_) | Value::Number(_) | Value::Bool(_) => {}
    }
}

/// The component that `loki.write.loki.receiver` refers to, if it is there and exports that.
pub(super) fn resolve<'a>(reference: &str, all: &'a [Block]) -> Option<&'a Block> {
    let (component, export) = reference.rsplit_once('.')?;
    let (name, label) = component.rsplit_once('.')?;
    let block = all.iter().find(|block| block.name == name && block.label.as_deref() == Some(label))?;
    find(name).filter(|kind| kind.exports.contains(&export)).map(|_| block)
}

/// The environment variables that a file reads.
#[must_use]
pub fn environment(blocks: &[Block]) -> Vec<String> {
    fn of_value(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Call(name, arguments) => {
                if let ("sys.env", [Value::Text(variable)]) = (name.as_str(), arguments.as_slice()) {
                    into.push(variable.clone());
                }
                arguments.iter().for_each(|value| of_value(value, into));
            }
            Value::List(values) => values.iter().for_each(|value| of_value(value, into)),
            Value::Map(members) => members.iter().for_each(|(_, value)| of_value(value, into)),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Reference(_) => {}
        }
    }
    let mut names = Vec::new();
    for block in blocks {
        block.attributes.iter().for_each(|(_, value)| of_value(value, &mut names));
        names.extend(environment(&block.blocks));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn problems(text: &str) -> String {
        check(&parse(text).unwrap()).join("\n")
    }

    #[test]
    fn names_and_references_that_are_not_there_are_told() {
        let right = "loki.write \"a\" {\n endpoint {\n  url = coalesce(sys.env(\"U\"), \"x\")\n }\n}\nloki.process \"b\" {\n forward_to = [loki.write.a.receiver]\n}\n";
        assert_eq!(problems(right), "");
        assert_eq!(environment(&parse(right).unwrap()), ["U"]);
        for (from, to, problem) in [
            ("write.a.r", "write.b.r", "nothing in this file is loki.write.b.receiver"),
            ("receiver", "targets", "nothing in this file is loki.write.a.targets"),
            ("url =", "uri =", "loki.write/endpoint has no argument uri"),
            ("url =", "uri =", "needs the argument url"),
            ("url = coalesce(sys.env(\"U\"), \"x\")", "url = 5", "url of loki.write/endpoint is no text"),
            ("endpoint", "endpoints", "loki.write/endpoints is no block"),
            ("loki.process", "loki.proces", "loki.proces is no block"),
            ("sys.env", "env", "env is no function"),
            ("forward_to", "forward", "needs the argument forward_to"),
            ("process \"b\"", "process", "needs a label"),
            ("process \"b\"", "write \"a\"", "there are two loki.write"),
        ] {
            let found = problems(&right.replacen(from, to, 1));
            assert!(found.contains(problem), "{from} -> {to}: {found}");
        }
    }
}
