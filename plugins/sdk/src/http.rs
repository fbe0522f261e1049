//! Plain HTTP data: requests to the workspace and to public hosts, their answers, and percent-encoding.

/// Methods the workspace's API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Asks what a read would be answered with, without its body.
    Head,
    /// Creates or does.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// As HTTP spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request to the caller's workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute path with its query, already encoded.
    pub path: String,
    /// JSON text.
    pub body: Option<String>,
}

/// One of several exchanges that go side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// A request to the caller's workspace.
    Send(Request),
    /// A link that the workspace named in an answer to this call, such as where the rows of a statement are. It is
    /// fetched as it is, without the caller's credential, with the headers that came with it.
    Follow {
        /// The link, exactly as it was named.
        url: String,
        /// Names and values.
        headers: Vec<(String, String)>,
    },
    /// A request to the caller's workspace with a body that may be files of the project.
    Upload(Upload),
    /// `GET path` at the caller's workspace, the answer's body into a file of the project. The file is replaced; one of
    /// another answer than success is left alone, and its body is the response's.
    Download {
        /// Absolute path with its query, already encoded.
        path: String,
        /// The file, from the project's folder.
        file: String,
    },
}

/// A request whose body is put together while it is sent, so that a file of any size passes without being in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Method.
    pub method: Method,
    /// Absolute path with its query, already encoded.
    pub path: String,
    /// What the body is.
    pub content_type: String,
    /// The body.
    pub body: Vec<Part>,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file of the project, from the project's folder, and how many bytes of it: all, when it was looked at.
    File {
        /// The file.
        file: String,
        /// Its length.
        bytes: u64,
    },
}

impl Part {
    /// How long it is.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { bytes, .. } => *bytes,
        }
    }
}

/// A request to a public host. Needs a grant of its own (`[[grants.http]]` with the host as audience).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// Method.
    pub method: Method,
    /// `https://host/path?query`, encoded.
    pub url: String,
    /// Headers beside `content-length`, which the transport sets. Names of the host's own (`authorization`, `cookie`,
    /// `host`, proxy and hop-by-hop headers) are refused.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
    /// Longest wait for the answer's head; the host's own limit otherwise.
    pub timeout: Option<std::time::Duration>,
}

impl WebRequest {
    /// A request without body that asks for JSON.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        let headers = vec![("accept".to_owned(), "application/json".to_owned())];
        Self { method, url: url.into(), headers, body: Vec::new(), timeout: None }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a JSON text as its body.
    #[must_use]
    pub fn json(mut self, body: String) -> Self {
        self.body = body.into_bytes();
        self.header("content-type", "application/json")
    }
}

/// What the far end answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, names as sent.
    pub headers: Vec<(String, String)>,
    /// The whole body, bounded by the transport.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers.
    #[must_use]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    /// Whether the status says success.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// A header by its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `Retry-After` in whole seconds; the workspace never sends its date form.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.header("retry-after").and_then(|value| value.trim().parse().ok())
    }
}

/// How one of several questions that were asked at once was answered ([`Platform::probe`](crate::Platform::probe)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The answer; `Timeout` when none came in time.
    pub answer: Result<Response, TransportError>,
    /// From asking until the answer began, or was given up.
    pub took: std::time::Duration,
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// The host's egress refused the request.
    Denied(String),
    /// No connection.
    Unreachable(String),
    /// No answer in time.
    Timeout(String),
    /// The body is larger than the transport reads.
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The answer broke off or made no sense.
    Broken(String),
    /// A file of the project could not be read or written.
    File(String),
}

/// One path segment or query value, percent-encoded: everything but RFC 3986's unreserved characters.
#[must_use]
pub fn encode_segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A path with its query. Values are encoded, the path is taken as it is.
#[must_use]
pub fn encode_query(path: &str, query: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (i, (name, value)) in query.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(&encode_segment(name));
        out.push('=');
        out.push_str(&encode_segment(value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_is_not_unreserved() {
        assert_eq!(encode_segment("a/b c%é"), "a%2Fb%20c%25%C3%A9");
        assert_eq!(encode_query("/x", &[("catalog_name", "my cat"), ("n", "1")]), "/x?catalog_name=my%20cat&n=1");
        assert_eq!(encode_query("/x", &[]), "/x");
    }
}
