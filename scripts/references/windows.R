# RKI and Bayes methods.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(surveillance))

draw_case <- function(method, i) {
  series <- if (flip(0.6)) published_series() else {
    csv <- sprintf("simulated_%s_%d_%03d.csv", method, seed, i)
    simulated_series(csv, one(c(52, 52, 12, 365)), between(30, 500), gaps = method == "bayes" && flip(0.2))
  }
  n <- length(series$counts)
  b <- one(c(0, 0, 1, 2, 3, 4))
  w <- one(c(1, 2, 3, 4, 4, 5, 6, 6, 8, 10))
  act_y <- b == 0 || flip()
  first <- b * series$freq + w + 1
  if (first > n) return(NULL)
  range <- draw_range(first, n, 100)
  params <- list(b = b, w = w, act_y = act_y)
  if (method == "bayes") params$alpha <- one(c(1e-4, 0.001, 0.005, 0.01, 0.05, 0.1, 0.3))
  params$range <- range
  algorithm <- if (method == "bayes") algo.bayes else algo.rki
  found <- quietly(algorithm(as_disprog(series), control = list(
    range = range$first:range$last, b = b, w = w, actY = act_y, alpha = params$alpha
  )))
  if (stopped(found)) return(found)
  list(dataset = series$dataset, params = params, input = series_input(series), output = list(
    index = listed(range$first:range$last), upperbound = listed(found$upperbound),
    alarm = listed(found$alarm == 1)
  ))
}
write_golden("rki", "surveillance", "algo.rki", function(i) draw_case("rki", i))
write_golden("bayes", "surveillance", "algo.bayes", function(i) draw_case("bayes", i))
