// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** R1 and the isolated half of R2, by JMH: nanoseconds at the median, and bytes an operation. */
final class LayerResults {
  private final Map<String, RunResult> runs = new TreeMap<>();

  private LayerResults() {}

  static void run(Results results) throws Exception {
    var layer = new LayerResults();
    var options = new OptionsBuilder()
        .include(LayerBenchmark.class.getName())
        .addProfiler(GCProfiler.class)
        .build();
    for (RunResult run : new Runner(options).run()) {
      var name = run.getParams().getBenchmark();
      layer.runs.put(name.substring(name.lastIndexOf('.') + 1), run);
    }
    layer.report(results);
  }

  private void report(Results results) {
    double get = p50("inMemoryGet");
    double map = p50("mapGet");
    results.add(new Row(
        "R1",
        "in-memory get of 100 bytes, p50",
        nanos(get),
        nanos(map) + " ConcurrentHashMap",
        ratio(get / map),
        "at most 500 ns and 5.0",
        get <= 500 && get / map <= 5));
    // The copy of the value, its array header included, is what the caller asked for.
    double overhead = bytes("inMemoryGet") - 100;
    results.add(new Row(
        "R1",
        "in-memory get, bytes beyond the value",
        count(overhead),
        count(bytes("mapGet")),
        count(overhead),
        "at most 100 B",
        overhead <= 100));
    double typed = p50("typedGet") / p50("jacksonAlone");
    results.add(new Row(
        "R1",
        "typed in-memory get, p50",
        nanos(p50("typedGet")),
        nanos(p50("jacksonAlone")) + " Jackson alone",
        ratio(typed),
        "at most 1.5",
        typed <= 1.5));
    for (String verb : new String[] {"layerGet", "layerSave"}) {
      double added = mean(verb) - mean("nullComponentGet");
      double allocated = bytes(verb) - bytes("nullComponentGet");
      results.add(new Row(
          "R2",
          verb + " over a component that does nothing, CPU a call",
          nanos(mean(verb)),
          nanos(mean("nullComponentGet")),
          "+" + nanos(added),
          "at most +500 ns",
          added <= 500));
      results.add(new Row(
          "R2",
          verb + " over a component that does nothing, bytes a call",
          count(bytes(verb)),
          count(bytes("nullComponentGet")),
          "+" + count(allocated),
          "at most +300 B",
          allocated <= 300));
    }
  }

  private RunResult result(String name) {
    var run = runs.get(name);
    if (run == null) {
      throw new IllegalStateException("no result of " + name + "; there are " + runs.keySet());
    }
    return run;
  }

  private double p50(String name) {
    return result(name).getPrimaryResult().getStatistics().getPercentile(50);
  }

  private double mean(String name) {
    return result(name).getPrimaryResult().getScore();
  }

  private double bytes(String name) {
    return result(name).getSecondaryResults().get("gc.alloc.rate.norm").getScore();
  }

  private static String nanos(double value) {
    return String.format(Locale.ROOT, "%.0f ns", value);
  }

  private static String count(double value) {
    return String.format(Locale.ROOT, "%.0f B", value);
  }

  private static String ratio(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}
