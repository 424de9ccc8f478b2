//! What stands between the public's forms and the database: a token against forms that other sites send, a proof that
//! somebody took trouble, and a bound on how often an address may ask. All of it is decided before anything is written.
//!
//! What is decided here is decided in memory, under a key that is the same in every process of an installation and after
//! every start. What passes is then counted for all processes together (`wanquan_app::forms`).

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use wanquan_app::forms::{Limit, Once};

/// A form may stay open for so long.
const FORM_LIFE: SignedDuration = SignedDuration::from_hours(4);
/// A challenge is solved within this time.
const CHALLENGE_LIFE: SignedDuration = SignedDuration::from_mins(20);
/// Largest number that a browser has to try; it finds it after half of them on average, about a second on a phone.
const NUMBER_MAX: u32 = 50_000;
/// Solved challenges remembered until they end. A flood beyond it is refused, not let through.
const SOLVED_MAX: usize = 200_000;
/// Addresses whose rate is remembered.
const ADDRESSES_MAX: usize = 50_000;

/// Numbers up to the largest in a question.
const ZH: [&str; 19] = [
    "零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五",
    "十六", "十七", "十八",
];
const EN: [&str; 19] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
];

/// The guard of the public's forms.
pub struct Guard {
    key: [u8; 32],
    solved: Mutex<HashMap<[u8; 16], Timestamp>>,
    rates: Mutex<HashMap<(&'static str, String), Bucket>>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

/// A challenge of the ALTCHA protocol (version 1: SHA-256, HMAC-SHA-256).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Challenge {
    pub(super) algorithm: String,
    pub(super) challenge: String,
    pub(super) maxnumber: u32,
    pub(super) salt: String,
    pub(super) signature: String,
}

/// What a browser sends back, in base64.
#[derive(Debug, Deserialize)]
struct Solution {
    algorithm: String,
    challenge: String,
    number: u64,
    salt: String,
    signature: String,
}

/// A question for readers without script.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// The question in words, by English and Chinese.
    pub(super) en: String,
    pub(super) zh: String,
    /// What proves which answer is right.
    pub(super) token: String,
}

/// Why a proof is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotProven {
    /// Nothing was given.
    Missing,
    /// It is not of this server, altered, or wrong.
    Wrong,
    /// It has ended.
    Late,
    /// It was used before.
    Used,
}

