//! The situation of a region, and what can be asked about it.

use super::regions::PopulationBody;
use super::{Api, ApiError, Caller, Label, RegionRef};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use wanquan_app::analyse::RtStep;
use wanquan_app::situation::{self, CurveDay, Figures, Situation, View, method_versions};
use wanquan_domain::disease::Disease;
use wanquan_domain::pack::Packs;
use wanquan_domain::region::RegionCode;

/// A published parameter of a disease.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParameterBody {
    /// For example `serial_interval`.
    pub name: String,
    /// Mean, in the unit.
    pub mean: f64,
    /// Standard deviation.
    pub sd: Option<f64>,
    /// Family of the distribution.
    pub distribution: String,
    /// Unit.
    pub unit: String,
    /// Publication.
    pub source: String,
}

/// A disease.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiseaseBody {
    /// Identifier.
    pub id: String,
    /// Name.
    pub label: Label,
    /// ICD-10 code.
    pub icd10: String,
    /// Published parameters.
    pub parameters: Vec<ParameterBody>,
    /// Measure that the situation opens with.
    pub main_measure: String,
}

impl From<&Disease> for DiseaseBody {
    fn from(disease: &Disease) -> Self {
        let parameters = disease.parameters.iter().map(|p| ParameterBody {
            name: p.name.clone(),
            mean: p.mean,
            sd: p.sd,
            distribution: p.distribution.clone(),
            unit: p.unit.clone(),
            source: p.source.clone(),
        });
        Self {
            id: disease.id.clone(),
            label: (&disease.label).into(),
            icd10: disease.icd10.clone(),
            parameters: parameters.collect(),
            main_measure: disease.main_measure.clone(),
        }
    }
}

/// Diseases.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiseaseList {
    /// In the order of the packs.
    pub items: Vec<DiseaseBody>,
}

/// What a register counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasureBody {
    /// Identifier.
    pub id: String,
    /// Register.
    pub register: String,
    /// Name.
    pub label: Label,
    /// What one of the count is: `persons`, `samples` or `records`.
    pub unit: &'static str,
}

/// Measures.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasureList {
    /// In order of register.
    pub items: Vec<MeasureBody>,
}

fn measures(packs: &Packs) -> Vec<MeasureBody> {
    let of_register = packs.registers().iter().flat_map(|register| {
        register.measures.iter().map(|measure| MeasureBody {
            id: measure.id.clone(),
            register: register.id.clone(),
            label: (&measure.label).into(),
            unit: situation::unit(register),
        })
    });
    of_register.collect()
}

/// What to show.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SituationQuery {
    /// Region.
    region: String,
    /// Disease.
    disease: String,
    /// Measure; the disease's main one if absent.
    measure: Option<String>,
    /// Day as known on; today if absent.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
}

impl From<SituationQuery> for View {
    fn from(query: SituationQuery) -> Self {
        Self {
            region: RegionCode::new(&query.region),
            disease: query.disease,
            measure: query.measure.filter(|id| !id.is_empty()),
            as_of: query.as_of,
        }
    }
}

/// A region with path and population.
#[derive(Debug, Serialize, ToSchema)]
pub struct SituationPlace {
    /// Code, name, level.
    #[serde(flatten)]
    pub region: RegionRef,
    /// Codes from the root down.
    pub path: String,
    /// Inhabitants, where known.
    pub population: Option<PopulationBody>,
}

/// A disease, named.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiseaseRef {
    /// Identifier.
    pub id: String,
    /// Name.
    pub label: Label,
}

/// A measure, named.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasureRef {
    /// Identifier.
    pub id: String,
    /// Name.
    pub label: Label,
    /// What one of the count is.
    pub unit: &'static str,
}

/// Sums.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsBody {
    /// Everything counted so far.
    pub cumulative: i64,
    /// The last 7 days.
    pub last_7: i64,
    /// The 7 days before.
    pub previous_7: i64,
    /// The last day.
    pub today: i64,
    /// Of the last 7 days, per 100,000 inhabitants; absent where the population is not known.
    pub incidence_per_100k_7d: Option<f64>,
    /// Deaths counted by the same register.
    pub deaths: Option<i64>,
    /// Recoveries counted by the same register.
    pub cured: Option<i64>,
}

