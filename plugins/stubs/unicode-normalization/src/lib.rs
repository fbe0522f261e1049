//! Stands in for the crate of this name, by which the parser of Python makes identifiers equal that are written
//! differently in Unicode.
//!
//! Its tables would be 125 KiB of a component. Two spellings of one name are two names here: a constant that is written
//! in one form and used in the other is not followed.

/// Texts in their normal forms.
pub trait UnicodeNormalization {
    /// What gives the characters.
    type Characters: Iterator<Item = char>;

    /// The characters as they are.
    fn nfkc(self) -> Self::Characters;
}

impl<'a> UnicodeNormalization for &'a str {
    type Characters = std::str::Chars<'a>;

    fn nfkc(self) -> Self::Characters {
        self.chars()
    }
}
