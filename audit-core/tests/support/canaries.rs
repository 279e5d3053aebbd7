//! Bodies with canaries under sensitive names, which must not come out, and keepers under harmless ones, which must.

/// How the texts and the numbers begin that must not come out: short, for not even a piece may. Nothing harmless holds
/// one of these, nor does the end of an escape.
pub const CANARIES: [&str; 2] = ["Zq7C", "-77100"];

/// How the texts begin that must.
pub const KEEPER: &str = "keeper";

/// Names under which every value goes, in words.
pub const SENSITIVE: &[&[&str]] = &[
    &["password"],
    &["user", "password"],
    &["new", "passwd"],
    &["api", "key"],
    &["access", "token"],
    &["client", "secret"],
    &["private", "key"],
    &["auth"],
    &["authorization"],
    &["db", "credentials"],
    &["session", "id"],
    &["contraseña"],
    &["recovery", "codes"],
    &["card", "number"],
];

/// Names that only look like them.
pub const HARMLESS: &[&[&str]] = &[
    &["author"],
    &["authority"],
    &["city"],
    &["layer", "title"],
    &["tokenizer"],
    &["secretary"],
    &["keyboard"],
    &["compass"],
    &["note"],
    &["sort", "order"],
    &["población"],
    &["bypass", "route"],
    &["x"],
];

/// In how many styles a name is written.
pub const STYLES: usize = 6;

/// A name of these words as one of the styles writes it.
pub fn styled(words: &[&str], style: usize) -> String {
    match style {
        0 => words.join("_"),
        1 => words.join("-"),
        2 => words.join("."),
        3 => words.join("_").to_uppercase(),
        4 => words.iter().map(|word| capitalised(word)).collect(),
        _ => words
            .iter()
            .enumerate()
            .map(|(at, word)| if at == 0 { (*word).to_owned() } else { capitalised(word) })
            .collect(),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A body, and which of its texts are to be shown.
#[derive(Debug, Default)]
pub struct Body {
    pub text: String,
    pub keepers: Vec<String>,
    count: usize,
}

impl Body {
    /// Another text: a canary or a keeper.
    pub fn next(&mut self, secret: bool) -> String {
        self.count += 1;
        let text = |start| format!("{start}-{:03}-x", self.count);
        if secret { text(CANARIES[0]) } else { self.keep(text(KEEPER)) }
    }

    /// Another number, of nine digits that no other has.
    pub fn number(&mut self, secret: bool) -> String {
        self.count += 1;
        if secret {
            format!("{}{:04}", CANARIES[1], self.count)
        } else {
            self.keep(format!("-445{:06}.50", self.count))
        }
    }

    fn keep(&mut self, keeper: String) -> String {
        self.keepers.push(keeper.clone());
        keeper
    }
}
