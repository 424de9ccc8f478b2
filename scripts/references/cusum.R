# CUSUM with every transform and each form of the mean.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

write_golden("cusum", "surveillance", "algo.cusum", function(i) {
  series <- if (flip(0.6)) published_series() else {
    simulated_series(sprintf("simulated_cusum_%d_%03d.csv", seed, i), one(c(52, 52, 12, 365)), between(30, 400))
  }
  n <- length(series$counts)
  first <- between(8, max(8, n - 5))
  if (first > n) return(NULL)
  range <- list(first = first, last = between(first, min(n, first + 120)))
  start_period <- one(c(1, 1, between(1, series$freq)))
  trans <- one(c("standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin", "anscombeNegBin", "none"))
  params <- list(
    k = one(c(0, 0.5, 0.8, 1, 1.04, 2)), h = one(c(1, 2.26, 3, 4, 5, 10)),
    m = one(list("mean", "mean", "glm", "glm", round(runif(1, 0.2, 30), 2))),
    trans = trans, alpha = if (grepl("NegBin", trans)) one(list(NULL, 0.01, 0.05, 0.1, 0.15, 0.5, 1, 3)),
    range = range, start_period = start_period
  )
  found <- quietly(algo.cusum(as_disprog(series, start = c(2001, start_period)), control = list(
    range = range$first:range$last, k = params$k, h = params$h, m = if (!identical(params$m, "mean")) params$m,
    trans = trans, alpha = params$alpha
  )))
  if (stopped(found)) return(found)
  list(dataset = series$dataset, params = params, input = series_input(series), output = list(
    index = listed(range$first:range$last), cusum = listed(found$cusum), upperbound = listed(found$upperbound),
    alarm = listed(found$alarm == 1), m = listed(as.numeric(found$control$m))
  ))
})
