//! Who is there: first administrator, signing in, sessions, API tokens, and the actor that each of them stands for.
//!
//! Secrets are kept as digests only. Passwords are hashed with Argon2id on the blocking pool, two at a time, so that
//! a flood of sign-ins cannot take the memory and the cores of the machine.

mod throttle;

use crate::app::App;
use crate::error::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::LazyLock;
pub(crate) use throttle::Throttle;
use tokio::sync::Semaphore;
use uuid::Uuid;
use wanquan_domain::actor::{Actor, ActorKind, Grant};
use wanquan_domain::record::new_uuid;
use wanquan_store::account::Account;
use wanquan_store::session::Session;
use wanquan_store::{Tx, account, session, setting, token};

/// Shortest admissible password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest admissible password, in bytes: hashing time grows with it.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// A session without use ends after this time: one shift.
const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(12);
/// A session is noted as used at most this often, because noting it is a write.
const SESSION_NOTED_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// A printed one-time link works for this long.
const SETUP_LIFE: SignedDuration = SignedDuration::from_hours(24);
const SETUP: &str = "setup_token";
/// Role of the first administrator.
const ADMINISTRATOR: &str = "administrator";

/// Hashing costs about 20 MB and 20 ms each.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Hash of no password: verified in place of an unknown user's, so that both take the same time.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    Argon2::default().hash_password(b"nobody").map(|hash| hash.to_string()).unwrap_or_default()
});

/// Somebody who is signed in, with the secret that the browser or script keeps.
#[derive(Clone)]
pub struct SignedIn {
    /// The secret of the session.
    pub secret: String,
    /// Who it is.
    pub actor: Actor,
    /// When the session ends if it is not used.
    pub expires_at: Timestamp,
}

/// An account as its owner sees it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The account.
    pub account: Account,
    /// Its grants as an actor.
    pub actor: Actor,
    /// The API token by which it was recognised; `None` for a signed-in browser.
    pub token: Option<Uuid>,
}

/// Makes a new one-time secret with which the first administrator is created; `None` if there are accounts already.
///
/// # Errors
/// If the store fails.
pub async fn begin_setup(app: &App) -> Result<Option<String>, Error> {
    let mut tx = app.write().await?;
    if account::count(&mut tx).await? > 0 {
        return Ok(None);
    }
    let secret = new_secret();
    let value = json!({ "hash": hex(&digest(&secret)), "until": app.now() + SETUP_LIFE });
    setting::set(&mut tx, SETUP, &value, "system", app.now()).await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// What a person chooses when an account is made.
#[derive(Clone)]
pub struct NewAccount {
    /// Name to sign in with.
    pub username: String,
    /// Name as shown.
    pub display_name: String,
    /// Password in clear.
    pub password: String,
}

/// Creates the first administrator with the one-time secret and signs in.
///
/// # Errors
/// `Refused` if the link was used or has ended; `BadInput` for an unfit name or password.
pub async fn complete_setup(app: &App, secret: &str, new: NewAccount) -> Result<SignedIn, Error> {
    let hash = hash_password(&new.password).await?;
    let mut tx = app.write().await?;
    let stored = setting::get(&mut tx, SETUP).await?;
    let fits = stored.is_some_and(|value| {
        let until = value["until"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        value["hash"] == hex(&digest(secret)) && until.is_some_and(|until| app.now() < until)
    });
    if !fits || account::count(&mut tx).await? > 0 {
        let message = "this link was used already or has ended; restart the server for a new one";
        return Err(Error::Refused { code: "setup_link_invalid", message: message.to_owned() });
    }
    let created = insert_account(app, &mut tx, &new, hash).await?;
    let by = created.display_name.clone();
    for root in app.packs().regions.roots() {
        let grant = Grant { role: ADMINISTRATOR.to_owned(), region: root.code.clone() };
        account::add_grant(&mut tx, created.id, &grant, &by, app.now()).await?;
    }
    setting::delete(&mut tx, SETUP).await?;
    let identity = identity(&mut tx, created).await?;
    let subject = format!("account/{}", identity.account.id);
    app.audit(&mut tx, &identity.actor, "account.setup", &subject, json!({})).await?;
    let signed_in = open_session(app, &mut tx, identity.actor).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Makes an account without grants. The caller has authorised it and writes the audit entry.
pub(crate) async fn insert_account(
    app: &App,
    tx: &mut Tx<'_>,
    new: &NewAccount,
    password_hash: String,
) -> Result<Account, Error> {
    let username = new.username.trim();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if username.is_empty() || username.chars().count() > 64 || !username.chars().all(fits) {
        let message = "1 to 64 letters, digits, or . - _ @".to_owned();
        return Err(Error::BadInput { field: "username", message });
    }
    let display_name = check_display_name(&new.display_name)?;
    let created = Account {
        id: new_uuid(app.now()),
        username: username.to_owned(),
        display_name,
        lang: String::new(),
        password_hash,
        disabled: false,
        created_at: app.now(),
        version: 1,
    };
    account::insert(tx, &created).await?;
    Ok(created)
}

/// A name to be shown, without blanks around it.
pub(crate) fn check_display_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Error::BadInput { field: "display_name", message: "1 to 100 characters".to_owned() });
    }
    Ok(name.to_owned())
}

