# OutbreakP.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

write_golden("outbreakp", "surveillance", "algo.outbreakP", function(i) {
  series <- if (flip(0.6)) published_series() else {
    simulated_series(sprintf("simulated_outbreakp_%d_%03d.csv", seed, i), one(c(52, 365)), between(10, 80))
  }
  n <- min(80, length(series$counts))
  # The search for a bound starts from a product that thousands of cases have made 0 or no number.
  ret <- if (max(series$counts) > 5000) "value" else one(c("value", "cases"))
  first <- one(c(1, 1, between(1, n)))
  range <- list(first = first, last = between(first, min(n, first + if (ret == "cases") 15 else 60)))
  # With a limit of 1 the bound is a matter of rounding: a level series has exactly this ratio.
  params <- list(k = one(c(0.5, if (ret == "value") 1, 5, 20, 50, 100, 1000)), ret = ret, range = range)
  found <- quietly({
    setTimeLimit(elapsed = 20, transient = TRUE)
    algo.outbreakP(as_disprog(series), control = list(range = range$first:range$last, k = params$k, ret = ret))
  })
  setTimeLimit()
  if (stopped(found)) return(found)
  list(dataset = series$dataset, params = params, input = series_input(series), output = list(
    index = listed(range$first:range$last), statistic = listed(found$upperbound),
    alarm = listed(found$alarm == 1)
  ))
})
