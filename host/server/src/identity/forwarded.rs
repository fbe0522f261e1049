//! The identity headers of the proxy, and whether the token beside them is that user's.

use bricklayer_domain::UserId;
use http::HeaderMap;
use secrecy::SecretString;

use super::token::{self, MAX_TOKEN_BYTES};
use super::{IdentityError, unauthenticated};
use crate::workspace::WorkspaceUser;

pub(super) const FORWARDED_EMAIL: &str = "x-forwarded-email";
pub(super) const FORWARDED_USER: &str = "x-forwarded-user";
pub(super) const FORWARDED_TOKEN: &str = "x-forwarded-access-token";

/// What the proxy says.
#[derive(Debug)]
pub(super) struct Forwarded {
    /// The e-mail when there is one, as it is what people share; else the user.
    pub(super) user: UserId,
    pub(super) token: SecretString,
    email: Option<String>,
    id: Option<String>,
}

/// Reads the headers. Each names one person; a list, or a header that came twice, means that somebody added a value
/// behind the proxy's back, or that two proxies disagree.
pub(super) fn read(headers: &HeaderMap) -> Result<Forwarded, IdentityError> {
    let email = name(headers, FORWARDED_EMAIL)?;
    let id = name(headers, FORWARDED_USER)?;
    let user = email.or(id).ok_or_else(|| {
        unauthenticated("the request names no user; open the app through its proxy, which adds X-Forwarded-Email")
    })?;
    let user = UserId::parse(user).map_err(|error| unauthenticated(format!("the forwarded user is {error}")))?;
    let token = single(headers, FORWARDED_TOKEN)?.ok_or_else(|| {
        unauthenticated(
            "the request carries no user token; turn on user authorization for the app, so that its proxy adds \
             X-Forwarded-Access-Token",
        )
    })?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(unauthenticated("the forwarded token is too long"));
    }
    if !token::is_one(token) {
        return Err(unauthenticated(
            "X-Forwarded-Access-Token is not one token: it holds characters that no token has; check the proxy",
        ));
    }
    Ok(Forwarded { user, token: token.into(), email: email.map(Into::into), id: id.map(Into::into) })
}

/// A header with the name of one person.
fn name<'a>(headers: &'a HeaderMap, header: &str) -> Result<Option<&'a str>, IdentityError> {
    let Some(text) = single(headers, header)? else { return Ok(None) };
    if text.chars().any(|c| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '<' | '>' | '(' | ')')) {
        return Err(unauthenticated(format!("{header} names several users or none; the proxy must name exactly one")));
    }
    Ok(Some(text))
}

/// A header that must not come twice.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, IdentityError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(unauthenticated(format!("{name} came twice; the proxy must replace what a client sent")));
    }
    let Some(value) = first else { return Ok(None) };
    let text = value.to_str().map_err(|_| unauthenticated(format!("{name} is not plain text")))?.trim();
    Ok((!text.is_empty()).then_some(text))
}

/// How the user header names a person.
enum Named<'a> {
    /// By a name that people know: an e-mail address, a service principal's application id.
    Name(&'a str),
    /// By the workspace's own number (`123@456` is user 123 of workspace 456).
    Number(&'a str),
}

fn named(id: &str) -> Named<'_> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match id.split_once('@') {
        Some((user, workspace)) if is_number(user) && is_number(workspace) => Named::Number(user),
        None if is_number(id) => Named::Number(id),
        _ => Named::Name(id),
    }
}

impl Forwarded {
    /// Whom the token itself names, when that is enough to compare with.
    pub(super) fn owner_by_token(&self) -> Option<WorkspaceUser> {
        use secrecy::ExposeSecret as _;
        let owner = token::email(self.token.expose_secret())?;
        let compares = self.email.is_some() || self.id.as_deref().is_some_and(|id| matches!(named(id), Named::Name(_)));
        compares.then(|| WorkspaceUser::of_name(owner))
    }

