//! Chains: who infected whom, how unevenly, and how large do clusters get?
//!
//! - [`TransmissionTree`]: from known pairs of infector and infected; generations, offspring, clusters, serial
//!   intervals.
//! - [`infer_infectors`]: the likelihood of each candidate infector from onset dates and contacts, and trees drawn
//!   from it.
//! - [`fit_offspring`], [`fit_cluster_sizes`]: mean R and dispersion k of the number of offspring.
//!
//! Do not read offspring of recent cases as their final number, nor a tree of reported cases as complete: a
//! missed case hands its offspring to others or makes them look like introductions.

mod infer;
mod offspring;
mod tree;

pub use infer::{
    Candidate, CaseOnset, Contact, INFER_VERSION, InferConfig, InferredInfector, draw_tree, infer_infectors,
    most_likely_tree,
};
pub use offspring::{
    OFFSPRING_VERSION, OffspringFit, fit_cluster_sizes, fit_offspring, share_of_cases_causing,
};
pub use tree::{Cluster, TransmissionTree};
