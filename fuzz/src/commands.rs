//! A line of arguments and a table below it, all the way to the answer of the command: it is answered or refused with a
//! sentence, and an answer holds numbers only.

use clap::Parser;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use wanquan_server::cli::Cli;

/// What became of an input.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command answered.
    Answered,
    /// It refused the table, with these words.
    Refused(String),
    /// The line is no command on a table.
    NoCommand,
}

/// The commands that read tables.
pub const COMMANDS: [&str; 12] = [
    "analyze", "chains", "delay", "detect", "forecast", "growth", "nowcast", "rates", "rt", "scan", "score",
    "twobytwo",
];

/// What some commands read besides the table in question.
const BESIDE: [(&str, &str); 8] = [
    ("CASES", include_str!("../beside/CASES")),
    ("CONTACTS", include_str!("../beside/CONTACTS")),
    ("DAYS", include_str!("../beside/DAYS")),
    ("FORECASTS", include_str!("../beside/FORECASTS")),
    ("LIST", include_str!("../beside/LIST")),
    ("PEOPLE", include_str!("../beside/PEOPLE")),
    ("PLACES", include_str!("../beside/PLACES")),
    ("TRUTH", include_str!("../beside/TRUTH")),
];

/// Options that say how much work is wanted. Much of it is a wish, not a fault, and is not looked for here.
const WORK: [&str; 2] = ["--draws", "--replicates"];
const WORK_MAX: u64 = 200;

/// Files of this process; several may run at once.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("wanquan-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    for (name, table) in BESIDE {
        std::fs::write(folder.join(name), table).expect("a table beside the one in question");
    }
    folder
});

/// Where the files of this process lie.
pub fn folder() -> &'static Path {
    &FOLDER
}

/// Takes an input to its end, and panics where a command did or its answer is none.
pub fn run(input: &[u8]) -> Outcome {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let table = input.get(end + 1..).unwrap_or_default();
    let Ok(line) = std::str::from_utf8(&input[..end]) else { return Outcome::NoCommand };
    let words: Vec<&str> = line.split_whitespace().collect();
    if !is_harmless(&words) {
        return Outcome::NoCommand;
    }
    let folder = folder();
    let answer = folder.join("ANSWER");
    let arguments = words.iter().map(|word| in_folder(folder, word));
    let output = ["--output".to_owned(), answer.display().to_string()];
    let all = std::iter::once("wanquan".to_owned()).chain(arguments).chain(output);
    let Ok(cli) = Cli::try_parse_from(all) else { return Outcome::NoCommand };
    std::fs::write(folder.join("TABLE"), table).expect("the table is written");
    // An answer of the input before would hide that there is none.
    let _ = std::fs::remove_file(&answer);
    if let Err(why) = cli.run() {
        let why = format!("{why:#}");
        assert!(!why.trim().is_empty(), "refused without a word");
        return Outcome::Refused(why);
    }
    let answer = std::fs::read_to_string(&answer).unwrap_or_default();
    let mut cells = answer.split(['\n', ',', ':', '[', ']', '{', '}']).map(str::trim);
    // Names are repeated as they stand; an input that itself says NaN or inf proves nothing.
    let says = |word: &str| String::from_utf8_lossy(input).contains(word.trim_start_matches('-'));
    let numberless = |cell: &str| ["NaN", "inf", "-inf"].contains(&cell) && !says(cell);
    assert!(!cells.any(numberless), "answered with what is no number:\n{answer}");
    Outcome::Answered
}

/// Whether the words are a command on tables that reads and writes nothing but the files of this process, does not wait
/// for somebody to type, and asks for no work without end.
fn is_harmless(words: &[&str]) -> bool {
    let reaches_out = |word: &str| {
        word.contains(['/', '\\'])
            || word.contains("=-")
            || word == "-"
            || word.starts_with("-:")
            || word.starts_with("-o")
            || word == "--output"
            || word.starts_with("--output=")
    };
    let unwanted = |(i, word): (usize, &&str)| {
        let next = words.get(i + 1).copied().unwrap_or("");
        let (name, value) = word.split_once('=').unwrap_or((word, next));
        let much = WORK.contains(&name) && value.parse::<u64>().is_ok_and(|n| n > WORK_MAX);
        much || (name == "--plot" && value != "PLOT") || reaches_out(word)
    };
    words.first().is_some_and(|command| COMMANDS.contains(command)) && !words.iter().enumerate().any(unwanted)
}

/// The word with the name of a file in it, if it has one, made that of the file: `TABLE`, `--plot=PLOT`, `TABLE:model`.
fn in_folder(folder: &Path, word: &str) -> String {
    let names = BESIDE.iter().map(|(name, _)| *name).chain(["TABLE", "PLOT"]);
    let (option, value) = match word.split_once('=') {
        Some((option, value)) => (format!("{option}="), value),
        None => (String::new(), word),
    };
    let (file, model) = value.split_once(':').map_or((value, None), |(file, model)| (file, Some(model)));
    for name in names {
        if file == name {
            let path = folder.join(name).display().to_string();
            return option + &path + &model.map(|model| format!(":{model}")).unwrap_or_default();
        }
    }
    word.to_owned()
}
