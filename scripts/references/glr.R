# Likelihood-ratio charts: Poisson and negative binomial, known and unknown change, epidemic change.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

write_golden("glr", "surveillance", "algo.glrnb", function(i) {
  series <- if (flip(0.6)) published_series(c(52, 52, 12)) else {
    simulated_series(sprintf("simulated_glr_%d_%03d.csv", seed, i), one(c(52, 52, 12)), between(60, 400))
  }
  n <- length(series$counts)
  first <- between(40, max(40, n - 5))
  if (first > n) return(NULL)
  range <- list(first = first, last = between(first, min(n, first + 110)))
  change <- one(c("intercept", "intercept", "intercept", "epi"))
  M <- one(c(-1, -1, 5, 10, 20, 52))
  if (change == "epi") M <- one(c(5, 10, 20, -1))
  # A window that does not hold the shortest change reads foreign memory there.
  if (M > 0) M <- max(M, 6)
  mu0_model <- list(S = one(c(0, 1, 1, 1, 2, 3)), trend = flip(0.4), refit = flip(0.2))
  params <- list(
    c_arl = one(c(1, 2, 3, 4, 5, 5, 7, 10)), alpha = one(list(0, 0, 0, NULL, 0.05, 0.1, 0.15, 0.5, 1)),
    theta = if (change == "intercept") one(list(NULL, NULL, 0.3, 0.7, 1.2, 2, -0.5)), M = M, Mtilde = one(c(1, 1, 1, 2, 3, 5)),
    change = change, dir = one(c("inc", "inc", "dec")), ret = one(c("value", "value", "value", "cases")),
    mu0_model = mu0_model[c(TRUE, flip(), flip(0.7))], range = range, start_period = 1
  )
  # No bound is compared where fewer cases alarm: there it is one from below.
  if (params$dir == "dec" || (!is.null(params$theta) && params$theta < 0)) params$ret <- "value"
  found <- quietly({
    setTimeLimit(elapsed = 20, transient = TRUE)
    control <- list(
      range = range$first:range$last, c.ARL = params$c_arl, mu0 = params$mu0_model, alpha = params$alpha,
      Mtilde = params$Mtilde, M = M, change = change, theta = params$theta, dir = params$dir, ret = params$ret
    )
    algo.glrnb(as_disprog(series), control = control)
  })
  setTimeLimit()
  if (stopped(found)) return(found)
  list(dataset = series$dataset, params = params, input = series_input(series), output = list(
    index = listed(range$first:range$last), mu0 = listed(found$control$mu0), alpha_used = found$control$alpha,
    statistic = listed(found$upperbound), alarm = listed(found$alarm == 1)
  ))
})
