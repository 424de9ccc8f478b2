//! A look at real folders: set `WANQUAN_DATA_DIR` to a folder of tables and read what is found in each.
//!
//! Nothing is asserted beyond the invariants, for the files are not part of the repository.

use std::path::{Path, PathBuf};
use std::time::Instant;
use wanquan_app::ingest::read::{ReadOptions, open};
use wanquan_app::ingest::series::{SeriesOptions, read_series};

fn tables(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.to_string_lossy().to_lowercase();
        if path.is_dir() {
            tables(&path, found);
        } else if [".csv", ".tsv", ".xlsx", ".xls", ".csv.gz"].iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

#[test]
fn every_real_table_is_read_or_refused_with_a_reason() {
    let Some(folder) = std::env::var_os("WANQUAN_DATA_DIR") else { return };
    let mut files = Vec::new();
    tables(Path::new(&folder), &mut files);
    for path in files {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let began = Instant::now();
        let table = match open(path.as_path(), &name, &ReadOptions::default()) {
            Ok(table) => table,
            Err(error) => {
                println!("{name}: {} {error}", error.code());
                continue;
            }
        };
        let opened = began.elapsed();
        match read_series(&table, &SeriesOptions::default()) {
            Ok(set) => {
                let total: i64 = set.total().iter().flatten().sum();
                assert_eq!(set.counts.len(), set.places.len() * set.steps);
                assert!(set.rows_used <= set.rows_read && set.rows_read == table.info.rows);
                println!(
                    "{name}: {} x {} ({:?}/{:?}), {} {} places x {} {:?} from {}, total {total}, used {}; region {:?} date {:?} count {:?}; e.g. {:?}; {:?}",
                    table.info.rows,
                    table.header.len(),
                    opened,
                    began.elapsed(),
                    set.layout.as_str(),
                    set.places.len(),
                    set.steps,
                    set.step,
                    set.start,
                    set.rows_used,
                    set.columns.region,
                    set.columns.date,
                    &set.columns.count[..set.columns.count.len().min(5)],
                    set.places[0],
                    set.remarks.iter().map(|r| (r.code, r.text.en.as_str())).collect::<Vec<_>>(),
                );
            }
            Err(error) => {
                println!("{name}: {} x {}: {} {error}", table.info.rows, table.header.len(), error.code())
            }
        }
        for note in &table.info.notes {
            println!("    {} {}", note.code(), note.text().en);
        }
    }
}
