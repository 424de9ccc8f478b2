//! How one-time codes leave the installation: into a file for a gateway that collects them, or as mail to one.

use crate::config::CodesConfig;
use crate::mail::Mailer;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use wanquan_app::desk::{CodeSender, Delivery};

/// Subject of a mail with a code.
const SUBJECT: &str = "验证码 Code";

/// The sender that the set-up names; `None` if it names none.
pub fn of(
    config: &CodesConfig,
    mailer: Option<&Mailer>,
    data: &std::path::Path,
) -> Option<Arc<dyn CodeSender>> {
    match config {
        CodesConfig::None => None,
        CodesConfig::File { path } => {
            let path = path.clone().unwrap_or_else(|| data.join("codes.txt"));
            Some(Arc::new(FileSender(path)))
        }
        CodesConfig::Smtp { to } => {
            let mailer = mailer?.clone();
            Some(Arc::new(MailSender { mailer, to: to.clone() }))
        }
    }
}

/// Sends each text as a mail; `{phone}` in the recipient stands for the number.
#[derive(Debug, Clone)]
pub struct MailSender {
    mailer: Mailer,
    to: String,
}

impl CodeSender for MailSender {
    fn send<'a>(
        &'a self,
        delivery: Delivery<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            // A number holds digits and a plus only, so it cannot become another address.
            let to = self.to.replace("{phone}", delivery.phone.as_str());
            self.mailer.send(&to, SUBJECT, delivery.text).await
        })
    }
}

/// Appends each text as a line `number<TAB>text` to a file that only the owner reads.
#[derive(Clone)]
pub struct FileSender(pub PathBuf);

impl fmt::Debug for FileSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileSender")
    }
}

impl CodeSender for FileSender {
    fn send<'a>(
        &'a self,
        delivery: Delivery<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let mut options = tokio::fs::OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            options.mode(0o600);
            let mut file = options.open(&self.0).await.map_err(|e| e.to_string())?;
            let line = format!("{}\t{}\n", delivery.phone.as_str(), delivery.text);
            file.write_all(line.as_bytes()).await.map_err(|e| e.to_string())?;
            file.flush().await.map_err(|e| e.to_string())
        })
    }
}
