// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * {@code pubsub.sqlite} between two JVMs: how soon the handler of one has what the other publishes,
 * and what waiting for it costs while nothing comes.
 */
final class ProcessesComparison {
  private ProcessesComparison() {}

  static void run(Results results) throws Exception {
    var file = Files.createTempDirectory(Path.of("target"), "pubsub-processes-")
        .resolve("events.db")
        .toString();
    try (var subscriber = FileBrokerProgram.start("subscriber", file);
        var bare = FileBrokerProgram.start("bare", file)) {
      double idle = subscriber.figure("idlePercent");
      double bareIdle = bare.figure("idlePercent");
      results.add(new Row(
          "R14",
          "pubsub.sqlite, idle CPU of a JVM that waits for another's events",
          percent(idle),
          percent(bareIdle) + " JVM that does nothing",
          percent(idle),
          "at most 0.3 %",
          idle <= 0.3));
      try (var publisher = FileBrokerProgram.start("publisher", file)) {
        double published = publisher.figure("published");
        double handled = subscriber.figure("handled");
        if (published != handled) {
          throw new IllegalStateException(
              "%.0f events were published and %.0f handled".formatted(published, handled));
        }
        var sync = millis(publisher.figure("publishP50")) + " of it publishing";
        double p99 = subscriber.figure("p99");
        var what = "pubsub.sqlite, from publishing in one JVM to the handler in another";
        results.add(Row.reported(
            "issue 4",
            what + ", p50",
            millis(subscriber.figure("p50")),
            sync,
            millis(subscriber.figure("p50"))));
        results.add(new Row(
            "issue 4", what + ", p99", millis(p99), "-", millis(p99), "at most 50 ms", p99 <= 50));
        results.add(Row.reported(
            "issue 4",
            what + ", longest",
            millis(subscriber.figure("max")),
            "-",
            millis(subscriber.figure("max"))));
      }
    }
  }

  private static String millis(double millis) {
    return String.format(Locale.ROOT, "%.1f ms", millis);
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.2f %%", value);
  }
}
