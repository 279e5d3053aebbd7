//! What is known of the lists and objects that are open.

use super::keys::Object;
use super::siblings::Role;
use crate::redact::class::Class;
use crate::redact::geometry::{self, Holds};
use crate::redact::names::Names;
use crate::redact::recall::Recall;

/// A string longer than this, or of more words than [`MAX_NAMED_SPACES`] allows, names no field.
pub(super) const MAX_NAMED: usize = 128;
const MAX_NAMED_SPACES: usize = 3;

/// Where a value stands: what the name above it says, and what was written before it.
#[derive(Debug, Clone, Copy)]
pub(in crate::redact) struct Place {
    pub(in crate::redact) class: Class,
    /// Whether the name is one of a geometry, and geometry is to go.
    pub(in crate::redact) geometry: bool,
    /// Whether an allow-list names it, or what it stands in.
    pub(in crate::redact) listed: bool,
    pub(in crate::redact) role: Role,
    /// The key, by hash, of a member of `variables`.
    pub(in crate::redact) variable: Option<u64>,
    /// How long the page was before the member's comma and key, and before the value.
    pub(in crate::redact) member: usize,
    pub(in crate::redact) start: usize,
    /// How many values had been hidden before it.
    pub(in crate::redact) redacted: u32,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            class: Class::Plain,
            geometry: false,
            listed: true,
            role: Role::None,
            variable: None,
            member: 0,
            start: 0,
            redacted: 0,
        }
    }
}

/// A list or object that is open, and written.
pub(super) struct Frame {
    pub(super) is_object: bool,
    /// Where it stands itself.
    pub(super) place: Place,
    /// Whether it stands in a list.
    pub(super) in_list: bool,
    /// How many of the pending values were there before it.
    pub(super) pending_from: usize,
    pub(super) keys: Object,
    /// How many values have begun.
    pub(super) values: usize,
    /// The class of the name that one member gives to the values of others; of a list in a list, that of its first
    /// element.
    pub(super) named: Class,
    /// The same, from a member that need not mean it.
    pub(super) hinted: Class,
    pub(super) has_name: bool,
    pub(super) geometry_type: Option<Holds>,
    pub(super) coordinates: bool,
    pub(super) geometries: bool,
    /// In a list, what the element before says about the next: `["--token", "x"]`.
    pub(super) option: Class,
    pub(super) has_query: bool,
    /// Whether it holds the variables of a query.
    pub(super) is_variables: bool,
}

impl Frame {
    pub(super) fn open(is_object: bool, place: Place, in_list: bool, pending_from: usize, keys: Object) -> Self {
        Self {
            is_object,
            place,
            in_list,
            pending_from,
            keys,
            values: 0,
            named: Class::Plain,
            hinted: Class::Plain,
            has_name: false,
            geometry_type: None,
            coordinates: false,
            geometries: false,
            option: Class::Plain,
            has_query: false,
            is_variables: false,
        }
    }

    /// Notes what a string says about its siblings that [may name](MAX_NAMED) what they are about; `length` is that of its
    /// undecoded content.
    pub(super) fn note_name(&mut self, names: &Names, recall: &mut Recall, role: Role, length: usize, text: &str) {
        if length > MAX_NAMED {
            return;
        }
        if role == Role::Type && self.is_object {
            // A repeated type cannot talk a geometry away.
            self.geometry_type = self.geometry_type.or_else(|| geometry::geojson_type(text));
        }
        // Nor is JSON in a string a name.
        let is_json = text.starts_with(['{', '[', '"']);
        if is_json || text.bytes().filter(|byte| *byte == b' ').count() > MAX_NAMED_SPACES {
            return;
        }
        let class = recall.class_of_text(names, text);
        let hints = self.is_object && role != Role::Naming;
        let known = if hints { &mut self.hinted } else { &mut self.named };
        if class == Class::Secret || *known == Class::Plain {
            *known = class;
        }
        self.has_name |= !hints;
    }

    /// Whether it is a GeoJSON geometry, as far as it was read.
    pub(super) fn is_geometry(&self) -> bool {
        match self.geometry_type {
            Some(Holds::Coordinates) => self.coordinates,
            Some(Holds::Geometries) => self.geometries,
            None => false,
        }
    }
}

/// A value on the page that may have to go when more is known of the object that it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) place: Place,
    pub(super) end: usize,
    /// How many values were hidden in it.
    pub(super) redacted: u32,
    /// By which classes of names it may stay.
    pub(super) keeps: Keeps,
    /// Whether it is the second of a list of two.
    pub(super) is_second: bool,
    /// Whether it holds variables of a query that may come beside it, though it is a variable itself.
    pub(super) has_variables: bool,
}

/// Which classes of names would let a value be shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Keeps {
    flag: bool,
    count: bool,
    describing: bool,
}

impl Keeps {
    pub(super) fn text(text: &str) -> Self {
        Self::by(|class| class.keeps_text(text))
    }

    pub(super) fn scalar(raw: &str) -> Self {
        Self::by(|class| class.keeps_scalar(raw))
    }

    fn by(keeps: impl Fn(Class) -> bool) -> Self {
        Self { flag: keeps(Class::Flag), count: keeps(Class::Count), describing: keeps(Class::Describing) }
    }

    pub(super) fn under(self, class: Class) -> bool {
        match class {
            Class::Plain => true,
            Class::Secret => false,
            Class::Flag => self.flag,
            Class::Count => self.count,
            Class::Describing => self.describing,
        }
    }
}
