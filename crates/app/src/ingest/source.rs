//! Bytes of a file: opened again for each pass, unfolded, decoded to UTF-8, and inspected once as a whole.

use crate::ingest::encoding::{self, Encoding, Evidence};
use crate::ingest::error::ReadError;
use crate::ingest::limits;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Source {
    /// In a file.
    Path(PathBuf),
    /// In memory (an upload).
    Bytes(Arc<[u8]>),
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&[u8]> for Source {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// What a workbook reader needs.
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Bytes are fetched in pieces of this size: large enough that the calls do not matter.
const CHUNK: usize = 256 << 10;

impl Source {
    /// Size in bytes.
    pub(crate) fn len(&self) -> Result<u64, ReadError> {
        Ok(match self {
            Self::Path(path) => std::fs::metadata(path)?.len(),
            Self::Bytes(bytes) => bytes.len() as u64,
        })
    }

    /// The bytes as stored.
    pub(crate) fn open(&self) -> Result<Box<dyn ReadSeek + Send + '_>, ReadError> {
        Ok(match self {
            Self::Path(path) => Box::new(BufReader::with_capacity(CHUNK, File::open(path)?)),
            Self::Bytes(bytes) => Box::new(Cursor::new(&bytes[..])),
        })
    }

    /// The bytes as stored, from an owner that the reader keeps alive.
    fn open_owned(&self) -> Result<Box<dyn Read + Send>, ReadError> {
        Ok(match self {
            Self::Path(path) => Box::new(File::open(path)?),
            Self::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        })
    }

    /// The first bytes as stored, at most `n`.
    pub(crate) fn head(&self, n: u64) -> Result<Vec<u8>, ReadError> {
        let mut head = Vec::new();
        self.open()?.take(n).read_to_end(&mut head)?;
        Ok(head)
    }

    /// Digest of the bytes as stored (BLAKE3, hexadecimal).
    pub(crate) fn digest(&self) -> Result<String, ReadError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(self.open()?)?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The bytes with gzip taken off.
    pub(crate) fn unfolded(&self, gzip: bool) -> Result<Box<dyn Read + Send>, ReadError> {
        let stored = self.open_owned()?;
        if !gzip {
            return Ok(stored);
        }
        let most = limits::INFLATED_BYTES_FREE.max(self.len()?.saturating_mul(limits::GZIP_RATIO_MAX));
        let most = most.min(limits::INFLATED_BYTES_MAX);
        let unfolding = MultiGzDecoder::new(BufReader::with_capacity(CHUNK, stored));
        Ok(Box::new(Unfolding { unfolding, left: most }))
    }

    /// The text as UTF-8 without mark, line ends as in the file except that lone CRs of old files become LF.
    pub(crate) fn text(&self, codec: Codec) -> Result<Box<dyn Read + Send>, ReadError> {
        let mut bytes = self.unfolded(codec.gzip)?;
        io::copy(&mut (&mut bytes).take(codec.mark_len as u64), &mut io::sink())?;
        let text: Box<dyn Read + Send> = match codec.encoding.decoder() {
            None => bytes,
            Some(decoder) => Box::new(Decoding {
                bytes,
                decoder,
                raw: vec![0; CHUNK],
                ready: Vec::with_capacity(3 * CHUNK),
                taken: 0,
                ended: false,
            }),
        };
        Ok(if codec.lone_cr { Box::new(LineFeeds(text)) } else { text })
    }
}

/// How bytes become text; found by [`inspect`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codec {
    pub gzip: bool,
    pub encoding: Encoding,
    pub mark_len: usize,
    pub lone_cr: bool,
}

/// What one look at the whole text found.
#[derive(Debug)]
pub(crate) struct Inspection {
    pub codec: Codec,
    /// False if the last line has no line end.
    pub ended: bool,
}

/// Reads the whole text once: integrity of compression, NUL bytes, overlong lines, control bytes, encoding.
pub(crate) fn inspect(source: &Source, gzip: bool) -> Result<Inspection, ReadError> {
    let mut bytes = source.unfolded(gzip)?;
    let mut chunk = vec![0; CHUNK];
    let mut n = fill(&mut bytes, &mut chunk)?;
    let head = &chunk[..n];
    known_otherwise(head)?;
    let from_head = encoding::from_head(head);
    if let Some(encoding @ (Encoding::Utf16Le | Encoding::Utf16Be)) = from_head {
        let codec = Codec { gzip, encoding, mark_len: encoding.mark_len(head), lone_cr: false };
        drop(bytes);
        let mut text = source.text(codec)?;
        let mut found = Found::default();
        loop {
            let n = fill(&mut text, &mut chunk)?;
            found.add(&chunk[..n])?;
            if n < chunk.len() {
                return found.finish(codec);
            }
        }
    }
    let mark_len = from_head.map_or(0, |encoding| encoding.mark_len(head));
    let mut evidence = Evidence::default();
    let mut found = Found::default();
    let mut skip = mark_len;
    loop {
        let piece = &chunk[skip..n];
        found.add(piece)?;
        evidence.add(piece);
        skip = 0;
        if n < chunk.len() {
            break;
        }
        n = fill(&mut bytes, &mut chunk)?;
    }
    let encoding = match (evidence.decide(), from_head) {
        (Ok(Encoding::Utf8), Some(marked)) => marked,
        (Ok(encoding), None) => encoding,
        (Ok(_), Some(_)) => return Err(ReadError::BrokenText { offset: 0, encoding: "UTF-8" }),
        (Err((offset, encoding)), _) => {
            return Err(if offset + 4 > found.bytes && !found.ended {
                ReadError::CutText { line: found.line }
            } else {
                ReadError::BrokenText { offset, encoding }
            });
        }
    };
    found.finish(Codec { gzip, encoding, mark_len, lone_cr: false })
}

