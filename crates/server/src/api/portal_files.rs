//! Pictures and attachments of articles, uploaded and looked at by those who write.

use super::{Api, ApiError, Caller};
use crate::portal::files::disposition;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wanquan_app::portal::files::{self, Stored};

/// A picture or an attachment that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalFileBody {
    /// Digest, by which articles name it.
    digest: String,
    /// Where readers find it once an article that uses it is public.
    address: String,
    /// Name.
    name: String,
    /// Media type, found in the content.
    media_type: String,
    /// Size in bytes.
    size: usize,
    /// Width of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    /// Height of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
}

impl From<Stored> for PortalFileBody {
    fn from(stored: Stored) -> Self {
        let Stored { digest, address, name, media_type, size, pixels } = stored;
        Self {
            digest,
            address,
            name,
            media_type,
            size,
            width: pixels.map(|p| p.0),
            height: pixels.map(|p| p.1),
        }
    }
}

/// Name of an uploaded file.
#[derive(Debug, Deserialize, IntoParams)]
pub struct FileName {
    /// Name.
    name: String,
}

/// Upload a picture or an attachment; the body is the file.
#[utoipa::path(post, path = "/portal-files", tag = "portal", params(FileName),
    request_body(content_type = "application/octet-stream", content = Vec<u8>), responses(
    (status = 201, body = PortalFileBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 422, body = super::error::Problem)))]
pub async fn create_portal_file(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<FileName>, QueryRejection>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<PortalFileBody>), ApiError> {
    let Query(FileName { name }) = query?;
    let bytes = bytes.map_err(|_| wanquan_app::Error::BadInput {
        field: "file",
        message: format!("at most {} bytes", files::FILE_BYTES_MAX),
    })?;
    let stored = files::store_file(&api.app, caller.actor(), &name, bytes.to_vec()).await?;
    Ok((StatusCode::CREATED, Json(stored.into())))
}

/// A picture or an attachment, for those who write.
#[utoipa::path(get, path = "/portal-files/{digest}", tag = "portal",
    params(("digest" = String, Path, description = "Digest of the file")), responses(
    (status = 200, description = "The file", content_type = "application/octet-stream"),
    (status = 401, body = super::error::Problem), (status = 403, body = super::error::Problem),
    (status = 404, body = super::error::Problem)))]
pub async fn read_portal_file(
    State(api): State<Api>,
    caller: Caller,
    digest: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(digest) = digest?;
    let file = files::read_file(&api.app, caller.actor(), &digest).await?;
    let mut response = Body::from(file.bytes).into_response();
    let shown = file.media_type.starts_with("image/");
    for (name, value) in [
        (header::CONTENT_TYPE, file.media_type.clone()),
        (header::CONTENT_DISPOSITION, disposition(&file.name, shown)),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}
