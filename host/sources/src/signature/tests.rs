use super::*;

struct Publisher {
    pair: KeyPair,
    line: String,
}

impl Publisher {
    fn new() -> Self {
        let pair = keygen(None).unwrap();
        let line = pair.public_key.lines().last().unwrap().to_owned();
        Self { pair, line }
    }

    fn sign(&self, bytes: &[u8]) -> String {
        sign(bytes, &self.pair.secret_key, None, "weather 1.0.0").unwrap()
    }
}

fn day(text: &str) -> DateTime<Utc> {
    format!("{text}T12:00:00Z").parse().unwrap()
}

#[test]
fn a_signature_is_worth_what_the_operator_says_of_its_key() {
    let (acme, other) = (Publisher::new(), Publisher::new());
    let trusted = TrustedKeys::parse(&format!("acme={};expires=2027-01-01", acme.line)).unwrap();
    let signature = acme.sign(b"package");
    let status = |bytes: &[u8], text: Option<&str>, on: &str| verify(bytes, text, &trusted, day(on));

    let good = status(b"package", Some(&signature), "2026-12-31");
    assert!(matches!(&good, SignatureStatus::Trusted { publisher } if publisher.as_str() == "acme"), "{good:?}");
    assert_eq!(status(b"package", None, "2026-12-31"), SignatureStatus::Unsigned);
    let expired = status(b"package", Some(&signature), "2027-01-01");
    assert!(matches!(&expired, SignatureStatus::Expired { on, .. } if on.to_string() == "2027-01-01"), "{expired:?}");
    assert_eq!(
        status(b"packagE", Some(&signature), "2027-01-01").word(),
        "invalid",
        "a changed byte outranks the date"
    );
    let unknown = status(b"package", Some(&other.sign(b"package")), "2026-12-31");
    assert_eq!(unknown, SignatureStatus::UnknownKey { key_id: key_id(&other.pair.public_key).unwrap() });
    // The same key id with somebody else's key is not enough.
    let forged = {
        let theirs = other.sign(b"package");
        let lines: Vec<&str> = theirs.lines().collect();
        let decode = |line: &str| STANDARD.decode(line).unwrap();
        let own = decode(signature.lines().nth(1).unwrap());
        // Two bytes of algorithm, eight of key id, then the signature.
        let spliced = [&own[..10], &decode(lines[1])[10..]].concat();
        format!("{}\n{}\n{}\n{}\n", lines[0], STANDARD.encode(spliced), lines[2], lines[3])
    };
    assert_eq!(status(b"package", Some(&forged), "2026-12-31").word(), "invalid");
}

#[test]
fn every_changed_byte_of_a_signature_is_noticed() {
    let acme = Publisher::new();
    let trusted = TrustedKeys::parse(&format!("acme={}", acme.line)).unwrap();
    let signature = acme.sign(b"package");
    let untrusted_line = signature.find('\n').unwrap();
    for (at, _) in signature.char_indices().filter(|(at, c)| *at > untrusted_line && *c != '\n') {
        let mut bytes = signature.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        let status = verify(b"package", Some(&changed), &trusted, day("2026-01-01"));
        assert_ne!(status.word(), "trusted", "byte {at} was changed");
    }
}

#[test]
fn what_is_no_signature_is_invalid_and_never_a_panic() {
    let acme = Publisher::new();
    let trusted = TrustedKeys::parse(&format!("acme={}", acme.line)).unwrap();
    let signature = acme.sign(b"package");
    let lines: Vec<&str> = signature.lines().collect();
    let short = format!("{}\n{}\n{}\nAAAA\n", lines[0], lines[1], lines[2]);
    let legacy = format!("{}\n{}\n{}\n{}\n", lines[0], lines[1].replacen("RU", "RW", 1), lines[2], lines[3]);
    let long = format!("untrusted comment: {}\n", "x".repeat(MAX_SIGNATURE_BYTES));
    for text in ["", "\n\n\n\n", "not a signature", "a\nb\nc\nd", &short, &legacy, &long, &signature.replace(": ", ":")]
    {
        let status = verify(b"package", Some(text), &trusted, day("2026-01-01"));
        assert_eq!(status.word(), "invalid", "{text:?}: {status:?}");
    }
    for length in 0..signature.len() - 1 {
        let status = verify(b"package", Some(&signature[..length]), &trusted, day("2026-01-01"));
        assert_ne!(status.word(), "trusted", "cut after {length} bytes");
    }
}