/// Refuses what is plainly another kind of file.
fn known_otherwise(head: &[u8]) -> Result<(), ReadError> {
    let visible = head.trim_ascii_start();
    let visible = visible.strip_prefix(b"\xef\xbb\xbf").unwrap_or(visible).trim_ascii_start();
    let lower: Vec<u8> = visible.iter().take(64).map(u8::to_ascii_lowercase).collect();
    let what = if head.is_empty() {
        return Err(ReadError::Empty);
    } else if visible.starts_with(b"%PDF") {
        "it is a PDF document"
    } else if visible.starts_with(b"\x89PNG") || visible.starts_with(b"\xff\xd8\xff") {
        "it is a picture"
    } else if visible.starts_with(b"\x1f\x8b") {
        "it is compressed twice"
    } else if visible.starts_with(b"SQLite format 3\0") {
        "it is a database"
    } else if visible.starts_with(b"7z\xbc\xaf") || visible.starts_with(b"Rar!") {
        "it is an archive; unpack it first"
    } else if lower.starts_with(b"<html")
        || lower.starts_with(b"<!doctype html")
        || lower.starts_with(b"<table")
    {
        "it is a web page (some systems export one under the name .xls); save it as XLSX or CSV"
    } else if lower.starts_with(b"<?xml") || lower.starts_with(b"<") {
        "it is an XML document"
    } else if lower.starts_with(b"{") || lower.starts_with(b"[{") || lower.starts_with(b"[\n") {
        "it is a JSON document"
    } else {
        return Ok(());
    };
    Err(ReadError::NotATable { what })
}

/// Running findings about lines and bytes.
#[derive(Debug)]
struct Found {
    bytes: u64,
    line: u64,
    line_started: u64,
    feeds: u64,
    returns: u64,
    controls: u64,
    last: u8,
    ended: bool,
}

impl Default for Found {
    fn default() -> Self {
        Self { bytes: 0, line: 1, line_started: 0, feeds: 0, returns: 0, controls: 0, last: 0, ended: false }
    }
}

impl Found {
    fn add(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        if let Some(at) = memchr::memchr(0, bytes) {
            return Err(ReadError::Nul { offset: self.bytes + at as u64 });
        }
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' {
                self.feeds += 1;
                self.line += 1;
            } else {
                self.returns += 1;
            }
            self.check_line(at as u64)?;
            self.line_started = self.bytes + at as u64 + 1;
        }
        self.check_line(bytes.len() as u64)?;
        // Control bytes do not occur in tables; the scan is kept to the first piece, where binary files show them.
        if self.bytes == 0 {
            let control = |b: &&u8| **b < 9 || (14..32).contains(*b) && **b != 0x1a && **b != 0x1b;
            self.controls = bytes.iter().filter(control).count() as u64;
            if self.controls * 100 > bytes.len() as u64 {
                return Err(ReadError::NotATable { what: "it is a binary file" });
            }
        }
        self.bytes += bytes.len() as u64;
        if let Some(last) = bytes.last() {
            self.last = *last;
        }
        self.ended = matches!(self.last, b'\n' | b'\r');
        Ok(())
    }

    fn check_line(&self, at: u64) -> Result<(), ReadError> {
        if self.bytes + at - self.line_started > limits::RECORD_BYTES_MAX as u64 {
            return Err(ReadError::LineTooLong { line: self.line });
        }
        Ok(())
    }

    fn finish(self, codec: Codec) -> Result<Inspection, ReadError> {
        if self.bytes == 0 {
            return Err(ReadError::Empty);
        }
        let lone_cr = self.feeds == 0 && self.returns > 0;
        Ok(Inspection { codec: Codec { lone_cr, ..codec }, ended: self.ended })
    }
}

/// Reads until the buffer is full or the input ends.
pub(crate) fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, ReadError> {
    let mut n = 0;
    while n < buffer.len() {
        match input.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(n)
}

/// Takes gzip off and counts: a bomb is refused while it unfolds, whatever its header says.
struct Unfolding<R> {
    unfolding: MultiGzDecoder<R>,
    left: u64,
}

impl<R: io::BufRead> Read for Unfolding<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.unfolding.read(out).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ReadError::CutArchive.into(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                ReadError::DamagedArchive { detail: error.to_string() }.into()
            }
            _ => error,
        })?;
        let refused = ReadError::TooLargeUnfolded {
            bytes_max: limits::INFLATED_BYTES_MAX,
            ratio_max: limits::GZIP_RATIO_MAX,
        };
        self.left = self.left.checked_sub(n as u64).ok_or(refused)?;
        Ok(n)
    }
}

/// Decodes to UTF-8. The encoding was decided over the whole text, so malformed input means the file changed.
struct Decoding {
    bytes: Box<dyn Read + Send>,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    ready: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl Read for Decoding {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() && !self.ended {
            let n = fill(&mut self.bytes, &mut self.raw)?;
            self.ended = n < self.raw.len();
            self.ready.clear();
            self.taken = 0;
            let room = self.decoder.max_utf8_buffer_length(n).unwrap_or(4 * n + 16);
            self.ready.resize(room, 0);
            let (_, read, written, malformed) =
                self.decoder.decode_to_utf8(&self.raw[..n], &mut self.ready, self.ended);
            self.ready.truncate(written);
            if malformed || read < n {
                return Err(
                    ReadError::BrokenText { offset: 0, encoding: self.decoder.encoding().name() }.into()
                );
            }
        }
        let n = out.len().min(self.ready.len() - self.taken);
        out[..n].copy_from_slice(&self.ready[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}

/// Line ends of old files.
struct LineFeeds(Box<dyn Read + Send>);

impl Read for LineFeeds {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(out)?;
        out[..n].iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
        Ok(n)
    }
}
