//! The language in which people write signature policies.
//!
//! ```text
//! policy = gate
//! gate   = ("AND" | "OR") "(" rule { "," rule } ")"  |  "OutOf" "(" number "," rule { "," rule } ")"
//! rule   = gate | "'" MSP "." ("member" | "admin" | "client" | "peer" | "orderer") "'"
//! ```
//!
//! Gates may be written as `AND`, `And`, `and`; principals in single or double quotes. An MSP's name is made of ASCII
//! letters, digits, dots and dashes. The messages that come out are those of Fabric's parser byte for byte: a principal is
//! listed for every place it is named in, those of a gate's inner gates before the gate's own.

use proto::common::{
    MspPrincipal, SignaturePolicy, SignaturePolicyEnvelope,
    signature_policy::{NOutOf, Type},
};

use super::POLICY_RULES_MAX;
use crate::{
    Error,
    principal::{Principal, Role},
};

/// How deep gates may be nested. Deeper messages could not be decoded again.
const GATES_DEPTH_MAX: usize = 32;

/// Reads a policy such as `AND('Org1MSP.peer', OR('Org2MSP.member', 'Org3MSP.admin'))`.
///
/// # Errors
/// [`Error::Policy`] with the text and what is wrong with it.
pub fn parse(text: &str) -> Result<SignaturePolicyEnvelope, Error> {
    let refused = |reason: String| Error::Policy {
        path: text.to_owned(),
        reason,
    };
    let tokens = tokens(text).map_err(refused)?;
    let mut parser = Parser {
        tokens: &tokens,
        rules_left: POLICY_RULES_MAX,
    };
    let gate = parser.rule(GATES_DEPTH_MAX).map_err(refused)?;
    if !parser.tokens.is_empty() {
        return Err(refused("there is more after its end".to_owned()));
    }
    if matches!(gate, Rule::Principal(..)) {
        return Err(refused("it must begin with AND, OR or OutOf".to_owned()));
    }
    let mut identities = Vec::new();
    let rule =
        number(&gate, &mut identities).map_err(|()| refused("it is too large".to_owned()))?;
    Ok(SignaturePolicyEnvelope {
        version: 0,
        rule: Some(rule),
        identities,
    })
}

