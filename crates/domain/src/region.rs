//! The administrative tree: codes, paths, and finding a region by what people write.

mod name;

use crate::text::Lang;
use jiff::civil::Date;
use name::{normalise, short_name};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Code of a region, unique in the tree (statistical codes here, any codes elsewhere).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegionCode(Arc<str>);

impl RegionCode {
    /// Wraps a code; whether it exists is for the tree to say.
    pub fn new(code: &str) -> Self {
        Self(Arc::from(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Administrative level, from the widest to the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The whole country.
    Nation,
    /// First level below the nation.
    Province,
    /// Second level; a city with its counties.
    Prefecture,
    /// Third level; county or urban district.
    County,
    /// Fourth level; township, town or subdistrict.
    Township,
    /// Fifth level; village or residential community.
    Community,
    /// Cell of the grid that a community worker looks after.
    Grid,
}

impl Level {
    /// Every level, widest first.
    pub const ALL: [Self; 7] = [
        Self::Nation,
        Self::Province,
        Self::Prefecture,
        Self::County,
        Self::Township,
        Self::Community,
        Self::Grid,
    ];

    /// The name used in packs and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nation => "nation",
            Self::Province => "province",
            Self::Prefecture => "prefecture",
            Self::County => "county",
            Self::Township => "township",
            Self::Community => "community",
            Self::Grid => "grid",
        }
    }

    /// The level of a name used in packs.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// Persons living in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    /// Persons.
    pub n: u64,
    /// Day to which the figure refers.
    pub as_of: Date,
    /// Where the figure comes from.
    pub source: String,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Code, unique in the tree.
    pub code: RegionCode,
    /// Official name.
    pub name: String,
    /// English name where one is established.
    pub name_en: Option<String>,
    /// Administrative level.
    pub level: Level,
    /// Region one level up; `None` for a root.
    pub parent: Option<RegionCode>,
    /// Codes from the root down to this region: `/100000/140000/140400/`.
    pub path: String,
    /// Inhabitants, where known.
    pub population: Option<Population>,
}

impl Region {
    /// The name in a language; Chinese where no English one is established.
    pub fn name_in(&self, lang: Lang) -> &str {
        match (lang, &self.name_en) {
            (Lang::En, Some(name)) => name,
            _ => &self.name,
        }
    }
}

/// A region as a pack declares it.
#[derive(Debug, Clone)]
pub struct RegionRow {
    /// Code.
    pub code: String,
    /// Official name.
    pub name: String,
    /// English name.
    pub name_en: Option<String>,
    /// Administrative level.
    pub level: Level,
    /// Code of the parent.
    pub parent: Option<String>,
}

/// What a written place stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Exactly one region.
    Found(RegionCode),
    /// Several regions bear the name; the caller must say more.
    Ambiguous(Vec<RegionCode>),
    /// No region bears the name.
    Unknown,
}

/// Why a list of regions is not a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A code stands twice.
    #[error("region {code} is declared twice")]
    Duplicate {
        /// The code.
        code: String,
        /// 0-based row of the second declaration.
        row: usize,
    },
    /// A parent is not declared, or stands after its child.
    #[error("parent {parent} of region {code} is not declared before it")]
    UnknownParent {
        /// The child.
        code: String,
        /// The missing parent.
        parent: String,
        /// 0-based row of the child.
        row: usize,
    },
    /// A child is not below its parent's level.
    #[error("region {code} is not on a lower level than its parent {parent}")]
    WrongLevel {
        /// The child.
        code: String,
        /// Its parent.
        parent: String,
        /// 0-based row of the child.
        row: usize,
    },
}

impl TreeError {
    /// 0-based row at fault.
    pub fn row(&self) -> usize {
        match self {
            Self::Duplicate { row, .. } | Self::UnknownParent { row, .. } | Self::WrongLevel { row, .. } => {
                *row
            }
        }
    }
}

/// The administrative tree.
#[derive(Debug, Clone, Default)]
pub struct RegionTree {
    regions: Vec<Region>,
    children: Vec<Vec<u32>>,
    roots: Vec<u32>,
    by_code: HashMap<RegionCode, u32>,
    by_name: HashMap<String, Vec<u32>>,
    by_short_name: HashMap<String, Vec<u32>>,
}

impl RegionTree {
    /// Builds the tree; parents stand before their children. All faults are reported, faulty rows left out.
    pub fn build(rows: Vec<RegionRow>) -> (Self, Vec<TreeError>) {
        let mut tree = Self::default();
        let mut errors = Vec::new();
        for (row, declared) in rows.into_iter().enumerate() {
            if let Err(error) = tree.push(declared, row) {
                errors.push(error);
            }
        }
        (tree, errors)
    }

