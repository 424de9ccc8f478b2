# What the scripts of this folder share: arguments, series to draw from, golden files.
# Run from the top of the repository: Rscript --vanilla scripts/references/NAME.R [OUT [SEED [CASES [DATA]]]]

Sys.setenv(TZ = "UTC")
options(scipen = 99)

given <- commandArgs(TRUE)
argument <- function(i, default) if (length(given) >= i) given[[i]] else default
out <- argument(1, "target/references")
seed <- as.integer(argument(2, 1))
cases_wanted <- as.integer(argument(3, 100))
data_folder <- argument(4, "crates/epi/tests/golden/data")
dir.create(file.path(out, "data"), recursive = TRUE, showWarnings = FALSE)

one <- function(x) x[[sample.int(length(x), 1)]]
flip <- function(probability = 0.5) runif(1) < probability
between <- function(low, high) low + sample.int(high - low + 1, 1) - 1
# A list in the file even where it holds one value.
listed <- function(x) I(as.vector(x))

# The value of an expression without its messages; where the reference stops, its reason as an "error".
quietly <- function(expression) {
  tryCatch(suppressWarnings(suppressMessages({
    capture.output(value <- expression, file = nullfile())
    value
  })), error = identity)
}
stopped <- function(value) inherits(value, "error")

read_table <- function(csv) read.csv(file.path(data_folder, csv), comment.char = "#", check.names = FALSE)

# A CSV file beside the golden files: the published one, or one written by the case.
keep_table <- function(csv, table = NULL) {
  target <- file.path(out, "data", csv)
  if (is.null(table)) {
    file.copy(file.path(data_folder, csv), target, overwrite = TRUE)
  } else {
    writeLines("# source: simulated by scripts/references", target)
    suppressWarnings(write.table(table, target, append = TRUE, sep = ",", na = "", quote = FALSE, row.names = FALSE))
  }
}

# Values as JSON with every digit; missing and not finite is null, a named list an object.
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x) && !inherits(x, "AsIs")) {
    items <- vapply(x, json, "")
    if (is.null(names(x))) return(paste0("[", paste(items, collapse = ","), "]"))
    return(paste0("{", paste0('"', names(x), '":', items, collapse = ","), "}"))
  }
  items <- if (is.character(x)) encodeString(x, quote = '"') else if (is.logical(x)) tolower(x) else digits(as.numeric(x))
  items[is.na(x) | (is.numeric(x) & !is.finite(x))] <- "null"
  if (length(x) == 1 && !inherits(x, "AsIs")) items else paste0("[", paste(items, collapse = ","), "]")
}

# The fewest digits that read back as the same number.
digits <- function(x) {
  text <- sprintf("%.15g", x)
  for (format in c("%.16g", "%.17g")) {
    longer <- which(is.finite(x) & suppressWarnings(as.numeric(text)) != x)
    text[longer] <- sprintf(format, x[longer])
  }
  text
}

# Writes cases made by `draw(i)`, a list(params, input, output, dataset). One random stream per case, so
# that each can be made again alone. Where the reference stops `draw` returns its error, which is counted.
write_golden <- function(method, package, reference_function, draw, notes = "random parameters") {
  cases <- list()
  reasons <- character()
  for (i in seq_len(cases_wanted)) {
    set.seed(seed * 100000L + i)
    case <- draw(i)
    if (is.null(case)) next
    if (stopped(case)) {
      reasons <- c(reasons, substr(conditionMessage(case), 1, 60))
      next
    }
    cases[[length(cases) + 1]] <- c(list(id = sprintf("%s_%d_%03d", method, seed, i)), case)
  }
  reference <- list(
    package = package, version = as.character(packageVersion(package)),
    `function` = reference_function, r_version = as.character(getRversion())
  )
  # A case per line, so that one can be taken out.
  text <- sprintf(
    '{"method":%s,"reference":%s,"notes":%s,"cases":[\n%s\n]}', json(method), json(reference), json(notes),
    paste(vapply(cases, json, ""), collapse = ",\n")
  )
  writeLines(text, file.path(out, paste0(method, ".json")))
  cat(sprintf("%-22s %4d cases, the reference stopped in %d\n", method, length(cases), length(reasons)))
  if (length(reasons) > 0) print(sort(table(reasons), decreasing = TRUE))
}

