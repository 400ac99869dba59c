//! What a schema file says.

use std::collections::BTreeSet;
use std::fmt;

/// A file: an API with its request and what answers it, or a record of data.
#[derive(Debug)]
pub(crate) struct Schema {
    /// What it is for, from the comment at the top.
    pub(crate) about: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) versions: Versions,
    /// Versions that may still change; empty if all are settled.
    pub(crate) unstable: Versions,
    /// From which version on messages are flexible (KIP-482); empty if never.
    pub(crate) flexible: Versions,
    /// Cargo features any of which compiles it; none if it is always there.
    pub(crate) features: Vec<String>,
    /// Request and response, or the one record.
    pub(crate) messages: Vec<Message>,
}

#[derive(PartialEq, Debug)]
pub(crate) enum Kind {
    Api {
        key: i16,
        /// Who serves it: `broker`, `controller`.
        listeners: Vec<String>,
    },
    Data {
        /// The number that its log tells its records apart by, if it has one.
        key: Option<i16>,
    },
}

/// A message: its fields, and the structures that several of them share.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) top: Struct,
    pub(crate) shared: Vec<Struct>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) versions: Versions,
    pub(crate) nullable: Versions,
    pub(crate) tag: Option<u32>,
    /// Kafka keeps the array as a map by this field.
    pub(crate) key: bool,
    pub(crate) ignorable: bool,
    pub(crate) secret: bool,
    pub(crate) default: Option<String>,
    /// What its values mean, from the comment behind it.
    pub(crate) note: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Type {
    Primitive(Primitive),
    /// A structure, with its fields where it is defined in place.
    Struct(String, Vec<Field>),
    Array(Box<Type>),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Primitive {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
}

/// A range of versions, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Versions {
    pub(crate) min: i16,
    pub(crate) max: i16,
}

impl Versions {
    pub(crate) const ALL: Versions = Versions { min: 0, max: i16::MAX };
    pub(crate) const NONE: Versions = Versions { min: i16::MAX, max: -1 };

    pub(crate) fn is_none(self) -> bool {
        self.min > self.max
    }

    pub(crate) fn covers(self, other: Versions) -> bool {
        self.min <= other.min && self.max >= other.max
    }

    pub(crate) fn intersection(self, other: Versions) -> Versions {
        Versions { min: self.min.max(other.min), max: self.max.min(other.max) }
    }
}

impl fmt::Display for Versions {
    /// As schemas write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            none if none.is_none() => f.write_str("none"),
            Versions { min, max: i16::MAX } => write!(f, "{min}+"),
            Versions { min, max } if min == max => write!(f, "{min}"),
            Versions { min, max } => write!(f, "{min}-{max}"),
        }
    }
}

impl Schema {
    pub(crate) fn module(&self) -> String {
        snake_case(&self.name)
    }

    /// Every structure once, in the order of their first use. Where a request and its response have different structures
    /// of one name, both get the name of their message before it.
    pub(crate) fn structs(&self) -> Vec<Struct> {
        let mut messages: Vec<Vec<Struct>> = self.messages.iter().map(Message::structs).collect();
        // A structure that holds a renamed one is itself another one: again, until nothing changes.
        loop {
            let clashing = clashes(&messages);
            if clashing.is_empty() {
                break;
            }
            for (message, structs) in self.messages.iter().zip(&mut messages) {
                for structure in structs {
                    structure.rename(&clashing, &message.top.name);
                }
            }
        }
        let mut all: Vec<Struct> = Vec::new();
        for structure in messages.into_iter().flatten() {
            if !all.iter().any(|known| known.name == structure.name) {
                all.push(structure);
            }
        }
        all
    }
}

/// Names that stand for different structures in different messages.
fn clashes(messages: &[Vec<Struct>]) -> BTreeSet<String> {
    let mut clashing = BTreeSet::new();
    for (index, structs) in messages.iter().enumerate() {
        for structure in structs {
            let others = messages[..index].iter().flatten();
            if others.into_iter().any(|other| other.name == structure.name && other != structure) {
                clashing.insert(structure.name.clone());
            }
        }
    }
    clashing
}

impl Message {
    /// The message's structures, the message first; those that are defined in place are taken out of their fields.
    fn structs(&self) -> Vec<Struct> {
        let mut found = Vec::new();
        for top in [&self.top].into_iter().chain(&self.shared) {
            collect(top.clone(), &mut found);
        }
        found
    }
}

impl Struct {
    fn rename(&mut self, names: &BTreeSet<String>, prefix: &str) {
        let rename = |name: &mut String| {
            if names.contains(name) {
                name.insert_str(0, prefix);
            }
        };
        rename(&mut self.name);
        for field in &mut self.fields {
            if let Some((name, _)) = field.ty.structure_mut() {
                rename(name);
            }
        }
    }
}

impl Type {
    /// The structure that it is, or that its elements are: name, and the fields if it is defined in place.
    pub(crate) fn structure(&self) -> Option<(&String, &Vec<Field>)> {
        match self {
            Type::Primitive(_) => None,
            Type::Struct(name, fields) => Some((name, fields)),
            Type::Array(element) => element.structure(),
        }
    }

    fn structure_mut(&mut self) -> Option<(&mut String, &mut Vec<Field>)> {
        match self {
            Type::Primitive(_) => None,
            Type::Struct(name, fields) => Some((name, fields)),
            Type::Array(element) => element.structure_mut(),
        }
    }
}

fn collect(mut of: Struct, found: &mut Vec<Struct>) {
    if found.iter().any(|known| known.name == of.name) {
        return;
    }
    let place = found.len();
    found.push(of.clone());
    for field in &mut of.fields {
        if let Some((name, fields)) = field.ty.structure_mut()
            && !fields.is_empty()
        {
            collect(Struct { name: name.clone(), fields: std::mem::take(fields) }, found);
        }
    }
    found[place] = of;
}

/// `TransactionalId` → `transactional_id`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut previous_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && previous_lower {
            snake.push('_');
        }
        previous_lower = !letter.is_ascii_uppercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn different_structures_of_one_name_get_their_messages_before_it() {
        let text = "# Both.\napi Ping\nkey 7\nversions 0\nflexible none\n\n\
            request PingRequest\n    Outer: []Outer\n        Inner: Inner\n            A: int8\n    Same: Same\n        B: int8\n\n\
            response PingResponse\n    Outer: []Outer\n        Inner: Inner\n            A: int16\n    Same: Same\n\n\
            struct Same\n    B: int8\n";
        let structs = parse::schema(text).unwrap().structs();
        let names: Vec<&str> = structs.iter().map(|structure| structure.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "PingRequest",
                "PingRequestOuter",
                "PingRequestInner",
                "Same",
                "PingResponse",
                "PingResponseOuter",
                "PingResponseInner",
            ]
        );
        let (inner, _) = structs[1].fields[0].ty.structure().unwrap();
        assert_eq!(inner, "PingRequestInner");
    }
}