impl Guard {
    /// A guard with a key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, solved: Mutex::default(), rates: Mutex::default() }
    }

    fn keyed(&self, purpose: &str, parts: &[&str]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in [purpose].iter().chain(parts) {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize()
    }

    /// The token of a form that is shown to the browser that holds `cookie`. It names itself once: sending a form twice
    /// is recognised by the token.
    pub(super) fn form_token(&self, form: &str, cookie: &str, now: Timestamp) -> String {
        let nonce = wanquan_domain::record::new_uuid(now).simple().to_string();
        let until = (now + FORM_LIFE).as_second().to_string();
        let mac = self.keyed("form", &[form, cookie, &nonce, &until]);
        format!("{nonce}.{until}.{}", mac.to_hex())
    }

    /// The name of the form that was sent, if the token was made for this form and this browser and has not ended.
    pub(super) fn check_form(&self, form: &str, cookie: &str, token: &str, now: Timestamp) -> Option<String> {
        let mut parts = token.splitn(3, '.');
        let (nonce, until, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let mac = blake3::Hash::from_hex(mac).ok()?;
        // The comparison of two hashes takes the same time whatever they hold.
        let fits = self.keyed("form", &[form, cookie, nonce, until]) == mac;
        let ends = Timestamp::from_second(until.parse().ok()?).ok()?;
        (fits && !cookie.is_empty() && now < ends).then(|| nonce.to_owned())
    }

    /// A new challenge for a browser with script.
    pub(super) fn challenge(&self, now: Timestamp) -> Challenge {
        let nonce = wanquan_domain::record::new_uuid(now).simple().to_string();
        let until = (now + CHALLENGE_LIFE).as_second();
        // The `&` at the end parts the salt from the number: without it, digits could be moved between the two.
        let salt = format!("{nonce}?expires={until}&");
        let drawn = self.keyed("number", &[&nonce]);
        let drawn = u32::from_be_bytes([
            drawn.as_bytes()[0],
            drawn.as_bytes()[1],
            drawn.as_bytes()[2],
            drawn.as_bytes()[3],
        ]);
        let challenge = solution_digest(&salt, u64::from(drawn % NUMBER_MAX));
        let signature = hex(&self.sign(&challenge));
        Challenge { algorithm: "SHA-256".to_owned(), challenge, maxnumber: NUMBER_MAX, salt, signature }
    }

    fn sign(&self, challenge: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length is admissible");
        mac.update(challenge.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    /// Takes a solved challenge, once.
    pub(super) fn take_solution(&self, payload: &str, now: Timestamp) -> Result<Once, NotProven> {
        use base64::Engine as _;
        if payload.is_empty() {
            return Err(NotProven::Missing);
        }
        let json = base64::engine::general_purpose::STANDARD.decode(payload).map_err(|_| NotProven::Wrong)?;
        let solution: Solution = serde_json::from_slice(&json).map_err(|_| NotProven::Wrong)?;
        let signature = unhex(&solution.signature).ok_or(NotProven::Wrong)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length is admissible");
        mac.update(solution.challenge.as_bytes());
        mac.verify_slice(&signature).map_err(|_| NotProven::Wrong)?;
        let found = solution_digest(&solution.salt, solution.number);
        if solution.algorithm != "SHA-256" || found != solution.challenge {
            return Err(NotProven::Wrong);
        }
        let until = solution.salt.split_once("?expires=").and_then(|(_, until)| until.strip_suffix('&'));
        let until = until.and_then(|until| Timestamp::from_second(until.parse().ok()?).ok());
        self.take_once(&solution.challenge, until.ok_or(NotProven::Wrong)?, now)
    }

    /// A question in words, for readers without script: one of several kinds of sums.
    pub(super) fn question(&self, now: Timestamp) -> Question {
        let nonce = wanquan_domain::record::new_uuid(now).simple().to_string();
        let drawn = self.keyed("question", &[&nonce]);
        let [kind, a, b, c, ..] = *drawn.as_bytes();
        let (a, b, c) = (usize::from(a % 9) + 1, usize::from(b % 9) + 1, usize::from(c % 9) + 1);
        let (en, zh, answer) = match kind % 4 {
            0 => (
                format!("How much is {} plus {}?", EN[a], EN[b]),
                format!("{}加{}等于几？", ZH[a], ZH[b]),
                a + b,
            ),
            1 => (
                format!("How much is {} minus {}?", EN[a + b], EN[a]),
                format!("{}减{}等于几？", ZH[a + b], ZH[a]),
                b,
            ),
            2 => (
                format!("How much is {} times {}?", EN[a], EN[b]),
                format!("{}乘以{}等于几？", ZH[a], ZH[b]),
                a * b,
            ),
            _ => (
                format!("How much are {}, {} and {} together?", EN[a], EN[b], EN[c]),
                format!("{}、{}与{}相加等于几？", ZH[a], ZH[b], ZH[c]),
                a + b + c,
            ),
        };
        let until = (now + CHALLENGE_LIFE).as_second().to_string();
        let mac = self.keyed("answer", &[&nonce, &until, &answer.to_string()]);
        Question {
            en: format!("{en} Write digits."),
            zh: format!("{zh}请填数字。"),
            token: format!("{nonce}.{until}.{}", mac.to_hex()),
        }
    }

    /// Takes the answer to a question, once. A wrong answer uses the question up as well.
    pub(super) fn take_answer(&self, token: &str, answer: &str, now: Timestamp) -> Result<Once, NotProven> {
        let answer: String = answer
            .trim()
            .chars()
            .map(|c| match c {
                // Digits as a Chinese keyboard may type them.
                '０'..='９' => char::from_digit(u32::from(c) - 0xff10, 10).unwrap_or(c),
                other => other,
            })
            .collect();
        if answer.is_empty() || token.is_empty() {
            return Err(NotProven::Missing);
        }
        let mut parts = token.splitn(3, '.');
        let (Some(nonce), Some(until), Some(mac)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NotProven::Wrong);
        };
        let ends = until.parse().ok().and_then(|s| Timestamp::from_second(s).ok()).ok_or(NotProven::Wrong)?;
        let mac = blake3::Hash::from_hex(mac).map_err(|_| NotProven::Wrong)?;
        let once = self.take_once(nonce, ends, now)?;
        if self.keyed("answer", &[nonce, until, &answer]) == mac { Ok(once) } else { Err(NotProven::Wrong) }
    }

    fn take_once(&self, what: &str, until: Timestamp, now: Timestamp) -> Result<Once, NotProven> {
        if now >= until {
            return Err(NotProven::Late);
        }
        let digest = self.keyed("once", &[what]);
        let mut short = [0; 16];
        short.copy_from_slice(&digest.as_bytes()[..16]);
        let mut solved = self.solved.lock().expect("no thread panics while holding it");
        if solved.len() >= SOLVED_MAX {
            solved.retain(|_, ends| *ends > now);
            if solved.len() >= SOLVED_MAX {
                return Err(NotProven::Late);
            }
        }
        if solved.insert(short, until).is_some() {
            return Err(NotProven::Used);
        }
        Ok(Once { name: short, until })
    }

    /// True if an address may do something now; it counts as done.
    pub(super) fn admits(&self, limit: Limit, who: &str, now: Timestamp) -> bool {
        let mut rates = self.rates.lock().expect("no thread panics while holding it");
        if rates.len() >= ADDRESSES_MAX {
            // Whose bucket is full again needs no remembering.
            rates.retain(|_, bucket| now.duration_since(bucket.at) < SignedDuration::from_hours(1));
            if rates.len() >= ADDRESSES_MAX {
                rates.clear();
            }
        }
        let full = Bucket { left: f64::from(limit.burst), at: now };
        let bucket = rates.entry((limit.of, who.to_owned())).or_insert(full);
        let hours = now.duration_since(bucket.at).as_secs_f64().max(0.0) / 3600.0;
        bucket.left = (bucket.left + hours * f64::from(limit.per_hour)).min(f64::from(limit.burst));
        bucket.at = now;
        if bucket.left < 1.0 {
            return false;
        }
        bucket.left -= 1.0;
        true
    }
}

/// By what an address is counted: one of version 6 by its network, of which a household has more than one.
pub(super) fn network_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
    }
}

