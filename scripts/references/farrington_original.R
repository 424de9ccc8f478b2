# Farrington's original method.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

write_golden("farrington_original", "surveillance", "algo.farrington", function(i) {
  series <- series_of_years("farrington", i)
  n <- length(series$counts)
  freq <- series$freq
  use_dates <- !is.null(series$dates) && flip(0.6)
  b <- between(1, max(1, min(7, floor((n - 8) / freq))))
  w <- if (freq == 12) one(c(0, 1, 1, 2)) else one(c(0, 1, 2, 3, 3, 3, 4, 5, 6))
  # The reference also runs where the oldest window begins before the series. Where all of it lies before (by calendar a
  # year is longer than `freq` weeks) it does with fewer years; here that is refused.
  first <- b * freq + if (flip(0.8)) w + 3 else 3
  if (first > n) return(NULL)
  range <- draw_range(first, n, 40)
  params <- list(
    b = b, w = w, reweight = flip(0.75), alpha = one(c(1e-4, 0.001, 0.005, 0.01, 0.05, 0.05, 0.1)),
    # The test of a trend in a constant is 0/0.
    trend = series$dataset != "simulated_constant" && flip(0.75),
    limit54 = one(list(c(5, 4), c(5, 4), c(0, 1), c(0, 4), c(1, 1), c(3, 4), c(10, 8))),
    powertrans = one(c("2/3", "1/2", "none")), weights_threshold = 1, range = range
  )
  found <- quietly(algo.farrington(as_disprog(series, use_dates), control = list(
    range = range$first:range$last, b = b, w = w, reweight = params$reweight, alpha = params$alpha,
    trend = params$trend, limit54 = params$limit54, powertrans = params$powertrans
  )))
  if (is.null(found)) return(simpleError("no model"))
  if (stopped(found)) return(found)
  list(dataset = series$dataset, params = params, input = series_input(series, use_dates), output = list(
    index = listed(range$first:range$last), upperbound = listed(found$upperbound),
    alarm = listed(!is.na(found$alarm) & found$alarm == 1), trend_used = listed(found$trend == 1),
    pd = listed(found$control$pd[, 1]), median = listed(found$control$pd[, 2])
  ))
})
