# Flexible Farrington method: windows, seasons, reweighting, trend, offset and the three bounds.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

write_golden("farrington_flexible", "surveillance", "farringtonFlexible", function(i) {
  series <- series_of_years("flexible", i, gaps = flip(0.2))
  n <- length(series$counts)
  freq <- series$freq
  use_dates <- !is.null(series$dates) && flip(0.7)
  b <- between(1, max(1, min(7, floor((n - 8) / freq))))
  w <- if (freq == 12) one(c(0, 1, 1, 2)) else one(c(0, 1, 2, 3, 3, 3, 4, 5))
  # A season group of one row fits itself; whether the reference then weighs it down depends on rounding. With little
  # history there are such groups.
  if (b <= 2) w <- max(w, 1)
  first <- b * freq + w + 2
  if (first > n) return(NULL)
  range <- draw_range(first, n, if (freq == 365) 8 else 25)
  params <- list(
    b = b, w = w, reweight = flip(0.75), weights_threshold = one(c(0.5, 1, 1.5, 2, 2.58, 2.58, 3)),
    alpha = one(c(1e-4, 0.001, 0.005, 0.01, 0.05, 0.05, 0.1)),
    # The test of a trend in a constant is 0/0.
    trend = series$dataset != "simulated_constant" && flip(0.8),
    p_threshold_trend = one(c(1, 1, 0.5, 0.2, 0.1, 0.05, 0.05, 0.01)),
    limit54 = one(list(c(5, 4), c(5, 4), c(0, 1), c(0, 4), c(1, 1), c(3, 4), c(10, 8), c(20, 2))),
    powertrans = one(c("2/3", "1/2", "none")),
    population_offset = !is.null(series$population) && flip(0.4),
    no_periods = if (b == 1) 1 else if (freq == 12) one(c(1, 2, 3, 4, 6)) else one(c(1, 1, 2, 3, 5, 7, 10, 10, 12)),
    past_weeks_not_included = if (freq == 12) one(0:6) else one(c(0, 1, 3, w, 10, 20, 26, 26, 40, 52)),
    threshold_method = one(c("delta", "nbPlugin", "muan")), range = range
  )
  found <- quietly(farringtonFlexible(as_sts(series, use_dates, params$population_offset), control = list(
    range = range$first:range$last, b = b, w = w, reweight = params$reweight,
    weightsThreshold = params$weights_threshold, alpha = params$alpha, trend = params$trend,
    pThresholdTrend = params$p_threshold_trend, limit54 = params$limit54, powertrans = params$powertrans,
    populationOffset = params$population_offset, noPeriods = params$no_periods,
    pastWeeksNotIncluded = params$past_weeks_not_included, thresholdMethod = params$threshold_method
  )))
  if (stopped(found)) return(found)
  alarm <- alarms(found)[, 1]
  trend <- found@control$trend[, 1]
  list(dataset = series$dataset, params = params, input = series_input(series, use_dates, params$population_offset),
    output = list(
      index = listed(range$first:range$last), observed = listed(observed(found)[, 1]),
      upperbound = listed(upperbound(found)[, 1]), alarm = listed(!is.na(alarm) & alarm == 1),
      expected = listed(found@control$expected), score = listed(found@control$score),
      pvalue = listed(found@control$pvalue),
      mu0 = if (params$threshold_method == "delta") listed(rep(NA, length(alarm))) else listed(found@control$mu0Vector),
      phi = listed(found@control$phiVector), trend_used = listed(ifelse(is.na(trend), NA, trend == 1)),
      trend_coef = listed(ifelse(trend == 1, found@control$trendVector, NA))
    ))
})
