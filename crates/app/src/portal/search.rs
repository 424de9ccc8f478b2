//! Search in everything public, in Chinese and English.
//!
//! Each process keeps an index of its own in the data folder. It follows the table of changes: whatever became public,
//! changed or was withdrawn stands there with the generation in which it did, and the index remembers how far it has
//! come. An index that is missing, damaged, of another form, or ahead of the database (which was restored then) is made
//! anew from the beginning of that table; so there is nothing to back up and nothing to repair.
//!
//! A further kind of thing is made searchable by noting its changes ([`wanquan_store::portal::note_change`]) and adding
//! a line to [`load_document`].

#[cfg(test)]
mod tests;

use super::public::{ARTICLE, SERVICE, live_version};
use super::render;
use crate::app::App;
use crate::error::Error;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use std::collections::HashSet;
use std::ops::{Bound, RangeInclusive};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use tantivy::collector::{Count, TopDocs};
use tantivy::directory::MmapDirectory;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
    Value as _,
};
use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};
use wanquan_domain::article::clean_line;
use wanquan_domain::public_entry::PublicEntry;
use wanquan_domain::region::Level;
use wanquan_store::{Tx, article, portal, public_entry};

/// Form of the index; another one is made anew.
const FORM: &str = "2";
/// Name of the way in which texts are taken apart.
const ANALYZER: &str = "zh_en";
/// Longest text that is looked for, in characters.
pub const QUERY_CHARS_MAX: usize = 100;
/// Words of a question that are looked for.
const WORDS_MAX: usize = 16;
/// Longest word that is kept, in bytes.
const WORD_BYTES_MAX: usize = 60;
/// Results on a page.
pub const PAGE_LENGTH: usize = 10;
/// Pages of results that are shown; whoever looks further asks better.
pub const PAGES_MAX: usize = 50;
/// Characters of a text that are kept for showing where a word was found.
const KEPT_CHARS: usize = 20_000;
/// Characters shown around it.
const SHOWN_CHARS: usize = 110;
/// Changes that are read at once.
const BATCH: u32 = 1_000;
/// Memory of the writer while it works, in bytes.
const WRITER_BYTES: usize = 48 << 20;

static JIEBA: LazyLock<jieba_rs::Jieba> = LazyLock::new(jieba_rs::Jieba::new);

/// Takes texts apart: Chinese by a dictionary, everything else at what is no letter or digit.
#[derive(Clone, Default)]
struct Segmenter;

struct Words {
    tokens: Vec<Token>,
    at: usize,
}

impl Tokenizer for Segmenter {
    type TokenStream<'a> = Words;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Words {
        // Without guesses about unknown names: those would depend on what stands beside them, and a question has
        // nothing beside it.
        let cut = JIEBA.cut_for_search(text, false);
        let mut at = 0;
        let tokens =
            cut.into_iter().filter(|token| token.word.chars().any(char::is_alphanumeric)).map(|token| {
                let from = token.word.as_ptr() as usize - text.as_ptr() as usize;
                at += 1;
                Token {
                    offset_from: from,
                    offset_to: from + token.word.len(),
                    position: at,
                    text: token.word.to_owned(),
                    position_length: 1,
                }
            });
        Words { tokens: tokens.collect(), at: 0 }
    }
}

impl TokenStream for Words {
    fn advance(&mut self) -> bool {
        self.at += 1;
        self.at <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.at - 1]
    }
}

fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Segmenter)
        .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
        .filter(LowerCaser)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Something that can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// Tags and other names under which it is looked for.
    pub names: String,
    /// Text without its form.
    pub text: String,
    /// Its address on the portal.
    pub address: String,
    /// When it became public.
    pub date: Timestamp,
    /// Days on which it holds; outside of them it is not found.
    pub holds: RangeInclusive<Date>,
}

/// Every day.
const ALWAYS: RangeInclusive<Date> = Date::MIN..=Date::MAX;

#[derive(Debug, Clone, Copy)]
struct Fields {
    key: Field,
    kind: Field,
    title: Field,
    names: Field,
    text: Field,
    address: Field,
    date: Field,
    from: Field,
    until: Field,
}

