//! Pictures and attachments: told apart by what they contain, never by their names.
//!
//! A picture is decoded and encoded again, so that what readers get was written by this program: no script after the
//! last pixel, no place where it was taken. Attachments are kept as they are and only ever offered for download.

use crate::app::App;
use crate::authorize::{Subject, authorize};
use crate::error::Error;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use serde_json::json;
use std::io::Cursor;
use wanquan_domain::actor::{Action, Actor};
use wanquan_domain::article::clean_line;
use wanquan_store::article::listing;
use wanquan_store::portal;
pub use wanquan_store::portal::PortalFile;

/// Largest upload, in bytes.
pub const FILE_BYTES_MAX: usize = 20_000_000;
/// Longest edge of a picture as it is kept; larger ones are made smaller.
const EDGE_MAX: u32 = 2_000;
/// Longest edge that is decoded at all: a small file can hold a picture of a billion pixels.
const DECODED_EDGE_MAX: u32 = 12_000;
/// Most memory that decoding may take, in bytes.
const DECODED_BYTES_MAX: u64 = 256 << 20;
/// Longest name of a file, in characters.
const NAME_CHARS_MAX: usize = 120;

/// Attachments that are taken, by the bytes that they begin with: media type, ending, beginning.
const ATTACHMENTS: [(&str, &str, &[u8]); 4] = [
    ("application/pdf", "pdf", b"%PDF-"),
    // Office documents are ZIP files.
    ("application/zip", "zip", b"PK\x03\x04"),
    // Office documents of before 2007.
    ("application/x-ole-storage", "doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("application/rtf", "rtf", b"{\\rtf"),
];
/// Endings that a ZIP file may have, with their media types.
const PACKED: [(&str, &str); 6] = [
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("zip", "application/zip"),
];

/// The list on which an article stands that uses a file: the file is public as long as anything is on it.
pub(super) fn list_of(digest: &str) -> String {
    format!("file:{digest}")
}

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its digest.
    pub digest: String,
    /// Where readers find it once an article that uses it is public.
    pub address: String,
    /// Name.
    pub name: String,
    /// Media type, found in the content.
    pub media_type: String,
    /// Size in bytes.
    pub size: usize,
    /// Width and height of a picture.
    pub pixels: Option<(u32, u32)>,
}

impl Stored {
    fn new(file: &PortalFile) -> Self {
        Self {
            digest: file.digest.clone(),
            address: address(file),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.bytes.len(),
            pixels: file.pixels,
        }
    }
}

/// The address of a file.
pub fn address(file: &PortalFile) -> String {
    let ending = match file.media_type.as_str() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "text/csv" => "csv",
        "text/plain" => "txt",
        other => PACKED
            .iter()
            .find(|(_, media)| *media == other)
            .map(|(ending, _)| *ending)
            .or_else(|| ATTACHMENTS.iter().find(|(media, ..)| *media == other).map(|(_, ending, _)| *ending))
            .unwrap_or("bin"),
    };
    format!("{}{}.{ending}", super::render::FILES, file.digest)
}

/// Takes a picture or an attachment.
///
/// # Errors
/// `Forbidden`; `BadInput` for a file of another type, too large or damaged.
pub async fn store_file(app: &App, actor: &Actor, name: &str, bytes: Vec<u8>) -> Result<Stored, Error> {
    authorize(app, actor, Action::ArticleWrite, Subject::Anywhere)?;
    let name = clean_line(&name.replace(['/', '\\', '"', '<', '>', ':', '|', '?', '*'], " "));
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    let read = tokio::task::spawn_blocking(move || recognise(&name, bytes));
    let (name, media_type, bytes, pixels) = read.await.map_err(|e| Error::Internal(e.to_string()))??;
    let file = PortalFile {
        digest: blake3::hash(&bytes).to_hex().to_string(),
        name,
        media_type: media_type.to_owned(),
        bytes,
        pixels,
        uploaded_by: actor.name.clone(),
        uploaded_at: app.now(),
    };
    let mut tx = app.write().await?;
    portal::insert_file(&mut tx, &file).await?;
    let detail = json!({ "media_type": file.media_type, "size": file.bytes.len() });
    app.audit(&mut tx, actor, "portal_file.store", &format!("portal_file/{}", file.digest), detail).await?;
    tx.commit().await?;
    Ok(Stored::new(&file))
}

/// Looks whether a file would be taken.
///
/// # Errors
/// `BadInput` for a file of another type, too large or damaged.
pub(super) async fn check_file(name: &str, bytes: Vec<u8>) -> Result<(), Error> {
    let name = name.to_owned();
    let read = tokio::task::spawn_blocking(move || recognise(&name, bytes).map(|_| ()));
    read.await.map_err(|e| Error::Internal(e.to_string()))?
}

/// A file that a public article uses, for anybody.
///
/// # Errors
/// `NotFound`, also for a file that only drafts use.
pub async fn read_public_file(app: &App, digest: &str) -> Result<PortalFile, Error> {
    let mut tx = app.read().await?;
    if listing::count(&mut tx, &list_of(digest)).await? == 0 {
        return Err(Error::not_found("file", digest));
    }
    portal::get_file(&mut tx, digest).await?.ok_or_else(|| Error::not_found("file", digest))
}

/// A file, for those who write.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn read_file(app: &App, actor: &Actor, digest: &str) -> Result<PortalFile, Error> {
    authorize(app, actor, Action::ArticleWrite, Subject::Anywhere)?;
    let mut tx = app.read().await?;
    portal::get_file(&mut tx, digest).await?.ok_or_else(|| Error::not_found("file", digest))
}

