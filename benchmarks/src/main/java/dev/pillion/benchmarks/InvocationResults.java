// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * R4: inside one JVM by JMH, nanoseconds at the median and bytes a call; then by the facade, and
 * between JVMs.
 */
final class InvocationResults {
  private InvocationResults() {}

  static void run(Results results) throws Exception {
    var options = new OptionsBuilder()
        .include(InvocationBenchmark.class.getName())
        .addProfiler(GCProfiler.class)
        .build();
    for (RunResult run : new Runner(options).run()) {
      report(results, run);
    }
    FacadeInvokeComparison.run(results);
    PeerComparison.run(results);
  }

  private static void report(Results results, RunResult run) {
    var name = run.getParams().getBenchmark();
    var what = name.substring(name.lastIndexOf('.') + 1);
    double p50 = run.getPrimaryResult().getStatistics().getPercentile(50);
    double bytes = run.getSecondaryResults().get("gc.alloc.rate.norm").getScore();
    boolean immutable = what.equals("immutable");
    results.add(new Row(
        "R4",
        "call of another app in the same JVM, "
            + (immutable ? "immutable request and answer" : "a request that has to be copied")
            + ", p50",
        String.format(Locale.ROOT, "%.0f ns, %.0f B", p50, bytes),
        "none",
        "n/a",
        immutable ? "at most 1 µs" : "none",
        !immutable || p50 <= 1_000));
  }
}