/// Hashes the password of a new account, or of one that changes it.
pub(crate) async fn hash_password(password: &str) -> Result<String, Error> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        let message = format!("at least {PASSWORD_CHARS_MIN} characters, at most {PASSWORD_BYTES_MAX} bytes");
        return Err(Error::BadInput { field: "password", message });
    }
    let password = password.to_owned();
    let hashed = hashing(move || Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string()));
    hashed.await?.map_err(|e| Error::Internal(format!("the password could not be hashed: {e}")))
}

/// Signs in with name and password.
///
/// # Errors
/// `BadCredentials`, the same for an unknown name, a disabled account and a wrong password; `TooManyAttempts`.
pub async fn sign_in(app: &App, username: &str, password: &str) -> Result<SignedIn, Error> {
    app.throttle().check(username, app.now())?;
    let mut tx = app.read().await?;
    let found = account::get_by_username(&mut tx, username.trim()).await?.filter(|a| !a.disabled);
    drop(tx);
    let hash = found.as_ref().map_or_else(|| NOBODY.clone(), |account| account.password_hash.clone());
    let fits = is_password(password, hash).await?;
    let Some(account) = found.filter(|_| fits) else {
        app.throttle().failed(username, app.now());
        return Err(Error::BadCredentials);
    };
    app.throttle().succeeded(username);
    let mut tx = app.write().await?;
    let actor = identity(&mut tx, account).await?.actor;
    let signed_in = open_session(app, &mut tx, actor).await?;
    let subject = format!("account/{}", signed_in.actor.id);
    app.audit(&mut tx, &signed_in.actor, "session.open", &subject, json!({})).await?;
    tx.commit().await?;
    Ok(signed_in)
}

async fn is_password(password: &str, hash: String) -> Result<bool, Error> {
    let password = password.as_bytes().to_vec();
    hashing(move || {
        password.len() <= PASSWORD_BYTES_MAX
            && PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(&password, &hash).is_ok())
    })
    .await
}

/// Changes the own password. Every session of the account ends; a new one begins here.
///
/// # Errors
/// `BadCredentials` if `current` is not the password; `TooManyAttempts`; `BadInput` for an unfit new one.
pub async fn change_password(app: &App, who: &Identity, current: &str, new: &str) -> Result<SignedIn, Error> {
    let username = &who.account.username;
    app.throttle().check(username, app.now())?;
    if !is_password(current, who.account.password_hash.clone()).await? {
        app.throttle().failed(username, app.now());
        return Err(Error::BadCredentials);
    }
    app.throttle().succeeded(username);
    let password_hash = hash_password(new).await?;
    let mut tx = app.write().await?;
    account::update(&mut tx, &Account { password_hash, ..who.account.clone() }).await?;
    session::delete_of_account(&mut tx, who.account.id).await?;
    let signed_in = open_session(app, &mut tx, who.actor.clone()).await?;
    let subject = format!("account/{}", who.account.id);
    app.audit(&mut tx, &who.actor, "account.password_change", &subject, json!({})).await?;
    tx.commit().await?;
    Ok(signed_in)
}

