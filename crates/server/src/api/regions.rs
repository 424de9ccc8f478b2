//! Regions: finding one, where it stands, how it is drawn.

use super::{Api, ApiError, Caller, RegionRef};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wanquan_app::regions::{self, RegionMap};
use wanquan_app::situation::source_title;
use wanquan_domain::pack::Packs;
use wanquan_domain::region::{Population, Region};

/// Inhabitants of a region.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PopulationBody {
    /// Persons.
    pub n: u64,
    /// Day to which the figure refers.
    #[schema(format = Date)]
    pub as_of: String,
    /// Where it comes from.
    pub source: String,
}

impl PopulationBody {
    /// The figure with the title of its source.
    pub fn new(packs: &Packs, population: &Population) -> Self {
        Self {
            n: population.n,
            as_of: population.as_of.to_string(),
            source: source_title(packs, &population.source).to_owned(),
        }
    }
}

/// A region with where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionBody {
    /// Code, name, level.
    #[serde(flatten)]
    pub region: RegionRef,
    /// English name, where one is established.
    pub name_en: Option<String>,
    /// Codes from the root down.
    pub path: String,
    /// Region one level up.
    pub parent: Option<String>,
    /// Inhabitants, where known.
    pub population: Option<PopulationBody>,
    /// Regions stand below.
    pub has_children: bool,
    /// Regions above, the root first.
    pub ancestors: Vec<RegionRef>,
}

impl RegionBody {
    fn new(packs: &Packs, region: &Region) -> Self {
        let tree = &packs.regions;
        Self {
            region: region.into(),
            name_en: region.name_en.clone(),
            path: region.path.clone(),
            parent: region.parent.as_ref().map(ToString::to_string),
            population: region.population.as_ref().map(|p| PopulationBody::new(packs, p)),
            has_children: tree.has_children(&region.code),
            ancestors: tree.ancestors(&region.code).into_iter().map(RegionRef::from).collect(),
        }
    }
}

/// A list of regions.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionList {
    /// The best fit first.
    pub items: Vec<RegionBody>,
    /// Always absent: who finds too much types more.
    pub next_cursor: Option<String>,
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RegionQuery {
    /// Part of a name or code; a chain such as 山西长治 is understood. Without it: the caller's regions and what lies
    /// directly below.
    #[serde(default)]
    q: String,
    /// Longest list, 1 to 200; 30 if absent.
    limit: Option<usize>,
}

/// A region with a boundary.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShapeBody {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Longitude and latitude of the label.
    pub label: [f64; 2],
    /// Polygons of rings of points, longitude and latitude in degrees.
    pub polygons: Vec<Vec<Vec<[f64; 2]>>>,
}

/// A region on the grid.
#[derive(Debug, Serialize, ToSchema)]
pub struct TileBody {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Column from the west.
    pub col: i32,
    /// Row from the north.
    pub row: i32,
}

/// How a region is drawn.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionMapBody {
    /// `boundary`, `tiles` or `mixed`.
    pub kind: &'static str,
    /// Source of the boundaries.
    pub source: Option<String>,
    /// Regions with a boundary.
    pub shapes: Vec<ShapeBody>,
    /// Regions without one.
    pub tiles: Vec<TileBody>,
}

impl From<&RegionMap<'_>> for RegionMapBody {
    fn from(map: &RegionMap<'_>) -> Self {
        let shapes = map.shapes.iter().map(|(region, boundary)| ShapeBody {
            code: region.code.to_string(),
            name: region.name.clone(),
            label: boundary.label,
            polygons: boundary.rings.iter().map(|ring| vec![ring.clone()]).collect(),
        });
        let tiles = map.tiles.iter().map(|(region, tile)| TileBody {
            code: region.code.to_string(),
            name: region.name.clone(),
            col: tile.col,
            row: tile.row,
        });
        Self {
            kind: match (map.shapes.is_empty(), map.tiles.is_empty()) {
                (false, true) => "boundary",
                (true, _) => "tiles",
                (false, false) => "mixed",
            },
            source: map.source.map(str::to_owned),
            shapes: shapes.collect(),
            tiles: tiles.collect(),
        }
    }
}

/// Find regions whose figures the caller may see.
#[utoipa::path(get, path = "/regions", tag = "regions", params(RegionQuery), responses(
    (status = 200, body = RegionList), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem)))]
pub async fn list_regions(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<RegionQuery>, QueryRejection>,
) -> Result<Json<RegionList>, ApiError> {
    let Query(query) = query?;
    let packs = api.app.packs();
    let found = regions::search_regions(&api.app, caller.actor(), &query.q, query.limit.unwrap_or(30))?;
    let items = found.into_iter().map(|region| RegionBody::new(packs, region)).collect();
    Ok(Json(RegionList { items, next_cursor: None }))
}

/// A region.
#[utoipa::path(get, path = "/regions/{code}", tag = "regions", params(("code" = String, Path, description = "Code")),
    responses((status = 200, body = RegionBody), (status = 401, body = super::error::Problem),
    (status = 404, body = super::error::Problem)))]
pub async fn read_region(
    State(api): State<Api>,
    _caller: Caller,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<RegionBody>, ApiError> {
    let Path(code) = code?;
    let region = regions::read_region(&api.app, &code)?;
    Ok(Json(RegionBody::new(api.app.packs(), region)))
}

/// The map of a region: what lies directly below it, or the region itself where nothing does.
#[utoipa::path(get, path = "/regions/{code}/map", tag = "regions",
    params(("code" = String, Path, description = "Code")),
    responses((status = 200, body = RegionMapBody), (status = 401, body = super::error::Problem),
    (status = 404, body = super::error::Problem)))]
pub async fn read_region_map(
    State(api): State<Api>,
    _caller: Caller,
    code: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(code) = code?;
    let map = regions::read_region_map(&api.app, &code, |map| RegionMapBody::from(map)).await?;
    // Boundaries come from packs and are the same for everybody; they change when the server restarts.
    Ok(([(header::CACHE_CONTROL, "private, max-age=600")], Json(map)).into_response())
}
