//! The engine's version and what is known against it, so that an operator can ask the running binary.
//!
//! Source: the engine's published advisories for its 48 line, as far as they concern a host of untrusted guests.

/// The engine's version; a test holds it against the lock file.
pub const ENGINE_VERSION: &str = "48.0.8";

/// Until when the engine's line gets security fixes: a long-term support line lives 24 months.
pub const ENGINE_SUPPORTED_UNTIL: &str = "2028-08";

/// One published weakness of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advisory {
    /// Its id in the GitHub advisory database.
    pub id: &'static str,
    /// What a guest could do.
    pub what: &'static str,
    /// First patch of the 48 line without it.
    pub fixed_in: &'static str,
    /// Why it does not concern this host although its engine has it, when that is so.
    pub why_not_here: Option<&'static str>,
}

/// Where an advisory stands for this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The engine has the fix.
    Fixed,
    /// The engine lacks the fix, and this host does not use what it is about.
    NotConcerned,
    /// The engine lacks the fix.
    Open,
}

impl Advisory {
    /// Where it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if patch(self.fixed_in) <= patch(ENGINE_VERSION) {
            Standing::Fixed
        } else if self.why_not_here.is_some() {
            Standing::NotConcerned
        } else {
            Standing::Open
        }
    }
}

fn patch(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

const fn fixed(id: &'static str, what: &'static str, fixed_in: &'static str) -> Advisory {
    Advisory { id, what, fixed_in, why_not_here: None }
}

/// What is known, by the patch that mends it.
pub const ADVISORIES: &[Advisory] = &[
    fixed("GHSA-x84v-gj2h-g759", "make the host allocate through streams", "48.0.0"),
    fixed("GHSA-vqjp-4c8c-hfgg", "leave its folder with a trailing slash", "48.0.0"),
    fixed("GHSA-32h6-97mm-8q3c", "overflow the native stack with an async callback", "48.0.5"),
    fixed("GHSA-gqmc-89g8-p25r", "take host memory without standard streams", "48.0.5"),
    fixed("GHSA-w4qr-p94g-mjhv", "panic the host with a zero HTTP timeout", "48.0.5"),
    fixed("GHSA-mr2v-56j5-cmfc", "panic the host with a file time before 1970", "48.0.5"),
    fixed("GHSA-q554-3cjc-rx7p", "take host memory with handles", "48.0.6"),
    fixed("GHSA-m9f7-9w4p-gv38", "leave its folder by renaming symbolic links", "48.0.6"),
    fixed("GHSA-5qpp-g3j2-8frx", "name another host in an absolute request line", "48.0.6"),
    fixed("GHSA-jxcf-8qw5-5c33", "send forbidden headers as trailers", "48.0.7"),
    fixed("GHSA-hmmr-87qq-258j", "connect UDP with one of two permissions", "48.0.8"),
    fixed("GHSA-6fr9-xmw9-5352", "take host memory by moving borrowed resources", "48.0.8"),
    Advisory {
        id: "GHSA-5m8g-xhq4-4h93",
        what: "take host memory with empty stream writes",
        fixed_in: "48.0.9",
        why_not_here: Some("it is about streams of WASI 0.3, which this host does not offer"),
    },
    Advisory {
        id: "GHSA-f8mm-ggr3-89wh",
        what: "take host memory with empty writes to an HTTP/2 body",
        fixed_in: "48.0.9",
        why_not_here: Some("plugins' requests leave over HTTP/1.1 only"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_locked_one_and_nothing_is_open() {
        let lock = include_str!("../../../Cargo.lock");
        let locked: Vec<&str> = lock
            .split("[[package]]")
            .filter(|package| package.contains("name = \"wasmtime\"\n"))
            .filter_map(|package| package.lines().find_map(|line| line.strip_prefix("version = ")))
            .map(|version| version.trim_matches('"'))
            .collect();
        assert_eq!(locked, [ENGINE_VERSION]);
        let open: Vec<_> = ADVISORIES.iter().filter(|advisory| advisory.standing() == Standing::Open).collect();
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn patches_compare_as_numbers() {
        let far = Advisory { fixed_in: "48.0.10", ..ADVISORIES[0] };
        assert_eq!(far.standing(), Standing::Open);
        assert_eq!(ADVISORIES[0].standing(), Standing::Fixed);
    }
}
