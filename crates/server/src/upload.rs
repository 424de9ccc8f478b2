//! Files that come in: streamed into the data folder, read, and gone.

use crate::api::ApiError;
use crate::config::Config;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt as _;
use std::io;
use std::path::PathBuf;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

/// Folder of the data folder in which uploads lie while they are read.
const FOLDER: &str = "uploads";

/// Writes a body to a file that disappears when it is dropped.
///
/// # Errors
/// A problem (413) for a body larger than the set-up allows; if it breaks off or cannot be written.
pub async fn receive(config: &Config, headers: &HeaderMap, body: Body) -> Result<NamedTempFile, ApiError> {
    let most = config.upload_bytes_max;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|n| n > most) {
        return Err(too_large(most));
    }
    let file = new_file(config).map_err(not_written)?;
    let mut to = tokio::fs::File::from_std(file.reopen().map_err(not_written)?);
    let (mut body, mut received) = (body.into_data_stream(), 0);
    while let Some(chunk) = body.next().await {
        let broke_off =
            |_| ApiError::new(StatusCode::BAD_REQUEST, "upload_broke_off", "the upload broke off");
        let chunk = chunk.map_err(broke_off)?;
        received += chunk.len() as u64;
        if received > most {
            return Err(too_large(most));
        }
        to.write_all(&chunk).await.map_err(not_written)?;
    }
    to.flush().await.map_err(not_written)?;
    Ok(file)
}

fn too_large(most: u64) -> ApiError {
    let detail = format!("a file of at most {} MB is taken", most / 1_000_000);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn not_written(error: io::Error) -> ApiError {
    wanquan_app::Error::Output { what: "the upload", source: error }.into()
}

fn folder(config: &Config) -> PathBuf {
    config.data.join(FOLDER)
}

fn new_file(config: &Config) -> io::Result<NamedTempFile> {
    let folder = folder(config);
    std::fs::create_dir_all(&folder)?;
    tempfile::Builder::new().prefix("upload-").tempfile_in(folder)
}

/// Removes what a process that was killed left behind: uploads hold data of persons.
///
/// # Errors
/// If the folder cannot be read or a file not removed.
pub fn forget(config: &Config) -> io::Result<()> {
    match std::fs::remove_dir_all(folder(config)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
