// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.testservers.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** R14: start, memory and idle CPU of whole programs, each in a JVM of its own. */
final class StartComparison {
  private static final int RUNS = 5;

  private StartComparison() {}

  static void run(Results results) throws Exception {
    try (var server = RedisServer.start()) {
      var redis = server.uri().toString();
      var figures = new HashMap<String, List<Map<String, Double>>>();
      for (int i = 0; i < RUNS; i++) {
        for (String program : new String[] {"memory", "embedded", "bare"}) {
          figures.computeIfAbsent(program, name -> new ArrayList<>()).add(start(program, redis));
        }
      }
      report(results, figures);
    }
  }

  private static void report(Results results, Map<String, List<Map<String, Double>>> figures) {
    double memory = median(figures, "memory", "millis");
    results.add(new Row(
        "R14",
        "main() to ready, in-memory store",
        millis(memory),
        "",
        millis(memory),
        "at most 150 ms",
        memory <= 150));
    var ratios = new double[RUNS];
    for (int i = 0; i < RUNS; i++) {
      ratios[i] = figures.get("embedded").get(i).get("millis")
          / figures.get("bare").get(i).get("millis");
    }
    var ratio = Interval.of(ratios);
    results.add(new Row(
        "R14",
        "main() to ready, Redis and facade, beside the bare drivers in parallel",
        millis(median(figures, "embedded", "millis")),
        millis(median(figures, "bare", "millis")),
        ratio.toString(),
        "at most 1.10",
        ratio.median() <= 1.10));
    double ours = median(figures, "embedded", "rssMiB");
    double theirs = median(figures, "bare", "rssMiB");
    results.add(new Row(
        "R14",
        "resident memory, Redis and facade",
        mebibytes(ours),
        mebibytes(theirs),
        "+" + mebibytes(ours - theirs),
        "at most +40 MiB",
        ours - theirs <= 40));
    double idle = median(figures, "embedded", "idlePercent");
    results.add(new Row(
        "R14",
        "idle CPU, Redis and facade",
        percent(idle),
        percent(median(figures, "bare", "idlePercent")),
        percent(idle),
        "at most 0.3 %",
        idle <= 0.3));
  }

  private static double median(
      Map<String, List<Map<String, Double>>> figures, String program, String figure) {
    return Interval.of(
            figures.get(program).stream().mapToDouble(run -> run.get(figure)).toArray())
        .median();
  }

  private static Map<String, Double> start(String program, String redis)
      throws IOException, InterruptedException {
    var process = new ProcessBuilder(
            System.getProperty("java.home") + "/bin/java",
            "-cp",
            System.getProperty("java.class.path"),
            StartedProgram.class.getName(),
            program,
            redis)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    var figures = new HashMap<String, Double>();
    try (var lines = new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        var parts = line.split("=", 2);
        if (parts.length == 2) {
          figures.put(parts[0], Double.parseDouble(parts[1]));
        }
      }
    }
    if (process.waitFor() != 0 || !figures.containsKey("millis")) {
      throw new IllegalStateException("the program \"" + program + "\" did not start");
    }
    return figures;
  }

  private static String millis(double value) {
    return String.format(Locale.ROOT, "%.0f ms", value);
  }

  private static String mebibytes(double value) {
    return String.format(Locale.ROOT, "%.1f MiB", value);
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.2f %%", value);
  }
}
