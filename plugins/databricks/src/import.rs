//! The request that makes a workspace object of bytes that may be a file of the project.

use bricklayer_sdk::{Errand, Method, Part, Upload};

/// What an import is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import<'a> {
    /// Where to, in normal form.
    pub path: &'a str,
    /// `AUTO`, `SOURCE`, `JUPYTER`.
    pub format: &'a str,
    /// Of a notebook in `SOURCE`.
    pub language: Option<&'a str>,
    /// Whether what is there is replaced.
    pub overwrite: bool,
}

/// The request, a form, so that the content passes without being in memory.
#[must_use]
pub fn errand(import: &Import<'_>, content: Part) -> Errand {
    let line = boundary(import, &content);
    let field = |name: &str, value: &str| {
        format!("--{line}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut head = field("path", import.path) + &field("format", import.format);
    head += &import.language.map(|language| field("language", language)).unwrap_or_default();
    head += &field("overwrite", if import.overwrite { "true" } else { "false" });
    head.push_str(&format!(
        "--{line}\r\ncontent-disposition: form-data; name=\"content\"; filename=\"content\"\r\ncontent-type: \
         application/octet-stream\r\n\r\n"
    ));
    let tail = format!("\r\n--{line}--\r\n");
    Errand::Upload(Upload {
        method: Method::Post,
        path: "/api/2.0/workspace/import".to_owned(),
        content_type: format!("multipart/form-data; boundary={line}"),
        body: vec![Part::Bytes(head.into_bytes()), content, Part::Bytes(tail.into_bytes())],
    })
}

/// A line that is in no content by chance, and that no content can know: bytes in memory are looked through, and a file
/// is there before the digest of its place and length is.
fn boundary(import: &Import<'_>, content: &Part) -> String {
    let mut seed = content.bytes();
    loop {
        let line = format!("----bricklayer-{:016x}", digest(&format!("{}{seed}", import.path)));
        match content {
            Part::Bytes(bytes) if bytes.windows(line.len()).any(|window| window == line.as_bytes()) => seed += 1,
            _ => return line,
        }
    }
}

/// FNV-1a: the same in every call. Nothing is kept secret or safe by it.
#[must_use]
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
