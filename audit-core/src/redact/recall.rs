//! What names say, remembered: the same few come in every row of a document and in every request.
//!
//! Only short names that are clean are remembered, so many and no more: they are the client's to choose. So are short texts
//! where a name may stand (`"kind": "phone"`). What is remembered is compared with what comes, and never shown.

use super::class::Class;
use super::document::Role;
use super::names::Names;
use super::{shapes, signs};

/// How many names are remembered, how many texts that may be such (`"kind": "phone"`), and how long they may be.
const SLOTS: usize = 256;
const TEXTS: usize = 64;
const LONGEST: usize = 24;

/// What is known of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) class: Class,
    /// Whether it names a geometry.
    pub(super) geometry: bool,
    /// Whether the name itself holds nothing to hide.
    pub(super) is_clean: bool,
    /// Whether an allow-list names it; true where there is none.
    pub(super) listed: bool,
    /// Whether nothing in it needs an escape.
    pub(super) is_plain: bool,
    /// Whether it is written as it stands: clean and plain.
    pub(super) is_verbatim: bool,
    /// Whether neither it nor what it says about siblings can hide a value, in any mode.
    pub(super) is_free: bool,
    pub(super) hash: u32,
    /// What it says about its siblings in an object.
    pub(super) role: Role,
}

/// A short name, eight bytes to a number and zeros behind it: compared and hashed without a loop, in registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Padded {
    pub(super) first: u64,
    pub(super) second: u64,
    pub(super) third: u64,
}

impl Padded {
    const EMPTY: Self = Self { first: 0, second: 0, third: 0 };
}

#[derive(Clone, Copy)]
struct Slot {
    name: Padded,
    /// Nothing stands in a slot of length 0.
    length: usize,
    known: Known,
}

const EMPTY: Slot = Slot {
    name: Padded::EMPTY,
    length: 0,
    known: Known {
        class: Class::Plain,
        geometry: false,
        is_clean: true,
        listed: true,
        is_plain: true,
        is_verbatim: true,
        is_free: true,
        hash: 0,
        role: Role::None,
    },
};

/// The class of a short text, taken for a name.
#[derive(Clone, Copy)]
struct Text {
    text: Padded,
    /// Nothing stands in one of length 0.
    length: usize,
    class: Class,
}

const NO_TEXT: Text = Text { text: Padded::EMPTY, length: 0, class: Class::Plain };

pub(super) struct Recall {
    /// Whose names they are.
    rules: u64,
    slots: Box<[Slot; SLOTS]>,
    texts: Box<[Text; TEXTS]>,
}

impl Default for Recall {
    fn default() -> Self {
        Self { rules: 0, slots: Box::new([EMPTY; SLOTS]), texts: Box::new([NO_TEXT; TEXTS]) }
    }
}

impl Recall {
    /// What `names` say of `name`.
    #[inline]
    pub(super) fn of(&mut self, names: &Names, name: &str) -> Known {
        self.belong_to(names);
        let bytes = name.as_bytes();
        let Some(padded) = padded(bytes) else { return find_out(names, name, hash(bytes)) };
        self.short(names, || name, padded, bytes.len())
    }

    /// The class of a text that may name what its siblings are about.
    pub(super) fn class_of_text(&mut self, names: &Names, text: &str) -> Class {
        self.belong_to(names);
        let Some(padded) = padded(text.as_bytes()) else { return names.classify(text) };
        let place = place_of(hash_padded(padded, text.len()), TEXTS);
        let known = &mut self.texts[place];
        if known.text != padded || known.length != text.len() {
            *known = Text { text: padded, length: text.len(), class: names.classify(text) };
        }
        known.class
    }

    /// Forgets what other rules said.
    #[inline]
    pub(super) fn belong_to(&mut self, names: &Names) {
        if self.rules != names.id() {
            self.rules = names.id();
            self.slots.fill(EMPTY);
            self.texts.fill(NO_TEXT);
        }
    }

    /// What `names`, to which it [belongs](Self::belong_to), say of a short name.
    #[inline]
    pub(super) fn short<'n>(
        &mut self,
        names: &Names,
        name: impl FnOnce() -> &'n str,
        padded: Padded,
        length: usize,
    ) -> Known {
        let hash = hash_padded(padded, length);
        let place = place_of(hash, SLOTS);
        let slot = &self.slots[place];
        if slot.name == padded && slot.length == length {
            return slot.known;
        }
        self.other(names, name(), padded, hash)
    }

    /// The same of a name that stands not in its place: two of one place have one each.
    #[inline(never)]
    fn other(&mut self, names: &Names, name: &str, padded: Padded, hash: u32) -> Known {
        let slot = &self.slots[place_of(hash, SLOTS) ^ 1];
        if slot.name == padded && slot.length == name.len() {
            return slot.known;
        }
        self.learn(names, name, padded, hash)
    }

    #[cold]
    fn learn(&mut self, names: &Names, name: &str, padded: Padded, hash: u32) -> Known {
        let known = find_out(names, name, hash);
        if known.is_clean {
            let place = place_of(hash, SLOTS);
            let is_taken = self.slots[place].length > 0;
            self.slots[place ^ usize::from(is_taken)] = Slot { name: padded, length: name.len(), known };
        }
        known
    }
}