/// An open index.
pub(crate) struct SearchIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    /// How far it has come: generation and subject of the last change.
    position: Mutex<(i64, String)>,
}

/// The index of a process, opened when it is needed first, and the turn of whoever follows changes.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    opened: OnceLock<Arc<SearchIndex>>,
    following: tokio::sync::Mutex<()>,
}

fn failed(error: impl ToString) -> Error {
    Error::Internal(format!("the search index failed: {}", error.to_string()))
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let searched = |option| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(option),
        )
    };
    let fields = Fields {
        key: builder.add_text_field("key", STRING),
        kind: builder.add_text_field("kind", STRING | STORED),
        title: builder.add_text_field("title", searched(IndexRecordOption::WithFreqs) | STORED),
        names: builder.add_text_field("names", searched(IndexRecordOption::WithFreqs)),
        text: builder.add_text_field("text", searched(IndexRecordOption::WithFreqs) | STORED),
        address: builder.add_text_field("address", STORED),
        date: builder.add_i64_field("date", FAST | INDEXED | STORED),
        from: builder.add_i64_field("from", FAST | INDEXED),
        until: builder.add_i64_field("until", FAST | INDEXED),
    };
    (builder.build(), fields)
}

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchIndex").field("position", &self.position).finish_non_exhaustive()
    }
}

