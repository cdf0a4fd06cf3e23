//! Whether a token that a provider signed is good: its signature by a key of the provider's, and every claim that binds it
//! to us, to this sign-in and to this moment.
//!
//! Only signatures with a public key are known; `none` and shared secrets are not. The instant is an argument. Not here:
//! where keys and tokens come from (`provider`), what claims mean (`grants`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;
use thiserror::Error;

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 60;
/// Bytes of a token.
const BYTES_MAX: usize = 64 << 10;
/// The oldest a token may be that says no other end, in seconds.
const AGE_MAX: i64 = 600;
/// What a token that ends sessions says it is.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Why a token is not good.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(in crate::serve) enum Refused {
    /// It is no signed token at all.
    #[error("it is no signed token")]
    Shape,
    /// It is signed in a way that is not known, or not at all.
    #[error("it is signed by {0:?}, which is not accepted")]
    Algorithm(String),
    /// The provider has no such key.
    #[error("the provider has no such key")]
    Key,
    /// The signature is not the key's.
    #[error("its signature is not the key's")]
    Signature,
    /// A claim is not what it must be.
    #[error("its claim {0} is not what it must be")]
    Claim(&'static str),
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// The claims of a token of identity, if it is good for this sign-in.
pub(super) fn identity(token: &str, keys: &Value, wanted: Wanted<'_>, nonce: &str) -> Result<Value, Refused> {
    let claims = signed(token, keys)?;
    common(&claims, wanted)?;
    let expires = whole(&claims, "exp").ok_or(Refused::Claim("exp"))?;
    if expires.saturating_add(LEEWAY) <= wanted.now {
        return Err(Refused::Claim("exp"));
    }
    if claims["nonce"].as_str() != Some(nonce) {
        return Err(Refused::Claim("nonce"));
    }
    match claims["sub"].as_str() {
        Some(subject) if !subject.is_empty() && subject.len() <= 255 => Ok(claims),
        _ => Err(Refused::Claim("sub")),
    }
}

/// The claims of a token that ends sessions.
pub(super) fn logout(token: &str, keys: &Value, wanted: Wanted<'_>) -> Result<Value, Refused> {
    let claims = signed(token, keys)?;
    common(&claims, wanted)?;
    let made = whole(&claims, "iat").ok_or(Refused::Claim("iat"))?;
    if wanted.now.saturating_sub(made) > AGE_MAX {
        return Err(Refused::Claim("iat"));
    }
    if !claims["events"][LOGOUT_EVENT].is_object() {
        return Err(Refused::Claim("events"));
    }
    // With it, it would be a token of identity.
    if claims.get("nonce").is_some() {
        return Err(Refused::Claim("nonce"));
    }
    if claims["sub"].as_str().is_none() && claims["sid"].as_str().is_none() {
        return Err(Refused::Claim("sub"));
    }
    Ok(claims)
}

fn whole(claims: &Value, name: &str) -> Option<i64> {
    claims[name].as_i64()
}

/// What every token must say.
fn common(claims: &Value, wanted: Wanted<'_>) -> Result<(), Refused> {
    if claims["iss"].as_str() != Some(wanted.issuer) {
        return Err(Refused::Claim("iss"));
    }
    let is_ours = |value: &Value| value.as_str() == Some(wanted.client_id);
    let several = claims["aud"].as_array();
    if !is_ours(&claims["aud"]) && !several.is_some_and(|list| list.iter().any(is_ours)) {
        return Err(Refused::Claim("aud"));
    }
    // A token for several is ours only if it was made for us.
    let needs_party = several.is_some_and(|list| list.len() > 1);
    if (needs_party || claims.get("azp").is_some()) && !is_ours(&claims["azp"]) {
        return Err(Refused::Claim("azp"));
    }
    if whole(claims, "iat").is_none_or(|made| made > wanted.now.saturating_add(LEEWAY)) {
        return Err(Refused::Claim("iat"));
    }
    if whole(claims, "nbf").is_some_and(|from| from > wanted.now.saturating_add(LEEWAY)) {
        return Err(Refused::Claim("nbf"));
    }
    Ok(())
}

fn decoded(part: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Shape)
}

fn object(part: &str) -> Result<Value, Refused> {
    let value: Value = serde_json::from_slice(&decoded(part)?).map_err(|_| Refused::Shape)?;
    if value.is_object() { Ok(value) } else { Err(Refused::Shape) }
}