#[test]
fn a_protected_key_needs_its_password() {
    let password = SecretString::from("correct horse");
    let pair = keygen(Some(&password)).unwrap();
    assert_eq!(sign(b"x", &pair.secret_key, None, "c"), Err(SignatureError::PasswordNeeded));
    let wrong = sign(b"x", &pair.secret_key, Some(&"wrong".into()), "c");
    assert!(matches!(wrong, Err(SignatureError::SecretKey(_))), "{wrong:?}");
    let signature = sign(b"x", &pair.secret_key, Some(&password), "c").unwrap();
    let trusted = TrustedKeys::parse(&format!("a={}", pair.public_key.lines().last().unwrap())).unwrap();
    assert_eq!(verify(b"x", Some(&signature), &trusted, day("2026-01-01")).word(), "trusted");
}

#[test]
fn signing_refuses_what_cannot_be_signed_with() {
    let pair = keygen(None).unwrap();
    assert_eq!(sign(b"x", &pair.secret_key, None, "two\nlines"), Err(SignatureError::Comment));
    for text in ["", "not a key", &pair.public_key] {
        let result = sign(b"x", &text.into(), None, "c");
        assert!(matches!(result, Err(SignatureError::SecretKey(_))), "{text:?}: {result:?}");
    }
    let secret = pair.secret_key.expose_secret().to_owned();
    let damaged = |at: usize| {
        let mut bytes = STANDARD.decode(secret.lines().nth(1).unwrap()).unwrap();
        bytes[at] ^= 1;
        SecretString::from(format!("untrusted comment: x\n{}\n", STANDARD.encode(bytes)))
    };
    // Within the seed and within the public half.
    for at in [70, 110] {
        assert!(sign(b"x", &damaged(at), None, "c").is_err(), "byte {at} was changed");
    }
    assert!(!format!("{pair:?}").contains(pair.secret_key.expose_secret()), "the secret is not printed");
}

#[test]
fn trusted_keys_read_and_refuse() {
    let (acme, other) = (Publisher::new(), Publisher::new());
    let text = format!("acme={};expires=2027-01-01, other-2={}", acme.line, other.line);
    let keys = TrustedKeys::parse(&text).unwrap();
    assert_eq!(keys.publishers().map(PublisherName::as_str).collect::<Vec<_>>(), ["acme", "other-2"]);
    assert!(TrustedKeys::parse(" , ").unwrap().is_empty());
    for (text, problem) in [
        (acme.line.clone(), "it has no ="),
        ("acme=RWshort".to_owned(), "key cannot be read"),
        ("acme=hello".to_owned(), "does not begin with RW"),
        (format!("={}", acme.line), "the name is not"),
        (format!("ac me={}", acme.line), "the name is not"),
        (format!("acme={};expires=tomorrow", acme.line), "not a date"),
        (format!("acme={};until=2027-01-01", acme.line), "not understood"),
        (format!("acme={};expires=2027-01-01;expires=2028-01-01", acme.line), "two dates"),
        (format!("a={0}, b={0}", acme.line), "listed twice"),
    ] {
        let error = TrustedKeys::parse(&text).expect_err(&text).to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}

#[test]
fn policies_judge() {
    let publisher = || TrustedKeys::parse(&format!("acme={}", Publisher::new().line)).unwrap();
    let acme = publisher().publishers().next().unwrap().clone();
    let statuses = [
        SignatureStatus::Trusted { publisher: acme.clone() },
        SignatureStatus::Unsigned,
        SignatureStatus::UnknownKey { key_id: "0123456789ABCDEF".to_owned() },
        SignatureStatus::Expired { publisher: acme, on: "2026-01-01".parse().unwrap() },
        SignatureStatus::Invalid { reason: "bytes".to_owned() },
    ];
    let table = [
        (SignaturePolicy::Require, ["accept", "refuse", "refuse", "refuse", "refuse"]),
        (SignaturePolicy::Warn, ["accept", "warn", "warn", "refuse", "refuse"]),
        (SignaturePolicy::Allow, ["accept", "accept", "accept", "refuse", "refuse"]),
    ];
    for (policy, verdicts) in table {
        assert_eq!(policy.word().parse(), Ok(policy));
        for (status, expected) in statuses.iter().zip(verdicts) {
            let verdict = match policy.judge(status) {
                Verdict::Accept => "accept",
                Verdict::AcceptWithWarning(_) => "warn",
                Verdict::Refuse(_) => "refuse",
            };
            assert_eq!(verdict, expected, "{} under {}", status.word(), policy.word());
        }
    }
    assert!("maybe".parse::<SignaturePolicy>().is_err());
}
