//! What a variable can hold.

/// The value of a variable. Text and bytes are apart: a text is what a spec wrote or a regular
/// expression's group caught, bytes are what `as` took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Number(i128),
    /// A boolean, of `vars` and `matrix`.
    Bool(bool),
    /// A text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// The word for its type, as messages name it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Bool(_) => "boolean",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }

    /// The value inside a text: numbers in decimal, text in UTF-8, bytes as they are.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Number(number) => number.to_string().into_bytes(),
            Self::Bool(truth) => truth.to_string().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }

    /// The value as text, where it is one.
    pub fn to_text(&self) -> Option<String> {
        String::from_utf8(self.to_bytes()).ok()
    }

    /// The value as a number: a number, or a text or bytes that are a decimal or 0x number.
    pub fn to_number(&self) -> Option<i128> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(_) => None,
            Self::Text(_) | Self::Bytes(_) => super::size::parse_number(&self.to_text()?),
        }
    }
}