/// The claims, if one of `keys` signed them.
fn signed(token: &str, keys: &Value) -> Result<Value, Refused> {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts[..] else { return Err(Refused::Shape) };
    if token.len() > BYTES_MAX {
        return Err(Refused::Shape);
    }
    let header = object(head)?;
    let algorithm = header["alg"].as_str().unwrap_or_default();
    // What a header marks as critical must be understood, and nothing is.
    if header.get("crit").is_some() {
        return Err(Refused::Shape);
    }
    if !ALGORITHMS.contains(&algorithm) {
        return Err(Refused::Algorithm(algorithm.chars().take(32).collect()));
    }
    let key = key(keys, algorithm, header["kid"].as_str())?;
    let text = &token[..head.len() + 1 + claims.len()];
    verify(algorithm, key, text.as_bytes(), &decoded(signature)?)?;
    object(claims)
}

/// Signatures that are accepted: with a public key only.
const ALGORITHMS: [&str; 7] = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"];

/// Whether a key is of the kind and curve that a signature needs; the key says so, never the token alone.
fn fits(key: &Value, algorithm: &str) -> bool {
    let text = |name: &str| key[name].as_str().unwrap_or_default();
    let kind = match algorithm {
        "ES256" => ("EC", "P-256"),
        "ES384" => ("EC", "P-384"),
        "EdDSA" => ("OKP", "Ed25519"),
        _ => ("RSA", ""),
    };
    (text("kty"), text("crv")) == kind
        && ["", "sig"].contains(&text("use"))
        && ["", algorithm].contains(&text("alg"))
}

fn key<'a>(keys: &'a Value, algorithm: &str, id: Option<&str>) -> Result<&'a Value, Refused> {
    let all = keys["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut fitting = all.iter().filter(|key| fits(key, algorithm));
    match id {
        Some(id) => fitting.find(|key| key["kid"].as_str() == Some(id)).ok_or(Refused::Key),
        // Without a name there must be no choice.
        None => match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(Refused::Key),
        },
    }
}

