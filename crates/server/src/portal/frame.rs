//! What all pages share: language, look, the way through the channels, and what other programs read in the head.

use super::CSS_ADDRESS;
use super::words::Words;
use crate::api::Api;
use axum::http::{HeaderMap, header};
use wanquan_domain::channel::ChannelTree;
use wanquan_domain::text::Lang;

/// The cookie that keeps how a reader wants pages to look. It is set when a reader chooses, and holds nothing else.
pub(super) const COOKIE: &str = "wanquan_view";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the device is set.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How a reader wants pages to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// Light or dark.
    pub theme: Theme,
    /// Large text.
    pub large: bool,
}

impl View {
    /// What the cookie of a request says.
    pub fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';'));
        let code = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        code.map_or_else(Self::default, Self::parse)
    }

    fn parse(code: &str) -> Self {
        let theme = match code.get(..1) {
            Some("l") => Theme::Light,
            Some("d") => Theme::Dark,
            _ => Theme::Auto,
        };
        Self { theme, large: code.get(1..2) == Some("2") }
    }

    /// The look in two letters, as it stands in the cookie.
    pub fn code(self) -> &'static str {
        match (self.theme, self.large) {
            (Theme::Auto, false) => "a1",
            (Theme::Auto, true) => "a2",
            (Theme::Light, false) => "l1",
            (Theme::Light, true) => "l2",
            (Theme::Dark, false) => "d1",
            (Theme::Dark, true) => "d2",
        }
    }

    /// Classes of the root of a page.
    pub(super) fn classes(self) -> &'static str {
        match (self.theme, self.large) {
            (Theme::Auto, false) => "",
            (Theme::Auto, true) => "large",
            (Theme::Light, false) => "light",
            (Theme::Light, true) => "light large",
            (Theme::Dark, false) => "dark",
            (Theme::Dark, true) => "dark large",
        }
    }
}

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

/// What all pages share.
#[derive(Debug)]
pub struct Frame {
    /// The language.
    pub w: Words,
    /// How the reader wants to see it.
    pub view: View,
    /// Address of the style sheet.
    pub css: &'static str,
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
    /// The frame of a page.
    pub fn new(api: &Api, tree: &ChannelTree, lang: Lang, view: View, path: &str, title: &str) -> Self {
        let w = Words(lang);
        let declared = &api.app.packs().portal;
        let site = declared.title.as_ref().map_or("Wanquan", |title| title.get(lang)).to_owned();
        let copyright = declared.copyright.as_ref().map_or("", |text| text.get(lang)).to_owned();
        let nav = tree.children(None).map(|channel| {
            let address = tree.address(&channel.id);
            NavLink {
                current: path.starts_with(&address),
                href: w.href(&address),
                name: channel.title.get(lang).to_owned(),
            }
        });
        Self {
            w,
            view,
            css: CSS_ADDRESS.as_str(),
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

    /// An address in the language of the page.
    pub fn href(&self, path: &str) -> String {
        self.w.href(path)
    }

    /// `aria-current` of a section of the portal; channels have a navigation of their own.
    pub fn current(&self, section: &str) -> &'static str {
        if section == "home" && self.path == "/" { "page" } else { "false" }
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
        format!("{}{}", self.base, self.here(self.w.0))
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_look_is_read_from_the_cookie_and_nothing_else_is_believed() {
        let of = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
            View::of(&headers)
        };
        assert_eq!(of("a=b; wanquan_view=d2; c=d"), View { theme: Theme::Dark, large: true });
        for cookie in ["wanquan_view=", "wanquan_view=<script>", "wanquan_view2=d2", "x"] {
            assert_eq!(of(cookie), View::default());
        }
        for code in ["a1", "a2", "l1", "l2", "d1", "d2"] {
            assert_eq!(View::parse(code).code(), code);
        }
    }
}
