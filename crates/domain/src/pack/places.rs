//! Regions, populations, boundaries and tile layouts of packs.

use super::issue::{PackIssue, PackIssueCode};
use super::{Files, Packs};
use crate::region::{Level, Population, Region, RegionCode, RegionRow, RegionTree};
use serde::Deserialize;
use std::collections::HashMap;

/// Position in a tile-grid map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Column, from the west.
    pub col: i32,
    /// Row, from the north.
    pub row: i32,
}

/// Boundary of a region in longitude and latitude (degrees).
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// A point inside, for the label.
    pub label: [f64; 2],
    /// Closed rings of points; holes are not told apart.
    pub rings: Vec<Vec<[f64; 2]>>,
    /// Identifier of the pack's source that the boundary was taken from.
    pub source: String,
}

/// How a region is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// By its boundary.
    Boundary(Boundary),
    /// By a tile, where no official boundary is at hand.
    Tile(Tile),
}

#[derive(Deserialize)]
struct BoundaryFile {
    #[serde(default)]
    source: String,
    scale: f64,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
struct Shape {
    label: [f64; 2],
    rings: Vec<Vec<i64>>,
}

pub(super) fn read_regions(files: &Files, packs: &mut Packs, issues: &mut Vec<PackIssue>) {
    let mut rows = Vec::new();
    let mut origin = Vec::new();
    for (path, content) in named(files, "regions.csv") {
        read_csv(path, content, &["code", "name", "level", "parent"], issues, |line, row, issues| {
            let Some(level) = Level::parse(row.get("level")) else {
                let text = format!("unknown level `{}`", row.get("level"));
                issues.push(PackIssue::new(PackIssueCode::WrongValue, path, line, &text));
                return;
            };
            let optional = |name: &str| Some(row.get(name)).filter(|t| !t.is_empty()).map(str::to_owned);
            rows.push(RegionRow {
                code: row.get("code").to_owned(),
                name: row.get("name").to_owned(),
                name_en: optional("name_en"),
                level,
                parent: optional("parent"),
            });
            origin.push((path.to_owned(), line));
        });
    }
    // Packs and rows may come in any order; a tree needs parents first.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&i| rows[i].level);
    let sorted = order.iter().map(|&i| rows[i].clone()).collect();
    let (tree, errors) = RegionTree::build(sorted);
    for error in errors {
        let (file, line) = &origin[order[error.row()]];
        issues.push(PackIssue::new(PackIssueCode::Regions, file, *line, &error.to_string()));
    }
    packs.regions = tree;
    for (path, content) in named(files, "population.csv") {
        let tree = &mut packs.regions;
        read_csv(
            path,
            content,
            &["code", "year_date", "population", "source"],
            issues,
            |line, row, issues| {
                let parsed = row.get("year_date").parse().ok().zip(row.get("population").parse().ok());
                let Some((as_of, n)) = parsed else {
                    let text = "needs a date (year_date) and a whole number (population)";
                    issues.push(PackIssue::new(PackIssueCode::WrongValue, path, line, text));
                    return;
                };
                let figure = Population { n, as_of, source: row.get("source").to_owned() };
                if !tree.set_population(row.get("code"), figure) {
                    let text = format!("unknown region `{}`", row.get("code"));
                    issues.push(PackIssue::new(PackIssueCode::UnknownReference, path, line, &text));
                }
            },
        );
    }
    for (path, content) in named(files, "tiles.csv") {
        let Packs { tiles, regions, .. } = packs;
        read_csv(path, content, &["code", "col", "row"], issues, |line, row, issues| {
            let parsed = row.get("col").parse().ok().zip(row.get("row").parse().ok());
            match parsed {
                Some(at) if regions.get_by_text(row.get("code")).is_some() => {
                    tiles.insert(row.get("code").to_owned(), at);
                }
                _ => {
                    let text = "needs a known code and whole numbers col and row";
                    issues.push(PackIssue::new(PackIssueCode::WrongValue, path, line, text));
                }
            }
        });
    }
}

fn named<'a>(files: &'a Files, name: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    files
        .iter()
        .filter(move |(path, _)| path.split_once('/').is_some_and(|(_, rest)| rest == name))
        .map(|(path, content)| (path.as_str(), content.as_ref()))
}

