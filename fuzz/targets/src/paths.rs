//! The matcher of path patterns: containment never promises more than matching keeps.

use bricklayer_package::{Audience, HttpRule, Method, PathPattern};

/// Lines: two patterns, then paths.
pub fn paths(data: &[u8]) {
    let text = crate::text(data);
    let mut lines = text.lines();
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return };
    let (Ok(wide), Ok(narrow)) = (PathPattern::parse(first), PathPattern::parse(second)) else { return };
    assert!(wide.covers(&wide) && narrow.covers(&narrow));
    assert_eq!(PathPattern::parse(wide.as_str()).ok().as_ref(), Some(&wide));
    let covers = wide.covers(&narrow);
    let rule = HttpRule {
        audience: Audience::Workspace,
        methods: vec![Method::Get, Method::Post],
        paths: vec![wide.clone(), narrow.clone()],
        credential: true,
    };
    for path in lines {
        assert!(!(covers && narrow.matches(path)) || wide.matches(path), "{first} {second} {path}");
        if wide.matches(path) {
            assert!(path.starts_with('/') && !path.contains("//"), "{first} {path}");
            assert_eq!(path.ends_with('/'), first.ends_with('/'), "{first} {path}");
        }
        let allowed = wide.matches(path) || narrow.matches(path);
        assert_eq!(rule.allows(&Audience::Workspace, Method::Get, path), allowed);
        assert!(!rule.allows(&Audience::Workspace, Method::Put, path));
        // A rule and its powers allow the same.
        let by_powers = rule.powers().any(|power| {
            matches!(power, bricklayer_package::Power::Http { method: Method::Post, path: own, .. } if own.matches(path))
        });
        assert_eq!(by_powers, allowed);
    }
}