/// A day of the curve.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurveDayBody {
    /// Day.
    #[schema(format = Date)]
    pub date: String,
    /// Count, corrections included.
    pub n: i64,
    /// Expected count.
    pub expected: Option<f64>,
    /// Largest count that is not unusual.
    pub upper: Option<f64>,
    /// A detector is in alarm.
    pub alarm: bool,
    /// Which ones.
    pub methods: Vec<String>,
    /// Reports of this day are still coming in.
    pub incomplete: bool,
}

impl From<&CurveDay> for CurveDayBody {
    fn from(day: &CurveDay) -> Self {
        Self {
            date: day.date.to_string(),
            n: day.n,
            expected: day.expected,
            upper: day.upper,
            alarm: !day.methods.is_empty(),
            methods: day.methods.clone(),
            incomplete: day.incomplete,
        }
    }
}

/// Reproduction number of a window.
#[derive(Debug, Serialize, ToSchema)]
pub struct RtBody {
    /// Last day of the window.
    #[schema(format = Date)]
    pub date: String,
    /// Mean.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl From<&RtStep> for RtBody {
    fn from(step: &RtStep) -> Self {
        Self { date: step.date.to_string(), mean: step.mean, lower: step.lower, upper: step.upper }
    }
}

/// Growth over the last complete two weeks.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct GrowthBody {
    /// Rate a day; counts change by its exponential from one day to the next.
    pub rate_per_day: Option<f64>,
    /// Lower end of the 95 % interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Days in which counts double, or with a minus sign halve; absent where the interval of the rate holds 0.
    pub doubling_time_days: Option<f64>,
    /// The end of its 95 % interval that is nearer to 0.
    pub doubling_lower: Option<f64>,
    /// The other end.
    pub doubling_upper: Option<f64>,
    /// Code of why there is no rate.
    pub note: Option<&'static str>,
}

impl GrowthBody {
    fn new(figures: &Figures) -> Self {
        let Some(growth) = figures.growth else {
            return Self { note: figures.growth_note, ..Self::default() };
        };
        let doubling = growth.doubling_time_days.map(|t| (t.estimate, t.lower, t.upper));
        let halving = growth.halving_time_days.map(|t| (-t.estimate, -t.lower, -t.upper));
        let time = doubling.or(halving);
        Self {
            rate_per_day: Some(growth.rate_per_day.estimate),
            lower: Some(growth.rate_per_day.lower),
            upper: Some(growth.rate_per_day.upper),
            doubling_time_days: time.map(|t| t.0),
            doubling_lower: time.map(|t| t.1),
            doubling_upper: time.map(|t| t.2),
            note: None,
        }
    }
}

/// A region below.
#[derive(Debug, Serialize, ToSchema)]
pub struct SituationRegion {
    /// Code, name, level.
    #[serde(flatten)]
    pub region: RegionRef,
    /// Everything counted so far.
    pub cumulative: i64,
    /// The last 7 days.
    pub last_7: i64,
    /// The 7 days before.
    pub previous_7: i64,
    /// Of the last 7 days, per 100,000 inhabitants.
    pub per_100k_7d: Option<f64>,
    /// Signals that wait, with those of the regions below.
    pub open_signals: u64,
    /// Regions stand below.
    pub has_children: bool,
    /// Counts of the last 28 days.
    pub spark: Vec<i64>,
}

/// Signals that wait, and alarms.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignalCountsBody {
    /// Signals that wait.
    pub open: u64,
    /// Alarms.
    pub alarms: u64,
}

/// First and last day on which something became known.
#[derive(Debug, Serialize, ToSchema)]
pub struct KnownDates {
    /// First day.
    #[schema(format = Date)]
    pub first: Option<String>,
    /// Last day.
    #[schema(format = Date)]
    pub last: Option<String>,
}

