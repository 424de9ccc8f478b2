//! One-time codes and what they open. All of it lives in memory: nothing about who signs in is ever stored, and a restart
//! asks everybody again.

use crate::access::{random_key, random_token};
use crate::app::App;
use crate::error::Error;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

/// A code works for so long.
pub const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// A sign-in ends after this time, used or not: it may be on somebody else's device.
pub const SESSION_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// Tries of one code.
const TRIES_MAX: u32 = 5;
/// Codes sent to one number in a day, and the pause between two of them.
const CODES_PER_DAY: usize = 8;
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// Numbers with an open code, and open sign-ins, at most. Beyond it nobody is let in: memory is bounded.
const OPEN_MAX: usize = 50_000;

/// A telephone number in its one normal form: digits, with a `+` before a country's code other than 86.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone")
    }
}

impl Phone {
    /// The number as somebody may write it; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut number = String::new();
        for c in text.trim().chars() {
            match c {
                '0'..='9' => number.push(c),
                '０'..='９' => number.push(char::from_digit(u32::from(c) - 0xff10, 10)?),
                '+' | '＋' if number.is_empty() => number.push('+'),
                ' ' | '-' | '(' | ')' | '（' | '）' | '\u{3000}' => {}
                _ => return None,
            }
        }
        let number = number.strip_prefix("+86").or_else(|| number.strip_prefix("0086")).unwrap_or(&number);
        let digits = number.trim_start_matches('+');
        (6..=15).contains(&digits.len()).then(|| Self(number.to_owned()))
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is to be delivered to whom. `Debug` prints neither.
pub struct Delivery<'a> {
    /// To whom.
    pub phone: &'a Phone,
    /// What, in both languages.
    pub text: &'a str,
}

/// How codes reach people: a gateway of short messages, mail, a file. The sender decides nothing and keeps nothing.
pub trait CodeSender: Send + Sync + fmt::Debug {
    /// Delivers a text.
    ///
    /// # Errors
    /// If it was not taken for delivery, in words for the log, without number or text.
    fn send<'a>(
        &'a self,
        delivery: Delivery<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// Somebody who holds a telephone.
#[derive(Debug, Clone)]
pub struct Resident {
    /// The number.
    pub phone: Phone,
}

struct Code {
    hash: Option<blake3::Hash>,
    ends: Timestamp,
    tries: u32,
    sent: Vec<Timestamp>,
}

struct Open {
    phone: Phone,
    ends: Timestamp,
}

/// Codes that wait, browsers that wait for one, and sign-ins.
pub(crate) struct Memory {
    key: [u8; 32],
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    codes: HashMap<Phone, Code>,
    waiting: HashMap<blake3::Hash, Open>,
    sessions: HashMap<blake3::Hash, Open>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { key: random_key(), inner: Mutex::default() }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn hash(&self, parts: &[&str]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("no thread panics while holding it")
    }
}

impl Inner {
    fn clear(&mut self, now: Timestamp) {
        let day = SignedDuration::from_hours(24);
        self.codes.retain(|_, code| code.sent.last().is_some_and(|at| now.duration_since(*at) < day));
        self.waiting.retain(|_, open| open.ends > now);
        self.sessions.retain(|_, open| open.ends > now);
    }

