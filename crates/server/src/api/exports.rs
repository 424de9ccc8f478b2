//! Records of a register as a file, streamed while it is written.

use super::error::Problem;
use super::records::{RecordFilter, unknown_parameter};
use super::{Api, ApiError, Caller};
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wanquan_app::Error;
use wanquan_app::export::{Form, Names, export};
use wanquan_domain::text::Lang;

/// Bytes gathered before they are sent.
const CHUNK: usize = 64 << 10;
/// Chunks that wait for a slow reader; the export waits for it then.
const QUEUE: usize = 4;

/// Records as CSV or workbook: the same filters as the list, the right to export apart from the right to read. The
/// file can be imported as it is. Personal columns are missing where the caller may see none.
#[utoipa::path(get, path = "/registers/{register}/export", tag = "records",
    params(("register" = String, Path, description = "Register"), RecordFilter,
        ("format" = Option<String>, Query, description = "`csv` (default) or `xlsx`"),
        ("names" = Option<String>, Query, description = "How columns and choices are named: `ids` (default), `en` or `zh`")),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export_records(
    State(api): State<Api>,
    caller: Caller,
    register: Result<Path<String>, PathRejection>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(register), Query(pairs)) = (register?, pairs?);
    let (mut filter, mut form, mut names) = (RecordFilter::default(), Form::Csv, Names::Ids);
    for (name, value) in pairs {
        let no_choice = || {
            let detail = format!("`{name}` cannot be read: `{value}`");
            ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail)
        };
        match name.as_str() {
            "format" => form = Form::parse(&value).ok_or_else(no_choice)?,
            "names" => {
                names = match value.as_str() {
                    "ids" => Names::Ids,
                    "en" => Names::Labels(Lang::En),
                    "zh" => Names::Labels(Lang::Zh),
                    _ => return Err(no_choice()),
                }
            }
            _ if filter.take(&name, &value)? => {}
            _ => return Err(unknown_parameter(&name)),
        }
    }
    let (chunks, mut ready) = mpsc::channel(QUEUE);
    let file_name = format!("{register}_{}.{}", api.app.today(), form.extension());
    let writing = tokio::spawn(async move {
        let (query, out) = (filter.into_query(), Chunks { gathered: Vec::with_capacity(CHUNK), chunks });
        export(&api.app, caller.actor(), &register, &query, form, names, Box::new(out)).await
    });
    // Until the first bytes are there, a refusal is still a problem with a status.
    let Some(first) = ready.recv().await else {
        ended(writing).await?;
        return Err(Error::Internal("an export ended without a file".to_owned()).into());
    };
    let rest = stream::try_unfold((Some(first), ready, Some(writing)), next_chunk);
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\""));
    // Identifiers of registers are plain; the name comes from the address and was found among them.
    let disposition = disposition.map_err(|_| Error::Internal("a file name is no header".to_owned()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form.media_type())),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from_stream(rest)).into_response())
}

type Writing = (Option<Bytes>, mpsc::Receiver<Bytes>, Option<JoinHandle<Result<u64, Error>>>);

/// The next bytes; an error at the end breaks the connection, so that half a file is not taken for a whole one.
async fn next_chunk((first, mut ready, writing): Writing) -> io::Result<Option<(Bytes, Writing)>> {
    let chunk = match first {
        Some(chunk) => Some(chunk),
        None => ready.recv().await,
    };
    match (chunk, writing) {
        (Some(chunk), writing) => Ok(Some((chunk, (None, ready, writing)))),
        (None, Some(writing)) => {
            ended(writing).await.map_err(|error| {
                tracing::warn!(error = %error, "An export broke off");
                io::Error::other("the export broke off")
            })?;
            Ok(None)
        }
        (None, None) => Ok(None),
    }
}

async fn ended(writing: JoinHandle<Result<u64, Error>>) -> Result<u64, Error> {
    writing.await.map_err(|error| Error::Internal(format!("an export was interrupted: {error}")))?
}

/// Gathers what is written and hands it over; waits where the reader is slow, and fails where it is gone.
struct Chunks {
    gathered: Vec<u8>,
    chunks: mpsc::Sender<Bytes>,
}

impl Chunks {
    fn hand_over(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.gathered, Vec::with_capacity(CHUNK));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads the export any more");
        self.chunks.blocking_send(Bytes::from(full)).map_err(gone)
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()
    }
}
