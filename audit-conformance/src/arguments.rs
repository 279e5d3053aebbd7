//! The arguments of a test program, as far as they say which cases run.

/// Options that are followed by a value.
const WITH_VALUE: [&str; 6] = ["--test-threads", "--color", "--format", "--logfile", "--shuffle-seed", "-Z"];

/// Which cases run, and whether they do. What else a test program may be told is ignored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    words: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
    pub(crate) list: bool,
}

impl Arguments {
    pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut read = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => read.list = true,
                "--exact" => read.exact = true,
                "--skip" => read.skipped.extend(arguments.next()),
                option if WITH_VALUE.contains(&option) => drop(arguments.next()),
                option if option.starts_with('-') => {
                    read.skipped.extend(option.strip_prefix("--skip=").map(str::to_owned))
                }
                _ => read.words.push(argument),
            }
        }
        read
    }

    /// Whether the case of this name is asked for. A word that ends in a dot is a theme: `load.` is no part of `upload.sized`.
    pub(crate) fn select(&self, name: &str) -> bool {
        let is = |word: &String| match self.exact {
            true => name == word,
            false if word.ends_with('.') => name.starts_with(word.as_str()),
            false => name.contains(word.as_str()),
        };
        (self.words.is_empty() || self.words.iter().any(is)) && !self.skipped.iter().any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn words_select_and_options_do_not() {
        let read = |line: &str| Arguments::read(line.split_whitespace().map(str::to_owned));
        let selects = |line: &str| ["leave.fin", "leave.rst", "load.fin"].map(|name| read(line).select(name));
        assert_eq!(selects(""), [true; 3]);
        assert_eq!(selects("--nocapture --test-threads 1 --color=always -q"), [true; 3]);
        assert_eq!(selects("leave"), [true, true, false]);
        assert_eq!(selects("rst load"), [false, true, true]);
        assert_eq!(selects("fin --skip load"), [true, false, false]);
        assert_eq!(selects("--skip=leave"), [false, false, true]);
        assert_eq!(selects("--exact leave leave.rst"), [false, true, false]);
        assert_eq!(selects("load."), [false, false, true]);
        assert_eq!(selects("--skip leave."), [false, false, true]);
        assert!(read("load").select("upload.sized") && !read("load.").select("upload.sized"));
        assert!(read("--list").list && !read("list").list);
    }
}
