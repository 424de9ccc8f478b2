//! `wanquan portal import` and `wanquan portal export`: articles from and to files.

use super::{OPERATOR, with_installation};
use crate::config::DataArgs;
use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};
use std::fs;
use std::io::{BufRead as _, BufReader, BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use uuid::Uuid;
use wanquan_app::App;
use wanquan_app::portal::channels::prepare;
use wanquan_app::portal::exchange::{
    self, Archived, ArchivedChannel, COMMENTS_AT_ONCE, Foreign, Placing, Taken, TakenComments,
    parse_markdown, parse_wxr, write_markdown,
};
use wanquan_app::portal::files::{PortalFile, read_file};
use wanquan_domain::actor::Actor;
use wanquan_domain::comment::Comment;
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::Lang;

/// Names what a folder holds and in which form.
const MARK: &str = "portal.json";
const FORM: &str = "wanquan-portal-1";
/// Comments, one a line.
const COMMENTS: &str = "comments.jsonl";

/// Arguments of `wanquan portal`.
#[derive(Args)]
pub struct PortalArgs {
    #[command(subcommand)]
    command: PortalCommand,
}

#[derive(Subcommand)]
enum PortalCommand {
    /// Take articles from a folder of Markdown, a WordPress export (.xml), or a folder that `export` wrote.
    Import(ImportArgs),
    /// Write everything of the portal into a new folder: Markdown for people, JSON with all versions, the files, the
    /// comments.
    Export(ExportArgs),
}

#[derive(Args)]
struct ImportArgs {
    /// Folder or file.
    from: PathBuf,
    /// Channel of articles that name none that exists here.
    #[arg(long, value_name = "ID")]
    channel: Option<String>,
    /// Region of articles that name none (code).
    #[arg(long, value_name = "CODE")]
    region: Option<String>,
    /// Make public what was public there; otherwise everything becomes a draft that is reviewed like any other.
    #[arg(long)]
    publish: bool,
    /// Folder of the files that articles show: `uploads` of a WordPress installation.
    #[arg(long, value_name = "DIR")]
    media: Option<PathBuf>,
    /// Write nothing; say what would be taken, what would not, and why.
    #[arg(long)]
    dry_run: bool,
    /// Language of articles of a WordPress export.
    #[arg(long, value_name = "LANG", default_value = "zh", value_parser = ["zh", "en"])]
    lang: String,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Args)]
struct ExportArgs {
    /// Folder to make; it must not exist.
    to: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

impl PortalArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// If files cannot be read or written, or the installation cannot be opened.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            PortalCommand::Import(args) => {
                let data = args.data.clone();
                with_installation(&data, async |app| import(&app, args).await)
            }
            PortalCommand::Export(args) => {
                let data = args.data.clone();
                with_installation(&data, async |app| export(&app, &args.to).await)
            }
        }
    }
}

async fn import(app: &App, args: ImportArgs) -> anyhow::Result<ExitCode> {
    let actor = Actor::system(OPERATOR);
    prepare(app).await?;
    if args.from.join(MARK).is_file() {
        if args.dry_run {
            bail!("a folder that `export` wrote is taken back as it is; there is nothing to try");
        }
        return restore(app, &actor, &args.from).await;
    }
    let (Some(channel), Some(region)) = (&args.channel, &args.region) else {
        bail!("--channel and --region say where articles go that name none");
    };
    let lang = if args.lang == "en" { Lang::En } else { Lang::Zh };
    let (mut articles, unreadable) = read(app, &args.from, lang)?;
    let media = match &args.media {
        Some(folder) => Some(exchange::take_media(app, &actor, &mut articles, folder, args.dry_run).await?),
        None => None,
    };
    let placing = Placing {
        channel: channel.clone(),
        region: RegionCode::new(region),
        publish: args.publish,
        dry_run: args.dry_run,
    };
    let mut taken = exchange::import_articles(app, &actor, articles, &placing).await?;
    taken.refused.extend(unreadable);
    if args.dry_run {
        println!("Nothing was written. Without --dry-run:");
    }
    let mut done = report(&taken);
    if let Some(media) = media {
        println!(
            "{} files taken, {} links lead to them, {} missing",
            media.files,
            media.links,
            media.missing.len()
        );
        for (title, address, why) in &media.missing {
            println!("  {title}: {address}: {why}");
        }
        if !media.missing.is_empty() {
            done = ExitCode::from(4);
        }
    }
    Ok(done)
}