impl SearchIndex {
    /// Opens the index in a folder, in memory without one. One that cannot be used is made anew.
    fn open(folder: Option<&Path>) -> Result<Self, Error> {
        let Some(folder) = folder else { return Self::start(Index::create_in_ram(schema().0)) };
        let form = folder.join("form");
        let known = std::fs::read_to_string(&form).is_ok_and(|text| text == FORM);
        let output = |source| Error::Output { what: "the search index", source };
        if known {
            let opened = MmapDirectory::open(folder).map_err(failed).and_then(|directory| {
                Index::open_or_create(directory, schema().0).map_err(failed).and_then(Self::start)
            });
            match opened {
                Ok(opened) => return Ok(opened),
                Err(error) => tracing::warn!(%error, "The search index is made anew"),
            }
        }
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(output)?;
        }
        std::fs::create_dir_all(folder).map_err(output)?;
        std::fs::write(&form, FORM).map_err(output)?;
        let directory = MmapDirectory::open(folder).map_err(failed)?;
        Self::start(Index::open_or_create(directory, schema().0).map_err(failed)?)
    }

    fn start(index: Index) -> Result<Self, Error> {
        index.tokenizers().register(ANALYZER, analyzer());
        let payload = index.load_metas().map_err(failed)?.payload.unwrap_or_default();
        let position =
            payload.split_once(' ').and_then(|(n, subject)| Some((n.parse().ok()?, subject.to_owned())));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        let (_, fields) = schema();
        Ok(Self { index, reader, fields, position: Mutex::new(position.unwrap_or_default()) })
    }

    fn position(&self) -> (i64, String) {
        self.position.lock().expect("no thread panics while holding it").clone()
    }

    /// Writes documents (`None` takes one away) and how far the index has come by them.
    fn write(
        &self,
        documents: Vec<(String, String, Option<Document>)>,
        position: (i64, String),
    ) -> Result<(), Error> {
        let mut writer: IndexWriter = self.index.writer_with_num_threads(1, WRITER_BYTES).map_err(failed)?;
        for (kind, subject, document) in documents {
            let key = format!("{kind}/{subject}");
            writer.delete_term(Term::from_field_text(self.fields.key, &key));
            let Some(document) = document else { continue };
            let mut kept = TantivyDocument::new();
            kept.add_text(self.fields.key, key);
            kept.add_text(self.fields.kind, kind);
            kept.add_text(self.fields.title, document.title);
            kept.add_text(self.fields.names, document.names);
            kept.add_text(self.fields.text, document.text);
            kept.add_text(self.fields.address, document.address);
            kept.add_i64(self.fields.date, document.date.as_second());
            kept.add_i64(self.fields.from, day_number(*document.holds.start()));
            kept.add_i64(self.fields.until, day_number(*document.holds.end()));
            writer.add_document(kept).map_err(failed)?;
        }
        let mut commit = writer.prepare_commit().map_err(failed)?;
        commit.set_payload(&format!("{} {}", position.0, position.1));
        commit.commit().map_err(failed)?;
        writer.wait_merging_threads().map_err(failed)?;
        self.reader.reload().map_err(failed)?;
        *self.position.lock().expect("no thread panics while holding it") = position;
        Ok(())
    }

    /// Forgets everything.
    fn clear(&self) -> Result<(), Error> {
        let mut writer: IndexWriter = self.index.writer_with_num_threads(1, WRITER_BYTES).map_err(failed)?;
        writer.delete_all_documents().map_err(failed)?;
        let mut commit = writer.prepare_commit().map_err(failed)?;
        commit.set_payload("");
        commit.commit().map_err(failed)?;
        self.reader.reload().map_err(failed)?;
        *self.position.lock().expect("no thread panics while holding it") = (0, String::new());
        Ok(())
    }

    fn search(&self, asked: &Asked, today: Date) -> Result<Results, Error> {
        let words = words_of(&asked.text);
        if words.is_empty() {
            return Ok(Results::default());
        }
        let mut found = self.find(&words, Occur::Must, asked, today)?;
        if found.total == 0 && words.len() > 1 {
            // Nothing holds every word; what holds some of them is better than nothing, and is said to be so.
            found = self.find(&words, Occur::Should, asked, today)?;
            found.partly = true;
        }
        Ok(found)
    }

    fn find(&self, words: &[String], each: Occur, asked: &Asked, today: Date) -> Result<Results, Error> {
        let in_field = |field: Field, word: &str, boost: f32| -> (Occur, Box<dyn Query>) {
            let term = TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(BoostQuery::new(Box::new(term), boost)))
        };
        let clauses = words.iter().map(|word| -> (Occur, Box<dyn Query>) {
            let fields = vec![
                in_field(self.fields.title, word, 3.0),
                in_field(self.fields.names, word, 2.0),
                in_field(self.fields.text, word, 1.0),
            ];
            (each, Box::new(BooleanQuery::new(fields)))
        });
        let words_found = BooleanQuery::new(clauses.collect());
        let day = |field, from: Bound<i64>, to: Bound<i64>| -> (Occur, Box<dyn Query>) {
            let term = |bound: Bound<i64>| bound.map(|n| Term::from_field_i64(field, n));
            (Occur::MustNot, Box::new(RangeQuery::new(term(from), term(to))))
        };
        let today = day_number(today);
        let mut all: Vec<(Occur, Box<dyn Query>)> = vec![
            (Occur::Must, Box::new(words_found)),
            day(self.fields.from, Bound::Excluded(today), Bound::Unbounded),
            day(self.fields.until, Bound::Unbounded, Bound::Excluded(today)),
        ];
        if let Some(kind) = &asked.kind {
            let term = Term::from_field_text(self.fields.kind, kind);
            all.push((
                Occur::Must,
                Box::new(ConstScoreQuery::new(Box::new(TermQuery::new(term, IndexRecordOption::Basic)), 0.0)),
            ));
        }
        let query = BooleanQuery::new(all);
        let searcher = self.reader.searcher();
        let skipped = (asked.page.clamp(1, PAGES_MAX) - 1) * PAGE_LENGTH;
        let top = TopDocs::with_limit(PAGE_LENGTH).and_offset(skipped).order_by_score();
        let (top, total) = searcher.search(&query, &(top, Count)).map_err(failed)?;
        let mut hits = Vec::new();
        for (_, address) in top {
            let document: TantivyDocument = searcher.doc(address).map_err(failed)?;
            let text =
                |field| document.get_first(field).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            let date = document.get_first(self.fields.date).and_then(|v| v.as_i64()).unwrap_or_default();
            hits.push(Hit {
                kind: text(self.fields.kind),
                title: marked(&text(self.fields.title), words, usize::MAX),
                text: marked(&text(self.fields.text), words, SHOWN_CHARS),
                address: text(self.fields.address),
                date: Timestamp::from_second(date).unwrap_or_default(),
            });
        }
        Ok(Results { total, hits, partly: false })
    }
}