fn solution_digest(salt: &str, number: u64) -> String {
    let mut hasher = Sha256::new();
    hasher.update(salt.as_bytes());
    hasher.update(number.to_string().as_bytes());
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOON: &str = "2020-02-12T04:00:00Z";

    fn solve(challenge: &Challenge) -> String {
        let number = (0..=u64::from(challenge.maxnumber))
            .find(|n| solution_digest(&challenge.salt, *n) == challenge.challenge)
            .unwrap();
        payload(challenge, &challenge.salt, number)
    }

    fn payload(challenge: &Challenge, salt: &str, number: u64) -> String {
        let json = serde_json::json!({
            "algorithm": challenge.algorithm, "challenge": challenge.challenge, "number": number,
            "salt": salt, "signature": challenge.signature, "took": 12,
        });
        base64::engine::general_purpose::STANDARD.encode(json.to_string())
    }

    #[test]
    fn a_solved_challenge_is_taken_once_and_in_time() {
        let guard = Guard::new([7; 32]);
        let now = at(NOON);
        let solved = solve(&guard.challenge(now));
        assert!(guard.take_solution(&solved, now).is_ok());
        assert_eq!(guard.take_solution(&solved, now), Err(NotProven::Used));
        let late = solve(&guard.challenge(now));
        assert_eq!(guard.take_solution(&late, now + CHALLENGE_LIFE), Err(NotProven::Late));
        let foreign = solve(&Guard::new([8; 32]).challenge(now));
        assert_eq!(guard.take_solution(&foreign, now), Err(NotProven::Wrong));
    }

    #[test]
    fn an_altered_solution_is_refused() {
        let guard = Guard::new([7; 32]);
        let now = at(NOON);
        let challenge = guard.challenge(now);
        let longer = challenge.salt.replace("expires=", "expires=9");
        for altered in [
            payload(&challenge, &challenge.salt, 1_000_000),
            payload(&challenge, &longer, 5),
            String::from("%%%"),
            base64::engine::general_purpose::STANDARD.encode("[]"),
        ] {
            assert_eq!(guard.take_solution(&altered, now), Err(NotProven::Wrong));
        }
        assert_eq!(guard.take_solution("", now), Err(NotProven::Missing));
    }

    #[test]
    fn the_protocol_is_the_published_one() {
        // SHA-256 over salt and number, as the specification of ALTCHA has it.
        let expected = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
        assert_eq!(hex(&Sha256::digest(b"hello world")), expected);
        assert_eq!(solution_digest("salt", 42), hex(&Sha256::digest(b"salt42")));
    }

    #[test]
    fn a_question_is_answered_once_whether_right_or_wrong() {
        let guard = Guard::new([7; 32]);
        let now = at(NOON);
        let answer = |question: &Question| {
            (0..=81).find(|n| {
                let mut parts = question.token.splitn(3, '.');
                let (nonce, until, mac) =
                    (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
                guard.keyed("answer", &[nonce, until, &n.to_string()]).to_hex().as_str() == mac
            })
        };
        let question = guard.question(now);
        let right = answer(&question).unwrap();
        assert_eq!(guard.take_answer(&question.token, "99", now), Err(NotProven::Wrong));
        assert_eq!(guard.take_answer(&question.token, &right.to_string(), now), Err(NotProven::Used));
        let question = guard.question(now);
        let right = answer(&question).unwrap();
        let wide: String = right
            .to_string()
            .chars()
            .map(|c| char::from_u32(u32::from(c) - 0x30 + 0xff10).unwrap())
            .collect();
        assert!(guard.take_answer(&question.token, &format!(" {wide} "), now).is_ok());
        assert_eq!(guard.take_answer(&question.token, "", now), Err(NotProven::Missing));
        assert_eq!(guard.take_answer("a.b", "3", now), Err(NotProven::Wrong));
    }

    #[test]
    fn a_form_is_taken_from_the_browser_that_it_was_shown_to() {
        let guard = Guard::new([7; 32]);
        let now = at(NOON);
        let token = guard.form_token("takedown", "cookie", now);
        assert!(guard.check_form("takedown", "cookie", &token, now).is_some());
        assert!(guard.check_form("comment", "cookie", &token, now).is_none());
        assert!(guard.check_form("takedown", "other", &token, now).is_none());
        assert!(guard.check_form("takedown", "cookie", &token, now + FORM_LIFE).is_none());
        for broken in ["", "a.b.c", "..", &token[..token.len() - 1]] {
            assert!(guard.check_form("takedown", "cookie", broken, now).is_none(), "{broken}");
        }
        let bare = guard.form_token("takedown", "", now);
        assert!(guard.check_form("takedown", "", &bare, now).is_none(), "without a cookie nothing is proven");
    }

    #[test]
    fn questions_are_of_several_kinds_in_both_languages_and_their_words_give_the_answer() {
        let guard = Guard::new([7; 32]);
        let mut kinds = std::collections::BTreeSet::new();
        for n in 0..200 {
            let question = guard.question(at(NOON) + SignedDuration::from_millis(n));
            let chinese = sum_of(&question.zh).unwrap_or_else(|| panic!("{}", question.zh));
            assert!(
                guard.take_answer(&question.token, &chinese.to_string(), at(NOON)).is_ok(),
                "{}",
                question.zh
            );
            let words: Vec<&str> = question
                .en
                .split(' ')
                .filter(|word| !EN.contains(&word.trim_end_matches(['?', ','])))
                .collect();
            kinds.insert(words.join(" "));
        }
        assert_eq!(kinds.len(), 4, "{kinds:?}");
    }

    /// The answer to a question in Chinese, as a reader would find it.
    fn sum_of(zh: &str) -> Option<usize> {
        let asked = zh.split("相加").next()?.split("等于").next()?;
        let value = |word: &str| ZH.iter().position(|known| *known == word);
        if let Some((a, b)) = asked.split_once("乘以") {
            return Some(value(a)? * value(b)?);
        }
        if let Some((a, b)) = asked.split_once('减') {
            return Some(value(a)? - value(b)?);
        }
        asked.split(['加', '、', '与']).map(value).sum()
    }

    #[test]
    fn an_address_waits_once_its_burst_is_used_up() {
        let guard = Guard::new([7; 32]);
        let rate = Limit { of: "test", burst: 2, per_hour: 60 };
        let now = at(NOON);
        assert_eq!([guard.admits(rate, "a", now), guard.admits(rate, "a", now)], [true, true]);
        assert!(!guard.admits(rate, "a", now));
        assert!(guard.admits(rate, "b", now));
        assert!(guard.admits(rate, "a", now + SignedDuration::from_mins(1)));
    }

    #[test]
    fn a_network_of_version_6_counts_as_one() {
        let one: IpAddr = "2001:db8:1:2:3::1".parse().unwrap();
        let two: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        assert_eq!(network_of(one), network_of(two));
        assert_eq!(network_of("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1");
    }
}