async fn open_session(app: &App, tx: &mut Tx<'_>, actor: Actor) -> Result<SignedIn, Error> {
    let secret = new_secret();
    let now = app.now();
    let expires_at = now + SESSION_IDLE;
    let opened = Session { account: actor.id, created_at: now, expires_at, last_used_at: now };
    session::insert(tx, &digest(&secret), &opened).await?;
    Ok(SignedIn { secret, actor, expires_at })
}

/// Ends the session of a secret; one that has ended already is no error.
///
/// # Errors
/// If the store fails.
pub async fn sign_out(app: &App, secret: &str) -> Result<(), Error> {
    let mut tx = app.write().await?;
    session::delete(&mut tx, &digest(secret)).await?;
    Ok(tx.commit().await?)
}

/// Who a session secret stands for.
///
/// # Errors
/// `NotSignedIn` if the session has ended or the account is disabled.
pub async fn identify_session(app: &App, secret: &str) -> Result<Identity, Error> {
    let mut tx = app.read().await?;
    let now = app.now();
    let hash = digest(secret);
    let session = session::get(&mut tx, &hash, now).await?.ok_or(Error::NotSignedIn)?;
    let identity = identify(&mut tx, session.account).await?;
    if now.duration_since(session.last_used_at) > SESSION_NOTED_EVERY {
        // Noting the use must not make a reader wait behind a long import.
        let app = app.clone();
        tokio::spawn(async move {
            let Ok(mut tx) = app.write().await else { return };
            if session::touch(&mut tx, &hash, now, now + SESSION_IDLE).await.is_ok() {
                let _ = tx.commit().await;
            }
        });
    }
    Ok(identity)
}

/// Who an API token stands for.
///
/// # Errors
/// `NotSignedIn` if the token is unknown, revoked or ended, or its account is disabled.
pub async fn identify_token(app: &App, secret: &str) -> Result<Identity, Error> {
    let mut tx = app.read().await?;
    let now = app.now();
    let found = token::get(&mut tx, &digest(secret), now).await?.ok_or(Error::NotSignedIn)?;
    let mut identity = identify(&mut tx, found.account).await?;
    identity.token = Some(found.id);
    if found.last_used_at.is_none_or(|used| now.duration_since(used) > SESSION_NOTED_EVERY) {
        let app = app.clone();
        tokio::spawn(async move {
            let Ok(mut tx) = app.write().await else { return };
            if token::touch(&mut tx, found.id, now).await.is_ok() {
                let _ = tx.commit().await;
            }
        });
    }
    Ok(identity)
}

/// Who a session secret stands for, without noting that the session is used: a page that is left open must not keep
/// its session alive.
///
/// # Errors
/// As [`identify_session`].
pub async fn recheck_session(app: &App, secret: &str) -> Result<Identity, Error> {
    let mut tx = app.read().await?;
    let session = session::get(&mut tx, &digest(secret), app.now()).await?.ok_or(Error::NotSignedIn)?;
    identify(&mut tx, session.account).await
}

async fn identify(tx: &mut Tx<'_>, account: Uuid) -> Result<Identity, Error> {
    let account = account::get(tx, account).await?.filter(|a| !a.disabled).ok_or(Error::NotSignedIn)?;
    identity(tx, account).await
}

async fn identity(tx: &mut Tx<'_>, account: Account) -> Result<Identity, Error> {
    let grants = account::grants(tx, account.id).await?;
    let actor = Actor { id: account.id, name: account.display_name.clone(), kind: ActorKind::Person, grants };
    Ok(Identity { account, actor, token: None })
}

/// Runs a hash computation outside of the asynchronous threads, at most two at a time.
async fn hashing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let stopped = |_| Error::Internal("the password hashing stopped".to_owned());
    let _permit = HASHING.acquire().await.map_err(|_| stopped(()))?;
    tokio::task::spawn_blocking(work).await.map_err(|_| stopped(()))
}

/// 256 random bits in hexadecimal.
pub(crate) fn new_secret() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    hex(&bytes)
}

/// A key of 256 random bits, for what one process makes and checks itself.
pub fn random_key() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes
}

/// 128 random bits in hexadecimal: a name that nobody guesses.
pub fn random_token() -> String {
    new_secret()[..32].to_owned()
}

/// A password that nobody chose, easy to type: 20 characters of an alphabet without look-alikes, 100 bits.
pub fn new_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// What is kept of a secret. Secrets are random and long, so a fast digest suffices.
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