fn report(taken: &Taken) -> ExitCode {
    println!(
        "{} articles taken, {} of them public, {} scheduled, {} were there already, {} refused; {} comments",
        taken.articles,
        taken.public,
        taken.scheduled,
        taken.known,
        taken.refused.len(),
        taken.comments
    );
    for (name, why) in taken.refused.iter().take(50) {
        println!("  {name}: {why}");
    }
    if taken.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(4) }
}

type Read = (Vec<Foreign>, Vec<(String, String)>);

fn read(app: &App, from: &Path, lang: Lang) -> anyhow::Result<Read> {
    let text = |path: &Path| fs::read_to_string(path).with_context(|| format!("reading {}", path.display()));
    if from.is_file() {
        let export = parse_wxr(&text(from)?, lang, app.time_zone())
            .map_err(|why| anyhow!("{}: {why}", from.display()))?;
        for (kind, n) in &export.passed_over {
            println!("{n} items of kind `{kind}` are not articles and are passed over");
        }
        return Ok((export.articles, Vec::new()));
    }
    let mut files = Vec::new();
    let mut open = vec![from.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else if entry.path().extension().is_some_and(|e| e == "md" || e == "markdown") {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    let (mut articles, mut refused) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match fs::read_to_string(&file) {
            Ok(text) => match parse_markdown(&name, &text, app.time_zone()) {
                Ok(article) => articles.push(article),
                Err(why) => refused.push((name, why)),
            },
            Err(error) => refused.push((name, error.to_string())),
        }
    }
    Ok((articles, refused))
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Mark {
    form: String,
    channels: Vec<ArchivedChannel>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct FileFacts {
    digest: String,
    name: String,
    media_type: String,
    pixels: Option<(u32, u32)>,
    uploaded_by: String,
    uploaded_at: jiff::Timestamp,
}

async fn export(app: &App, to: &Path) -> anyhow::Result<ExitCode> {
    let actor = Actor::system(OPERATOR);
    if to.exists() {
        bail!("{} exists already", to.display());
    }
    let (articles_folder, files_folder) = (to.join("articles"), to.join("files"));
    for folder in [&articles_folder, &files_folder] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let (mut after, mut count) = (None, 0_usize);
    loop {
        let (page, next) = exchange::export_articles(app, &actor, after).await?;
        for archived in &page {
            let stem = format!("{:08}", archived.article.number);
            let markdown = write_markdown(archived).map_err(|why| anyhow!("article {stem}: {why}"))?;
            fs::write(articles_folder.join(format!("{stem}.md")), markdown)?;
            fs::write(articles_folder.join(format!("{stem}.json")), serde_json::to_vec_pretty(archived)?)?;
        }
        count += page.len();
        after = next;
        if after.is_none() {
            break;
        }
    }
    let mut last = String::new();
    loop {
        let digests = exchange::export_file_list(app, &actor, &last).await?;
        let Some(end) = digests.last().cloned() else { break };
        for digest in digests {
            let file = read_file(app, &actor, &digest).await?;
            fs::write(files_folder.join(&digest), &file.bytes)?;
            let facts = FileFacts {
                digest: file.digest,
                name: file.name,
                media_type: file.media_type,
                pixels: file.pixels,
                uploaded_by: file.uploaded_by,
                uploaded_at: file.uploaded_at,
            };
            fs::write(files_folder.join(format!("{digest}.json")), serde_json::to_vec_pretty(&facts)?)?;
        }
        last = end;
    }
    let comments = export_comments(app, &actor, &to.join(COMMENTS)).await?;
    let channels = exchange::export_channels(app, &actor).await?;
    // Written last: a folder without it was not finished.
    let mark = Mark { form: FORM.to_owned(), channels };
    fs::write(to.join(MARK), serde_json::to_vec_pretty(&mark)?)?;
    println!("{count} articles and {comments} comments are in {}", to.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes every comment, one a line: there may be many times more of them than articles.
async fn export_comments(app: &App, actor: &Actor, to: &Path) -> anyhow::Result<usize> {
    let mut out = BufWriter::new(fs::File::create(to).with_context(|| format!("making {}", to.display()))?);
    let (mut after, mut count) = (Uuid::nil(), 0);
    loop {
        let page = exchange::export_comments(app, actor, after).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        count += page.len();
        for comment in &page {
            serde_json::to_writer(&mut out, comment)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(count)
}

/// Takes back the comments of a folder; those that releases wrote which had none have no such file.
async fn restore_comments(app: &App, actor: &Actor, from: &Path) -> anyhow::Result<ExitCode> {
    let file = match fs::File::open(from) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error).with_context(|| format!("reading {}", from.display())),
    };
    let mut lines = BufReader::new(file).lines();
    let mut sum = TakenComments::default();
    loop {
        let part: Vec<Comment> = lines
            .by_ref()
            .take(COMMENTS_AT_ONCE as usize)
            .map(|line| Ok(serde_json::from_str(&line?)?))
            .collect::<anyhow::Result<_>>()
            .with_context(|| format!("reading {}", from.display()))?;
        if part.is_empty() {
            break;
        }
        let some = exchange::restore_comments(app, actor, part).await?;
        sum.taken += some.taken;
        sum.known += some.known;
        sum.refused += some.refused;
    }
    println!(
        "{} comments taken, {} were there already, {} belong to no article",
        sum.taken, sum.known, sum.refused
    );
    Ok(if sum.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

async fn restore(app: &App, actor: &Actor, from: &Path) -> anyhow::Result<ExitCode> {
    let mark: Mark = serde_json::from_slice(&fs::read(from.join(MARK))?).context("reading portal.json")?;
    if mark.form != FORM {
        bail!("{} is of the form `{}`, this release reads `{FORM}`", from.display(), mark.form);
    }
    exchange::restore_channels(app, actor, mark.channels).await?;
    for path in jsons(&from.join("files"))? {
        let facts: FileFacts = serde_json::from_slice(&fs::read(&path)?)
            .with_context(|| format!("reading {}", path.display()))?;
        let bytes = fs::read(path.with_extension(""))?;
        let file = PortalFile {
            digest: facts.digest,
            name: facts.name,
            media_type: facts.media_type,
            bytes,
            pixels: facts.pixels,
            uploaded_by: facts.uploaded_by,
            uploaded_at: facts.uploaded_at,
        };
        exchange::restore_file(app, actor, file).await?;
    }
    let mut taken = Taken::default();
    for part in jsons(&from.join("articles"))?.chunks(200) {
        let mut articles: Vec<Archived> = Vec::new();
        for path in part {
            let archived = serde_json::from_slice(&fs::read(path)?);
            articles.push(archived.with_context(|| format!("reading {}", path.display()))?);
        }
        let some = exchange::restore_articles(app, actor, articles).await?;
        taken.articles += some.articles;
        taken.public += some.public;
        taken.known += some.known;
        taken.scheduled += some.scheduled;
        taken.refused.extend(some.refused);
    }
    let articles = report(&taken);
    let comments = restore_comments(app, actor, &from.join(COMMENTS)).await?;
    Ok(if taken.refused.is_empty() { comments } else { articles })
}

fn jsons(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