    fn push(&mut self, declared: RegionRow, row: usize) -> Result<(), TreeError> {
        let code = RegionCode::new(&declared.code);
        if self.by_code.contains_key(&code) {
            return Err(TreeError::Duplicate { code: declared.code, row });
        }
        let index = u32::try_from(self.regions.len()).expect("a tree has fewer than 2^32 regions");
        let (path, parent) = match declared.parent {
            None => {
                self.roots.push(index);
                (format!("/{code}/"), None)
            }
            Some(parent) => {
                let parent = RegionCode::new(&parent);
                let Some(&at) = self.by_code.get(&parent) else {
                    return Err(TreeError::UnknownParent {
                        code: declared.code,
                        parent: parent.to_string(),
                        row,
                    });
                };
                let above = &self.regions[at as usize];
                if above.level >= declared.level {
                    return Err(TreeError::WrongLevel {
                        code: declared.code,
                        parent: parent.to_string(),
                        row,
                    });
                }
                self.children[at as usize].push(index);
                (format!("{}{code}/", above.path), Some(parent))
            }
        };
        let names = std::iter::once(declared.name.as_str()).chain(declared.name_en.as_deref());
        for name in names {
            let name = normalise(name);
            let short = short_name(&name);
            if short != name {
                self.by_short_name.entry(short.to_owned()).or_default().push(index);
            }
            self.by_name.entry(name).or_default().push(index);
        }
        self.by_code.insert(code.clone(), index);
        self.children.push(Vec::new());
        self.regions.push(Region {
            code,
            name: declared.name,
            name_en: declared.name_en,
            level: declared.level,
            parent,
            path,
            population: None,
        });
        Ok(())
    }

    /// Adds a population figure; the latest one is kept. False if the region is unknown.
    pub fn set_population(&mut self, code: &str, population: Population) -> bool {
        let Some(&index) = self.by_code.get(&RegionCode::new(code)) else { return false };
        let slot = &mut self.regions[index as usize].population;
        if slot.as_ref().is_none_or(|old| old.as_of <= population.as_of) {
            *slot = Some(population);
        }
        true
    }

    /// Number of regions.
    pub fn len(&self) -> usize {
        self.regions.len()
    }

    /// True if there is no region.
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// Every region, parents before children.
    pub fn iter(&self) -> impl Iterator<Item = &Region> {
        self.regions.iter()
    }

    /// The region of a code.
    pub fn get(&self, code: &RegionCode) -> Option<&Region> {
        self.by_code.get(code).map(|&i| &self.regions[i as usize])
    }

    /// The region of a code given as text.
    pub fn get_by_text(&self, code: &str) -> Option<&Region> {
        self.get(&RegionCode::new(code))
    }

    /// Regions without a parent.
    pub fn roots(&self) -> Vec<&Region> {
        self.roots.iter().map(|&i| &self.regions[i as usize]).collect()
    }

    /// Regions directly below, in the order of the pack.
    pub fn children(&self, code: &RegionCode) -> Vec<&Region> {
        self.by_code
            .get(code)
            .map(|&i| self.children[i as usize].iter().map(|&c| &self.regions[c as usize]).collect())
            .unwrap_or_default()
    }

    /// True if regions stand below this one.
    pub fn has_children(&self, code: &RegionCode) -> bool {
        self.by_code.get(code).is_some_and(|&i| !self.children[i as usize].is_empty())
    }

    /// The regions above, root first, without the region itself.
    pub fn ancestors(&self, code: &RegionCode) -> Vec<&Region> {
        let mut above = Vec::new();
        let mut next = self.get(code).and_then(|r| r.parent.as_ref());
        while let Some(region) = next.and_then(|code| self.get(code)) {
            above.push(region);
            next = region.parent.as_ref();
        }
        above.reverse();
        above
    }

    /// True if `code` is `scope` or stands below it.
    pub fn contains(&self, scope: &RegionCode, code: &RegionCode) -> bool {
        match (self.get(scope), self.get(code)) {
            (Some(scope), Some(region)) => region.path.starts_with(&scope.path),
            _ => false,
        }
    }