/// Writes a policy in the language that [`parse`] reads. What the language has no words for stands in angle brackets.
#[must_use]
pub fn to_text(policy: &SignaturePolicyEnvelope) -> String {
    match &policy.rule {
        Some(rule) => rule_text(rule, &policy.identities),
        None => "<nothing>".to_owned(),
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Number(i32),
    Open,
    Close,
    Comma,
}

enum Rule {
    Principal(String, Role),
    OutOf(i32, Vec<Rule>),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '\'' | '"' => quoted(rest, first)?,
            '0'..='9' => {
                let digits = prefix(rest, |letter| letter.is_ascii_digit());
                let number = digits
                    .parse()
                    .map_err(|_| format!("{digits} is too large"))?;
                (Token::Number(number), digits.len())
            }
            _ => {
                let word = prefix(rest, |letter| letter.is_ascii_alphanumeric());
                if word.is_empty() {
                    return Err(format!("{first:?} has no meaning here"));
                }
                (Token::Word(word.to_owned()), word.len())
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, quote: char) -> Result<(Token, usize), String> {
    let inner = text.get(1..).unwrap_or_default();
    let end = inner.find(quote).ok_or("a quote is not closed")?;
    let content = inner.get(..end).unwrap_or_default();
    Ok((Token::Quoted(content.to_owned()), end + 2))
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|letter| !belongs(letter)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

struct Parser<'a> {
    tokens: &'a [Token],
    rules_left: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn rule(&mut self, depth_left: usize) -> Result<Rule, String> {
        let too_large = || {
            format!(
                "it has more than {POLICY_RULES_MAX} rules, or {GATES_DEPTH_MAX} gates inside one another"
            )
        };
        self.rules_left = self.rules_left.checked_sub(1).ok_or_else(too_large)?;
        match self.next() {
            Some(Token::Quoted(text)) => principal(text),
            Some(Token::Word(word)) => {
                let gate = word.clone();
                self.gate(&gate, depth_left.checked_sub(1).ok_or_else(too_large)?)
            }
            Some(Token::Number(number)) => {
                Err(format!("the number {number} stands where a rule should"))
            }
            Some(Token::Open | Token::Close | Token::Comma) => Err("a rule is missing".to_owned()),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn gate(&mut self, word: &str, depth_left: usize) -> Result<Rule, String> {
        if self.next() != Some(&Token::Open) {
            return Err(format!("unrecognized token '{word}' in policy string"));
        }
        let needed = match word {
            "AND" | "And" | "and" => None,
            "OR" | "Or" | "or" => Some(1),
            "OutOf" | "outof" | "OUTOF" => Some(self.count()?),
            _ => return Err(format!("unrecognized token '{word}' in policy string")),
        };
        let mut rules = vec![self.rule(depth_left)?];
        loop {
            match self.next() {
                Some(Token::Comma) => rules.push(self.rule(depth_left)?),
                Some(Token::Close) => break,
                _ => return Err(format!("{word} is not closed")),
            }
        }
        let count = i32::try_from(rules.len()).map_err(|error| error.to_string())?;
        let needed = needed.unwrap_or(count);
        // One more than there are is allowed: a policy that nobody satisfies.
        if needed > count.saturating_add(1) {
            return Err(format!(
                "invalid t-out-of-n predicate, t {needed}, n {count}"
            ));
        }
        Ok(Rule::OutOf(needed, rules))
    }

    /// The number of `OutOf`, plain or quoted, and the comma behind it.
    fn count(&mut self) -> Result<i32, String> {
        let count = match self.next() {
            Some(Token::Number(number)) => Some(*number),
            Some(Token::Quoted(text)) => text.parse().ok().filter(|count| *count >= 0),
            _ => None,
        };
        let count = count.ok_or("OutOf must begin with a number")?;
        match self.next() {
            Some(Token::Comma) => Ok(count),
            _ => Err("OutOf must have a number and at least one rule".to_owned()),
        }
    }
}

fn principal(text: &str) -> Result<Rule, String> {
    let unknown = || format!("unrecognized token '{text}' in policy string");
    let (msp_id, word) = text.rsplit_once('.').ok_or_else(unknown)?;
    let role = Role::from_word(word).ok_or_else(unknown)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    if msp_id.is_empty() || !msp_id.chars().all(allowed) {
        return Err(unknown());
    }
    Ok(Rule::Principal(msp_id.to_owned(), role))
}

/// Gives principals their numbers: a gate's inner gates first, then the gate's own.
fn number(rule: &Rule, identities: &mut Vec<MspPrincipal>) -> Result<SignaturePolicy, ()> {
    let r#type = match rule {
        Rule::Principal(msp_id, role) => {
            let index = i32::try_from(identities.len()).map_err(drop)?;
            identities.push(Principal::of_role(msp_id, *role));
            Type::SignedBy(index)
        }
        Rule::OutOf(needed, rules) => {
            let mut numbered: Vec<Option<SignaturePolicy>> = Vec::with_capacity(rules.len());
            for rule in rules {
                numbered.push(match rule {
                    Rule::OutOf(..) => Some(number(rule, identities)?),
                    Rule::Principal(..) => None,
                });
            }
            for (place, rule) in numbered.iter_mut().zip(rules) {
                if place.is_none() {
                    *place = Some(number(rule, identities)?);
                }
            }
            Type::NOutOf(NOutOf {
                n: *needed,
                rules: numbered.into_iter().flatten().collect(),
            })
        }
    };
    Ok(SignaturePolicy {
        r#type: Some(r#type),
    })
}

fn rule_text(rule: &SignaturePolicy, identities: &[MspPrincipal]) -> String {
    match &rule.r#type {
        Some(Type::SignedBy(index)) => {
            let principal = usize::try_from(*index)
                .ok()
                .and_then(|index| identities.get(index));
            principal.map_or_else(
                || format!("<principal {index}>"),
                |principal| principal_text(&Principal::new(principal)),
            )
        }
        Some(Type::NOutOf(NOutOf { n, rules })) => {
            let inside: Vec<String> = rules
                .iter()
                .map(|rule| rule_text(rule, identities))
                .collect();
            let inside = inside.join(", ");
            match (*n, rules.len()) {
                (1, count) if count > 0 => format!("OR({inside})"),
                (n, count) if usize::try_from(n) == Ok(count) && count > 0 => {
                    format!("AND({inside})")
                }
                (n, 0) => format!("OutOf({n})"),
                (n, _) => format!("OutOf({n}, {inside})"),
            }
        }
        None => "<nothing>".to_owned(),
    }
}

/// A principal in the policy's language; in angle brackets what it has no words for.
pub(super) fn principal_text(principal: &Principal) -> String {
    match principal {
        Principal::Role { msp_id, role } => format!("'{msp_id}.{}'", role.word()),
        Principal::Unit { msp_id, name, .. } => format!("<unit {name} of {msp_id}>"),
        Principal::Identity {
            msp_id,
            certificate,
        } => format!("<{} of {msp_id}>", certificate.subject()),
        Principal::Nominal => "<anybody>".to_owned(),
        Principal::All(_) => "<several at once>".to_owned(),
        Principal::Nobody(_) => "<nobody>".to_owned(),
    }
}
