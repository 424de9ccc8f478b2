//! What all pages share: language, look, the way through the portal, and what other programs read in the head.

use super::CSS_ADDRESS;
use super::page::script_address;
use super::reader::{Reader, Theme, View};
use super::words::Words;
use crate::api::Api;
use wanquan_domain::text::Lang;

/// A link with a name.
#[derive(Debug, Clone)]
pub struct NavLink {
    /// Address.
    pub href: String,
    /// Name.
    pub name: String,
    /// True where the reader is.
    pub current: bool,
}

/// What all pages share; the field `f` of every template.
#[derive(Debug)]
pub struct Frame {
    /// The language.
    pub w: Words,
    /// How the reader wants to see it.
    pub view: View,
    /// Address of the style sheet.
    pub css: &'static str,
    /// Script files that it loads; it is complete without them.
    pub scripts: Vec<String>,
    /// True in a demonstration.
    pub demo: bool,
    /// Title of the page.
    pub title: String,
    /// Name of the portal.
    pub site: String,
    /// What stands under every article.
    pub copyright: String,
    /// Channels at the top.
    pub nav: Vec<NavLink>,
    /// Path of this page.
    pub path: String,
    /// The query of this page without the language, as `page=2`.
    pub query: String,
    /// What the page is about, in one sentence.
    pub description: String,
    /// True for pages that search engines are to leave alone.
    pub noindex: bool,
    /// What was looked for.
    pub asked: String,
    /// Address of the installation, without a slash at the end; empty if it was not set up.
    pub base: String,
}

impl Frame {
    /// The frame of the page at a path.
    pub fn new(api: &Api, reader: &Reader, path: &str, title: &str) -> Self {
        let (w, lang) = (reader.w, reader.w.0);
        let declared = &api.app.packs().portal;
        let site = declared.title.as_ref().map_or("Wanquan", |title| title.get(lang)).to_owned();
        let copyright = declared.copyright.as_ref().map_or("", |text| text.get(lang)).to_owned();
        let nav = reader.tree.children(None).map(|channel| {
            let address = reader.tree.address(&channel.id);
            NavLink {
                current: path.starts_with(&address),
                href: w.href(&address),
                name: channel.title.get(lang).to_owned(),
            }
        });
        Self {
            w,
            view: reader.view,
            css: CSS_ADDRESS.as_str(),
            scripts: Vec::new(),
            demo: api.app.is_demo(),
            title: title.to_owned(),
            site,
            copyright,
            nav: nav.collect(),
            path: path.to_owned(),
            query: String::new(),
            description: String::new(),
            noindex: false,
            asked: String::new(),
            base: api.config.public_url.clone().unwrap_or_default(),
        }
    }

    /// With the parts of the query that make it another page; empty ones are left out.
    pub(super) fn with_query(mut self, parts: &[(&str, &str)]) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parts.iter().filter(|(_, value)| !value.is_empty()));
        self.query = query.finish();
        self
    }

    /// With a script file of this server.
    pub(super) fn with_script(mut self, name: &str) -> Self {
        self.scripts.push(script_address(name));
        self
    }

    /// As a page that search engines are to leave alone.
    pub(super) fn unlisted(mut self) -> Self {
        self.noindex = true;
        self
    }

    /// An address in the language of the page.
    pub fn href(&self, path: &str) -> String {
        self.w.href(path)
    }

    /// `aria-current` of a section of the portal; channels have a navigation of their own.
    pub fn current(&self, section: &str) -> &'static str {
        let below = self.path.strip_prefix(section);
        let is_here = below.is_some_and(|rest| rest.is_empty() || (section != "/" && rest.starts_with('/')));
        if is_here { "page" } else { "false" }
    }

    /// What stands in the head as the title.
    pub fn head_title(&self) -> String {
        if self.title.is_empty() { self.site.clone() } else { format!("{} · {}", self.title, self.site) }
    }

    /// Classes of the root.
    pub fn classes(&self) -> &'static str {
        self.view.classes()
    }

    /// The address of this page in a language.
    pub fn here(&self, lang: Lang) -> String {
        let lang = if lang == Lang::En { "lang=en" } else { "" };
        let query: Vec<&str> = [self.query.as_str(), lang].into_iter().filter(|q| !q.is_empty()).collect();
        if query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, query.join("&")) }
    }

    /// The address of this page in the other language.
    pub fn other_lang(&self) -> String {
        self.here(if self.w.0 == Lang::En { Lang::Zh } else { Lang::En })
    }

    /// The address of this page under which it is to be known.
    pub fn canonical(&self) -> String {
        self.absolute(&self.here(self.w.0))
    }

    /// The address of this page in a language named `zh` or `en`.
    pub fn alternate(&self, lang: &str) -> String {
        self.absolute(&self.here(if lang == "en" { Lang::En } else { Lang::Zh }))
    }

    /// An address with that of the installation before it.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn choice(&self, theme: Theme, large: bool) -> String {
        let code = View { theme, large }.code();
        let back: String =
            percent_encoding::utf8_percent_encode(&self.here(self.w.0), percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        format!("/preferences?view={code}&back={back}")
    }

    /// Ways to another look: name and address.
    pub fn choices(&self) -> Vec<NavLink> {
        let w = self.w;
        let theme = |name: &str, theme| NavLink {
            href: self.choice(theme, self.view.large),
            name: name.to_owned(),
            current: self.view.theme == theme,
        };
        vec![
            theme(w.t("Automatic", "跟随系统"), Theme::Auto),
            theme(w.t("Light", "浅色"), Theme::Light),
            theme(w.t("Dark", "深色"), Theme::Dark),
            NavLink {
                href: self.choice(self.view.theme, !self.view.large),
                name: w.t("Large text", "大字版").to_owned(),
                current: self.view.large,
            },
        ]
    }
}
