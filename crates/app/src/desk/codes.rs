//! One-time codes and what they open. They stand in the store, so that they outlive a restart and hold in every process;
//! numbers are digested and sealed there, and forgotten within a day.

use crate::access::{random_key, random_token};
use crate::app::App;
use crate::error::Error;
use crate::forms::{self, Admission, Limit};
use jiff::SignedDuration;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use uuid::Uuid;
use wanquan_domain::identity::{normal_document, normal_phone};
use wanquan_store::desk::{self, Standing};
use wanquan_store::person::{self, Lookup, LookupKind};
use wanquan_store::{Tx, form};

/// A code works for so long.
pub const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// A sign-in ends after this time, used or not: it may be on somebody else's device.
pub const SESSION_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// Tries of one code.
const TRIES_MAX: u32 = 5;
/// Codes sent to one number in a day, and the pause between two of them.
const CODES_PER_DAY: usize = 8;
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Numbers with a code, and browsers at the desk, at most. Beyond it nobody is let in.
const CROWD_MAX: i64 = 50_000;

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
    /// Number of the identity document, once it was given and fits what is recorded.
    pub(super) document: Option<String>,
}

impl Resident {
    /// True once a document was given that fits.
    pub fn has_document(&self) -> bool {
        self.document.is_some()
    }

    /// As it is sealed for the browser.
    fn sealed(&self) -> String {
        format!("{}\t{}", self.phone.as_str(), self.document.as_deref().unwrap_or_default())
    }

