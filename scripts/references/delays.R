# Growth rates, delay distributions and nowcasts.
source("scripts/references/common.R")
suppressPackageStartupMessages({
  library(MASS)
  library(fitdistrplus)
  library(surveillance)
})

write_golden("growth_rate", "MASS", "lm, glm(poisson), glm.nb", function(i) {
  series <- if (flip()) published_series(365) else {
    simulated_series(sprintf("simulated_growth_%d_%03d.csv", seed, i), 365, between(8, 80), one(c("growing", "falling", "overdispersed", "low")))
  }
  n <- length(series$counts)
  first <- between(1, max(1, n - 7))
  range <- list(begin = first, end = min(n, first + between(5, 60)))
  y <- series$counts[range$begin:range$end]
  t <- seq_along(y) - 1
  if (sum(y > 0) < 3) return(NULL)
  found <- quietly({
    line <- lm(log(y[y > 0]) ~ t[y > 0])
    poisson <- glm(y ~ t, family = "poisson")
    scattered <- glm.nb(y ~ t)
    slope <- unname(coef(line)[2])
    list(
      loglinear_r = slope, loglinear_ci = listed(confint(line)[2, ]), doubling_time = log(2) / slope,
      poisson_r = unname(coef(poisson)[2]), poisson_wald_ci = listed(confint.default(poisson)[2, ]),
      nb_r = unname(coef(scattered)[2]), nb_theta = scattered$theta, nb_loglik = as.numeric(logLik(scattered))
    )
  })
  if (stopped(found)) return(found)
  input <- series_input(series)[c("csv", "column")]
  list(dataset = series$dataset, params = range, input = input, output = found)
})

lists <- list(
  c("fluH7N9_china_2013.csv", "date_of_onset", "date_of_hospitalisation"),
  c("fluH7N9_china_2013.csv", "date_of_onset", "date_of_outcome"),
  c("fluH7N9_china_2013.csv", "date_of_hospitalisation", "date_of_outcome"),
  c("mers_korea_2015_linelist.csv", "dt_onset", "dt_report"),
  c("mers_korea_2015_linelist.csv", "dt_onset", "dt_diag"),
  c("mers_korea_2015_linelist.csv", "dt_end_exp", "dt_onset"),
  c("husO104Hosp.csv", "dHosp", "dReport"), c("wnv_california_2004.csv", "date.onset", "date.tested"),
  c("hagelloch.csv", "PRO", "ERU")
)
lists <- Filter(function(d) {
  file <- file.path(data_folder, d[1])
  file.exists(file) && all(d[2:3] %in% names(read_table(d[1])))
}, lists)

write_golden("delay_fit", "fitdistrplus", "fitdist (mle)", function(i) {
  from <- one(lists)
  family <- one(c("gamma", "lnorm", "weibull", "nbinom"))
  shift <- if (family == "nbinom") one(c(0, 1)) else one(c(0, 0.5, 1, 2.5))
  table <- read_table(from[1])
  days <- as.numeric(as.Date(table[[from[3]]]) - as.Date(table[[from[2]]]))
  days <- days[!is.na(days) & days >= 0] + shift
  if (family != "nbinom" && any(days == 0)) return(NULL)
  keep_table(from[1])
  found <- quietly(fitdist(days, family))
  if (stopped(found)) return(found)
  list(
    dataset = sub("[.]csv$", "", from[1]), params = list(dist = family, from = from[2], to = from[3], shift = shift),
    input = list(csv = from[1]), output = list(
      n = length(days), names = listed(names(found$estimate)), estimate = listed(found$estimate),
      std_error = listed(found$sd), loglik = found$loglik, aic = found$aic, mean_delay = mean(days),
      sd_delay = sd(days), median_delay = median(days)
    )
  )
})

# Dates of events and reports: the published list, or a simulated one.
draw_reports <- function(name) {
  if (flip()) {
    keep_table("husO104Hosp.csv")
    table <- read_table("husO104Hosp.csv")
    return(list(csv = "husO104Hosp.csv", dataset = "husO104Hosp", event = "dHosp", report = "dReport",
      first = as.Date("2011-05-02"), table = data.frame(dHosp = as.Date(table$dHosp), dReport = as.Date(table$dReport))))
  }
  n <- one(c(5, 20, 150, 800))
  event <- as.Date("2020-01-01") + floor(runif(n)^one(c(0.6, 1)) * 60)
  delay <- switch(one(1:4), rnbinom(n, 2, mu = 5), rpois(n, 1), rep(0, n), rnbinom(n, 0.7, mu = 12))
  csv <- sprintf("simulated_%s.csv", name)
  table <- data.frame(event = event, report = event + delay)
  keep_table(csv, table)
  list(csv = csv, dataset = "simulated", event = "event", report = "report", first = min(event) - one(c(0, 3)), table = table)
}