# Count columns of the published series: file, periods per year, columns, prefix of population columns.
published <- read.table(header = TRUE, text = "
csv                              freq columns                       population
campyDE.csv                      52   ^case$                        -
salmNewport_total.csv            52   ^cases$                       -
salmNewport_states.csv           52   ^[A-Z]                        -
salmHospitalized.csv             52   ^cases$                       population
momo.csv                         52   ^a                            pop_
rotaBB.csv                       12   ^a                            -
salmonella_agona.csv             52   ^cases$                       -
k1.csv                           52   ^cases$                       -
m1.csv                           52   ^cases$                       -
h1_nrwrp.csv                     52   ^cases$                       -
hepatitisA.csv                   52   ^cases$                       -
ha_berlin.csv                    52   ^[a-z]{4}$                    -
influMen.csv                     52   influenza|meningococcus       -
measlesWeserEms.csv              52   ^d                            -
measles_weser.csv                52   ^d[0-9]                       -
fluBYBW.csv                      52   ^d                            -
abattoir.csv                     52   ^cases$                       population
nipah_malaysia.csv               52   perak|negeri|selangor         -
dengue_fais_2011.csv             52   value                         -
ebola_kikwit_1995.csv            365  onset|death                   -
ee_SARS2003.csv                  365  ^I$                           -
ee_Flu1918.csv                   365  ^I$                           -
ee_Flu2009.csv                   365  ^I$                           -
ee_mers_2014_15.csv              365  local|imported                -
sars_canada_2003.csv             365  cases_                        -
influenza_england_1978_school.csv 365 in_bed|convalescent           -
")
published <- published[file.exists(file.path(data_folder, published$csv)), ]

# A published series: counts, dates where the file has them, population where it has one.
published_series <- function(freq = NULL) {
  files <- if (is.null(freq)) published else published[published$freq %in% freq, ]
  file <- files[sample.int(nrow(files), 1), ]
  table <- read_table(file$csv)
  columns <- setdiff(grep(file$columns, names(table), value = TRUE), c("index", "year", "period", "date"))
  column <- one(columns)
  dates <- if ("date" %in% names(table)) as.Date(table$date)
  # One weekly series lacks some weeks.
  if (file$freq == 52 && any(diff(dates) != 7)) dates <- NULL
  population <- switch(file$population, `-` = NULL, pop_ = paste0("pop_", column), file$population)
  list(
    csv = file$csv, dataset = sub("[.]csv$", "", file$csv), column = column, freq = file$freq,
    counts = table[[column]], dates = dates,
    population_column = population, population = if (!is.null(population)) table[[population]]
  )
}

kinds <- c("sparse", "low", "seasonal", "overdispersed", "huge", "zeros", "constant", "growing", "falling", "outbreak")

# A simulated series of `n` periods, kept as csv; with `gaps` some are missing.
simulated_series <- function(csv, freq, n, kind = one(kinds), gaps = FALSE) {
  t <- seq_len(n)
  season <- function(size) exp(size * sin(2 * pi * t / freq + runif(1, 0, 6)))
  counts <- switch(kind,
    sparse = rpois(n, runif(1, 0.02, 0.3)),
    low = rpois(n, runif(1, 0.5, 4)),
    seasonal = rpois(n, runif(1, 5, 60) * season(0.8)),
    overdispersed = rnbinom(n, mu = runif(1, 1, 200) * season(0.5), size = runif(1, 0.3, 5)),
    huge = rnbinom(n, mu = 10^runif(1, 4, 6) * season(0.3), size = 20),
    zeros = rep(0, n),
    constant = rep(between(1, 40), n),
    growing = rpois(n, runif(1, 1, 10) * exp(runif(1, 0.5, 2) * t / n)),
    falling = rpois(n, runif(1, 5, 50) * exp(-runif(1, 0.5, 3) * t / n)),
    outbreak = {
      start <- between(n %/% 2, n)
      rpois(n, runif(1, 1, 15) * season(0.4) * ifelse(t >= start & t < start + 8, 4, 1))
    }
  )
  if (gaps) counts[sample.int(n, between(1, n %/% 15))] <- NA
  first <- as.Date("2000-01-03") + between(0, 3000)
  dates <- switch(as.character(freq),
    `52` = seq(first, length.out = n, by = "week"),
    `12` = seq(as.Date(format(first, "%Y-%m-01")), length.out = n, by = "month"),
    `365` = seq(first, length.out = n, by = "day")
  )
  population <- round(runif(1, 1e4, 1e7) * exp(runif(1, -0.4, 0.4) * t / n))
  keep_table(csv, data.frame(date = dates, cases = counts, population = population))
  list(
    csv = csv, dataset = paste0("simulated_", kind), column = "cases", freq = freq,
    counts = counts, dates = dates, population_column = "population", population = population
  )
}

# A series of some years, published or simulated, for methods that look back over years.
series_of_years <- function(name, i, gaps = FALSE) {
  if (flip(0.6)) return(published_series(c(52, 52, 12)))
  freq <- one(c(52, 52, 52, 12, 365))
  years <- if (freq == 365) runif(1, 2.1, 3.2) else runif(1, 2.5, 9)
  simulated_series(sprintf("simulated_%s_%d_%03d.csv", name, seed, i), freq, round(years * freq), gaps = gaps)
}

# The `input` of a detection case.
series_input <- function(series, use_dates = FALSE, population = FALSE) {
  if (!startsWith(series$dataset, "simulated_")) keep_table(series$csv)
  list(
    csv = series$csv, column = series$column, freq = series$freq, use_dates = use_dates,
    population_column = if (population) series$population_column
  )
}

# The series as the surveillance package takes it.
as_sts <- function(series, use_dates = FALSE, population = FALSE) {
  arguments <- list(observed = matrix(series$counts), frequency = series$freq)
  if (use_dates) arguments <- c(arguments, list(epoch = as.numeric(series$dates), epochAsDate = TRUE))
  if (population) arguments$population <- matrix(series$population)
  do.call(surveillance::sts, arguments)
}

as_disprog <- function(series, use_dates = FALSE, start = c(2001, 1)) {
  n <- length(series$counts)
  surveillance::create.disProg(
    week = if (use_dates) as.numeric(series$dates) else seq_len(n), observed = series$counts,
    state = rep(0, n), freq = series$freq, start = start, epochAsDate = use_dates
  )
}

# A range of at most `most` periods that ends anywhere after `first`.
draw_range <- function(first, n, most = 60) {
  last <- between(first, n)
  list(first = max(first, last - between(0, most)), last = last)
}
