# Measures of tables: 2x2, strata, standardised rates, Poisson rates.
source("scripts/references/common.R")
suppressPackageStartupMessages({
  library(epitools)
  library(epiR)
})

levels <- c(0.95, 0.95, 0.9, 0.99, 0.8)

draw_cells <- function() {
  cells <- switch(one(1:6), sample(1:60, 4, TRUE), sample(0:3, 4, TRUE), sample(1:12, 4, TRUE), sample(0:400, 4, TRUE),
    c(rpois(1, 5), rpois(1, 2e5), rpois(1, 9), rpois(1, 1.8e5)),
    replace(sample(1:40, 4, TRUE), between(1, 4), 0))
  as.double(cells)
}

estimate <- function(x) {
  if (is.null(x) || stopped(x)) return(list(est = NA, lower = NA, upper = NA))
  x <- as.list(unname(unlist(x)))
  lapply(list(est = x[[1]], lower = x[[2]], upper = x[[3]]), function(v) if (is.finite(v)) v else NA)
}
finite <- function(x) if (length(x) == 1 && !stopped(x) && is.finite(x)) unname(x) else NA

write_golden("two_by_two", "epitools", "oddsratio, riskratio, epi.2by2, fisher.test, chisq.test", function(i) {
  x <- draw_cells()
  if (x[1] + x[2] == 0 || x[3] + x[4] == 0) return(NULL)
  level <- one(levels)
  table <- matrix(x, 2, byrow = TRUE)
  # The group without exposure and the well come first there.
  turned <- matrix(rev(x), 2, byrow = TRUE)
  ratio <- function(method) quietly(oddsratio(turned, method = method, conf.level = level)$measure[2, ])
  risk <- quietly(riskratio(turned, method = "wald", conf.level = level)$measure[2, ])
  more <- quietly(epi.2by2(as.table(table), method = "cohort.count", conf.level = level, units = 1)$massoc.detail)
  row <- function(what) if (stopped(more)) NULL else more[[what]][1, c("est", "lower", "upper")]
  share <- function(method, k, n) listed(unlist(method(k, n, level)[c("lower", "upper")]))
  plain <- quietly(chisq.test(table, correct = FALSE))
  yates <- quietly(chisq.test(table, correct = TRUE))
  value <- function(test, what) if (stopped(test)) NA else finite(test[[what]])
  list(dataset = "none", params = list(confidence = level), input = list(a = x[1], b = x[2], c = x[3], d = x[4]), output = list(
    attack_rate_exposed = x[1] / (x[1] + x[2]), attack_rate_exposed_wilson = share(binom.wilson, x[1], x[1] + x[2]),
    attack_rate_exposed_exact = share(binom.exact, x[1], x[1] + x[2]),
    attack_rate_unexposed = x[3] / (x[3] + x[4]), attack_rate_unexposed_wilson = share(binom.wilson, x[3], x[3] + x[4]),
    attack_rate_unexposed_exact = share(binom.exact, x[3], x[3] + x[4]),
    risk_ratio_wald = estimate(risk), odds_ratio_wald = estimate(ratio("wald")), odds_ratio_midp = estimate(ratio("midp")),
    odds_ratio_fisher = estimate(ratio("fisher")), odds_ratio_small = estimate(ratio("small")),
    attributable_risk_wald = estimate(row("ARisk.strata.wald")),
    attributable_fraction_exposed = estimate(row("AFRisk.strata.wald")),
    population_attributable_risk_wald = estimate(row("PARisk.strata.wald")),
    population_attributable_fraction_wald = estimate(row("PAFRisk.strata.wald")),
    vaccine_effectiveness = if (stopped(risk)) estimate(NULL) else estimate(1 - risk[c(1, 3, 2)]),
    fisher_p = finite(quietly(fisher.test(table)$p.value)), chisq = value(plain, "statistic"),
    chisq_p = value(plain, "p.value"), chisq_yates = value(yates, "statistic"), chisq_yates_p = value(yates, "p.value")
  ))
})

write_golden("mantel_haenszel", "stats", "mantelhaen.test", function(i) {
  k <- one(c(2, 2, 3, 4, 8, 20))
  level <- one(levels)
  x <- t(replicate(k, draw_cells()))
  strata <- aperm(array(t(x), c(2, 2, k)), c(2, 1, 3))
  plain <- quietly(mantelhaen.test(strata, correct = FALSE, conf.level = level))
  if (stopped(plain)) return(plain)
  corrected <- quietly(mantelhaen.test(strata, correct = TRUE, conf.level = level))
  n <- rowSums(x)
  list(dataset = "none", params = list(confidence = level), input = list(strata = lapply(seq_len(k), function(j) listed(x[j, ]))), output = list(
    or_mh = finite(plain$estimate), lower = finite(plain$conf.int[1]), upper = finite(plain$conf.int[2]),
    chisq = finite(plain$statistic), p = finite(plain$p.value), chisq_corrected = finite(corrected$statistic),
    rr_mh = finite(sum(x[, 1] * (x[, 3] + x[, 4]) / n) / sum(x[, 3] * (x[, 1] + x[, 2]) / n))
  ))
})

write_golden("standardised_rates", "epitools", "ageadjust.direct / ageadjust.indirect", function(i) {
  # With one stratum the indirect method there expects 0 cases.
  k <- one(c(2, 3, 4, 8, 18))
  level <- one(levels)
  population <- round(10^runif(k, 1, 6.5))
  standard <- round(10^runif(k, 2, 7))
  standard_cases <- rpois(k, standard * 10^runif(1, -5, -1))
  cases <- pmin(population, rpois(k, population * 10^runif(1, -6, -1)))
  if (sum(standard_cases) == 0) return(NULL)
  direct <- quietly(ageadjust.direct(cases, population, stdpop = standard, conf.level = level))
  indirect <- quietly(ageadjust.indirect(cases, population, stdcount = standard_cases, stdpop = standard, conf.level = level)$sir)
  value <- function(x, what) finite(x[[what]])
  list(dataset = "none", params = list(confidence = level), input = list(
    cases = listed(cases), population = listed(population), std_population = listed(standard),
    std_cases = listed(standard_cases)
  ), output = list(
    crude_rate = value(direct, "crude.rate"), adj_rate = value(direct, "adj.rate"), adj_lower = value(direct, "lci"),
    adj_upper = value(direct, "uci"), expected = value(indirect, "exp"), smr = value(indirect, "sir"),
    smr_lower = value(indirect, "lci"), smr_upper = value(indirect, "uci")
  ))
})

write_golden("poisson_rate_ci", "epitools", "pois.exact / pois.byar", function(i) {
  events <- one(c(0, 0, 1, 2, 3, 5, 10, 50, 500, 20000, rpois(1, 30)))
  time <- 10^runif(1, 0, 6)
  level <- one(levels)
  exact <- quietly(pois.exact(events, time, level))
  if (stopped(exact)) return(exact)
  byar <- pois.byar(events, time, level)
  list(
    dataset = "none", params = list(confidence = level), input = list(events = events, person_time = time),
    output = list(
      rate = exact$rate, exact_lower = exact$lower, exact_upper = exact$upper, byar_lower = byar$lower,
      byar_upper = byar$upper
    )
  )
})