write_golden("nowcast", "surveillance", "nowcast", function(i) {
  given <- draw_reports(sprintf("nowcast_%d_%03d", seed, i))
  event <- given$table[[given$event]]
  report <- given$table[[given$report]]
  # The two that sample delays take a minute each: one in twenty.
  method <- if (i %% 20 == 0) one(c("bayes.trunc", "bayes.notrunc")) else one(c("lawless", "bayes.notrunc.bnb"))
  samples <- if (method %in% c("bayes.trunc", "bayes.notrunc")) 1000
  delay_max <- one(c(1, 3, 5, 8, 10, 12, 15, 20))
  window <- one(list(NULL, NULL, 14, 21, 30, 7))
  alpha <- one(c(0.05, 0.1, 0.2, 0.5))
  most <- one(c(100, 300, 500))
  prior <- c(one(c(50, 10, 5)), one(c(3000, 500)))
  kappa <- one(c(0.1, 0.1, 1))
  last <- max(report)
  if (last - given$first < delay_max + 3) return(NULL)
  now <- given$first + between(delay_max + 2, as.numeric(last - given$first))
  when <- seq(max(now - delay_max, given$first), now - 1, by = "1 day")
  control <- list(
    dRange = c(given$first, last), N.tInf.max = most, gd.prior.kappa = kappa, predPMF = TRUE, alpha = alpha,
    N.tInf.prior = structure("poisgamma", mean.lambda = prior[1], var.lambda = prior[2])
  )
  if (!is.null(samples)) control$nSamples <- samples
  found <- quietly(nowcast(
    now = now, when = when, data = given$table, dEventCol = given$event, dReportCol = given$report, method = method,
    aggregate.by = "1 day", D = delay_max, m = window, control = control
  ))
  if (stopped(found)) return(found)
  masses <- lapply(found@predPMF[as.character(when)], function(x) x[[method]])
  if (any(vapply(masses, is.null, NA))) return(NULL)
  at <- match(when, epoch(found))
  counts <- 0:most
  known <- vapply(when, function(d) sum(event == d & report <= now), 0)
  truth <- vapply(when, function(d) sum(event == d), 0)
  quantile <- function(p) listed(vapply(masses, function(x) counts[which(cumsum(x) > p)[1]], 0))
  # Reports by delay and the events at risk of it, longer delays counted as the longest.
  now_step <- as.numeric(now - given$first)
  step <- as.numeric(event - given$first)
  here <- report <= now & step >= (if (is.null(window)) 0 else max(0, now_step - window))
  delay <- pmin(as.numeric(report - event), delay_max)
  by_delay <- function(same) listed(vapply(0:delay_max, function(x) sum(here & same(delay, x) & step <= now_step - x), 0))
  list(dataset = given$dataset, params = list(
    now = as.character(now), method = method, D = delay_max, m = window, m_interpretation = "hoehle_anderheiden2014",
    alpha = alpha, date_from = as.character(given$first), date_to = as.character(last), prior_mean_lambda = prior[1],
    prior_var_lambda = prior[2], gd_prior_kappa = kappa, n_samples = samples, n_max = most
  ), input = list(csv = given$csv, event_column = given$event, report_column = given$report), output = list(
    dates = listed(as.character(when)), observed_so_far = listed(known), truth = listed(truth),
    point = listed(upperbound(found)[at, 1]), lower = listed(found@pi[at, 1, 1]), upper = listed(found@pi[at, 1, 2]),
    pmf_mean = listed(vapply(masses, function(x) sum(counts * x) / sum(x), 0)),
    pmf_q = list(q05 = quantile(0.05), q25 = quantile(0.25), q50 = quantile(0.5), q75 = quantile(0.75), q95 = quantile(0.95)),
    lawless_nhat = NULL, delay_cdf = listed(found@delayCDF[[sub("[.]bnb$", "", method)]]), n_x = by_delay(`==`), N_x = by_delay(`<=`),
    log_score = listed(mapply(function(x, n) if (n <= most) -log(x[n + 1]) else NA, masses, truth)),
    rps = listed(mapply(function(x, n) sum((cumsum(x) - (counts >= n))^2), masses, truth))
  ))
})