fn verify(algorithm: &str, key: &Value, text: &[u8], given: &[u8]) -> Result<(), Refused> {
    let part = |name: &str| decoded(key[name].as_str().unwrap_or_default()).map_err(|_| Refused::Key);
    let rsa = |parameters: &'static RsaParameters| {
        let (n, e) = (part("n")?, part("e")?);
        RsaPublicKeyComponents { n, e }.verify(parameters, text, given).map_err(|_| Refused::Signature)
    };
    let other = |how: &'static dyn signature::VerificationAlgorithm, point: Vec<u8>| {
        UnparsedPublicKey::new(how, point).verify(text, given).map_err(|_| Refused::Signature)
    };
    let point = || Ok::<_, Refused>([vec![4], part("x")?, part("y")?].concat());
    match algorithm {
        "RS256" => rsa(&RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&RSA_PKCS1_2048_8192_SHA512),
        "PS256" => rsa(&RSA_PSS_2048_8192_SHA256),
        "ES256" => other(&ECDSA_P256_SHA256_FIXED, point()?),
        "ES384" => other(&ECDSA_P384_SHA384_FIXED, point()?),
        "EdDSA" => other(&ED25519, part("x")?),
        unknown => Err(Refused::Algorithm(unknown.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn pair() -> Ed25519KeyPair {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key can be made");
        Ed25519KeyPair::from_pkcs8(made.as_ref()).expect("it is a key")
    }

    fn keys(pair: &Ed25519KeyPair) -> Value {
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "use": "sig", "x": x }] })
    }

    fn token(pair: &Ed25519KeyPair, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()).as_ref());
        format!("{text}.{signature}")
    }

    fn claims() -> Value {
        json!({ "iss": "https://idp", "aud": "nhip", "sub": "7", "iat": NOW, "exp": NOW + 60, "nonce": "n" })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn asked(token: &str, keys: &Value) -> Result<Value, Refused> {
        identity(token, keys, Wanted { issuer: "https://idp", client_id: "nhip", now: NOW }, "n")
    }

    #[test]
    fn a_good_token_says_who_it_is() {
        let pair = pair();
        let (keys, header) = (keys(&pair), json!({ "alg": "EdDSA", "kid": "k" }));
        assert_eq!(asked(&token(&pair, &header, &claims()), &keys), Ok(claims()));
        let several = with("aud", json!(["other", "nhip"]));
        assert_eq!(asked(&token(&pair, &header, &several), &keys), Err(Refused::Claim("azp")));
        let mut ours = several;
        ours["azp"] = json!("nhip");
        assert!(asked(&token(&pair, &header, &ours), &keys).is_ok());
    }

    #[test]
    fn each_claim_that_is_not_as_it_must_be_refuses_it() {
        let pair = pair();
        let (keys, header) = (keys(&pair), json!({ "alg": "EdDSA", "kid": "k" }));
        for (name, value) in [
            ("iss", json!("https://idp/")),
            ("aud", json!("nhip2")),
            ("aud", json!([])),
            ("azp", json!("other")),
            ("exp", json!(NOW - 61)),
            ("exp", json!("never")),
            ("iat", json!(NOW + 61)),
            ("nbf", json!(NOW + 61)),
            ("nonce", json!("other")),
            ("nonce", json!(null)),
            ("sub", json!("")),
            ("sub", json!(7)),
        ] {
            let refused = asked(&token(&pair, &header, &with(name, value.clone())), &keys);
            assert_eq!(refused, Err(Refused::Claim(name)), "{name} {value}");
        }
    }

    #[test]
    fn forged_unsigned_and_confused_tokens_are_refused() {
        let (pair, other) = (pair(), self::pair());
        let keys = keys(&pair);
        let header = json!({ "alg": "EdDSA", "kid": "k" });
        let good = token(&pair, &header, &claims());
        assert_eq!(
            asked(&token(&other, &header, &claims()), &keys),
            Err(Refused::Signature),
            "another's key"
        );
        let edited = {
            let parts: Vec<&str> = good.split('.').collect();
            let claims = URL_SAFE_NO_PAD.encode(with("sub", json!("8")).to_string());
            format!("{}.{claims}.{}", parts[0], parts[2])
        };
        assert_eq!(asked(&edited, &keys), Err(Refused::Signature));
        for name in ["none", "None", "HS256", "", "ES512", "RS1"] {
            let header = json!({ "alg": name, "kid": "k" });
            assert_eq!(
                asked(&token(&pair, &header, &claims()), &keys),
                Err(Refused::Algorithm(name.to_owned()))
            );
        }
        let unsigned = good.rsplit_once('.').map(|(text, _)| format!("{text}.")).expect("it has points");
        assert_eq!(asked(&unsigned, &keys), Err(Refused::Signature));
        let confused = json!({ "alg": "RS256", "kid": "k" });
        assert_eq!(
            asked(&token(&pair, &confused, &claims()), &keys),
            Err(Refused::Key),
            "the key says what it signs"
        );
        let stranger = json!({ "alg": "EdDSA", "kid": "x" });
        assert_eq!(asked(&token(&pair, &stranger, &claims()), &keys), Err(Refused::Key));
        let critical = json!({ "alg": "EdDSA", "kid": "k", "crit": ["b64"], "b64": false });
        assert_eq!(asked(&token(&pair, &critical, &claims()), &keys), Err(Refused::Shape));
        // A key that comes inside the token is nobody's.
        let own = json!({ "alg": "EdDSA", "jwk": self::keys(&other)["keys"][0], "kid": "k" });
        assert_eq!(asked(&token(&other, &own, &claims()), &keys), Err(Refused::Signature));
        for shape in ["", ".", "..", "a.b", "a.b.c.d", &good[1..], &format!("{good}.")] {
            assert!(asked(shape, &keys).is_err(), "{shape}");
        }
    }

    #[test]
    fn a_token_of_one_kind_is_none_of_the_other() {
        let pair = pair();
        let (keys, header) = (keys(&pair), json!({ "alg": "EdDSA", "kid": "k", "typ": "logout+jwt" }));
        let wanted = Wanted { issuer: "https://idp", client_id: "nhip", now: NOW };
        let ends = json!({ "iss": "https://idp", "aud": "nhip", "sub": "7", "iat": NOW, "exp": NOW + 60,
            "events": { LOGOUT_EVENT: {} } });
        assert!(logout(&token(&pair, &header, &ends), &keys, wanted).is_ok());
        assert_eq!(asked(&token(&pair, &header, &ends), &keys), Err(Refused::Claim("nonce")));
        assert_eq!(logout(&token(&pair, &header, &claims()), &keys, wanted), Err(Refused::Claim("events")));
        let mut both = ends.clone();
        both["nonce"] = json!("n");
        assert_eq!(logout(&token(&pair, &header, &both), &keys, wanted), Err(Refused::Claim("nonce")));
        let mut old = ends;
        old["iat"] = json!(NOW - AGE_MAX - 1);
        assert_eq!(logout(&token(&pair, &header, &old), &keys, wanted), Err(Refused::Claim("iat")));
    }
}
