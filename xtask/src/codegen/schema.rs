//! What a schema file says.

/// An API: a request and what answers it.
#[derive(Debug)]
pub(crate) struct Api {
    /// What it is for, from the comment at the top.
    pub(crate) about: String,
    pub(crate) name: String,
    pub(crate) key: i16,
    pub(crate) versions: Versions,
    /// From which version on messages are flexible (KIP-482); empty if never.
    pub(crate) flexible: Versions,
    pub(crate) request: Struct,
    pub(crate) response: Struct,
    /// Structures that several fields share.
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
    pub(crate) ignorable: bool,
    pub(crate) secret: bool,
    pub(crate) default: Option<String>,
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

impl Api {
    pub(crate) fn module(&self) -> String {
        snake_case(&self.name)
    }

    /// Every structure once, in the order of their first use.
    pub(crate) fn structs(&self) -> Vec<Struct> {
        let mut found = Vec::new();
        for top in [&self.request, &self.response].into_iter().chain(&self.shared) {
            collect(top, &mut found);
        }
        found
    }
}

fn collect(of: &Struct, found: &mut Vec<Struct>) {
    if found.iter().any(|known| known.name == of.name) {
        return;
    }
    found.push(of.clone());
    for field in &of.fields {
        let mut ty = &field.ty;
        while let Type::Array(element) = ty {
            ty = element;
        }
        if let Type::Struct(name, fields) = ty
            && !fields.is_empty()
        {
            collect(&Struct { name: name.clone(), fields: fields.clone() }, found);
        }
    }
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
