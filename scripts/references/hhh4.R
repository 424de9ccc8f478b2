# Endemic-epidemic models: any components, seasons, periods, trends, population offsets, subsets.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

orders <- read_table("measlesWeserEms_nborder.csv")
districts <- read_table("measlesWeserEms_popfrac.csv")

write_golden("hhh4", "surveillance", "hhh4", function(i) {
  several <- flip()
  neighbours <- several && flip(0.75)
  if (several) {
    counts <- as.matrix(read_table("measlesWeserEms.csv")[, orders$district])
    share <- matrix(districts$population_fraction, nrow(counts), ncol(counts), byrow = TRUE)
    series <- sts(observed = counts, frequency = 52, neighbourhood = as.matrix(orders[, -1]), population = share)
    for (csv in c("measlesWeserEms.csv", "measlesWeserEms_nborder.csv", "measlesWeserEms_popfrac.csv")) keep_table(csv)
    dataset <- "measlesWeserEms"
    input <- list(
      csv = "measlesWeserEms.csv", neighbours_csv = "measlesWeserEms_nborder.csv",
      population_csv = "measlesWeserEms_popfrac.csv"
    )
  } else {
    drawn <- published_series(52)
    if (anyNA(drawn$counts)) return(NULL)
    series <- sts(observed = matrix(drawn$counts), frequency = 52)
    keep_table(drawn$csv)
    dataset <- drawn$dataset
    input <- list(csv = drawn$csv, column = drawn$column, neighbours_csv = NULL, population_csv = NULL)
  }
  n <- nrow(series)
  params <- list(
    family = one(c("Poisson", "NegBin1")), ar = flip(0.8), ne = neighbours,
    ne_weights = if (neighbours) "first-order neighbours (order == 1)", ne_offset_population = neighbours && flip(),
    end_seasonal_harmonics = between(0, 3), end_linear_trend = flip(), end_offset_population = several && flip(0.6),
    period = one(c(52, 52, 26)), subset_first = one(c(2, 2, 5, 20)), subset_last = one(c(n, n, n - 10, max(40, n %/% 2)))
  )
  season <- if (params$end_linear_trend) ~ 1 + t else ~1
  if (params$end_seasonal_harmonics > 0) {
    season <- addSeason2formula(season, S = params$end_seasonal_harmonics, period = params$period)
  }
  control <- list(
    family = params$family, subset = params$subset_first:params$subset_last, ar = list(f = if (params$ar) ~1 else ~ -1),
    end = list(f = season)
  )
  if (params$end_offset_population) control$end$offset <- population(series)
  if (neighbours) control$ne <- list(f = ~1, weights = (neighbourhood(series) == 1) * 1)
  if (params$ne_offset_population) control$ne$offset <- population(series)
  fit <- quietly(hhh4(series, control))
  if (stopped(fit)) return(fit)
  if (!isTRUE(fit$convergence)) return(simpleError("no convergence"))
  estimates <- coef(fit, se = TRUE, reparamPsi = TRUE)
  fitted <- fitted(fit)
  list(dataset = dataset, params = params, input = input, output = list(
    coefficients = listed(rownames(estimates)), estimate = listed(estimates[, 1]), std_error = listed(estimates[, 2]),
    loglik = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit), n_obs = nobs(fit), fitted_total = sum(fitted),
    fitted_by_unit = listed(colSums(fitted)), fitted_last_row = listed(fitted[nrow(fitted), ])
  ))
})
