//! Files that articles of another system show: taken from a folder of uploads, kept as files of this portal, and the
//! articles written so that they lead there.

use super::Foreign;
use crate::app::App;
use crate::error::Error;
use crate::portal::files::{FILE_BYTES_MAX, check_file, store_file};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use wanquan_domain::actor::Actor;

/// What stands before the path of a file in addresses of WordPress.
const UPLOADS: &str = "/uploads/";

/// What became of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaTaken {
    /// Files that were kept.
    pub files: usize,
    /// Places in articles that lead to them now.
    pub links: usize,
    /// Files that were not taken: title of the article, address there, and why.
    pub missing: Vec<(String, String, String)>,
}

/// Takes the files to which articles lead from a folder, and lets the articles lead to what was taken. With `dry_run`,
/// files are looked at and nothing is kept.
///
/// # Errors
/// `Forbidden`; if the store fails. A file that is missing or of a kind that is not taken is no error.
pub async fn take_media(
    app: &App,
    actor: &Actor,
    articles: &mut [Foreign],
    folder: &Path,
    dry_run: bool,
) -> Result<MediaTaken, Error> {
    let mut taken = MediaTaken::default();
    // What became of each file: its address and digest here, or why it is not taken.
    let mut known: HashMap<String, Result<(String, String), String>> = HashMap::new();
    for article in articles {
        let mut addresses = uploads_in(&article.content.body);
        addresses.extend(article.cover.clone());
        for address in &addresses {
            if !known.contains_key(address) {
                let kept = keep(app, actor, folder, address, dry_run).await?;
                taken.files += usize::from(kept.is_ok());
                known.insert(address.clone(), kept);
            }
            if let Some(Err(why)) = known.get(address) {
                taken.missing.push((article.content.title.clone(), address.clone(), why.clone()));
            }
        }
        // The longest first: one address may begin like another.
        addresses.sort_by_key(|address| std::cmp::Reverse(address.len()));
        addresses.dedup();
        for address in &addresses {
            if let Some(Ok((here, _))) = known.get(address) {
                taken.links += article.content.body.matches(address.as_str()).count();
                article.content.body = article.content.body.replace(address.as_str(), here);
            }
        }
        if let Some(Ok((_, digest))) = article.cover.as_ref().and_then(|cover| known.get(cover)) {
            article.content.cover = Some(digest.clone());
        }
    }
    Ok(taken)
}

/// Addresses of uploads in a body, as they are written there.
fn uploads_in(body: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | '<' | '>' | ',' | ']');
    let mut found: Vec<String> = Vec::new();
    for (at, _) in body.match_indices(UPLOADS) {
        let from = body[..at]
            .rfind(ends)
            .map_or(0, |end| end + body[end..].chars().next().map_or(1, char::len_utf8));
        let to = body[at..].find(ends).map_or(body.len(), |end| at + end);
        let address = body[from..to].to_owned();
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

/// The file of an address: as it is, or, of a picture that WordPress made smaller, the one that it was made of.
fn file_of(folder: &Path, address: &str) -> Result<PathBuf, String> {
    let (_, path) = address.split_once(UPLOADS).ok_or("no address of an upload")?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = percent_encoding::percent_decode_str(path).decode_utf8().map_err(|_| "no name of a file")?;
    let path = Path::new(path.as_ref());
    // The folder is not left: whoever wrote an article does not choose among the files of this machine.
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err("the address leads out of the folder".to_owned());
    }
    let whole = |path: &Path| -> Option<PathBuf> {
        let stem = path.file_stem()?.to_str()?;
        let (name, size) = stem.rsplit_once('-')?;
        let (width, height) = size.split_once('x')?;
        let is_size = [width, height].iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        let ending = path.extension()?.to_str()?;
        is_size.then(|| path.with_file_name(format!("{name}.{ending}")))
    };
    let candidates = [whole(path), Some(path.to_owned())];
    let existing = candidates.into_iter().flatten().map(|path| folder.join(path)).find(|path| path.is_file());
    let existing = existing.ok_or("the file is missing")?;
    // A link in the folder may lead out of it as well.
    let real = existing.canonicalize().map_err(|e| e.to_string())?;
    let root = folder.canonicalize().map_err(|e| e.to_string())?;
    if real.starts_with(root) { Ok(real) } else { Err("the file lies outside of the folder".to_owned()) }
}

async fn keep(
    app: &App,
    actor: &Actor,
    folder: &Path,
    address: &str,
    dry_run: bool,
) -> Result<Result<(String, String), String>, Error> {
    let path = match file_of(folder, address) {
        Ok(path) => path,
        Err(why) => return Ok(Err(why)),
    };
    let size = std::fs::metadata(&path).map_or(0, |facts| facts.len());
    if size > u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX) {
        return Ok(Err("the file is too large".to_owned()));
    }
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stored = if dry_run {
        check_file(&name, bytes).await.map(|()| (String::new(), String::new()))
    } else {
        store_file(app, actor, &name, bytes).await.map(|stored| (stored.address, stored.digest))
    };
    match stored {
        Ok(kept) => Ok(Ok(kept)),
        Err(Error::BadInput { message, .. }) => Ok(Err(message)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_are_found_in_html_and_markdown() {
        let body = "<img src=\"https://a.example/wp-content/uploads/2020/a-300x200.png\" srcset='/wp-content/uploads/2020/a.png 1x, \
                    /wp-content/uploads/b.png 2x'> ![文](/wp-content/uploads/%E6%96%87.jpg) [pdf](https://a.example/wp-content/uploads/2020/x.pdf)";
        assert_eq!(
            uploads_in(body),
            [
                "https://a.example/wp-content/uploads/2020/a-300x200.png",
                "/wp-content/uploads/2020/a.png",
                "/wp-content/uploads/b.png",
                "/wp-content/uploads/%E6%96%87.jpg",
                "https://a.example/wp-content/uploads/2020/x.pdf",
            ]
        );
        assert!(uploads_in("no files").is_empty());
    }

    #[test]
    fn the_folder_is_not_left_and_a_smaller_picture_is_the_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = folder.path().join("uploads");
        std::fs::create_dir_all(uploads.join("2020")).unwrap();
        std::fs::write(uploads.join("2020/a.png"), "x").unwrap();
        std::fs::write(folder.path().join("secret.txt"), "x").unwrap();
        let of = |address: &str| file_of(&uploads, address);
        assert!(
            of("https://a.example/wp-content/uploads/2020/a-300x200.png?x=1").unwrap().ends_with("a.png")
        );
        for out in [
            "/uploads/../secret.txt",
            "/uploads/%2e%2e/secret.txt",
            "/uploads//etc/passwd",
            "/uploads/2020/../../secret.txt",
        ] {
            assert!(of(out).is_err(), "{out}");
        }
        assert_eq!(of("/uploads/2020/b.png").unwrap_err(), "the file is missing");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secret.txt"), uploads.join("link.txt")).unwrap();
            assert!(of("/uploads/link.txt").is_err());
        }
    }
}
