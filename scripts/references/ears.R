# EARS C1-C3: any baseline, smallest standard deviation and tail probability.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

write_golden("ears", "surveillance", "earsC", function(i) {
  freq <- one(c(52, 365, 12))
  series <- if (flip(0.6)) published_series() else {
    simulated_series(sprintf("simulated_ears_%d_%03d.csv", seed, i), freq, between(30, 300), gaps = flip(0.2))
  }
  n <- length(series$counts)
  method <- one(c("C1", "C2", "C3"))
  baseline <- one(c(3, 4, 5, 7, 7, 7, 10, 14, 21, 28, 56))
  first <- baseline + c(C1 = 1, C2 = 3, C3 = 5)[[method]]
  if (first > n) return(NULL)
  use_dates <- !is.null(series$dates) && flip()
  range <- draw_range(first, n, 200)
  params <- list(
    method = method, baseline = baseline, min_sigma = one(c(0, 0, 0.2, 0.5, 1, 3)),
    alpha = one(c(1e-4, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)), range = range
  )
  found <- quietly(earsC(as_sts(series, use_dates), control = list(
    range = range$first:range$last, method = method, baseline = baseline,
    minSigma = params$min_sigma, alpha = params$alpha
  )))
  if (stopped(found)) return(found)
  upper <- upperbound(found)[, 1]
  alarm <- observed(found)[, 1] > upper
  list(dataset = series$dataset, params = params, input = series_input(series, use_dates), output = list(
    index = listed(range$first:range$last), upperbound = listed(upper),
    alarm = listed(!is.na(alarm) & alarm)
  ))
})