type Recognised = (String, &'static str, Vec<u8>, Option<(u32, u32)>);

fn refuse(message: impl Into<String>) -> Error {
    Error::BadInput { field: "file", message: message.into() }
}

/// Finds out what a file is, and writes a picture anew.
fn recognise(name: &str, bytes: Vec<u8>) -> Result<Recognised, Error> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(refuse(format!("a file has at most {FILE_BYTES_MAX} bytes")));
    }
    match image::guess_format(&bytes) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) => {
            let (media_type, bytes, pixels) = rewrite(&bytes, format)?;
            return Ok((name.to_owned(), media_type, bytes, Some(pixels)));
        }
        Ok(_) => return Err(refuse("pictures are taken as PNG, JPEG or WebP")),
        Err(_) => {}
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    for (media_type, _, beginning) in ATTACHMENTS {
        if bytes.starts_with(beginning) {
            let packed = PACKED.iter().find(|(e, _)| media_type == "application/zip" && *e == ending);
            let media_type = packed.map_or(media_type, |(_, media)| media);
            return Ok((name.to_owned(), media_type, bytes, None));
        }
    }
    let is_text = std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0'));
    match ending.as_str() {
        "csv" if is_text => Ok((name.to_owned(), "text/csv", bytes, None)),
        "txt" if is_text => Ok((name.to_owned(), "text/plain", bytes, None)),
        _ => Err(refuse(
            "pictures (PNG, JPEG, WebP), PDF, Office and OpenDocument files, ZIP, CSV and text are taken",
        )),
    }
}

/// Media type, bytes, width and height.
type Picture = (&'static str, Vec<u8>, (u32, u32));

fn rewrite(bytes: &[u8], format: ImageFormat) -> Result<Picture, Error> {
    let damaged = |e: image::ImageError| refuse(format!("the picture cannot be read: {e}"));
    let mut limits = Limits::default();
    limits.max_image_width = Some(DECODED_EDGE_MAX);
    limits.max_image_height = Some(DECODED_EDGE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    // Cameras write how they were held; without this note the picture would lie on its side.
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    if picture.width().max(picture.height()) > EDGE_MAX {
        picture = picture.resize(EDGE_MAX, EDGE_MAX, image::imageops::FilterType::Triangle);
    }
    let mut out = Cursor::new(Vec::new());
    let opaque = !picture.color().has_alpha();
    let media_type = if format == ImageFormat::Jpeg || (format == ImageFormat::WebP && opaque) {
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 84);
        DynamicImage::ImageRgb8(picture.to_rgb8()).write_with_encoder(encoder).map_err(damaged)?;
        "image/jpeg"
    } else {
        let plain = if opaque {
            DynamicImage::ImageRgb8(picture.to_rgb8())
        } else {
            DynamicImage::ImageRgba8(picture.to_rgba8())
        };
        plain.write_to(&mut out, ImageFormat::Png).map_err(damaged)?;
        "image/png"
    };
    Ok((media_type, out.into_inner(), (picture.width(), picture.height())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png() -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(40, 20).write_to(&mut out, ImageFormat::Png).unwrap();
        out.into_inner()
    }

    #[test]
    fn a_picture_is_written_anew_without_what_hangs_on_it() {
        let mut bytes = png();
        bytes.extend(b"<script>alert(1)</script>");
        let (_, media_type, kept, pixels) = recognise("x.html", bytes).unwrap();
        assert_eq!((media_type, pixels), ("image/png", Some((40, 20))));
        assert!(!kept.windows(7).any(|w| w == b"<script"));
    }

    #[test]
    fn what_a_camera_wrote_turns_the_picture_and_goes() {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(40, 20).write_to(&mut out, ImageFormat::Jpeg).unwrap();
        let plain = out.into_inner();
        // One entry: held on its side (orientation 6); and a place in a comment of the same part.
        let facts =
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0GPS 36.19 113.12";
        let mut bytes = plain[..2].to_vec();
        bytes.extend([0xff, 0xe1]);
        bytes.extend(u16::try_from(facts.len() + 2).unwrap().to_be_bytes());
        bytes.extend(facts);
        bytes.extend(&plain[2..]);
        let (_, media_type, kept, pixels) = recognise("a.jpg", bytes).unwrap();
        assert_eq!((media_type, pixels), ("image/jpeg", Some((20, 40))));
        assert!(!kept.windows(4).any(|w| w == b"Exif" || w == b"36.1"));
    }

    #[test]
    fn a_large_picture_is_made_smaller_and_a_huge_one_refused() {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_luma8(3_000, 30).write_to(&mut out, ImageFormat::Png).unwrap();
        assert_eq!(recognise("a.png", out.into_inner()).unwrap().3, Some((2_000, 20)));
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_luma8(DECODED_EDGE_MAX + 1, 1).write_to(&mut out, ImageFormat::Png).unwrap();
        assert!(recognise("a.png", out.into_inner()).is_err());
    }

    #[test]
    fn the_content_decides_and_not_the_name() {
        assert_eq!(recognise("x.png", b"%PDF-1.7 ...".to_vec()).unwrap().1, "application/pdf");
        assert!(
            recognise("x.docx", b"PK\x03\x04...".to_vec()).unwrap().1.ends_with("wordprocessingml.document")
        );
        assert_eq!(recognise("x.exe", b"PK\x03\x04...".to_vec()).unwrap().1, "application/zip");
        assert_eq!(recognise("x.csv", "a,b".into()).unwrap().1, "text/csv");
        for (name, bytes) in [
            ("x.svg", &b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..]),
            ("x.html", b"<html>"),
            ("x.png", b"\x89PNG\r\n\x1a\nbroken"),
            ("x.gif", b"GIF89a"),
            ("x.exe", b"MZ\x90"),
            ("x.txt", b"a\0b"),
        ] {
            assert!(recognise(name, bytes.to_vec()).is_err(), "{name}");
        }
    }
}