/// Where the numbers come from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Provenance {
    /// Version of each method.
    pub method_versions: BTreeMap<String, String>,
    /// Digest of the analysed series.
    pub input_digest: String,
    /// In sentences.
    pub sources: Vec<String>,
}

/// The situation of a region as known on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct SituationBody {
    /// Region.
    pub region: SituationPlace,
    /// Regions above, the root first.
    pub ancestors: Vec<RegionRef>,
    /// Day as known on.
    #[schema(format = Date)]
    pub as_of: String,
    /// Disease.
    pub disease: DiseaseRef,
    /// Measure.
    pub measure: MeasureRef,
    /// Length of a step of the curve: `day`.
    pub step: &'static str,
    /// Sums.
    pub totals: TotalsBody,
    /// Epidemic curve.
    pub curve: Vec<CurveDayBody>,
    /// Reproduction number.
    pub rt: Vec<RtBody>,
    /// Code of why there is none: `no_serial_interval`, `too_few_cases`, `too_short`, `not_infections`.
    pub rt_note: Option<&'static str>,
    /// Growth.
    pub growth: GrowthBody,
    /// Signals of the region and everything below.
    pub signals: SignalCountsBody,
    /// Regions directly below.
    pub regions: Vec<SituationRegion>,
    /// Of everything counted, what was reported for the region as a whole and for none below.
    pub undivided: i64,
    /// Days between which a replay can move.
    pub known_dates: KnownDates,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

impl SituationBody {
    fn new(packs: &Packs, s: &Situation<'_>) -> Self {
        let figures = &s.figures;
        let totals = figures.totals;
        let regions = s.regions().map(|(region, child, open_signals)| SituationRegion {
            region: region.into(),
            cumulative: child.totals.cumulative,
            last_7: child.totals.last_7,
            previous_7: child.totals.previous_7,
            per_100k_7d: child.totals.per_100k_7d,
            open_signals,
            has_children: packs.regions.has_children(&region.code),
            spark: child.spark.clone(),
        });
        Self {
            region: SituationPlace {
                region: s.region.into(),
                path: s.region.path.clone(),
                population: s.region.population.as_ref().map(|p| PopulationBody::new(packs, p)),
            },
            ancestors: s.ancestors.iter().map(|region| RegionRef::from(*region)).collect(),
            as_of: s.as_of.to_string(),
            disease: DiseaseRef { id: s.disease.id.clone(), label: (&s.disease.label).into() },
            measure: MeasureRef {
                id: s.measure.id.clone(),
                label: (&s.measure.label).into(),
                unit: situation::unit(s.register),
            },
            step: "day",
            totals: TotalsBody {
                cumulative: totals.cumulative,
                last_7: totals.last_7,
                previous_7: totals.previous_7,
                today: totals.today,
                incidence_per_100k_7d: totals.per_100k_7d,
                deaths: s.deaths,
                cured: s.cured,
            },
            curve: figures.curve.iter().map(CurveDayBody::from).collect(),
            rt: figures.rt.iter().map(RtBody::from).collect(),
            rt_note: figures.rt_note,
            growth: GrowthBody::new(figures),
            signals: SignalCountsBody { open: s.signals.open, alarms: s.signals.alarms },
            regions: regions.collect(),
            undivided: figures.undivided,
            known_dates: KnownDates {
                first: figures.known.map(|known| known.0.to_string()),
                last: figures.known.map(|known| known.1.to_string()),
            },
            provenance: Provenance {
                method_versions: method_versions(&figures.methods).into_iter().collect(),
                input_digest: figures.input_digest.clone(),
                sources: s.sources.clone(),
            },
        }
    }
}

/// A day of the replay.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineDay {
    /// Day on which something became known.
    #[schema(format = Date)]
    pub date: String,
    /// Everything counted until then.
    pub cumulative: i64,
}

/// Days through which a replay walks.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineBody {
    /// First day.
    #[schema(format = Date)]
    pub first: Option<String>,
    /// Last day.
    #[schema(format = Date)]
    pub last: Option<String>,
    /// Days on which something became known.
    pub days: Vec<TimelineDay>,
}

