// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** What policies add to a call, by JMH. */
final class ResiliencyResults {
  private final Map<String, RunResult> runs = new TreeMap<>();

  private ResiliencyResults() {}

  static void run(Results results) throws Exception {
    var resiliency = new ResiliencyResults();
    var options = new OptionsBuilder()
        .include(ResiliencyBenchmark.class.getName())
        .addProfiler(GCProfiler.class)
        .build();
    for (RunResult run : new Runner(options).run()) {
      var name = run.getParams().getBenchmark();
      resiliency.runs.put(name.substring(name.lastIndexOf('.') + 1), run);
    }
    resiliency.report(results);
  }

  private void report(Results results) {
    double bare = nanos("noPolicies");
    double others = nanos("policiesOfOthers") - bare;
    double allocated = bytes("policiesOfOthers") - bytes("noPolicies");
    double all = nanos("retryBreakerTimeout") - bare;
    results.add(
        row("a call whose target has no policy", others, bare, "at most +100 ns", others <= 100));
    results.add(new Row(
        "policies",
        "a call whose target has no policy, bytes",
        text("%.0f B", bytes("policiesOfOthers")),
        text("%.0f B", bytes("noPolicies")),
        text("+%.0f B", allocated),
        "none",
        allocated < 1));
    results.add(row(
        "a call with retry, circuit breaker and timeout", all, bare, "at most +2 µs", all <= 2000));
  }

  private static Row row(String what, double added, double bare, String goal, boolean met) {
    return new Row(
        "policies",
        what,
        text("%.1f ns", bare + added),
        text("%.1f ns", bare) + " without policies",
        text("+%.1f ns", added),
        goal,
        met);
  }

  private double nanos(String name) {
    return result(name).getPrimaryResult().getScore();
  }

  private double bytes(String name) {
    return result(name).getSecondaryResults().get("gc.alloc.rate.norm").getScore();
  }

  private RunResult result(String name) {
    var run = runs.get(name);
    if (run == null) {
      throw new IllegalStateException("no result of " + name + "; there are " + runs.keySet());
    }
    return run;
  }

  private static String text(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
