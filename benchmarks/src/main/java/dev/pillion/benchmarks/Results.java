// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The rows as they come, printed at once and kept for the table. */
final class Results {
  private final List<Row> rows = new ArrayList<>();

  void add(Row row) {
    rows.add(row);
    System.out.println(row.toMarkdown());
  }

  /** Throughput and median latency of one comparison, as two rows. */
  void add(
      String goal, String what, PairedRounds.Comparison c, double minThroughput, double maxP50) {
    add(new Row(
        goal,
        what + ", throughput",
        perSecond(c.oursPerSecond()),
        perSecond(c.theirsPerSecond()),
        c.throughput().toString(),
        "at least " + minThroughput,
        c.throughput().median() >= minThroughput));
    add(new Row(
        goal,
        what + ", p50",
        micros(c.oursP50Micros()),
        micros(c.theirsP50Micros()),
        c.p50().toString(),
        "at most " + maxP50,
        c.p50().median() <= maxP50));
  }

  /** As {@link #add(String, String, PairedRounds.Comparison, double, double)}, with p99 and CPU. */
  void addWithTail(
      String goal, String what, PairedRounds.Comparison c, double minThroughput, double maxP50) {
    add(goal, what, c, minThroughput, maxP50);
    add(Row.reported(
        goal,
        what + ", p99",
        micros(c.oursP99Micros()),
        micros(c.theirsP99Micros()),
        c.p99().toString()));
    add(Row.reported(
        goal,
        what + ", CPU of this process a call",
        micros(c.oursCpuMicros()),
        micros(c.theirsCpuMicros()),
        c.cpu().toString()));
  }

  static String perSecond(double value) {
    return String.format(Locale.ROOT, "%,.0f/s", value);
  }

  static String micros(double value) {
    return String.format(Locale.ROOT, "%.2f µs", value);
  }

  /** The rows of one group, for {@code benchmarks/run} to put together. */
  void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.write(file, rows.stream().map(Row::toMarkdown).toList());
  }
}
