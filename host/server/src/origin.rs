//! Names of this server: the origins that browsers know it by, and whether a request was meant for one of them.

use url::Url;

/// Origins that an operator may name; more is a mistake.
const MAX_PUBLIC_ORIGINS: usize = 32;

/// Scheme, host and port of an address, the port filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOrigin {
    https: bool,
    host: String,
    port: u16,
}

impl PublicOrigin {
    /// Reads an origin such as `https://bricks.example.com`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must be addresses such as https://bricks.example.com, with commas between".to_owned();
        let url = Url::parse(text).map_err(|_| wrong())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or password".into());
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("must be addresses without a path".into());
        }
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong()),
        };
        let host = url.host_str().ok_or_else(wrong)?.trim_end_matches('.').to_ascii_lowercase();
        let port = url.port_or_known_default().ok_or_else(wrong)?;
        Ok(Self { https, host, port })
    }

    /// Reads several, with commas between.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let all: Vec<Self> = text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(Self::parse)
            .collect::<Result<_, _>>()?;
        if all.len() > MAX_PUBLIC_ORIGINS {
            return Err(format!("names more than {MAX_PUBLIC_ORIGINS} addresses"));
        }
        Ok(all)
    }

    /// Whether a browser that shows this origin addresses that host. Without a port it is the scheme's own.
    pub(super) fn is_at(&self, authority: &Authority) -> bool {
        self.host == authority.host && self.port == authority.port.unwrap_or(if self.https { 443 } else { 80 })
    }
}

/// What a `Host` header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.contains('@') {
            return None;
        }
        let authority: http::uri::Authority = text.parse().ok()?;
        let port = match authority.port() {
            Some(port) => Some(port.as_str().parse().ok()?),
            None => None,
        };
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        (!host.is_empty()).then_some(Self { host, port })
    }

    /// Whether it is a name of the machine that the request was made on.
    pub(super) fn is_this_machine(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_ports_are_the_same_as_none() {
        for (origin, host, expect) in [
            ("https://h", "h", true),
            ("https://h", "h:443", true),
            ("https://h:443", "h", true),
            ("https://h/", "H:443", true),
            ("http://h", "h:80", true),
            ("http://h:80", "h", true),
            ("https://h:8443", "h:8443", true),
            ("http://[::1]:8000", "[::1]:8000", true),
            ("https://h.", "h", true),
            ("https://h", "h:80", false),
            ("http://h", "h:443", false),
            ("https://h:8443", "h", false),
            ("https://h", "g", false),
            ("https://h", "h.evil.example", false),
        ] {
            let authority = Authority::parse(host).unwrap();
            assert_eq!(PublicOrigin::parse(origin).unwrap().is_at(&authority), expect, "{origin} at {host}");
        }
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        let is = |text: &str| Authority::parse(text).is_some_and(|authority| authority.is_this_machine());
        for good in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "127.9.9.9", "LOCALHOST"] {
            assert!(is(good), "{good}");
        }
        for bad in
            ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "a@localhost@b"]
        {
            assert!(!is(bad), "{bad}");
        }
    }

    #[test]
    fn only_origins_are_public_names() {
        assert_eq!(PublicOrigin::parse_all("https://a, http://b:8080,").unwrap().len(), 2);
        for bad in ["a", "a.example.com", "ftp://a", "https://a/path", "https://u:p@a", "https://a?x", "https://"] {
            assert!(PublicOrigin::parse_all(bad).is_err(), "{bad}");
        }
    }
}