    /// Checks that the token's owner is whom the headers name.
    pub(super) fn belongs_to(&self, owner: &WorkspaceUser) -> Result<(), IdentityError> {
        let other = || {
            tracing::warn!(user = %self.user, "a forwarded token is another user's than the headers name");
            Err(unauthenticated("the forwarded token is another user's; sign in again"))
        };
        if self.email.as_deref().is_some_and(|email| !owner.is_named(email)) {
            return other();
        }
        match self.id.as_deref().map(named) {
            Some(Named::Number(id)) => match &owner.id {
                Some(own) if own != id => other(),
                // Known by the e-mail alone, which was compared.
                None if self.email.is_none() => other(),
                _ => Ok(()),
            },
            // What is no address may be an identity provider's own id, which nobody here can compare; the e-mail was.
            Some(Named::Name(id)) if !owner.is_named(id) && (id.contains('@') || self.email.is_none()) => other(),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use secrecy::ExposeSecret as _;

    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[track_caller]
    fn check(pairs: &[(&'static str, &'static str)], expect: Result<(&str, &str), &str>) {
        match (read(&map(pairs)), expect) {
            (Ok(seen), Ok((user, token))) => {
                assert_eq!((seen.user.as_str(), seen.token.expose_secret()), (user, token));
            }
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (seen, expect) => panic!("{seen:?} is not {expect:?}"),
        }
    }

    #[test]
    fn the_proxy_names_one_user_and_brings_the_token() {
        let token = (FORWARDED_TOKEN, "t");
        check(&[(FORWARDED_EMAIL, "Ann@Example.com"), (FORWARDED_USER, "123@1"), token], Ok(("ann@example.com", "t")));
        check(&[(FORWARDED_USER, "123@1"), token], Ok(("123@1", "t")));
        check(&[(FORWARDED_EMAIL, "o'hara+x@sub.example.com"), token], Ok(("o'hara+x@sub.example.com", "t")));
        check(&[], Err("names no user"));
        check(&[(FORWARDED_EMAIL, " "), token], Err("names no user"));
        check(&[(FORWARDED_EMAIL, "a@b")], Err("carries no user token"));
        check(&[(FORWARDED_EMAIL, "a@b"), (FORWARDED_EMAIL, "c@d"), token], Err("came twice"));
        check(&[(FORWARDED_EMAIL, "a@b"), (FORWARDED_USER, "1@2"), (FORWARDED_USER, "3@2"), token], Err("came twice"));
        check(&[(FORWARDED_EMAIL, "a@b"), token, token], Err("came twice"));
        for list in ["a@b, c@d", "a@b,c@d", "a@b c@d", "a@b;c@d", "a@b,", "\"a\" <a@b>", "operator (command line)"] {
            check(&[(FORWARDED_EMAIL, list), token], Err("names several users or none"));
            check(&[(FORWARDED_EMAIL, "a@b"), (FORWARDED_USER, list), token], Err("names several users or none"));
        }
        for odd in ["t, u", "t u", "t;u", "\"t\""] {
            check(&[(FORWARDED_EMAIL, "a@b"), (FORWARDED_TOKEN, odd)], Err("is not one token"));
        }
    }

    /// `{"sub":"a@b"}`, unsigned.
    const OF_A: &str = "e30.eyJzdWIiOiJhQGIifQ.x";
    /// `{"sub":"a-service"}`.
    const OF_SERVICE: &str = "e30.eyJzdWIiOiJhLXNlcnZpY2UifQ.x";

    #[test]
    fn the_tokens_owner_is_whom_both_headers_name() {
        let owner = WorkspaceUser { name: "A@b".into(), id: Some("123".into()), emails: vec!["alias@b".into()] };
        let forwarded =
            |pairs: &[(&'static str, &'static str)]| read(&map(&[pairs, &[(FORWARDED_TOKEN, "t")]].concat()));
        let fits = |pairs: &[(&'static str, &'static str)]| forwarded(pairs).unwrap().belongs_to(&owner).is_ok();
        for right in [
            &[(FORWARDED_EMAIL, "a@B")][..],
            &[(FORWARDED_EMAIL, "alias@b")],
            &[(FORWARDED_EMAIL, "a@b"), (FORWARDED_USER, "123@9")],
            &[(FORWARDED_EMAIL, "a@b"), (FORWARDED_USER, "A@b")],
            &[(FORWARDED_EMAIL, "a@b"), (FORWARDED_USER, "auth0|58f")],
            &[(FORWARDED_USER, "123@9")],
            &[(FORWARDED_USER, "123")],
            &[(FORWARDED_USER, "a@b")],
        ] {
            assert!(fits(right), "{right:?}");
        }
        for wrong in [
            &[(FORWARDED_EMAIL, "c@d")][..],
            &[(FORWARDED_EMAIL, "a@b"), (FORWARDED_USER, "124@9")],
            &[(FORWARDED_EMAIL, "a@b"), (FORWARDED_USER, "c@d")],
            &[(FORWARDED_EMAIL, "c@d"), (FORWARDED_USER, "123@9")],
            &[(FORWARDED_USER, "124@9")],
            &[(FORWARDED_USER, "auth0|58f")],
            &[(FORWARDED_USER, "c@d")],
        ] {
            assert!(!fits(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_token_that_names_its_owner_need_not_be_asked_about() {
        let owner = |pairs: &[(&'static str, &'static str)]| read(&map(pairs)).unwrap().owner_by_token();
        let of_a = owner(&[(FORWARDED_EMAIL, "c@d"), (FORWARDED_TOKEN, OF_A)]).unwrap();
        assert!(of_a.is_named("A@B") && !of_a.is_named("c@d"));
        assert!(owner(&[(FORWARDED_EMAIL, "a@b"), (FORWARDED_TOKEN, OF_SERVICE)]).is_none());
        assert!(owner(&[(FORWARDED_EMAIL, "a@b"), (FORWARDED_TOKEN, "opaque")]).is_none());
        // The number of a user is not in the token.
        assert!(owner(&[(FORWARDED_USER, "1@2"), (FORWARDED_TOKEN, OF_A)]).is_none());
    }
}
