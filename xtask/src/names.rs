//! Names of functions in a component, made short.
//!
//! The names are there so that a trap's backtrace can be read; as the compiler writes them, with all modules, type
//! parameters and a hash, they are a ninth of a family's bytes. The names of a component's own parts are in no backtrace
//! and are left out. Rules: WebAssembly core specification, appendix "Name Section"; component model, "Binary Format".

use anyhow::{Context, Result};

/// Bytes of a component's or module's head.
const HEAD: usize = 8;

/// The section of a component that holds a core module.
const CORE_MODULE: u8 = 1;

/// The section of a module that has a name of its own.
const CUSTOM: u8 = 0;

/// The part of the names that is about functions.
const FUNCTION_NAMES: u8 = 1;

/// Characters of one name.
const LONGEST: usize = 44;

/// The same component with short names in its modules, and none of its own parts.
///
/// # Errors
/// Bytes that are no component.
pub(crate) fn shorten(component: &[u8]) -> Result<Vec<u8>> {
    sections(component, |id, content| match id {
        CORE_MODULE => module(content).map(Some),
        CUSTOM if Reader(content).text()? == "component-name" => Ok(None),
        _ => Ok(Some(content.to_vec())),
    })
}

fn module(bytes: &[u8]) -> Result<Vec<u8>> {
    sections(bytes, |id, content| {
        let mut reader = Reader(content);
        if id != CUSTOM || reader.text()? != "name" {
            return Ok(Some(content.to_vec()));
        }
        let mut out = Vec::new();
        text(&mut out, "name");
        while !reader.0.is_empty() {
            let (id, part) = reader.section()?;
            let part = if id == FUNCTION_NAMES { functions(part)? } else { part.to_vec() };
            section(&mut out, id, &part);
        }
        Ok(Some(out))
    })
}

fn functions(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut reader = Reader(bytes);
    let count = reader.number()?;
    let mut out = Vec::new();
    number(&mut out, count);
    for _ in 0..count {
        number(&mut out, reader.number()?);
        text(&mut out, &short(reader.text()?));
    }
    Ok(out)
}

/// Copies the head and maps the sections behind it; one that becomes nothing is left out.
fn sections(bytes: &[u8], map: impl Fn(u8, &[u8]) -> Result<Option<Vec<u8>>>) -> Result<Vec<u8>> {
    let (head, rest) = bytes.split_at_checked(HEAD).context("it is shorter than its head")?;
    let mut out = head.to_vec();
    let mut reader = Reader(rest);
    while !reader.0.is_empty() {
        let (id, content) = reader.section()?;
        if let Some(content) = map(id, content)? {
            section(&mut out, id, &content);
        }
    }
    Ok(out)
}

/// `_ZN5crate6module4func17h0123456789abcdefE` to `module::func`: of each path its last two parts; of an export its own
/// name, without the interface's.
fn short(name: &str) -> String {
    let own = name.split_once('#').map_or(name, |(_, own)| own);
    let readable = demangled(name).or_else(|| newer(name)).unwrap_or_else(|| own.to_owned());
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut out = String::new();
    let mut rest = readable.as_str();
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (path, after) = rest.split_at(end);
        rest = after;
        let parts: Vec<_> = path.split("::").collect();
        out.push_str(&parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join("::"));
    }
    out.chars().take(LONGEST).collect()
}

fn demangled(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix("_ZN")?;
    let mut parts = Vec::new();
    while !rest.starts_with('E') {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let length: usize = rest.get(..digits)?.parse().ok()?;
        parts.push(rest.get(digits..digits + length)?);
        rest = rest.get(digits + length..)?;
    }
    let is_hash = |part: &&str| part.len() == 17 && part.starts_with('h');
    parts.pop_if(|part| is_hash(&&**part));
    let mut path = parts.join("::");
    let signs =
        [("$LT$", "<"), ("$GT$", ">"), ("$u20$", " "), ("$RF$", "&"), ("$BP$", "*"), ("$C$", ","), ("..", "::")];
    for (from, to) in signs {
        path = path.replace(from, to);
    }
    Some(path)
}

