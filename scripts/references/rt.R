# Reproduction numbers: instantaneous with a given and an uncertain serial interval, of cohorts; the discretised interval.
source("scripts/references/common.R")
suppressPackageStartupMessages(library(EpiEstim))

priors <- list(c(5, 5), c(2, 1), c(1, 2), c(1, 0.1), c(2.5, 10), c(10, 0.5), c(3, 100))

# Daily counts: local and imported apart or together, the first day always imported.
draw_incidence <- function(name, apart = flip(0.35)) {
  n <- one(c(3, 5, 8, 15, 40, 120, 365))
  if (!apart && flip(0.6)) {
    series <- published_series(365)
    keep_table(series$csv)
    counts <- series$counts
    return(list(csv = series$csv, dataset = series$dataset, column = series$column, counts = counts, n = length(counts)))
  }
  local <- switch(one(1:5), rpois(n, one(c(0.05, 0.3, 2, 20, 500))), c(1, rep(0, n - 1)),
    rnbinom(n, size = 0.3, mu = 10), rpois(n, exp(seq(0, 5, length.out = n))), rep(0, n))
  imported <- if (flip()) rbinom(n, 5, 0.1) else c(3, rep(0, n - 1))
  csv <- sprintf("simulated_%s.csv", name)
  if (apart) local[1] <- 0
  keep_table(csv, data.frame(day = 1:n, cases = local, local = local, imported = imported))
  counts <- if (apart) data.frame(local = local, imported = imported) else local
  list(csv = csv, dataset = "simulated", column = if (apart) NULL else "cases", counts = counts, n = n, apart = apart)
}

incidence_input <- function(incidence) {
  apart <- isTRUE(incidence$apart)
  list(
    csv = incidence$csv, column = incidence$column,
    local = if (apart) "local", imported = if (apart) "imported"
  )
}

draw_windows <- function(n) {
  width <- one(c(1, 1, 2, 3, 5, 7, 7, 10, 14, 21, 28, 30, 0))
  if (width > 0 && n > width) {
    start <- 2:(n - width + 1)
    return(list(width = width, start = start, end = start + width - 1))
  }
  start <- sample(2:n, between(1, 6), replace = TRUE)
  end <- pmin(n, start + sample(0:40, length(start), replace = TRUE))
  list(width = 0, start = start[order(end)], end = sort(end))
}

# A published distribution, or a random one kept beside.
draw_distribution <- function(name) {
  csv <- one(c("ee_Flu1918_si.csv", "ee_Flu2009_si.csv", "ee_SARS2003_si.csv", "random"))
  if (csv != "random") {
    keep_table(csv)
    return(list(csv = csv, p = read_table(csv)$p))
  }
  p <- rgamma(one(c(1, 2, 3, 8, 30)), one(c(0.2, 1, 5)))
  p <- c(0, p / sum(p), if (flip()) c(0, 0))
  csv <- sprintf("simulated_%s_si.csv", name)
  keep_table(csv, data.frame(lag = seq_along(p) - 1, p = format(p, digits = 17, trim = TRUE)))
  list(csv = csv, p = read.csv(file.path(out, "data", csv), comment.char = "#")$p)
}

draw_moments <- function() c(one(list(1.001, 1.05, 1.2, 2, 2.6, 4.7, 6.8, 8.4, 15.3, runif(1, 1.01, 20))),
  one(list(0.1, 0.5, 1, 1.5, 3.8, 9.3, 25, runif(1, 0.1, 12))))

with_interval <- function(name) {
  if (flip(0.6)) {
    moments <- draw_moments()
    return(list(method = "parametric_si", config = list(mean_si = moments[1], std_si = moments[2]), mean_si = moments[1], std_si = moments[2]))
  }
  given <- draw_distribution(name)
  list(method = "non_parametric_si", config = list(si_distr = given$p), si_csv = given$csv)
}