/// Nothing of a long name, nor of none at all, which an empty slot would be taken for.
#[inline]
fn padded(name: &[u8]) -> Option<Padded> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let (eights, rest) = name.as_chunks::<8>();
    let last = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let word = |eight: &[u8; 8]| u64::from_le_bytes(*eight);
    Some(match eights {
        [] => Padded { first: last, ..Padded::EMPTY },
        [one] => Padded { first: word(one), second: last, third: 0 },
        [one, two] => Padded { first: word(one), second: word(two), third: last },
        // Of three there is no rest.
        [one, two, three, ..] => Padded { first: word(one), second: word(two), third: word(three) },
    })
}

#[inline]
fn hash_padded(padded: Padded, length: usize) -> u32 {
    let Padded { first, second, third } = padded;
    let mixed = first ^ second.rotate_left(21) ^ third.rotate_left(42) ^ (length as u64).rotate_left(59);
    finished(mixed)
}

/// The multiplication (Knuth, volume 3, section 6.4) leaves the best bits on top.
#[inline]
fn finished(mixed: u64) -> u32 {
    u32::try_from(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).unwrap_or_default()
}

/// One of so many places, a power of two.
#[inline]
fn place_of(hash: u32, places: usize) -> usize {
    hash as usize >> (u32::BITS - places.trailing_zeros())
}

/// Tells most names from each other. Who sends many of one hash has each looked up anew, as without memory.
#[inline]
pub(super) fn hash(name: &[u8]) -> u32 {
    if let Some(padded) = padded(name) {
        return hash_padded(padded, name.len());
    }
    let mut hash = name.len() as u64;
    let (eights, rest) = name.as_chunks::<8>();
    let mut mix = |word: u64| hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    eights.iter().for_each(|eight| mix(u64::from_le_bytes(*eight)));
    mix(rest.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte)));
    finished(hash)
}

fn find_out(names: &Names, name: &str, hash: u32) -> Known {
    let (class, geometry) = names.classify_with_geometry(name);
    let role = Role::of(name);
    let is_clean = shapes::is_clean(names, name);
    let is_plain = !signs::may_escape(signs::of(name));
    let listed = names.is_listed(name);
    Known {
        class,
        geometry,
        is_clean,
        listed,
        is_plain,
        is_verbatim: is_clean && is_plain,
        is_free: class == Class::Plain && !geometry && listed && role.is_mute(),
        hash,
        role,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::allow_list::AllowList;

    #[test]
    fn what_is_remembered_is_what_was_found() {
        let (names, others) = (Names::new(&[], &[]), Names::new(&["the_geom".to_owned()], &[]));
        let mut recall = Recall::default();
        for _ in 0..2 {
            for name in ["the_geom", "pin", "contraseña", "", "value", "password=x", &"ñ".repeat(LONGEST)] {
                assert_eq!(recall.of(&names, name), find_out(&names, name, hash(name.as_bytes())), "{name}");
            }
            assert_eq!(recall.of(&others, "the_geom").class, Class::Secret, "other rules");
        }
    }

    #[test]
    fn an_allow_list_is_asked_for_a_name_of_nothing_too() {
        let names = Names::new(&[], &[]).keeping(Some(std::sync::Arc::new(AllowList::new(["id"]))));
        assert!(!Recall::default().of(&names, "").listed);
        assert!(Recall::default().of(&names, "id").listed);
    }

    #[test]
    fn every_name_gets_its_own_answer_however_many_there_are() {
        let names = Names::new(&[], &[]);
        let mut recall = Recall::default();
        for number in 0..3 * SLOTS {
            let (harmless, secret) = (format!("ñ{number}"), format!("pin{number}"));
            assert_eq!(recall.of(&names, &harmless).class, Class::Plain);
            assert_eq!(recall.of(&names, &secret).class, Class::Secret);
        }
    }

    #[test]
    fn a_text_is_taken_for_a_name_by_the_rules_that_are_asked() {
        let (names, others) = (Names::new(&[], &[]), Names::new(&["phone".to_owned()], &[]));
        let mut recall = Recall::default();
        for _ in 0..2 {
            for text in ["phone", "pin", "", "user_password", &"pin ".repeat(LONGEST)] {
                for _ in 0..2 {
                    assert_eq!(recall.class_of_text(&names, text), names.classify(text), "{text}");
                }
            }
            assert_eq!(recall.class_of_text(&others, "phone"), Class::Secret);
        }
    }

    #[test]
    fn what_a_name_hides_is_not_remembered() {
        let names = Names::new(&[], &[]);
        let mut recall = Recall::default();
        assert!(!recall.of(&names, "password=x").is_clean);
        assert!(recall.slots.iter().all(|slot| slot.length == 0));
    }
}
