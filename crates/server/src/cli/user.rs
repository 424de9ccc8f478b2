//! `wanquan user`: accounts for operators without a browser.

use crate::config::DataArgs;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;
use wanquan_app::App;
use wanquan_app::access::{NewAccount, new_password};
use wanquan_app::administer::{self, User, UserChange};
use wanquan_domain::actor::{Actor, Grant};
use wanquan_domain::region::RegionCode;

/// Accounts and their roles.
#[derive(Args, Debug)]
pub struct UserArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand, Debug)]
enum UserCommand {
    /// Make an account. Its password is made and printed once, or the first line of standard input.
    Add(AddArgs),
    /// Set a new password, for somebody who forgot it; every session of the account ends.
    Password {
        /// Name to sign in with.
        username: String,
        /// Read the password from standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a role for a region and everything below it.
    Grant {
        /// Name to sign in with.
        username: String,
        /// Role, as packs declare it.
        role: String,
        /// Code of the region.
        region: String,
        /// Take the role back instead.
        #[arg(long)]
        revoke: bool,
    },
    /// List accounts with their roles.
    List,
}

#[derive(Args, Debug)]
struct AddArgs {
    /// Name to sign in with.
    username: String,
    /// Name as shown.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Role to give at once.
    #[arg(long, requires = "region")]
    role: Option<String>,
    /// Code of the region for which it is given.
    #[arg(long, value_name = "CODE", requires = "role")]
    region: Option<String>,
    /// Read the password from standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
}

impl UserArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// If the installation cannot be opened, or what is asked for is refused.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let operator = Actor::system(super::OPERATOR);
        let data = &self.data;
        match self.command {
            // The first account of an installation may be made before anything is served.
            UserCommand::Add(new) => {
                super::with_new_installation(data, async |app| new.run(&app, &operator).await)
            }
            UserCommand::Password { username, password_stdin } => {
                super::with_installation(data, async |app| {
                    let user = administer::user_by_name(&app, &operator, &username).await?;
                    let password = Password::take(password_stdin)?;
                    let change =
                        UserChange { password: Some(password.text.clone()), ..UserChange::default() };
                    administer::change_user(&app, &operator, user.id, change).await?;
                    password.tell();
                    Ok(ExitCode::SUCCESS)
                })
            }
            UserCommand::Grant { username, role, region, revoke } => {
                super::with_installation(data, async |app| {
                    let user = administer::user_by_name(&app, &operator, &username).await?;
                    let grant = grant_of(role, &region);
                    if revoke {
                        administer::remove_grant(&app, &operator, user.id, &grant).await?;
                    } else {
                        administer::add_grant(&app, &operator, user.id, grant).await?;
                    }
                    println!("{}", in_words(&administer::user(&app, &operator, user.id).await?));
                    Ok(ExitCode::SUCCESS)
                })
            }
            UserCommand::List => super::with_installation(data, async |app| {
                let mut after = None;
                loop {
                    let page = administer::users(&app, &operator, after, 1_000).await?;
                    page.items.iter().for_each(|user| println!("{}", in_words(user)));
                    after = page.next;
                    if after.is_none() {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
            }),
        }
    }
}

impl AddArgs {
    async fn run(self, app: &App, operator: &Actor) -> anyhow::Result<ExitCode> {
        let grant = self.role.zip(self.region).map(|(role, region)| grant_of(role, &region));
        if let Some(grant) = &grant {
            administer::check_grant(app, operator, grant)?;
        }
        let password = Password::take(self.password_stdin)?;
        let display_name = self.name.unwrap_or_else(|| self.username.clone());
        let new = NewAccount { username: self.username, display_name, password: password.text.clone() };
        let mut user = administer::create_user(app, operator, new).await?;
        if let Some(grant) = grant {
            user = administer::add_grant(app, operator, user.id, grant).await?;
        }
        println!("{}", in_words(&user));
        password.tell();
        Ok(ExitCode::SUCCESS)
    }
}

fn grant_of(role: String, region: &str) -> Grant {
    Grant { role, region: RegionCode::new(region) }
}

fn in_words(user: &User) -> String {
    let roles: Vec<String> =
        user.grants.iter().map(|grant| format!("{}@{}", grant.role, grant.region)).collect();
    let disabled = if user.disabled { " (disabled)" } else { "" };
    format!("{}\t{}{disabled}\t{}", user.username, user.display_name, roles.join(" "))
}

/// A password that came in, or one that was made and has to be told.
struct Password {
    text: String,
    made: bool,
}

impl Password {
    fn take(from_input: bool) -> anyhow::Result<Self> {
        if !from_input {
            return Ok(Self { text: new_password(), made: true });
        }
        let input = std::io::stdin();
        if input.is_terminal() {
            eprintln!("Password (shown while typed), then Enter:");
        }
        let mut line = String::new();
        input.lock().read_line(&mut line).context("reading the password")?;
        Ok(Self { text: line.trim_end_matches(['\r', '\n']).to_owned(), made: false })
    }

    fn tell(&self) {
        if self.made {
            println!("Password, shown this once: {}", self.text);
        }
    }
}
