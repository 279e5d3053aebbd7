//! The file of queries that people and tests read: Markdown, with a name, a question and a query each.

/// One query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its heading, of the third level.
    pub name: String,
    /// What it finds and does not.
    pub about: String,
    /// The fenced block below.
    pub query: String,
}

/// Reads the file.
///
/// # Errors
/// When a heading has not exactly one query and something about it, or two have one name.
pub fn read(markdown: &str) -> Result<Vec<Named>, String> {
    let mut found: Vec<Named> = Vec::new();
    for section in markdown.split("\n### ").skip(1) {
        let section = section.split("\n## ").next().unwrap_or(section);
        let (name, rest) = section.split_once('\n').unwrap_or((section, ""));
        let parts: Vec<_> = rest.split("```").collect();
        let [about, query, after] = parts.as_slice() else {
            return Err(format!("{name} has not exactly one query"));
        };
        let query = query.strip_prefix("logql\n").ok_or_else(|| format!("the block of {name} is not marked logql"))?;
        if about.trim().is_empty() || !after.trim().is_empty() {
            return Err(format!("{name}: what it finds stands above its query"));
        }
        if found.iter().any(|other| other.name == name) {
            return Err(format!("there are two {name}"));
        }
        found.push(Named { name: name.into(), about: about.trim().into(), query: query.trim().into() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_and_incomplete_ones_refused() {
        let one = "# x\n\n### a\nWhat?\n\n```logql\n{a=\"b\"}\n```\n\n## y\n\ntext\n";
        let named = Named { name: "a".into(), about: "What?".into(), query: "{a=\"b\"}".into() };
        assert_eq!(read(one), Ok(vec![named]));
        for text in [
            one.replace("logql", ""),
            one.replace("What?", ""),
            format!("{one}\n### a\nWhat?\n```logql\nx\n```\n"),
            format!("{one}\n### b\nWhat?\n"),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }
}