    /// Finds the region that a written place stands for, looking below `within` if given.
    ///
    /// Understands codes; official names; names without their suffix (长治 for 长治市); English names; and chains
    /// from wide to narrow, joined or separated (山西省长治市潞州区, 山西/长治/潞州, Shanxi, Changzhi). An official
    /// name beats a shortened one. A shortened name that is a province's means the province (海南 is not 海南区);
    /// any other name borne by several regions is ambiguous.
    pub fn resolve(&self, text: &str, within: Option<&RegionCode>) -> Resolution {
        let text = text.trim();
        if text.is_empty() {
            return Resolution::Unknown;
        }
        let scope = match within {
            None => None,
            Some(code) => match self.get(code) {
                None => return Resolution::Unknown,
                Some(region) => Some(region.path.as_str()),
            },
        };
        let name = normalise(text);
        if let Some(region) = self.get_by_text(text).or_else(|| self.get_by_text(&name)) {
            let inside = scope.is_none_or(|path| region.path.starts_with(path));
            return if inside { Resolution::Found(region.code.clone()) } else { Resolution::Unknown };
        }
        match self.resolve_name(&name, scope) {
            Resolution::Unknown => {}
            known => return known,
        }
        // "Changzhi City" is Changzhi; a Chinese ending is part of the name (长治县 is not 长治市).
        if name.is_ascii() && short_name(&name) != name {
            match self.resolve_name(short_name(&name), scope) {
                Resolution::Unknown => {}
                known => return known,
            }
        }
        self.resolve_chain(&name, scope)
    }

    /// The narrowest region that a chain of places names for certain, where its narrower parts are not in the tree:
    /// Guangdong for "Shenzhen, Guangdong", if there is no Shenzhen. The nation alone is no answer.
    pub fn resolve_partly(&self, text: &str, within: Option<&RegionCode>) -> Option<RegionCode> {
        let name = normalise(text);
        let parts: Vec<&str> = name.split(SEPARATORS).map(str::trim).filter(|p| !p.is_empty()).collect();
        if parts.len() < 2 {
            return None;
        }
        let walk = |parts: &mut dyn Iterator<Item = &str>| {
            let mut found = None;
            for part in parts {
                match self.resolve(part, found.as_ref().or(within)) {
                    Resolution::Found(code) => found = Some(code),
                    _ => break,
                }
            }
            found.filter(|code| self.get(code).is_some_and(|region| region.level > Level::Nation))
        };
        walk(&mut parts.iter().copied()).or_else(|| walk(&mut parts.iter().rev().copied()))
    }

    fn resolve_name(&self, name: &str, scope: Option<&str>) -> Resolution {
        for index in [&self.by_name, &self.by_short_name] {
            let found: Vec<u32> = index
                .get(name)
                .into_iter()
                .flatten()
                .copied()
                .filter(|&i| scope.is_none_or(|path| self.regions[i as usize].path.starts_with(path)))
                .collect();
            match found.as_slice() {
                [] => {}
                [one] => return Resolution::Found(self.regions[*one as usize].code.clone()),
                several => return self.choose(several),
            }
        }
        Resolution::Unknown
    }

    fn choose(&self, several: &[u32]) -> Resolution {
        let wide: Vec<&u32> =
            several.iter().filter(|&&i| self.regions[i as usize].level <= Level::Province).collect();
        // A city at province level and its only district part share the name in statistical lists.
        if let [one] = wide.as_slice() {
            return Resolution::Found(self.regions[**one as usize].code.clone());
        }
        let codes = several.iter().map(|&i| self.regions[i as usize].code.clone()).collect();
        Resolution::Ambiguous(codes)
    }

    fn resolve_chain(&self, name: &str, scope: Option<&str>) -> Resolution {
        let parts: Vec<&str> = name.split(SEPARATORS).map(str::trim).filter(|p| !p.is_empty()).collect();
        if parts.len() > 1 {
            let wide_first = self.resolve_parts(parts.iter().copied(), scope);
            if wide_first != Resolution::Unknown {
                return wide_first;
            }
            return self.resolve_parts(parts.iter().rev().copied(), scope);
        }
        // Joined names: the longest prefix that is a name decides, then the rest is looked up below it.
        let mut ends: Vec<usize> = name.char_indices().map(|(i, _)| i).skip(1).collect();
        ends.reverse();
        let mut ambiguous = Resolution::Unknown;
        for end in ends {
            let (head, rest) = name.split_at(end);
            if let Resolution::Found(code) = self.resolve_name(head.trim(), scope) {
                match self.resolve(rest, Some(&code)) {
                    Resolution::Unknown => {}
                    found @ Resolution::Found(_) => return found,
                    several => ambiguous = several,
                }
            }
        }
        ambiguous
    }

    fn resolve_parts<'a>(&self, parts: impl Iterator<Item = &'a str>, scope: Option<&str>) -> Resolution {
        let mut scope: Option<String> = scope.map(str::to_owned);
        let mut last = Resolution::Unknown;
        for part in parts {
            last = match self.get_by_text(part) {
                Some(region) => Resolution::Found(region.code.clone()),
                None => self.resolve_name(part, scope.as_deref()),
            };
            let Resolution::Found(code) = &last else { return last };
            scope = self.get(code).map(|r| r.path.clone());
        }
        last
    }
}