/// A row of a pack's CSV by column name.
struct Row<'a> {
    header: &'a csv::StringRecord,
    cells: &'a csv::StringRecord,
}

impl Row<'_> {
    fn get(&self, name: &str) -> &str {
        let at = self.header.iter().position(|column| column == name);
        at.and_then(|i| self.cells.get(i)).unwrap_or_default().trim()
    }
}

fn read_csv(
    path: &str,
    content: &[u8],
    needed: &[&str],
    issues: &mut Vec<PackIssue>,
    mut each: impl FnMut(usize, &Row<'_>, &mut Vec<PackIssue>),
) {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(content);
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            issues.push(PackIssue::new(PackIssueCode::Syntax, path, 1, &error.to_string()));
            return;
        }
    };
    for column in needed.iter().filter(|c| !header.iter().any(|h| h == **c)) {
        issues.push(PackIssue::new(
            PackIssueCode::MissingKey,
            path,
            1,
            &format!("column `{column}` is required"),
        ));
    }
    for record in reader.records() {
        match record {
            Ok(cells) => {
                let line = cells.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
                each(line, &Row { header: &header, cells: &cells }, issues);
            }
            Err(error) => {
                let line = error.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
                issues.push(PackIssue::new(PackIssueCode::Syntax, path, line, &error.to_string()));
            }
        }
    }
}

impl Packs {
    /// How each of the regions is drawn: by boundary where the packs hold one, by tile elsewhere. Tiles that no pack
    /// lays out stand in the order given, in a block as square as possible, below those laid out.
    pub fn places(&self, regions: &[&Region]) -> HashMap<RegionCode, Place> {
        let mut boundaries: HashMap<&str, Boundary> = HashMap::new();
        // Boundaries are parsed when asked for: most of a server's life nobody looks at the nation's map.
        for content in &self.boundary_files {
            let Ok(file) = serde_json::from_slice::<BoundaryFile>(content) else { continue };
            for region in regions {
                if let Some(shape) = file.shapes.get(region.code.as_str()) {
                    boundaries.insert(region.code.as_str(), decode(shape, &file));
                }
            }
        }
        let mut places = HashMap::new();
        let mut unplaced = Vec::new();
        let mut lowest = -1;
        for region in regions {
            if let Some(boundary) = boundaries.remove(region.code.as_str()) {
                places.insert(region.code.clone(), Place::Boundary(boundary));
            } else if let Some(&(col, row)) = self.tiles.get(region.code.as_str()) {
                lowest = lowest.max(row);
                places.insert(region.code.clone(), Place::Tile(Tile { col, row }));
            } else {
                unplaced.push(region.code.clone());
            }
        }
        let mut width = 1;
        while width * width < unplaced.len() {
            width += 1;
        }
        for (i, code) in unplaced.into_iter().enumerate() {
            let at = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
            let tile = Tile { col: at(i % width), row: lowest + 1 + at(i / width) };
            places.insert(code, Place::Tile(tile));
        }
        places
    }
}

#[expect(clippy::cast_precision_loss, reason = "degrees times scale stay far below 2^53")]
fn decode(shape: &Shape, file: &BoundaryFile) -> Boundary {
    let ring = |deltas: &Vec<i64>| {
        let (mut x, mut y) = (0_i64, 0_i64);
        deltas
            .chunks_exact(2)
            .map(|d| {
                x += d[0];
                y += d[1];
                [x as f64 / file.scale, y as f64 / file.scale]
            })
            .collect()
    };
    Boundary {
        label: shape.label,
        rings: shape.rings.iter().map(ring).collect(),
        source: file.source.clone(),
    }
}
