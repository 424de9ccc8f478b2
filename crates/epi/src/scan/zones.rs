//! Candidate zones: each place with its nearest neighbours.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where the places are, as points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<[f64; 3]>", into = "Vec<[f64; 3]>")]
pub struct Places(Vec<[f64; 3]>);

impl Places {
    /// Places in a plane; both coordinates in the same unit (km of a projection).
    ///
    /// # Errors
    /// `TooShort` without a place, `InvalidData` for a coordinate that is not finite.
    pub fn planar(points: &[[f64; 2]]) -> Result<Self, Error> {
        Self::checked(points.iter().map(|&[x, y]| [x, y, 0.0]).collect())
    }

    /// Places on the globe by longitude and latitude in degrees. Neighbours are ordered by great-circle distance.
    ///
    /// # Errors
    /// As [`Places::planar`]; a latitude beyond 90 degrees too.
    pub fn geographic(lon_lat: &[[f64; 2]]) -> Result<Self, Error> {
        if let Some(position) = lon_lat.iter().position(|p| p[1].abs() > 90.0) {
            let why = "latitude must lie between -90 and 90 degrees";
            return Err(Error::InvalidData { what: "coordinates", position, why });
        }
        // Chords of the unit sphere order places as arcs do.
        let on_sphere = |&[lon, lat]: &[f64; 2]| {
            let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
            let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
        };
        Self::checked(lon_lat.iter().map(on_sphere).collect())
    }

    fn checked(points: Vec<[f64; 3]>) -> Result<Self, Error> {
        if points.is_empty() {
            return Err(Error::TooShort { what: "places", got: 0, need: 1 });
        }
        match points.iter().position(|p| p.iter().any(|x| !x.is_finite())) {
            Some(position) => {
                Err(Error::InvalidData { what: "coordinates", position, why: "must be finite" })
            }
            None => Ok(Self(points)),
        }
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true: there is at least one place.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All places by distance from `centre`, itself first; equal distances in order of number.
    fn nearest(&self, centre: usize) -> Vec<usize> {
        let from = self.0[centre];
        let mut order: Vec<(f64, usize)> = self
            .0
            .iter()
            .enumerate()
            .map(|(i, p)| (p.iter().zip(from).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(), i))
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        order.into_iter().map(|(_, i)| i).collect()
    }
}

impl TryFrom<Vec<[f64; 3]>> for Places {
    type Error = Error;
    fn try_from(points: Vec<[f64; 3]>) -> Result<Self, Error> {
        Self::checked(points)
    }
}

impl From<Places> for Vec<[f64; 3]> {
    fn from(places: Places) -> Self {
        places.0
    }
}

/// Nested zones: zone `k` of a centre is its first `k + 1` neighbours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Zones {
    places: usize,
    /// Neighbours of each centre, nearest first, as far as its zones go.
    nests: Vec<Vec<usize>>,
    /// False where the same set of places is already a zone of an earlier centre.
    first: Vec<Vec<bool>>,
    count: usize,
}

impl Zones {
    /// Zones that hold at most `population_share_max` (recommended 0.5) of the population. Sets that arise from
    /// several centres count each time.
    ///
    /// # Errors
    /// `LengthMismatch`; `InvalidData` for a population that is negative or not finite; `InvalidParameter`.
    pub fn by_population(
        places: &Places,
        population: &[f64],
        population_share_max: f64,
    ) -> Result<Self, Error> {
        same_length(places, "population", population.len())?;
        if let Some(position) = population.iter().position(|p| !p.is_finite() || *p < 0.0) {
            let why = "must be finite and not negative";
            return Err(Error::InvalidData { what: "population", position, why });
        }
        if !(population_share_max > 0.0 && population_share_max <= 1.0) {
            let why = "must lie above 0 and not above 1";
            return Err(Error::parameter("population_share_max", population_share_max, why));
        }
        let limit = population_share_max * population.iter().sum::<f64>();
        let nests = (0..places.len())
            .map(|centre| {
                let mut held = 0.0;
                let mut nest = places.nearest(centre);
                let within = nest.iter().take_while(|&&i| {
                    held += population[i];
                    held <= limit
                });
                let length = within.count();
                nest.truncate(length);
                nest
            })
            .collect::<Vec<_>>();
        let first = nests.iter().map(|nest| vec![true; nest.len()]).collect();
        let count = nests.iter().map(Vec::len).sum();
        Ok(Self { places: places.len(), nests, first, count })
    }

    /// Distinct sets of a place and its nearest, up to `neighbours_max` places in all.
    ///
    /// # Errors
    /// `InvalidParameter` for a maximum of 0.
    pub fn by_neighbours(places: &Places, neighbours_max: usize) -> Result<Self, Error> {
        if neighbours_max == 0 {
            return Err(Error::parameter("neighbours_max", 0, "must be at least 1"));
        }
        let mut seen = BTreeSet::new();
        let mut nests = Vec::with_capacity(places.len());
        let mut first = Vec::with_capacity(places.len());
        for centre in 0..places.len() {
            let mut nest = places.nearest(centre);
            nest.truncate(neighbours_max);
            let new = (1..=nest.len())
                .map(|k| {
                    let mut set = nest[..k].to_vec();
                    set.sort_unstable();
                    seen.insert(set)
                })
                .collect();
            first.push(new);
            nests.push(nest);
        }
        Ok(Self { places: places.len(), nests, first, count: seen.len() })
    }

    /// Number of zones.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True if no place fits into a zone.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Number of places.
    pub fn places(&self) -> usize {
        self.places
    }

    pub(super) fn nests(&self) -> &[Vec<usize>] {
        &self.nests
    }

    pub(super) fn is_first(&self, centre: usize, k: usize) -> bool {
        self.first[centre][k]
    }
}

fn same_length(places: &Places, right: &'static str, right_len: usize) -> Result<(), Error> {
    if places.len() == right_len {
        Ok(())
    } else {
        Err(Error::LengthMismatch { left: "places", left_len: places.len(), right, right_len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_above_the_bound_has_no_zone() {
        let places = Places::planar(&[[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]).unwrap();
        let zones = Zones::by_population(&places, &[10.0, 70.0, 20.0], 0.5).unwrap();
        assert_eq!(zones.nests(), [vec![0], vec![], vec![2]]);
        assert_eq!(zones.len(), 2);
    }

    #[test]
    fn the_same_set_from_two_centres_is_one_zone() {
        let places = Places::planar(&[[0.0, 0.0], [1.0, 0.0]]).unwrap();
        assert_eq!(Zones::by_neighbours(&places, 2).unwrap().len(), 3);
    }

    #[test]
    fn neighbours_cross_the_date_line() {
        let places = Places::geographic(&[[179.5, 0.0], [-179.5, 0.0], [175.0, 0.0]]).unwrap();
        assert_eq!(places.nearest(0), [0, 1, 2]);
        assert!(Places::geographic(&[[0.0, 91.0]]).is_err());
        assert!(Places::planar(&[[f64::NAN, 0.0]]).is_err());
    }
}