/// Diseases that packs declare.
#[utoipa::path(get, path = "/diseases", tag = "situation", responses((status = 200, body = DiseaseList),
    (status = 401, body = super::error::Problem)))]
pub async fn list_diseases(State(api): State<Api>, _caller: Caller) -> Json<DiseaseList> {
    Json(DiseaseList { items: api.app.packs().diseases.iter().map(DiseaseBody::from).collect() })
}

/// Measures that registers declare.
#[utoipa::path(get, path = "/measures", tag = "situation", responses((status = 200, body = MeasureList),
    (status = 401, body = super::error::Problem)))]
pub async fn list_measures(State(api): State<Api>, _caller: Caller) -> Json<MeasureList> {
    Json(MeasureList { items: measures(api.app.packs()) })
}

/// The situation of a region as known on a day.
#[utoipa::path(get, path = "/situation", tag = "situation", params(SituationQuery), responses(
    (status = 200, body = SituationBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem),
    (status = 422, body = super::error::Problem)))]
pub async fn read_situation(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<SituationQuery>, QueryRejection>,
) -> Result<Json<SituationBody>, ApiError> {
    let Query(query) = query?;
    let situation = situation::read_situation(&api.app, caller.actor(), &query.into()).await?;
    Ok(Json(SituationBody::new(api.app.packs(), &situation)))
}

/// The days through which a replay of the situation walks.
#[utoipa::path(get, path = "/situation/timeline", tag = "situation", params(SituationQuery), responses(
    (status = 200, body = TimelineBody), (status = 401, body = super::error::Problem),
    (status = 403, body = super::error::Problem), (status = 404, body = super::error::Problem)))]
pub async fn read_timeline(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<SituationQuery>, QueryRejection>,
) -> Result<Json<TimelineBody>, ApiError> {
    let Query(query) = query?;
    let timeline = situation::read_timeline(&api.app, caller.actor(), &query.into()).await?;
    let day = |date: Date| date.to_string();
    Ok(Json(TimelineBody {
        first: timeline.first.map(day),
        last: timeline.last.map(day),
        days: timeline
            .days
            .iter()
            .map(|(date, cumulative)| TimelineDay { date: date.to_string(), cumulative: *cumulative })
            .collect(),
    }))
}

/// Which totals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TotalsQuery {
    /// Region.
    pub region: String,
    /// Measures, separated by commas.
    pub measures: String,
    /// Disease; of measures without one if absent.
    pub disease: Option<String>,
    /// First day of the events.
    #[param(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
}

/// Totals of a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsRow {
    /// Region.
    pub region: Option<RegionRef>,
    /// Total by measure; a measure without a count is absent.
    pub totals: BTreeMap<String, i64>,
}

/// Totals by region.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotalsList {
    /// The region, then those one level below it.
    pub items: Vec<TotalsRow>,
}

/// Totals of measures in a region and in those one level below it, as known now: a league table.
#[utoipa::path(get, path = "/totals", tag = "situation", params(TotalsQuery),
    responses((status = 200, body = TotalsList), (status = 403, body = super::error::Problem),
        (status = 404, body = super::error::Problem)))]
pub async fn list_totals(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<TotalsQuery>, QueryRejection>,
) -> Result<Json<TotalsList>, ApiError> {
    let Query(query) = query?;
    let measures: Vec<&str> = query.measures.split(',').filter(|measure| !measure.is_empty()).collect();
    let wanted = situation::TotalsAsked {
        region: &RegionCode::new(&query.region),
        measures: &measures,
        disease: query.disease.as_deref().unwrap_or_default(),
        from: query.from,
    };
    let rows = situation::totals(&api.app, caller.actor(), &wanted).await?;
    let row = |(region, totals): (RegionCode, BTreeMap<String, i64>)| TotalsRow {
        region: api.app.packs().regions.get(&region).map(RegionRef::from),
        totals,
    };
    Ok(Json(TotalsList { items: rows.into_iter().map(row).collect() }))
}