/// The identifiers of a name in the newer mangling, which the standard library has: of
/// `_RNvNtCs9pv848UzQwQ_4core6result13unwrap_failed` the path `core::result::unwrap_failed`. What types it is for is left
/// out. Rules: Rust RFC 2603.
fn newer(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix("_R")?;
    let mut parts = Vec::new();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            // Numbers in base 62: disambiguators, back references, lifetimes, binders.
            's' | 'B' | 'L' | 'G' => rest.split_once('_').map_or("", |(_, after)| after),
            '0'..='9' => {
                let digits = rest.find(|c: char| !c.is_ascii_digit())?;
                let length: usize = rest.get(..digits)?.parse().ok()?;
                let after = rest.get(digits..)?;
                let after = after.strip_prefix('_').unwrap_or(after);
                parts.push(after.get(..length)?);
                after.get(length..)?
            }
            first => rest.get(first.len_utf8()..)?,
        };
    }
    (!parts.is_empty()).then(|| parts.join("::"))
}

fn number(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u32);
    out.extend_from_slice(text.as_bytes());
}

fn section(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    number(out, content.len() as u32);
    out.extend_from_slice(content);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("it ends within a section")?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32> {
        let mut value = 0_u32;
        for shift in (0..35).step_by(7) {
            let byte = *self.take(1)?.first().context("it ends within a number")?;
            value |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
            if byte < 0x80 {
                return Ok(value);
            }
        }
        anyhow::bail!("a number has more than 32 bits")
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.number()? as usize;
        Ok(std::str::from_utf8(self.take(length)?)?)
    }

    fn section(&mut self) -> Result<(u8, &'a [u8])> {
        let id = *self.take(1)?.first().context("it ends within a section")?;
        let length = self.number()? as usize;
        Ok((id, self.take(length)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_what_tells_them() {
        for (name, expect) in [
            ("_ZN14databricks_sql5stats7measure17h0123456789abcdefE", "stats::measure"),
            (
                "_ZN86_$LT$core..marker..PhantomData$LT$T$GT$$u20$as$u20$serde_core..de..DeserializeSeed$GT$11deserialize17hf778a4649287a30fE",
                "_<marker::PhantomData<T> as de::DeserializeSeed>::deseriali",
            ),
            ("dlmalloc", "dlmalloc"),
            ("bricklayer:sql/tools@0.1.0#execute-sql", "execute-sql"),
            ("_ZNbroken", "_ZNbroken"),
            ("_RNvNtCs9pv848UzQwQ_4core6result13unwrap_failed", "result::unwrap_failed"),
            ("_RNvMsr_NtNtCs9pv848UzQwQ_4core3str7patternNtB5_11StrSearcher3new", "StrSearcher::new"),
            ("_RNvNtCs9pv848UzQwQ_4core6result99unwrap_failed", "_RNvNtCs9pv848UzQwQ_4core6result99unwrap_fai"),
            ("_R", "_R"),
        ] {
            assert!(short(name).starts_with(&expect[..expect.len().min(40)]), "{}", short(name));
        }
    }

    #[test]
    fn only_names_change() {
        let mut names = Vec::new();
        text(&mut names, "name");
        let mut list = vec![1, 7];
        text(&mut list, "_ZN1a1b1c17h0123456789abcdefE");
        section(&mut names, FUNCTION_NAMES, &list);
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        section(&mut module, 10, &[1, 2, 3]);
        section(&mut module, CUSTOM, &names);
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        section(&mut component, CORE_MODULE, &module);
        section(&mut component, 7, &[9; 200]);
        let mut own = Vec::new();
        text(&mut own, "component-name");
        let whole = component.len();
        section(&mut component, CUSTOM, &own);
        let shortened = shorten(&component).unwrap();
        assert_eq!(shortened.len(), whole - "_ZN1a1b1c17h0123456789abcdefE".len() + "b::c".len());
        assert!(shortened.windows(4).any(|part| part == b"b::c"));
        assert!(shorten(&component[..component.len() - 1]).is_err());
        assert!(shorten(b"x").is_err());
    }
}