    fn unsealed(text: &str) -> Self {
        let (phone, document) = text.split_once('\t').unwrap_or((text, ""));
        Self { phone: Phone(phone.to_owned()), document: Some(document.to_owned()).filter(|d| !d.is_empty()) }
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
/// `TooManyAttempts` for a number that got one just now, or too many today; `Refused` if it could not be sent; `Busy` if
/// too many are at the desk.
pub async fn request_code(
    app: &App,
    sender: &dyn CodeSender,
    browser: &str,
    phone: &Phone,
) -> Result<(), Error> {
    let now = app.now();
    let code = new_code();
    let mut tx = app.write().await?;
    if desk::crowd(&mut tx).await? >= CROWD_MAX {
        desk::clear(&mut tx, now, now - DAY).await?;
        if desk::crowd(&mut tx).await? >= CROWD_MAX {
            return Err(Error::Busy);
        }
    }
    let mut kept = desk::code_for_update(&mut tx, phone.as_str(), now).await?;
    kept.sent.retain(|at| now.duration_since(*at) < DAY);
    let since = kept.sent.last().map(|at| now.duration_since(*at));
    if let Some(since) = since.filter(|since| *since < PAUSE) {
        let wait = u64::try_from((PAUSE - since).as_secs()).unwrap_or(0) + 1;
        return Err(Error::TooManyAttempts { retry_after_s: wait });
    }
    if kept.sent.len() >= CODES_PER_DAY {
        return Err(Error::TooManyAttempts { retry_after_s: 24 * 3600 });
    }
    kept.sent.push(now);
    kept.digest = Some(desk::code_digest(&tx, phone.as_str(), &code));
    kept.ends_at = now + CODE_LIFE;
    kept.tries = 0;
    desk::put_code(&mut tx, phone.as_str(), &kept).await?;
    desk::open(&mut tx, Standing::Waiting, browser, phone.as_str(), now + CODE_LIFE).await?;
    tx.commit().await?;
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
///
/// # Errors
/// If the store fails.
pub async fn pending(app: &App, browser: &str) -> Result<Option<Phone>, Error> {
    let mut tx = app.read().await?;
    Ok(desk::opened(&mut tx, Standing::Waiting, browser, app.now()).await?.map(Phone))
}

/// Signs in with a code; the secret that the browser keeps. A code opens one sign-in, and only in the browser that asked
/// for it.
///
/// # Errors
/// `BadCredentials` for a wrong, used or ended code, whichever it is.
pub async fn enter(app: &App, browser: &str, code: &str) -> Result<String, Error> {
    let code: String = code
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '０'..='９' => char::from_digit(u32::from(c) - 0xff10, 10).unwrap_or(c),
            other => other,
        })
        .collect();
    let now = app.now();
    let mut tx = app.write().await?;
    let number = desk::opened(&mut tx, Standing::Waiting, browser, now).await?;
    let number = number.ok_or(Error::BadCredentials)?;
    let mut kept = desk::code_for_update(&mut tx, &number, now).await?;
    kept.tries += 1;
    let is_open = kept.ends_at > now && kept.tries <= TRIES_MAX;
    let given = desk::code_digest(&tx, &number, &code);
    // Digests are compared, which tells whoever measures the time nothing of the code.
    let fits = is_open && kept.digest == Some(given);
    if fits {
        kept.digest = None;
    }
    desk::put_code(&mut tx, &number, &kept).await?;
    let secret = random_token();
    if fits {
        desk::close(&mut tx, Standing::Waiting, browser).await?;
        let resident = Resident { phone: Phone(number), document: None };
        desk::open(&mut tx, Standing::SignedIn, &secret, &resident.sealed(), now + SESSION_LIFE).await?;
    }
    // A try counts whether it fits or not.
    tx.commit().await?;
    if fits { Ok(secret) } else { Err(Error::BadCredentials) }
}

/// Who signed in with a secret; `None` once it has ended.
///
/// # Errors
/// If the store fails.
pub async fn identify(app: &App, secret: &str) -> Result<Option<Resident>, Error> {
    let mut tx = app.read().await?;
    let opened = desk::opened(&mut tx, Standing::SignedIn, secret, app.now()).await?;
    Ok(opened.map(|text| Resident::unsealed(&text)))
}

/// Tries of documents by one number.
const DOCUMENTS: Limit = Limit { of: "desk document", burst: 5, per_hour: 5 };

/// Lets whoever signed in name their document: if it is that of somebody who is recorded under the telephone as well,
/// what is recorded of that person is shown from now on. False if nothing is recorded under the two together, whichever
/// of them it is that nobody knows.
///
/// # Errors
/// `TooManyAttempts`; `BadCredentials` once the sign-in has ended.
pub async fn give_document(app: &App, secret: &str, document: &str) -> Result<bool, Error> {
    let resident = identify(app, secret).await?.ok_or(Error::BadCredentials)?;
    if forms::admit(app, DOCUMENTS, resident.phone.as_str(), None).await? != Admission::Admitted {
        return Err(Error::TooManyAttempts { retry_after_s: 12 * 60 });
    }
    let Some(document) = normal_document(document) else { return Ok(false) };
    let named = Resident { document: Some(document), ..resident };
    let mut tx = app.write().await?;
    if persons_of(&mut tx, &named).await?.is_empty() {
        return Ok(false);
    }
    // The sign-in goes on to end when it would have ended.
    if !desk::reseal(&mut tx, secret, &named.sealed()).await? {
        return Err(Error::BadCredentials);
    }
    tx.commit().await?;
    Ok(true)
}

/// Persons who are recorded under the telephone and the document of a resident, both.
pub(super) async fn persons_of(tx: &mut Tx<'_>, resident: &Resident) -> Result<Vec<Uuid>, Error> {
    let Some(document) = &resident.document else { return Ok(Vec::new()) };
    let by = |kind, value: &str| Lookup { kind, value: value.to_owned() };
    let by_document = person::find(tx, &by(LookupKind::Document, document)).await?;
    let Some(number) = normal_phone(resident.phone.as_str()) else { return Ok(Vec::new()) };
    let by_phone = person::find(tx, &by(LookupKind::Phone, &number)).await?;
    Ok(by_document.into_iter().filter(|id| by_phone.contains(id)).collect())
}

/// Ends a sign-in.
///
/// # Errors
/// If the store fails.
pub async fn leave(app: &App, secret: &str) -> Result<(), Error> {
    let mut tx = app.write().await?;
    desk::close(&mut tx, Standing::SignedIn, secret).await?;
    Ok(tx.commit().await?)
}

/// Forgets codes, sign-ins and counts of forms that have ended.
pub(crate) async fn clear(app: &App) -> Result<(), Error> {
    let now = app.now();
    let mut tx = app.write().await?;
    desk::clear(&mut tx, now, now - DAY).await?;
    form::clear(&mut tx, now).await?;
    Ok(tx.commit().await?)
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