write_golden("rt_cori", "EpiEstim", "estimate_R", function(i) {
  name <- sprintf("rt_%d_%03d", seed, i)
  incidence <- draw_incidence(name)
  windows <- draw_windows(incidence$n)
  interval <- with_interval(name)
  prior <- one(priors)
  config <- c(interval$config, list(t_start = windows$start, t_end = windows$end, mean_prior = prior[1], std_prior = prior[2]))
  found <- quietly(estimate_R(incidence$counts, method = interval$method, config = make_config(config)))
  if (stopped(found)) return(found)
  column <- function(what) listed(found$R[[what]])
  list(dataset = incidence$dataset, params = list(
    method = interval$method, window = windows$width, t_start = listed(windows$start), t_end = listed(windows$end),
    mean_prior = prior[1], std_prior = prior[2], mean_si = interval$mean_si, std_si = interval$std_si,
    si_csv = interval$si_csv
  ), input = incidence_input(incidence), output = list(
    mean = column("Mean(R)"), sd = column("Std(R)"), q025 = column("Quantile.0.025(R)"),
    q05 = column("Quantile.0.05(R)"), q25 = column("Quantile.0.25(R)"), median = column("Median(R)"),
    q75 = column("Quantile.0.75(R)"), q95 = column("Quantile.0.95(R)"), q975 = column("Quantile.0.975(R)"),
    si_distr = listed(found$si_distr), si_mean = found$SI.Moments[1, 1], si_sd = found$SI.Moments[1, 2],
    lambda = listed(overall_infectivity(incidence$counts, found$si_distr))
  ))
})

write_golden("rt_wallinga_teunis", "EpiEstim", "wallinga_teunis", function(i) {
  name <- sprintf("wt_%d_%03d", seed, i)
  incidence <- draw_incidence(name, apart = FALSE)
  windows <- draw_windows(incidence$n)
  interval <- with_interval(name)
  config <- c(interval$config, list(t_start = windows$start, t_end = windows$end, n_sim = 0))
  found <- quietly(wallinga_teunis(incidence$counts, method = interval$method, config = config))
  if (stopped(found)) return(found)
  list(dataset = incidence$dataset, params = list(
    method = interval$method, window = windows$width, t_start = listed(found$R$t_start),
    t_end = listed(found$R$t_end), mean_si = interval$mean_si, std_si = interval$std_si, si_csv = interval$si_csv
  ), input = incidence_input(incidence), output = list(mean = listed(found$R[["Mean(R)"]])))
})

write_golden("rt_cori_uncertain_si", "EpiEstim", "estimate_R(uncertain_si)", function(i) {
  incidence <- draw_incidence(sprintf("rtu_%d_%03d", seed, i))
  if (incidence$n < 10) return(NULL)
  windows <- draw_windows(incidence$n)
  p <- one(list(c(2.6, 0.5, 1.6, 3.6, 1.5, 0.25, 1, 2), c(8.4, 1, 6.4, 10.4, 3.8, 0.5, 2.8, 4.8),
    c(15.3, 3, 10, 20, 9.3, 2, 6, 12), c(4.7, 1, 2, 8, 2.9, 0.8, 1.5, 5), c(1.5, 0.3, 1.1, 2.5, 0.6, 0.2, 0.2, 1.2)))
  names(p) <- c("mean_si", "std_mean_si", "min_mean_si", "max_mean_si", "std_si", "std_std_si", "min_std_si", "max_std_si")
  prior <- one(priors[1:3])
  shared <- c(list(mean_prior = prior[1], std_prior = prior[2], n1 = one(c(100, 200)), n2 = one(c(50, 100))), as.list(p))
  config <- c(list(t_start = windows$start, t_end = windows$end, seed = i), shared)
  found <- quietly(estimate_R(incidence$counts, method = "uncertain_si", config = make_config(config)))
  if (stopped(found)) return(found)
  column <- function(what) listed(found$R[[what]])
  list(dataset = incidence$dataset, params = c(list(
    method = "uncertain_si", window = windows$width, t_start = listed(windows$start), t_end = listed(windows$end)
  ), shared), input = incidence_input(incidence), output = list(
    mean = column("Mean(R)"), sd = column("Std(R)"), q025 = column("Quantile.0.025(R)"), median = column("Median(R)"),
    q975 = column("Quantile.0.975(R)"), mc_se_mean = listed(found$R[["Std(R)"]] / sqrt(shared$n1)),
    sampled_mean_si = listed(found$SI.Moments$Mean), sampled_sd_si = listed(found$SI.Moments$Std)
  ))
})

write_golden("discr_si", "EpiEstim", "discr_si", function(i) {
  moments <- one(list(draw_moments(), c(1 + 10^runif(1, -6, 2), 10^runif(1, -3, 2))))
  last <- one(c(1, 5, 10, 20, 60, 200, 1000))
  list(
    dataset = "none", params = list(mean = moments[1], sd = moments[2], k_max = last), input = list(k = listed(0:last)),
    output = list(p = listed(discr_si(0:last, moments[1], moments[2])))
  )
})