/// What parts the places of a chain.
const SEPARATORS: [char; 8] = ['/', '>', ',', '，', '、', '|', '-', '\\'];

/// Bounds of the paths of a subtree: `path >= .0 && path < .1`.
///
/// The upper bound replaces the final `/` by `0`, the character after it, so that a range scan of an index on the
/// path finds a scope at any depth at the same cost.
pub fn subtree_bounds(path: &str) -> (String, String) {
    let stem = path.strip_suffix('/').unwrap_or(path);
    (path.to_owned(), format!("{stem}0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(code: &str, name: &str, level: Level, parent: Option<&str>, en: Option<&str>) -> RegionRow {
        RegionRow {
            code: code.into(),
            name: name.into(),
            level,
            parent: parent.map(Into::into),
            name_en: en.map(Into::into),
        }
    }

    fn tree() -> RegionTree {
        let rows = vec![
            row("100000", "中国", Level::Nation, None, Some("China")),
            row("140000", "山西省", Level::Province, Some("100000"), Some("Shanxi")),
            row("140100", "太原市", Level::Prefecture, Some("140000"), Some("Taiyuan")),
            row("140400", "长治市", Level::Prefecture, Some("140000"), Some("Changzhi")),
            row("140403", "潞州区", Level::County, Some("140400"), None),
            row("140302", "城区", Level::County, Some("140100"), None),
            row("460000", "海南省", Level::Province, Some("100000"), None),
            row("150303", "海南区", Level::County, Some("140000"), None),
            row("211300", "朝阳市", Level::Prefecture, Some("100000"), None),
            row("110105", "朝阳区", Level::County, Some("100000"), None),
            row("422800", "恩施土家族苗族自治州", Level::Prefecture, Some("100000"), None),
            row("140502", "城区", Level::County, Some("140000"), None),
        ];
        let (tree, errors) = RegionTree::build(rows);
        assert_eq!(errors, vec![]);
        tree
    }

    #[test]
    fn a_place_is_found_by_code_name_short_name_and_chain() {
        let tree = tree();
        let written = [
            ("140403", "140403"),
            ("潞州区", "140403"),
            ("潞州", "140403"),
            ("长治", "140400"),
            (" 长治市 ", "140400"),
            ("山西省长治市潞州区", "140403"),
            ("山西长治潞州", "140403"),
            ("山西/长治/潞州", "140403"),
            ("Changzhi", "140400"),
            ("Changzhi City", "140400"),
            ("Changzhi, Shanxi", "140400"),
            ("恩施", "422800"),
            ("海南", "460000"),
            ("太原市城区", "140302"),
            ("１４０４０３", "140403"),
        ];
        for (text, code) in written {
            let found = tree.resolve(text, None);
            assert_eq!(found, Resolution::Found(RegionCode::new(code)), "{text}");
        }
    }

    #[test]
    fn a_name_borne_by_several_is_ambiguous_until_the_scope_decides() {
        let tree = tree();
        assert!(matches!(tree.resolve("朝阳", None), Resolution::Ambiguous(c) if c.len() == 2));
        assert!(matches!(tree.resolve("城区", None), Resolution::Ambiguous(_)));
        let taiyuan = RegionCode::new("140100");
        assert_eq!(tree.resolve("城区", Some(&taiyuan)), Resolution::Found(RegionCode::new("140302")));
        assert_eq!(tree.resolve("潞州区", Some(&taiyuan)), Resolution::Unknown);
        assert_eq!(tree.resolve("亚特兰蒂斯", None), Resolution::Unknown);
    }

    #[test]
    fn a_chain_that_goes_deeper_than_the_tree_is_known_in_part() {
        let tree = tree();
        let partly = |text: &str| tree.resolve_partly(text, None).map(|code| code.to_string());
        assert_eq!(partly("山西/长治市/某乡").as_deref(), Some("140400"));
        assert_eq!(partly("Somewhere, Shanxi").as_deref(), Some("140000"));
        assert_eq!(partly("中国/某地"), None);
        assert_eq!(partly("某地"), None);
    }

    #[test]
    fn a_subtree_is_a_range_of_paths() {
        let tree = tree();
        let (low, high) = subtree_bounds(&tree.get_by_text("140400").unwrap().path);
        let inside = |code: &str| {
            let path = &tree.get_by_text(code).unwrap().path;
            path.as_str() >= low.as_str() && path.as_str() < high.as_str()
        };
        assert!(inside("140400") && inside("140403"));
        assert!(!inside("140000") && !inside("140100"));
    }
}