    fn is_full(&self) -> bool {
        [self.codes.len(), self.waiting.len(), self.sessions.len()].into_iter().any(|n| n >= OPEN_MAX)
    }
}

/// Six digits that nobody guesses.
fn new_code() -> String {
    let bytes = random_key();
    let mut n = 0_u64;
    for byte in &bytes[..8] {
        n = n << 8 | u64::from(*byte);
    }
    format!("{:06}", n % 1_000_000)
}

/// Sends a code to a number. The answer is the same whether anything is recorded under the number or not: nothing is
/// looked up. `browser` is what the browser is recognised by while it waits.
///
/// # Errors
/// `TooManyAttempts` for a number that got one just now, or too many today; `Refused` if it could not be sent.
pub async fn request_code(
    app: &App,
    sender: &dyn CodeSender,
    browser: &str,
    phone: &Phone,
) -> Result<(), Error> {
    let (memory, now) = (app.desk_memory(), app.now());
    let code = new_code();
    {
        let mut inner = memory.lock();
        if inner.is_full() {
            inner.clear(now);
            if inner.is_full() {
                return Err(Error::Busy);
            }
        }
        let waiting = Open { phone: phone.clone(), ends: now + CODE_LIFE };
        let day = SignedDuration::from_hours(24);
        let hash = memory.hash(&["code", phone.as_str(), &code]);
        let entry = inner.codes.entry(phone.clone()).or_insert_with(|| Code {
            hash: None,
            ends: now,
            tries: 0,
            sent: Vec::new(),
        });
        entry.sent.retain(|at| now.duration_since(*at) < day);
        let since = entry.sent.last().map(|at| now.duration_since(*at));
        if let Some(since) = since.filter(|since| *since < PAUSE) {
            let wait = u64::try_from((PAUSE - since).as_secs()).unwrap_or(0) + 1;
            return Err(Error::TooManyAttempts { retry_after_s: wait });
        }
        if entry.sent.len() >= CODES_PER_DAY {
            return Err(Error::TooManyAttempts { retry_after_s: 24 * 3600 });
        }
        entry.sent.push(now);
        entry.hash = Some(hash);
        entry.ends = now + CODE_LIFE;
        entry.tries = 0;
        let browser = memory.hash(&["waiting", browser]);
        inner.waiting.insert(browser, waiting);
    }
    let minutes = CODE_LIFE.as_mins();
    let text = format!(
        "您的验证码：{code}，{minutes}分钟内有效，请勿告诉他人。 Your code: {code}, valid for {minutes} minutes."
    );
    sender.send(Delivery { phone, text: &text }).await.map_err(|error| {
        tracing::error!(error, "A one-time code could not be sent");
        Error::Refused { code: "code_not_sent", message: "the code could not be sent".to_owned() }
    })
}

/// The number for which a browser waits; `None` if it asked for no code lately.
pub fn pending(app: &App, browser: &str) -> Option<Phone> {
    let (memory, now) = (app.desk_memory(), app.now());
    let inner = memory.lock();
    let open = inner.waiting.get(&memory.hash(&["waiting", browser]))?;
    (open.ends > now).then(|| open.phone.clone())
}

/// Signs in with a code; the secret that the browser keeps. A code opens one sign-in, and only in the browser that asked
/// for it.
///
/// # Errors
/// `BadCredentials` for a wrong, used or ended code, whichever it is.
pub fn enter(app: &App, browser: &str, code: &str) -> Result<String, Error> {
    let (memory, now) = (app.desk_memory(), app.now());
    let phone = pending(app, browser).ok_or(Error::BadCredentials)?;
    let code: String = code
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '０'..='９' => char::from_digit(u32::from(c) - 0xff10, 10).unwrap_or(c),
            other => other,
        })
        .collect();
    let given = memory.hash(&["code", phone.as_str(), &code]);
    let mut inner = memory.lock();
    let kept = inner.codes.get_mut(&phone).ok_or(Error::BadCredentials)?;
    kept.tries += 1;
    let is_open = kept.ends > now && kept.tries <= TRIES_MAX;
    // The comparison of two hashes takes the same time whatever they hold.
    if !is_open || kept.hash != Some(given) {
        return Err(Error::BadCredentials);
    }
    kept.hash = None;
    let secret = random_token();
    inner.waiting.remove(&memory.hash(&["waiting", browser]));
    inner.sessions.insert(memory.hash(&["session", &secret]), Open { phone, ends: now + SESSION_LIFE });
    Ok(secret)
}

/// Who signed in with a secret; `None` once it has ended.
pub fn identify(app: &App, secret: &str) -> Option<Resident> {
    let (memory, now) = (app.desk_memory(), app.now());
    let inner = memory.lock();
    let open = inner.sessions.get(&memory.hash(&["session", secret]))?;
    (open.ends > now).then(|| Resident { phone: open.phone.clone() })
}

/// Ends a sign-in.
pub fn leave(app: &App, secret: &str) {
    let memory = app.desk_memory();
    let hash = memory.hash(&["session", secret]);
    memory.lock().sessions.remove(&hash);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_normal_form() {
        let of = |text: &str| Phone::parse(text).map(|phone| phone.as_str().to_owned());
        for text in [
            "13900001234",
            "139 0000 1234",
            "+86 139-0000-1234",
            "0086 13900001234",
            "１３９００００１２３４",
        ] {
            assert_eq!(of(text).as_deref(), Some("13900001234"), "{text}");
        }
        assert_eq!(of("+49 30 123456").as_deref(), Some("+4930123456"));
        for none in ["", "12345", "139000012345678901", "13900001234x", "1+2345678", "<script>"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn codes_have_six_digits_and_differ() {
        let codes: std::collections::BTreeSet<String> = (0..50).map(|_| new_code()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())));
        assert!(codes.len() > 40);
    }
}