/// The words of a question, taken apart as texts are.
fn words_of(text: &str) -> Vec<String> {
    let text: String = clean_line(text).chars().take(QUERY_CHARS_MAX).collect();
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(&text);
    let (mut words, mut seen) = (Vec::new(), HashSet::new());
    while stream.advance() {
        let word = stream.token().text.clone();
        if words.len() < WORDS_MAX && seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

/// A piece of text, and whether it is what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// True for a word of the question.
    pub found: bool,
}

/// A text around the first word of the question, with the words told apart.
fn marked(text: &str, words: &[String], shown: usize) -> Vec<Piece> {
    let chars: Vec<char> = text.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
    let lower: Vec<char> = chars.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
    let mut is_found = vec![false; chars.len()];
    let mut first = None;
    for word in words {
        let word: Vec<char> = word.chars().collect();
        let latin = word.iter().all(char::is_ascii);
        for at in 0..lower.len().saturating_sub(word.len() - 1) {
            if lower[at..at + word.len()] != word[..] {
                continue;
            }
            // A stem stands at the beginning of a word, and the whole word is marked.
            if latin && at > 0 && lower[at - 1].is_ascii_alphanumeric() {
                continue;
            }
            let mut end = at + word.len();
            while latin && end < lower.len() && lower[end].is_ascii_alphanumeric() {
                end += 1;
            }
            is_found[at..end].fill(true);
            first = Some(first.map_or(at, |first: usize| first.min(at)));
        }
    }
    let from = if shown == usize::MAX { 0 } else { first.unwrap_or(0).saturating_sub(shown / 4) };
    let to = chars.len().min(from.saturating_add(shown));
    let mut pieces: Vec<Piece> = Vec::new();
    if from > 0 {
        pieces.push(Piece { text: "…".to_owned(), found: false });
    }
    for at in from..to {
        match pieces.last_mut() {
            Some(piece) if piece.found == is_found[at] => piece.text.push(chars[at]),
            _ => pieces.push(Piece { text: chars[at].to_string(), found: is_found[at] }),
        }
    }
    if to < chars.len() {
        pieces.push(Piece { text: "…".to_owned(), found: false });
    }
    pieces
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Kind of thing: `article` or `service_place`.
    pub kind: String,
    /// Its title.
    pub title: Vec<Piece>,
    /// Its text around what was looked for.
    pub text: Vec<Piece>,
    /// Its address.
    pub address: String,
    /// When it became public.
    pub date: Timestamp,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// How many in all.
    pub total: usize,
    /// Those of the page, the best first.
    pub hits: Vec<Hit>,
    /// True if nothing holds every word and these hold some.
    pub partly: bool,
}

/// Opens the index of this process in a folder, which is made if it is missing. Without this, the index is kept in
/// memory.
///
/// # Errors
/// If the folder cannot be written.
pub fn open(app: &App, folder: &Path) -> Result<(), Error> {
    let index = SearchIndex::open(Some(folder))?;
    // A second call changes nothing: whoever searches already keeps the index.
    let _ = app.portal_memory().search.opened.set(Arc::new(index));
    Ok(())
}

fn index(app: &App) -> Result<Arc<SearchIndex>, Error> {
    let shared = &app.portal_memory().search;
    if let Some(index) = shared.opened.get() {
        return Ok(Arc::clone(index));
    }
    let made = Arc::new(SearchIndex::open(None)?);
    Ok(Arc::clone(shared.opened.get_or_init(|| made)))
}

/// Takes up what has changed since the index looked last. Returns how many changes.
///
/// # Errors
/// If the store or the index fails; what was taken up by then stays.
pub async fn follow(app: &App) -> Result<usize, Error> {
    let _turn = app.portal_memory().search.following.lock().await;
    let index = index(app)?;
    let mut taken = 0;
    loop {
        let (generation, subject) = index.position();
        let mut tx = app.read().await?;
        if generation > portal::generation(&mut tx).await? {
            tracing::warn!("The search index is ahead of the database, which was restored; it is made anew");
            index.clear()?;
            continue;
        }
        let changes = portal::changes(&mut tx, (generation, &subject), BATCH).await?;
        let Some(last) = changes.last() else { return Ok(taken) };
        let position = (last.generation, last.subject.clone());
        let full = changes.len() == BATCH as usize;
        let mut documents = Vec::with_capacity(changes.len());
        for change in changes {
            let document = load_document(app, &mut tx, &change.kind, &change.subject).await?;
            documents.push((change.kind, change.subject, document));
        }
        drop(tx);
        taken += documents.len();
        let writing = Arc::clone(&index);
        let written = tokio::task::spawn_blocking(move || writing.write(documents, position));
        written.await.map_err(|e| Error::Internal(e.to_string()))??;
        if !full {
            return Ok(taken);
        }
    }
}

/// What search shows of something; `None` if it is not public (any more). A kind of thing is a line here.
async fn load_document(
    app: &App,
    tx: &mut Tx<'_>,
    kind: &str,
    subject: &str,
) -> Result<Option<Document>, Error> {
    let Ok(id) = subject.parse() else { return Ok(None) };
    match kind {
        ARTICLE => {
            let Some(found) = article::get(tx, id).await? else { return Ok(None) };
            let Some(version) = live_version(tx, &found).await? else { return Ok(None) };
            let content = version.content;
            let names = [&content.tags.join(" "), &content.author, &content.source, &content.place];
            let names = names.map(String::as_str).join(" ");
            let text: String = render::to_text(&content.body).chars().take(KEPT_CHARS).collect();
            let text =
                if content.subtitle.is_empty() { text } else { format!("{}\n{text}", content.subtitle) };
            Ok(Some(Document {
                title: content.title,
                names,
                text,
                address: found.address.unwrap_or_default(),
                date: found.published_at.unwrap_or(version.published_at),
                holds: ALWAYS,
            }))
        }
        SERVICE => {
            let Some(entry) = public_entry::get(tx, id).await? else { return Ok(None) };
            Ok(Some(service_document(app, &entry)))
        }
        _ => Ok(None),
    }
}

/// A place is found by its name, by what it offers and where it lies, and by what stands on its page.
fn service_document(app: &App, entry: &PublicEntry) -> Document {
    let register = app.packs().register(&entry.register);
    let category = entry.text("category");
    let choices =
        register.and_then(|r| r.field("category")).map(|f| f.choices.as_slice()).unwrap_or_default();
    let offered = choices.iter().find(|choice| choice.id == category).map(|choice| choice.label.clone());
    let tree = &app.packs().regions;
    let own = tree.get(&entry.region).into_iter();
    let places = own.chain(tree.ancestors(&entry.region)).filter(|region| region.level >= Level::Prefecture);
    let mut names: Vec<String> = offered.into_iter().flat_map(|label| [label.zh, label.en]).collect();
    names.push(entry.text("department").to_owned());
    for place in places {
        names.push(place.name.clone());
        names.extend(place.name_en.clone());
    }
    let lines = ["address", "phone", "hours", "note"].map(|field| entry.text(field));
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let view = register.and_then(|register| register.public.as_ref());
    let day = |field: Option<&String>| field.and_then(|field| entry.date(field));
    let from = day(view.and_then(|view| view.from.as_ref())).unwrap_or(Date::MIN);
    let until = day(view.and_then(|view| view.until.as_ref())).unwrap_or(Date::MAX);
    Document {
        title: entry.text("name").to_owned(),
        names: names.join(" "),
        text: lines.join("\n"),
        address: format!("/services/{}", entry.id),
        date: entry.changed_at,
        holds: from..=until,
    }
}

fn day_number(day: Date) -> i64 {
    day.duration_since(date(1970, 1, 1)).as_hours().div_euclid(24)
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Words.
    pub text: String,
    /// Only things of this kind.
    pub kind: Option<String>,
    /// Page, from 1.
    pub page: usize,
}

/// Looks for a text in everything that is public and holds today.
///
/// # Errors
/// If the index fails.
pub async fn search(app: &App, asked: Asked) -> Result<Results, Error> {
    let (index, today) = (index(app)?, app.today());
    let found = tokio::task::spawn_blocking(move || index.search(&asked, today));
    found.await.map_err(|e| Error::Internal(e.to_string()))?
}
